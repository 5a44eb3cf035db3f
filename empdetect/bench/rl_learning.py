"""Does reinforcement learning raise the emotion of users it has not met? The whole table, in pieces.

``python -m empdetect.bench.rl_learning -o runs/rl-learning`` trains PPO and GRPO, with and without thoughts, with and
without the detector head, with vanilla and challenging users, three seeds each: 48 runs of the embedded policy.
A run that has ended is not done again and one that was stopped goes on, so ``--minutes 20`` does a piece of it.
All runs of a form and a seed start from the same policy, made once.

Two detectors that no run trains on bear witness. One learned from other people's data (EPITOME) and is trained first,
which needs ``--data-root``; the other tells tactics that support (MINT), with the network of one of the judges.
``bench.rl_witness`` shows how well each tells good listeners from poor ones.

With ``--people`` policies learn to speak from people's dialogues (EmpatheticDialogues), too: the two main rows alone.
"""

import argparse
import csv
import itertools
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from empdetect.bench.configs import find_config
from empdetect.bench.rl_curves import draw
from empdetect.bench.rl_table import Cell, Found, Outcome, findings, head_effects, head_table, table
from empdetect.bench.study import one_line_errors, write_study
from empdetect.bench.table import update_page
from empdetect.datamodules.base import data_folder
from empdetect.datamodules.empathetic_dialogues import EmpatheticDialoguesDataModule
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.rl.comparison import SUPPORT
from empdetect.rl.log import LogRow
from empdetect.rl.monitor import Monitor
from empdetect.rl.people import write_chats
from empdetect.rl.run import START, make_start, train_from_config
from empdetect.training import commit

MECHANISMS = ("emotional_reactions", "interpretations", "explorations")
"""What the witness tells of a reply, each 0 to 2 (EPITOME, Sharma et al., EMNLP 2020); their mean counts."""
EMOTION_ONLY = {"emotion": {"class_path": "empdetect.rl.rewards.emotion.EmotionReward"}}
SUPPORTING = ("text-reward", tuple(f"mint_{tactic}" for tactic in SUPPORT))
"""One judge's measures that are no reward: of tactics that support, on data of their own (MINT)."""
WITNESSES = ("witness.mean", "support.mean")
CURVES = ("emotion.mean", "tactic_reuse", "format", *WITNESSES, "seconds")
"""Columns of a run's log that are kept with the results."""


SMALL = {
    "base_samples": 1,
    "evaluate.samples": 1,
    "trainer.profiles_per_step": 2,
    "trainer.group_size": 2,
    "trainer.max_turns": 2,
    "trainer.max_new_tokens": 8,
}
CELLS = tuple(
    Cell(*settings)
    for settings in itertools.product(("ppo", "grpo"), (False, True), (False, True), ("vanilla", "challenging"))
)
MAIN = tuple(cell for cell in CELLS if cell.think and cell.detector and cell.difficulty == "vanilla")
"""The rows that are done first, with all their seeds."""


@dataclass(frozen=True)
class Runs:
    """What all runs share.

    Args:
        folder: of all of them.
        witnesses: held-out heads by name, as a preset gives them.
        steps: updates; 0 takes the preset's.
        small: tiny dialogues.
        chats: people's dialogues, from which policies learn to speak, too; None takes ours alone.
    """

    folder: Path
    witnesses: Mapping[str, Any]
    steps: int = 0
    small: bool = False
    chats: Path | None = None

    @property
    def asked(self) -> dict[str, int]:
        """What makes these runs no row of a table of others."""
        return {"steps": self.steps, "small": int(self.small)} | ({"people": 1} if self.chats else {})

    def preset(self, cell: Cell) -> Path:
        """The configuration that a cell goes by."""
        return find_config(f"rl/embedded-{cell.algorithm}-{'people' if self.chats else cell.form}")

    def start(self, seed: int) -> dict[str, Any]:
        """Settings of the policy that all runs of a form and seed begin with."""
        shorter = {"warmup_rounds": 1, "warmup.steps": 10, "trainer.max_turns": 2} if self.small else {}
        learned = {"warmup_dialogues": self.chats} if self.chats else {}
        return {"seed": seed, "accelerator": "cpu", **shorter, **learned}

    def overrides(self, cell: Cell, seed: int, start: Path) -> dict[str, Any]:
        """Settings that make a cell of its preset."""
        told: dict[str, Any] = {"out": self.folder_of(cell, seed), "seed": seed, "accelerator": "cpu", "record": False}
        told |= {"model": start, "warmup_rounds": 0, "warmup_dialogues": "null"}
        told |= {"user.init_args.difficulty": cell.difficulty}
        # What falls is to be shown, and a run that was stopped early shows less of it; see ``warned_at``.
        told |= {"witnesses": json.dumps(dict(self.witnesses)), "trainer.monitor": "null"}
        told |= {"trainer.steps": self.steps} if self.steps else {}
        if not cell.detector:
            told |= {"rewards": json.dumps(EMOTION_ONLY), "weights": json.dumps({"emotion": 1.0})}
        return told | (SMALL if self.small else {})

    def folder_of(self, cell: Cell, seed: int) -> Path:
        """Folder of one run."""
        return self.folder / f"{cell.name}-{seed}"


