"""A real browser that opens a page, runs a script in it as a reader would act, and tells what it saw."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

WATCH = """
window.onerror = (message) => { document.documentElement.dataset.error = message; };
document.addEventListener("securitypolicyviolation", (event) => {
  document.documentElement.dataset.error = "refused " + event.blockedURI; });
"""
ACT = """
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const point = (kind, element, share, height = 0.5) => {
  const box = element.getBoundingClientRect();
  const at = { clientX: box.left + share * box.width, clientY: box.top + height * box.height };
  element.dispatchEvent(new PointerEvent(kind, { bubbles: true, button: 0, ...at }));
};
const click = (element, share) => { point("pointerdown", element, share); point("pointerup", element, share); };
const drag = (element, from, to) => {
  point("pointerdown", element, from); point("pointermove", element, to); point("pointerup", element, to);
};
"""
"""How a script acts: ``click(element, share of its width)``, ``drag``, and ``point`` for one event."""


LEGIBLE = """
const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
const light = (rgb) => { const [r, g, b] = rgb.map((v) => { v /= 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = (element) => {
  const layers = [];
  for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
};
const pale = [], small = [], walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, style = getComputedStyle(element);
  const box = element.getBoundingClientRect(), text = walker.currentNode.textContent.trim();
  if (!text || !box.width || !box.height || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
  const ground = behind(element), ink = over(parse(style.color), ground);
  const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) pale.push([text.slice(0, 40), style.color, ((a + 0.05) / (b + 0.05)).toFixed(2)]);
  if (parseFloat(style.fontSize) < 11) small.push([text.slice(0, 40), style.fontSize]);
}
return { pale, small, wide: document.documentElement.scrollWidth };
"""
"""A script that lists text which is too pale on what is behind it, or too small, and how wide the page is."""


def act(page: Path, script: str, width: int = 1280, height: int = 800) -> dict[str, Any]:
    """What a script returns that runs in an open page; errors of the page and refused requests fail.

    Args:
        page: the page.
        script: body of an async function; ``click`` and its kin stand ready.
        width, height: of the window, in pixels.
    """
    text = page.read_text(encoding="utf-8")
    act_in_it = f"""<script>{ACT} window.addEventListener("load", async () => {{
        const seen = await (async () => {{ {script} }})();
        document.documentElement.dataset.seen = JSON.stringify(seen ?? {{}}); }});</script></body>"""
    opened = page.with_name(f"{page.stem}-acted.html")
    opened.write_text(
        text.replace("<head>", f"<head><script>{WATCH}</script>", 1).replace("</body>", act_in_it), encoding="utf-8"
    )
    attributes = browse(opened, width, height)
    assert "data-error" not in attributes, attributes
    found = re.search(r'data-seen="([^"]*)"', attributes)
    assert found is not None, "the script did not come to its end"
    seen: dict[str, Any] = json.loads(html.unescape(found[1]))
    return seen


def browse(page: Path, width: int = 1280, height: int = 800) -> str:
    """Attributes of a page's root after it has run for some seconds."""
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
            f"--user-data-dir={page.with_suffix('.profile')}", "--virtual-time-budget=8000",
            f"--window-size={width},{height}", "--dump-dom", str(page),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    root = re.search(r"<html([^>]*)>", done.stdout)
    assert root is not None
    return root[1]
