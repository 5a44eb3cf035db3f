"""The page of an evaluation: figures, curves of emotion, and dialogues with their reasons, side by side."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.evaluate import Evaluation
from empdetect.rl.intervals import Interval
from empdetect.rl.paper import SIMULATOR, TABLE

COLOURS = ("#0b6e8a", "#b5541c", "#5b4b9a", "#3c7a3c", "#a03060", "#6b6b6b")
WIDTH, HEIGHT, MARGIN = 560, 260, 36
SHOWN = 8
"""Scenarios whose dialogues are shown."""


def write_page(
    path: Path,
    found: Mapping[str, Mapping[str, Evaluation]],
    tables: Mapping[str, Mapping[str, Mapping[str, Interval]]],
) -> Path:
    """Write the page, one file without scripts or anything to load.

    Args:
        path: where to.
        found: evaluations by user and policy.
        tables: figures by user, policy and name.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("empdetect.rl", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [_section(user, evaluations, tables[user]) for user, evaluations in found.items()]
    page = environment.get_template("page.html.j2").render(
        sections=sections, paper=TABLE, simulator=SIMULATOR, width=WIDTH, height=HEIGHT, margin=MARGIN
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def mean_emotions(dialogues: Sequence[Dialogue]) -> list[float]:
    """Mean emotion at the start and after each reply; a dialogue that has ended keeps its last one."""
    known = [dialogue.emotions for dialogue in dialogues if dialogue.emotion is not None]
    longest = max((len(felt) for felt in known), default=0)
    return [statistics.fmean(felt[min(turn, len(felt) - 1)] for felt in known) for turn in range(longest)]


def _section(
    user: str, evaluations: Mapping[str, Evaluation], figures: Mapping[str, Mapping[str, Interval]]
) -> dict[str, Any]:
    names = list(dict.fromkeys(name for told in figures.values() for name in told))
    curves = {policy: mean_emotions(evaluation.dialogues) for policy, evaluation in evaluations.items()}
    longest = max(map(len, curves.values()))
    return {
        "user": user,
        "policies": list(evaluations),
        "rows": [(name, [str(told.get(name, "")) for told in figures.values()]) for name in names],
        "curves": [
            {"name": policy, "colour": COLOURS[place % len(COLOURS)], "points": _points(felt, longest)}
            for place, (policy, felt) in enumerate(curves.items())
        ],
        "turns": [{"number": turn, "x": _x(turn, longest)} for turn in range(longest)],
        "scenarios": _scenarios(evaluations),
    }


def _scenarios(evaluations: Mapping[str, Evaluation]) -> list[dict[str, Any]]:
    """The first dialogue of each policy with the same few users."""
    first = next(iter(evaluations.values()))
    profiles = list({dialogue.profile.id: dialogue.profile for dialogue in first.dialogues}.values())[:SHOWN]
    return [
        {
            "profile": profile,
            "talks": [
                _talk(next((d for d in evaluation.dialogues if d.profile.id == profile.id), None))
                for evaluation in evaluations.values()
            ],
        }
        for profile in profiles
    ]


def _talk(dialogue: Dialogue | None) -> dict[str, Any]:
    """A dialogue turn by turn, each reply with the emotion after it and the reasons."""
    if dialogue is None:
        return {"end": "not led", "turns": []}
    turns, replies = [], 0
    for turn in dialogue.turns:
        told: dict[str, Any] = {"role": turn.role, "text": turn.visible, "thought": turn.thought, "emotion": None}
        if turn.role == "assistant":
            replies += 1
            if replies < len(dialogue.emotions):
                told |= {"emotion": dialogue.emotions[replies], "reasons": dialogue.reasons[replies - 1]}
        turns.append(told)
    if dialogue.farewell:
        turns.append({"role": "user", "text": dialogue.farewell, "thought": None, "emotion": None})
    return {"end": dialogue.reason, "turns": turns}


def _points(felt: Sequence[float], longest: int) -> str:
    """Points of a line in the drawing."""
    return " ".join(f"{_x(turn, longest):.1f},{_y(emotion):.1f}" for turn, emotion in enumerate(felt))


def _x(turn: int, longest: int) -> float:
    return MARGIN + turn * (WIDTH - 2 * MARGIN) / max(longest - 1, 1)


def _y(emotion: float) -> float:
    return HEIGHT - MARGIN - min(max(emotion, 0.0), 100.0) / 100 * (HEIGHT - 2 * MARGIN)