def make_witnesses(folder: Path, data_root: str | None) -> dict[str, Any]:
    """The held-out heads by name.

    Raises:
        InputError: the data of the first are not there, and it was not trained earlier.
    """
    trained = trained_witness("epitome_frozen", folder, data_root)
    return {"witness": _head(trained, MECHANISMS), "support": _head(*SUPPORTING)}


def trained_witness(config: str, folder: Path, data_root: str | None) -> Path:
    """A detector of one of our configurations, trained in this folder unless an earlier call has.

    Raises:
        InputError: its data are not there.
    """
    from empdetect.training import run

    if not list(folder.glob(f"{config}/*/detector")):
        where = [] if data_root is None else [f"--data.data_root={data_root}"]
        run(["fit", f"--config={find_config(config)}", f"--trainer.logger.init_args.save_dir={folder}", *where])
    return sorted(folder.glob(f"{config}/*/detector"))[-1]


def _head(detector: Path | str, measures: Sequence[str]) -> dict[str, Any]:
    given = {"detector": str(detector), "measure": list(measures)}
    return {"class_path": "empdetect.rl.rewards.detector.DetectorReward", "init_args": given}


def run_cell(cell: Cell, seed: int, runs: Runs) -> None:
    """Train and judge one cell with one seed, unless an earlier call has."""
    out = runs.folder_of(cell, seed)
    if (out / "outcome.json").is_file():
        return
    preset = runs.preset(cell)
    start, warmup = _made_start(preset, runs.folder / f"start-{cell.form}-{seed}", runs.start(seed))
    # Preparing and judging are done again when a run goes on, steps are not.
    began = time.monotonic() - sum(row["seconds"] for row in read_log(out / "log.csv"))
    train_from_config(preset, runs.overrides(cell, seed, start))
    minutes, log = (time.monotonic() - began) / 60, read_log(out / "log.csv")
    judged = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    judgement = (judged["before"], judged["after"], warned_at(log, cell.detector))
    found = Outcome(*judgement, minutes, _curves(log), warmup, runs.asked, commit())
    (out / "outcome.json").write_text(json.dumps(asdict(found)), encoding="utf-8")


def _made_start(preset: Path, folder: Path, told: Mapping[str, Any]) -> tuple[Path, float | None]:
    """The policy that all runs of a form and seed begin with, and the minutes it took to make, if that was timed."""
    timed, began = folder / "warmup.json", time.monotonic()
    there = (folder / START).is_dir()
    start = make_start(preset, folder, told)
    if not there:
        timed.write_text(json.dumps({"minutes": (time.monotonic() - began) / 60}), encoding="utf-8")
    return start, json.loads(timed.read_text(encoding="utf-8"))["minutes"] if timed.is_file() else None


