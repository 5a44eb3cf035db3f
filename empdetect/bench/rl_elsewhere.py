"""Does what a policy learned with one user help with another? Every run of ``bench.rl_learning``, judged by both.

``python -m empdetect.bench.rl_elsewhere --runs runs/table -o docs/results/rl_elsewhere.json`` (``--page`` as others)
lets start and trained policies talk to the held-out profiles as played by the user of the other difficulty, whom their
row never trained with. Both users go by the same rules; the challenging one never hints at what it hopes for, and takes
nothing else. A run that was judged is not judged again.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from empdetect.bench.rl_learning import finished
from empdetect.bench.rl_table import Cell, Found, Outcome
from empdetect.bench.study import one_line_errors, publish, study_parser
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.rl.evaluate import evaluate
from empdetect.rl.intervals import Parts, pooled_difference, pooled_interval
from empdetect.rl.policy import Policy
from empdetect.rl.profiles import BANK, read_profiles
from empdetect.rl.run import START
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.base import Difficulty

OTHER: Mapping[str, Difficulty] = {"vanilla": "challenging", "challenging": "vanilla"}


def judged(folder: Path, cell: Cell, seed: int) -> dict[str, Parts]:
    """The emotion of the other user by scenario, with the policy ``before`` and ``after`` one run.

    Args:
        folder: of the run; what was found is kept there.
        cell: its row.
        seed: of policy and users.
    """
    kept = folder / f"elsewhere-{seed}.json"
    if not kept.is_file():
        user, profiles = AppraisalUser(difficulty=OTHER[cell.difficulty]), read_profiles(BANK, "test")
        speech, found = _speech(folder), {}
        for name, part in (("before", START), ("after", "policy")):
            policy = Policy.from_pretrained(folder / part)
            judgement = evaluate(policy, profiles, user, None, *speech, think=cell.think, seed=seed)
            found[name] = judgement.parts["emotion"]
        kept.write_text(json.dumps(found), encoding="utf-8")
    parts: dict[str, Parts] = json.loads(kept.read_text(encoding="utf-8"))
    return parts


def _speech(folder: Path) -> tuple[int, int, int, float]:
    """Dialogues a profile, replies, tokens a reply and temperature, as the run itself was judged."""
    told = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))
    trainer = told["trainer"]
    return told["evaluate"]["samples"], trainer["max_turns"], trainer["max_new_tokens"], trainer["temperature"]


def findings(found: Found, runs: Path, seed: int) -> dict[str, dict[str, Any]]:
    """By row the gain with its own user and with the other, with 95% intervals over seeds and scenarios."""
    rows = {}
    for cell, by_seed in track(list(found.items()), "Rows"):
        own = [_emotions(outcome) for outcome in by_seed.values()]
        other = [judged(runs / f"{cell.name}-{number}", cell, seed) for number in by_seed]
        rows[cell.name] = {"seeds": list(by_seed), "own": _gain(own), "other": _gain(other)}
    return rows


def _emotions(outcome: Outcome) -> dict[str, Parts]:
    return {"before": outcome.before["emotion"], "after": outcome.after["emotion"]}


def _gain(parts: Sequence[Mapping[str, Parts]]) -> dict[str, list[float]]:
    before, after = ([one[when] for one in parts] for when in ("before", "after"))
    levels = {name: pooled_interval(found) for name, found in (("before", before), ("after", after))}
    found = {**levels, "rise": pooled_difference(after, before)}
    return {name: [interval.value, interval.low, interval.high] for name, interval in found.items()}


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The table as Markdown.

    Args:
        rows: as ``findings`` gives them.
    """
    head = (
        "| row | seeds | gain with its own user | gain with the other | the other's emotion |\n|---|---|---|---|---|\n"
    )
    return head + "".join(f"| {name} | {len(row['seeds'])} | {_cells(row)} |\n" for name, row in rows.items())


def _cells(row: Mapping[str, Any]) -> str:
    own, other = ("{:+.1f} ({:+.1f} to {:+.1f})".format(*row[user]["rise"]) for user in ("own", "other"))
    return f"{own} | {other} | {row['other']['before'][0]:.1f} to {row['other']['after'][0]:.1f}"


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("rl_elsewhere", __doc__, "page", seed=1234)
    parser.add_argument("--runs", type=Path, default=Path("runs/rl-learning"), help="folder of bench.rl_learning")
    parsed = parser.parse_args(arguments)
    found = finished(parsed.runs)
    if not found:
        raise InputError(f"Judging runs with another user: none in {parsed.runs} has ended; run bench.rl_learning")
    rows = findings(found, parsed.runs, parsed.seed)
    publish(parsed, f"python -m empdetect.bench.rl_elsewhere --runs {parsed.runs}", rows, "elsewhere", table(rows))


if __name__ == "__main__":
    sys.exit(main())
