"""The run card: what a policy was trained on, with what, and what came out."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from empdetect import __version__
from empdetect.rl.evaluate import Evaluation

LIMITS = (
    "The emotion is that of a simulated user and says nothing about people. Emotions of different users "
    "cannot be compared. This policy is a research object and must not be used to support anybody in distress."
)


def write_card(
    folder: Path,
    command: str,
    settings: str,
    log: Sequence[Mapping[str, float]],
    before: Evaluation,
    after: Evaluation,
) -> Path:
    """Write ``README.md`` into the run's folder.

    Args:
        folder: the run's folder.
        command: the line that started it.
        settings: the whole configuration as YAML.
        log: rows of the training log.
        before, after: evaluations on held-out profiles.
    """
    parts = [
        "# Policy trained by reinforcement",
        f"{len(log)} steps of GRPO with empdetect {__version__}, started by\n\n    {command}",
        "## On held-out profiles",
        _comparison(before, after),
        f"{LIMITS}",
        "## Files",
        "`policy/` holds model and tokenizer for transformers, `log.csv` a row of figures a step.",
        "## Settings",
        f"```yaml\n{settings.strip()}\n```",
    ]
    path = folder / "README.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _comparison(before: Evaluation, after: Evaluation) -> str:
    figures = {
        "final emotion, 0 to 100": (before.emotion, after.emotion),
        "its standard error over profiles": (before.error, after.error),
        "users content": (before.success, after.success),
        "users who gave up": (before.failure, after.failure),
        "not scorable": (before.not_scorable, after.not_scorable),
        **{f"reward head `{name}`": (before.heads[name], after.heads[name]) for name in before.heads},
    }
    rows = [f"| {name} | {_number(first)} | {_number(second)} |" for name, (first, second) in figures.items()]
    count = f"{len(after.dialogues)} dialogues with {len({d.profile.id for d in after.dialogues})} profiles"
    return "\n".join([f"| {count} | before | after |", "|---|---|---|", *rows])


def _number(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.3g}"