def read_log(path: Path) -> list[LogRow]:
    """The rows of a run's log, NaN where a step has no value; none before the first step."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]


def _curves(log: Sequence[LogRow]) -> dict[str, list[float | None]]:
    values = {name: [row.get(name, math.nan) for row in log] for name in CURVES}
    return {name: [None if math.isnan(value) else value for value in found] for name, found in values.items()}


def warned_at(log: Sequence[LogRow], detector: bool) -> int:
    """The step after which the monitor of the presets would have stopped a run; 0 if it would not have.

    Args:
        log: of the run.
        detector: whether the detector was a second head.
    """
    monitor, heads = Monitor(), ["emotion.mean", "empathy.mean"][: 1 + detector]
    ends = range(2 * monitor.window, len(log) + 1)
    return next((end for end in ends if monitor.verdict(log[:end], heads, ["emotion.mean", *WITNESSES])), 0)


def finished(folder: Path) -> Found:
    """All runs that have ended, by cell and seed.

    Raises:
        InputError: some were asked for otherwise than others, so that they are no table.
    """
    found: dict[Cell, dict[int, Outcome]] = {}
    for cell in CELLS:
        for path in sorted(folder.glob(f"{cell.name}-*/outcome.json")):
            seed = int(path.parent.name.rsplit("-", 1)[1])
            found.setdefault(cell, {})[seed] = _outcome(path, cell)
    _check_alike(folder, _asked(found))
    return found


def _asked(found: Found) -> list[Mapping[str, int]]:
    return [outcome.asked for by_seed in found.values() for outcome in by_seed.values()]


def _check_alike(folder: Path, asked: Sequence[Mapping[str, int]]) -> None:
    kinds = sorted({json.dumps(one) for one in asked})
    if len(kinds) > 1:
        raise InputError(
            f"Measuring learning: runs in {folder} were asked for as {' and as '.join(kinds)}, so they are no table; "
            "name another folder with -o"
        )


def _outcome(path: Path, cell: Cell) -> Outcome:
    """What is kept of a run; what the monitor says of its log is asked anew, as the monitor may have changed."""
    kept, log = Outcome(**json.loads(path.read_text(encoding="utf-8"))), read_log(path.with_name("log.csv"))
    return replace(kept, warned=warned_at(log, cell.detector)) if log else kept


def plan(cells: Sequence[Cell], seeds: int) -> list[tuple[Cell, int]]:
    """The runs in their order: the main rows with all seeds, then the others, a seed at a time."""
    first = [(cell, seed) for seed in range(seeds) for cell in cells if cell in MAIN]
    return [*first, *((cell, seed) for seed in range(seeds) for cell in cells if cell not in MAIN)]


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = argparse.ArgumentParser("python -m empdetect.bench.rl_learning", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the runs and of table.md")
    parser.add_argument("--data-root", metavar="DIR", help="folder of the datasets (default: $EMPDETECT_DATA)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="rows to run, as in grpo-say-emotion-vanilla"
    )
    parser.add_argument("--seeds", type=int, default=3, help="seeds a row (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=0, help="updates a run (default: the preset's)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no run after so many (default: any)")
    parser.add_argument("--people", action="store_true", help="learn to speak from people's dialogues, too")
    parser.add_argument("--small", action="store_true", help="tiny dialogues: does it work?")
    parser.add_argument("--results", type=Path, help="also write all finished runs to this file (JSON)")
    parser.add_argument("--picture", type=Path, help="also draw their curves into this file (SVG)")
    parser.add_argument("--page", type=Path, help="also put the table between this page's markers (Markdown)")
    parsed = parser.parse_args(arguments)
    sys.stdout.write(_run(parsed))


def _run(parsed: argparse.Namespace) -> str:
    by_name = {cell.name: cell for cell in (MAIN if parsed.people else CELLS)}
    unknown = sorted(set(parsed.only) - set(by_name))
    if unknown:
        raise InputError(f"Measuring learning: no row {', '.join(unknown)}; there are {', '.join(by_name)}")
    small = {"witness": _head(*SUPPORTING), "support": _head(*SUPPORTING)}
    witnesses = small if parsed.small else make_witnesses(parsed.out / "witness", parsed.data_root)
    chats = _chats(parsed.out / "chats.jsonl", parsed.data_root) if parsed.people else None
    runs = Runs(parsed.out, witnesses, parsed.steps, parsed.small, chats)
    _check_alike(parsed.out, [*_asked(finished(parsed.out)), runs.asked])
    began = time.monotonic()
    for cell, seed in track(plan([by_name[name] for name in parsed.only or by_name], parsed.seeds), "Runs"):
        if (time.monotonic() - began) / 60 < parsed.minutes:
            run_cell(cell, seed, runs)
    return _written(parsed, finished(parsed.out))


def _chats(path: Path, data_root: str | None) -> Path:
    """People's dialogues as chats, written unless an earlier call has."""
    if not path.is_file():
        write_chats(data_folder(data_root, EmpatheticDialoguesDataModule.folder), path, think=True)
    return path


def _written(parsed: argparse.Namespace, found: Found) -> str:
    """The tables, after everything that was asked for was made from the same outcomes."""
    rows, effects = findings(found), head_effects(found)
    parts = {"people" if parsed.people else "table": table(rows)} | ({"head": head_table(effects)} if effects else {})
    text = "\n".join(parts.values())
    (parsed.out / "table.md").write_text(text, encoding="utf-8")
    if parsed.results:
        asked = "".join(f" --only {name}" for name in parsed.only)
        asked += f" --seeds {parsed.seeds}{f' --steps {parsed.steps}' if parsed.steps else ''}"
        asked += f"{' --people' if parsed.people else ''}{' --small' if parsed.small else ''}"
        command = f"python -m empdetect.bench.rl_learning -o {parsed.out}{asked}"
        write_study(parsed.results, command, 0, {"rows": rows, "head": effects})
    if parsed.picture:
        parsed.picture.write_text(draw(rows), encoding="utf-8")
    if parsed.page:
        for name, part in parts.items():
            update_page(parsed.page, name, part)
    return text


if __name__ == "__main__":
    sys.exit(main())
