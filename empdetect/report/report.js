// Draws the figures, and ties each timeline to the transcript beside it.
"use strict";
(function () {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const config = {
    displaylogo: false, responsive: true, plotlyServerURL: "", displayModeBar: "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg" },
  };

  for (const plot of document.querySelectorAll(".plot")) {
    const figure = figures[Number(plot.dataset.index)];
    Plotly.newPlot(plot, figure.data, figure.layout, config).then(function () {
      const words = plot.parentElement.querySelector(".words");
      if (words) tie(plot, words, figure.scale, figure.zero);
    });
  }

  function tie(plot, words, scale, zero) {
    const lines = Array.from(words.querySelectorAll("li[data-start]"));
    words.style.maxHeight = Math.max(plot.offsetHeight, 320) + "px";

    function mark(line) {
      for (const other of lines) other.classList.toggle("now", other === line);
      const shapes = line ? [{
        type: "rect", xref: "x", yref: "paper", y0: 0, y1: 1, layer: "below", line: { width: 0 },
        x0: zero + Number(line.dataset.start) * scale,
        x1: zero + Math.max(Number(line.dataset.end), Number(line.dataset.start) + 0.05) * scale,
        fillcolor: "rgba(240, 228, 66, 0.30)",
      }] : [];
      Plotly.relayout(plot, { shapes: shapes });
    }

    for (const line of lines) {
      line.addEventListener("click", function () { mark(line); });
      line.addEventListener("keydown", function (event) { if (event.key === "Enter") mark(line); });
    }
    plot.on("plotly_click", function (event) {
      // On a date axis Plotly gives the time as a text in UTC.
      const x = event.points[0].x;
      const time = (typeof x === "string" ? Date.parse(x.replace(" ", "T") + "Z") : x) / scale - zero / scale;
      const line = lines.find((l) => Number(l.dataset.start) <= time && time <= Number(l.dataset.end));
      mark(line);
      if (line) line.scrollIntoView({ block: "nearest" });
    });
  }
})();
