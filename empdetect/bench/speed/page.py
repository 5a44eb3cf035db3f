"""The page of what was measured: ``python -m empdetect.bench.speed.page`` writes ``docs/speed.md``.

It is made of ``docs/results/speed_*.json``; what has not been measured is left out.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Result = Mapping[str, Any]
Row = tuple[str, str, str, str]
"""What, ours, compared with, ratio and goal."""

FOLDER, PAGE = Path("docs/results"), Path("docs/speed.md")

INTRODUCTION = """# Speed and memory

Written by `python -m empdetect.bench.speed.page` out of `docs/results/speed_*.json`. Each figure is made by the command
in the last table: ours and what it is compared with in one run, on the same file, one after the other. The recording
joins the talking faces of GRID at 640×480 and 25 frames a second, in H.264 with AAC sound, with sentences of its
grammar and ECG and EDA simulated at 250 Hz. The detector reads face, voice, words, heart and skin; its networks have
their usual size and random weights.

| what | ours | compared with | ratio |
|---|---|---|---|
"""


def page(folder: Path) -> str:
    """The page, of all files of results in a folder."""
    found = {path.stem.removeprefix("speed_"): _read(path) for path in sorted(folder.glob("speed_*.json"))}
    rows = [row for name, describe in DESCRIPTIONS.items() if name in found for row in describe(found[name])]
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    how = "".join(
        f"| {name} | `{result['command']}` | {result['date']} | {result['commit'][:7]} | {_machine(result)} |\n"
        for name, result in found.items()
    )
    return f"{INTRODUCTION}{lines}\n| measurement | command | date | commit | machine |\n|---|---|---|---|---|\n{how}"


def _read(path: Path) -> Result:
    found: Result = json.loads(path.read_text(encoding="utf-8"))
    return found


def _machine(result: Result) -> str:
    return f"{result['machine']['cpus']} processors, {result.get('device', 'cpu')}"


def _pipeline(result: Result) -> Iterator[Row]:
    speed, cost = result["times_real_time"], result["times_the_decoding"]
    decoding = f"PyAV alone decodes the file: {speed['decoding']:.1f}×"
    length = f"{result['recorded_seconds'] / 60:g} minutes"
    for what, name in (("scoring", "from opening to the last score"), ("command", "with the start of the program")):
        goal = f"{cost[what]:.2f} times the decoding (aim: 3); must: 12× real time"
        yield f"pipeline of four modalities, {length}, {name}", f"{speed[what]:.1f}× real time", decoding, goal


def _memory(result: Result) -> Iterator[Row]:
    short, long = (result[which]["peak_mib"] for which in ("short", "long"))
    minutes = result["recorded_seconds"] / 60
    goal = f"{result['ratio']:.3f} (must: 1.1, and 2048 MiB)"
    yield (
        f"peak memory of {minutes * result['times_as_long']:g} minutes",
        f"{long:.0f} MiB",
        (f"{minutes:g} minutes: {short:.0f} MiB"),
        goal,
    )


def _faces(result: Result) -> Iterator[Row]:
    ours, haar = (result["frames_a_second"][name]["wall"] for name in ("ours", "haar"))
    agree = f"median overlap {result['median_overlap']:.2f}, same answer in {_share(result)} of frames"
    ratio = f"{result['times_faster']['wall']:.1f} times as fast; {agree}"
    yield "face stage", f"{ours:.0f} frames a second", f"Haar on every frame: {haar:.1f}", ratio
    low, high = result["pyfeat_published_frames_a_second"]
    yield (
        "",
        "",
        f"py-feat, as its authors state: {low} to {high}",
        f"{ours / high:.0f} times as fast, not side by side",
    )


def _share(result: Result) -> str:
    return f"{100 * result['share_of_frames_with_same_answer']:.1f}%"


def _audio(result: Result) -> Iterator[Row]:
    speed = result["times_real_time"]
    for name, times in result["times_faster_than"].items():
        agree = ", ".join(f"{what.replace('_', ' ')} {value:.3f}" for what, value in result["agreement"][name].items())
        theirs = f"{name}: {speed[name]['wall']:.0f}×"
        ours = f"{speed['ours']['wall']:.0f}× real time"
        yield "audio features", ours, theirs, f"{times:.2f} times as fast; {agree}"


def _physiology(result: Result) -> Iterator[Row]:
    speed = result["times_real_time"]
    theirs = f"plain NeuroKit2: {speed['neurokit2']['wall']:.0f}×"
    agree = f"heart rate r {result['heart_rate_correlation']:.3f}, tonic level r {result['tonic_correlation']:.3f}"
    yield (
        "physiology features",
        f"{speed['ours']['wall']:.0f}× real time",
        theirs,
        (f"{result['times_faster']:.1f} times as fast; {agree}"),
    )


def _transcripts(result: Result) -> Iterator[Row]:
    speed = result["tokens_a_second"]
    what = f"{result['transcripts']} transcripts, {result['turns']} turns"
    share = result["share_of_bare"]["wall"]
    ratio = f"{share['median']:.2f} ({share['lowest']:.2f} to {share['highest']:.2f}; must: 0.9); "
    yield (
        what,
        f"{speed['ours']['wall']:.0f} tokens a second",
        f"bare pass: {speed['bare']['wall']:.0f}",
        (f"{ratio}scores differ from one by one by at most {result['largest_difference_from_alone']:.1g}"),
    )


DESCRIPTIONS: dict[str, Callable[[Result], Iterator[Row]]] = {
    "pipeline": _pipeline,
    "memory": _memory,
    "faces": _faces,
    "audio": _audio,
    "physiology": _physiology,
    "transcripts": _transcripts,
}


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(FOLDER), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
