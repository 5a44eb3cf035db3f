"""The run card: what a policy was trained on, with what, and what came out."""

from pathlib import Path

import yaml

from empdetect import __version__
from empdetect.rl.cassette import TAPE
from empdetect.rl.evaluate import Evaluation
from empdetect.rl.intervals import difference_of
from empdetect.rl.replay import recorded_usage
from empdetect.rl.users.usage import exchanges_of, usage_of

LIMITS = (
    "The emotion is that of a simulated user and says nothing about people. Emotions of different users "
    "cannot be compared. This policy is a research object and must not be used to support anybody in distress."
)


def write_card(
    folder: Path,
    command: str,
    settings: str,
    algorithm: str,
    before: Evaluation,
    after: Evaluation,
    stopped: str = "",
) -> Path:
    """Write ``README.md`` into the run's folder.

    Args:
        folder: the run's folder.
        command: the line that started it.
        settings: the whole configuration as YAML.
        algorithm: by what it was trained.
        before, after: evaluations on held-out profiles.
        stopped: what the monitor said when it stopped the run.
    """
    parts = [
        "# Policy trained by reinforcement",
        f"{_steps(folder)} steps of {algorithm.upper()} with empdetect {__version__}, started by\n\n    {command}",
        *([f"**{stopped}.**"] if stopped else []),
        "## On held-out profiles",
        _comparison(before, after),
        f"{LIMITS}",
        *_used(folder, settings, before, after),
        "## Files",
        "`policy/` and `start/` hold model and tokenizer for transformers, after and before the reinforcement; "
        "`log.csv` has a row of figures a step, explained in docs/rl/; with `checkpoint.pt`, the same command goes on.",
        "## Settings",
        f"```yaml\n{settings.strip()}\n```",
    ]
    path = folder / "README.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _steps(folder: Path) -> int:
    """Steps in the log."""
    path = folder / "log.csv"
    return max(len(path.read_text(encoding="utf-8").splitlines()) - 1, 0) if path.is_file() else 0


def _used(folder: Path, settings: str, before: Evaluation, after: Evaluation) -> list[str]:
    """What the user's language model took, if there is one."""
    tape = folder / TAPE
    if tape.is_file():
        used, where = recorded_usage(tape), f"As counted in `{TAPE}`"
    else:
        asked = [one for found in (before, after) for one in exchanges_of(found.dialogues)]
        used = usage_of(asked, yaml.safe_load(settings)["user"])
        where = "Of both evaluations, as the run was not recorded"
    return ["## The user's language model", f"{where}: {used.line()}."] if used.questions else []


def _comparison(before: Evaluation, after: Evaluation) -> str:
    gain = difference_of(after.parts["emotion"], before.parts["emotion"])
    old, new = before.figures, after.figures
    rows = [f"| {name} | {old[name]} | {new[name]} |" for name in new]
    count = f"{len(after.dialogues)} dialogues with {len({d.profile.id for d in after.dialogues})} profiles"
    return "\n".join(
        [
            f"The final emotion (0 to 100) changed by {gain}. Means, with 95% bootstrap intervals over profiles:\n",
            f"| {count} | before | after |",
            "|---|---|---|",
            *rows,
        ]
    )
