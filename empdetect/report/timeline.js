// The timeline of a recording: zoom, the numbers of a moment, and the way from it to film, sound and words.
"use strict";
(function () {
  const numbers = JSON.parse(document.getElementById("numbers").textContent);
  for (const place of document.querySelectorAll(".beside[data-section]")) {
    new Timeline(place, numbers[Number(place.dataset.section)]);
  }

  function Timeline(place, data) {
    const root = place.querySelector(".timeline"), overlay = root.querySelector(".overlay");
    const told = root.querySelector(".told"), status = place.nextElementSibling;
    const media = Array.from(place.querySelectorAll(".medium"));
    const list = place.querySelector(".words");
    const lines = Array.from(place.querySelectorAll(".words li[data-start]"));
    const least = Math.max(data.end / 500, Math.min(2, data.end));
    let from = 0, to = data.end, now = null;

    // Where things stand.

    function show(start, length) {
      length = Math.min(Math.max(length, least), data.end);
      from = Math.min(Math.max(start, 0), data.end - length);
      to = from + length;
      root.style.setProperty("--width", 100 * data.end / length + "%");
      root.style.setProperty("--left", -100 * from / length + "%");
      root.classList.toggle("is-zoomed", length < data.end);
      for (const axis of root.querySelectorAll(".axis .canvas")) axis.replaceChildren(...ticks());
    }

    function ticks() {
      const room = overlay.clientWidth / 76;
      const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
      const step = steps.find((s) => (to - from) / s <= room) || 28800;
      const found = [];
      for (let n = Math.ceil(from / step - 1e-6); n * step <= to + 1e-6; n++) {
        const tick = document.createElement("span");
        tick.textContent = clock(n * step, step < 1);
        tick.style.left = 100 * n * step / data.end + "%";
        if (n * step > to - 0.03 * (to - from)) tick.className = "last";
        if (n * step < from + 0.01 * (to - from)) tick.className = "first-tick";
        found.push(tick);
      }
      return found;
    }

    function put(mark, start, end) {
      const element = overlay.querySelector("." + mark);
      element.style.display = start === null ? "none" : "block";
      if (start === null) return;
      element.style.left = 100 * start / data.end + "%";
      element.style.width = end === undefined ? "" : 100 * (end - start) / data.end + "%";
    }

    function timeAt(event) {
      const box = overlay.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      return from + share * (to - from);
    }

    // Going to a moment.

    function go(time, seek) {
      now = Math.min(Math.max(time, 0), data.end);
      root.dataset.now = now.toFixed(2);
      put("cursor", now);
      if (now < from || now > to) show(now - (to - from) / 2, to - from);
      if (seek) for (const medium of media) seekTo(medium, now);
      const line = lineAt(now);
      for (const other of lines) other.classList.toggle("now", other === line);
      if (line) {
        list.scrollTop += line.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 3;
        put("chosen", Number(line.dataset.start), Math.max(Number(line.dataset.end), Number(line.dataset.start) + 0.05));
      } else put("chosen", null);
    }

    function lineAt(time) {
      return lines.findLast((l) => Number(l.dataset.start) <= time && time <= Number(l.dataset.end));
    }

    function seekTo(medium, time) {
      const player = medium.querySelector("video, audio"), own = time - Number(medium.dataset.offset);
      if (player.readyState > 0) player.currentTime = Math.min(Math.max(own, 0), player.duration || own);
      else player.addEventListener("loadedmetadata", function () { seekTo(medium, now); }, { once: true });
    }

    for (const medium of media) {
      const player = medium.querySelector("video, audio"), choose = medium.querySelector(".choose");
      const refused = function () { choose.hidden = false; medium.classList.add("refused"); };
      player.addEventListener("error", refused);
      if (player.error) refused();
      player.addEventListener("loadedmetadata", function () {
        medium.querySelector(".unseen").hidden = player.tagName !== "VIDEO" || player.videoWidth > 0;
      });
      player.addEventListener("timeupdate", function () {
        if (!player.paused) go(player.currentTime + Number(medium.dataset.offset), false);
      });
      player.addEventListener("play", function () {
        for (const other of media) if (other !== medium) other.querySelector("video, audio").pause();
      });
      choose.querySelector("input").addEventListener("change", function (event) {
        if (!event.target.files.length) return;
        choose.hidden = true;
        medium.classList.remove("refused");
        player.src = URL.createObjectURL(event.target.files[0]);
        if (now !== null) seekTo(medium, now);
      });
    }

    for (const line of lines) {
      line.addEventListener("click", function () { go(Number(line.dataset.start), true); say(); });
      line.addEventListener("keydown", function (event) { if (event.key === "Enter") line.click(); });
    }

    // The numbers of a moment.

    function windowAt(person, time) {
      return person.times.findIndex(([start, end]) => start <= time && time < end);
    }

    function describe(lane, time) {
      const person = data.people[Number(lane.dataset.person)], at = person ? windowAt(person, time) : -1;
      if (at < 0) return [clock(time, true)];
      const [start, end] = person.times[at], text = [clock(start, true) + " to " + clock(end, true)];
      for (const measure of person.panels[Number(lane.dataset.panel)] || []) {
        const [score, low, high] = measure.scores[at];
        if (score === null) continue;
        text.push(measure.name + " " + score.toFixed(3) + (low === null ? "" : " (90% interval " + low.toFixed(3) +
          " to " + high.toFixed(3) + ")"));
      }
      const reason = person.reasons[person.reason[at]];
      if (reason) text.push((person.panels[0][0].scores[at][0] === null ? "not scored: " : "") + reason);
      text.push("signal quality: " + person.modalities.map((name, i) =>
        name + " " + (person.quality[at][i] ? person.quality[at][i].toFixed(2) : "missing")).join(", "));
      return text;
    }

    function tell(event, lane, time) {
      told.replaceChildren(...describe(lane, time).map(function (text, i) {
        const line = document.createElement(i ? "p" : "b");
        line.textContent = text;
        return line;
      }));
      told.hidden = false;
      const box = root.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
      told.style.left = Math.max(Math.min(x + 14, root.clientWidth - told.offsetWidth - 6), 0) + "px";
      told.style.top = (y + 18 + told.offsetHeight > root.clientHeight ? y - told.offsetHeight - 12 : y + 18) + "px";
    }

    function say() {
      const lane = root.querySelector(".panel");
      status.textContent = now === null || !lane ? "" : describe(lane, now).join("; ");
    }

    // Pointer and keys.

    let pressed = null;
    root.addEventListener("pointermove", function (event) {
      const lane = event.target.closest(".lane"), time = timeAt(event);
      if (pressed !== null && Math.abs(event.clientX - pressed.x) > 4) {
        pressed.dragged = true;
        put("zoomed", Math.min(pressed.time, time), Math.max(pressed.time, time));
      }
      if (!lane || !event.target.closest(".view")) { told.hidden = true; put("pointed", null); return; }
      put("pointed", time);
      tell(event, lane, time);
    });
    root.addEventListener("pointerleave", function () { told.hidden = true; put("pointed", null); });
    root.addEventListener("pointerdown", function (event) {
      if (event.button === 0 && event.target.closest(".view")) pressed = { x: event.clientX, time: timeAt(event) };
    });
    window.addEventListener("pointerup", function (event) {
      if (pressed === null) return;
      const start = pressed;
      pressed = null;
      put("zoomed", null);
      if (start.dragged) show(Math.min(start.time, timeAt(event)), Math.abs(timeAt(event) - start.time));
      else { go(start.time, true); say(); }
    });
    root.addEventListener("dblclick", function () { show(0, data.end); });
    root.addEventListener("keydown", function (event) {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (step) walk(step);
      else if (event.key === "Home" || event.key === "End") { go(event.key === "Home" ? 0 : data.end, true); say(); }
      else if (event.key === "+" || event.key === "=") zoom(0.5);
      else if (event.key === "-") zoom(2);
      else if (event.key === "0") show(0, data.end);
      else if (event.key === " " && media.length) play();
      else return;
      event.preventDefault();
    });

    function walk(step) {
      const starts = Array.from(new Set(data.people.flatMap((p) => p.times.map((t) => t[0])))).sort((a, b) => a - b);
      const next = step > 0 ? starts.find((s) => s > (now === null ? -1 : now) + 1e-3)
        : starts.findLast((s) => s < (now === null ? 0 : now) - 1e-3);
      if (next !== undefined) { go(next, true); say(); }
    }

    function play() {
      const player = media[0].querySelector("video, audio");
      if (player.paused) player.play().catch(function () {});
      else player.pause();
    }

    function zoom(factor) {
      const middle = now !== null && from <= now && now <= to ? now : (from + to) / 2;
      const length = Math.min(Math.max((to - from) * factor, least), data.end);
      show(middle - (middle - from) * length / (to - from), length);
    }

    for (const button of place.previousElementSibling.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", function () {
        if (button.dataset.zoom === "all") show(0, data.end);
        else zoom(Number(button.dataset.zoom));
      });
    }
    window.addEventListener("resize", function () { show(from, to - from); });
    show(0, data.end);
  }

  function clock(seconds, tenths) {
    const total = tenths ? Math.round(10 * seconds) / 10 : Math.round(seconds);
    const hours = Math.floor(total / 3600), minutes = Math.floor(total / 60) % 60;
    const rest = (total % 60).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0");
    return (hours ? hours + ":" + String(minutes).padStart(2, "0") : minutes) + ":" + rest;
  }
})();
