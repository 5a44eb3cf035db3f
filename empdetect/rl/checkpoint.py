"""Checkpoints: all that a run needs to go on as if it had never stopped."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from empdetect.errors import InputError
from empdetect.rl.log import LogRow

NAME = "checkpoint.pt"


@dataclass
class Progress:
    """How far a run has come.

    The chance of each step follows from the seed and the step's number alone, so there is no state of
    it to keep.

    Args:
        rows: the log, one row a step.
        words: share of replies with each word in the first step, for the monitor.
        stopped: why the monitor stopped the run, in words; such a run does not go on.
    """

    rows: list[LogRow] = field(default_factory=list)
    words: dict[str, float] = field(default_factory=dict)
    stopped: str = ""


def save_checkpoint(folder: Path, identity: str, progress: Progress, states: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        folder: of the run.
        identity: what the run is; another one cannot go on from here.
        progress: how far it has come.
        states: of weights and optimisers, by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{NAME}.part"
    torch.save({"identity": identity, **asdict(progress), "states": states}, part)
    part.replace(folder / NAME)


def load_checkpoint(folder: Path, identity: str, device: torch.device) -> tuple[Progress, dict[str, Any]] | None:
    """Read a checkpoint; None if there is none. Only tensors and plain values are read, no code runs.

    Raises:
        InputError: it is of a run with other settings.
    """
    found = _checked(folder / NAME, identity, device)
    return None if found is None else (Progress(found["rows"], found["words"], found["stopped"]), found["states"])


def check_identity(folder: Path, identity: str) -> None:
    """Refuse to go on with a run that has other settings, before anything of it is touched.

    Raises:
        InputError: the checkpoint there is of a run with other settings.
    """
    _checked(folder / NAME, identity, torch.device("cpu"))


def _checked(path: Path, identity: str, device: torch.device) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    found: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    if found["identity"] != identity:
        raise InputError(
            f"Going on from {path}: that run had other settings ({_difference(found['identity'], identity)}); "
            "choose another 'out', or delete the file to start anew"
        )
    return found


def _difference(old: str, new: str) -> str:
    for before, now in zip(old.splitlines(), new.splitlines()):
        if before != now:
            return f"'{before.strip()}', now '{now.strip()}'"
    return "one has more of them"
