"""SAGE's logs: dialogues of eight language models with a simulated user, turn by turn, as published."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from empdetect.errors import InputError
from empdetect.rl.profiles import Profile, profile_of
from empdetect.rl.users.moments import Moment


@dataclass(frozen=True)
class Step:
    """One reply of a logged dialogue and what it did.

    Args:
        profile: who the user is.
        moment: what was known.
        change: of emotion, in points.
        answer: what the user said then.
        opening: the user's first words.
    """

    profile: Profile
    moment: Moment
    change: float
    answer: str
    opening: str


def read_steps(folder: Path) -> list[Step]:
    """All replies that the user judged, in the order of the files.

    Args:
        folder: that of the logs, one ``.jsonl.gz`` a language model.

    Raises:
        InputError: no log is there, or one is broken.
    """
    paths = sorted(folder.glob("*.jsonl.gz"))
    if not paths:
        raise InputError(f"Reading SAGE's logs: none at {folder / '*.jsonl.gz'}")
    return [step for path in paths for step in _read(path)]


def _read(path: Path) -> Iterator[Step]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield from _steps(json.loads(line))
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"Reading SAGE's logs: {path} is broken ({error}); download it again") from None


def _steps(row: dict[str, Any]) -> Iterator[Step]:
    turns = row["history"]
    profile = profile_of({**row, "main_cha": row["character"], "cha_group": []})
    for place in range(0, len(turns) - 2, 2):
        asked, reply, answer = turns[place : place + 3]
        emotion = float(asked["emotion-point"])
        last = emotion - float(turns[place - 2]["emotion-point"]) if place else 0.0
        moment = Moment(
            reply=reply["content"],
            asked=asked["content"],
            before=" ".join(turn["content"] for turn in turns[:place:2]),
            said=" ".join(turn["content"] for turn in turns[1:place:2]),
            scene=profile.scene,
            character=profile.character,
            emotion=emotion,
            last_change=last,
            turn=place // 2,
        )
        change = float(answer["emotion-point"]) - emotion
        yield Step(profile, moment, change, answer["content"], turns[0]["content"])
