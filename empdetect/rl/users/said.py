"""What the logged users said, and which of it fits a moment."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.profiles import Profile
from empdetect.rl.users.base import emotion_state
from empdetect.rl.users.dialogue_logs import Step
from empdetect.rl.users.goodbye import says_goodbye
from empdetect.rl.users.moments import counts, inverse_frequency, weighted

SIGN, STATE, TURN = 1.0, 0.3, 0.05
"""Worth of an equal sign of change, of an equal state, and of each turn nearer, against a cosine of at most 1."""


@dataclass(frozen=True)
class Line:
    """Something a logged user said.

    Args:
        scenario: id of its profile.
        text: the words.
        reply: what they answered; empty for an opening.
        change: of emotion, by that reply.
        emotion: afterwards.
        turn: number of the reply, from 0; -1 for an opening.
    """

    scenario: str
    text: str
    reply: str
    change: float
    emotion: float
    turn: int


class Said:
    """All lines of the logs, searched by what is said and felt.

    Args:
        lines: what was said.
        scenes: scene of each scenario, by id.
        intentions: hidden intention of each scenario, by id.
    """

    def __init__(self, lines: Sequence[Line], scenes: dict[str, str], intentions: dict[str, str]) -> None:
        self.scenes = scenes
        self.intentions = intentions
        self._lines: dict[str, list[Line]] = {}
        for line in lines:
            self._lines.setdefault(line.scenario, []).append(line)
        # For the life of this object, as profiles and scenarios come again and again.
        self._nearest = lru_cache(maxsize=None)(self._find_nearest)
        self._rows = lru_cache(maxsize=None)(self._index)

    @classmethod
    def of(cls, steps: Iterable[Step]) -> "Said":
        """The lines of logged dialogues."""
        found, lines = list(steps), dict[Line, None]()
        for step in found:
            name, moment = step.profile.id, step.moment
            lines[Line(name, step.opening, "", 0.0, 40.0, -1)] = None
            after = moment.emotion + step.change
            if step.answer.strip():  # a few logged users said nothing
                lines[Line(name, step.answer, moment.reply, step.change, after, moment.turn)] = None
        scenes = {step.profile.id: step.profile.scene for step in found}
        return cls(list(lines), scenes, {step.profile.id: step.profile.intention for step in found})

    def save(self, path: Path) -> None:
        """Write it as JSON lines: scenes and intentions first, then a line a line."""
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.write(json.dumps({"scenes": self.scenes, "intentions": self.intentions}, ensure_ascii=False) + "\n")
            for lines in self._lines.values():
                file.writelines(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in lines)

    @classmethod
    def load(cls, path: Path) -> "Said":
        """Read what ``save`` wrote.

        Raises:
            InputError: there is no such file, or it is another.
        """
        try:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                head = json.loads(next(file))
                return cls([Line(**json.loads(line)) for line in file], head["scenes"], head["intentions"])
        except (OSError, EOFError, ValueError, LookupError, TypeError, StopIteration) as error:
            raise InputError(
                f"Loading a learned user: {path} cannot be read ({error}); make it with 'empdetect rl learn-user'"
            ) from None

    def opening(self, profile: Profile) -> str:
        """The first words of the nearest scenario."""
        return next(line.text for line in self._lines[self._nearest(profile)] if line.turn < 0)

    def answer(self, dialogue: Dialogue, change: float, emotion: float, goodbye: bool) -> str:
        """The line that fits best: same sign of change, same state, near in turn and to a like reply.

        Nothing is said twice in a dialogue while there is anything else. Goodbyes are left to the end.
        """
        lines, rows, frequency = self._rows(self._nearest(dialogue.profile))
        reply = weighted(counts([dialogue.turns[-1].visible]), frequency)
        fit = (rows @ reply.T).toarray()[:, 0]
        turn, state = len(dialogue.replies) - 1, emotion_state(emotion)
        said = {turn.text for turn in dialogue.turns if turn.role == "user"}
        for place, line in enumerate(lines):
            fit[place] += SIGN * ((line.change > 0) == (change > 0)) + STATE * (emotion_state(line.emotion) == state)
            fit[place] -= TURN * abs(line.turn - turn)
            if line.text in said or says_goodbye(line.text, "zh") != goodbye:
                fit[place] -= 10.0
        return lines[int(np.argmax(fit))].text

    def _find_nearest(self, profile: Profile) -> str:
        """The profile's own scenario if it is there, else that with the same intention and the likest scene."""
        if profile.id in self._lines:
            return profile.id
        same = [name for name, intention in self.intentions.items() if intention == profile.intention]
        names = same or list(self.scenes)
        found = counts([self.scenes[name] for name in names])
        frequency = inverse_frequency(found)
        likeness = weighted(found, frequency) @ weighted(counts([profile.scene]), frequency).T
        return names[int(np.argmax(likeness.toarray()[:, 0]))]

    def _index(self, scenario: str) -> "tuple[list[Line], csr_matrix, np.ndarray]":
        lines = [line for line in self._lines[scenario] if line.turn >= 0]
        found = counts([line.reply for line in lines])
        frequency = inverse_frequency(found)
        return lines, weighted(found, frequency), frequency
