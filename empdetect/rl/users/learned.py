"""A user learned from real simulated-user dialogues: how its emotion changes, and what it says."""

import hashlib
import random
from functools import cached_property
from pathlib import Path

import numpy as np

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.profiles import Profile
from empdetect.rl.users.base import Rules, User, UserTurn
from empdetect.rl.users.change_model import LEVELS, ChangeModel, expected_change, rounded
from empdetect.rl.users.goodbye import says_goodbye
from empdetect.rl.users.moments import moment_of
from empdetect.rl.users.said import Said

MODEL, SAID, METRICS = "change.safetensors", "said.jsonl.gz", "metrics.json"
"""The files of a learned user's folder."""


class LearnedUser(User):
    """Feels as the users of SAGE's logs did, and says what they said; Chinese only.

    The change of emotion comes from a calibrated model of the logged changes; the words are retrieved
    from the logs: of the same scenario if it is there, else of the nearest one with the same hidden
    intention. ``empdetect rl learn-user`` makes its folder from your copy of the logs; none comes with the
    package.

    Args:
        folder: what ``empdetect rl learn-user`` wrote.
        sample: draw each change by its probability, by the dialogue's seed, so that changes are -10, -5, 5 or
            10 as logged; without, the change is their mean.
        start: emotion at the opening, 0 to 100.
    """

    def __init__(self, folder: str, sample: bool = False, start: float = 40.0) -> None:
        self.folder = folder
        self.sample = sample
        self.start = start
        self.rules = Rules(start, 10.0)
        if not Path(folder).is_dir():
            raise InputError(
                f"Building a learned user: no folder {folder}; make it with 'empdetect rl learn-user LOGS -o {folder}'"
            )

    @cached_property
    def _model(self) -> ChangeModel:
        return ChangeModel.load(Path(self.folder) / MODEL)

    @cached_property
    def _said(self) -> Said:
        return Said.load(Path(self.folder) / SAID)

    def opening(self, profile: Profile, seed: int) -> UserTurn:
        """The profile's first words, or those of the nearest logged scenario.

        Raises:
            InputError: the profile is not in Chinese, or the folder is broken.
        """
        if profile.language != "zh":
            raise InputError(
                f"Simulating the user '{profile.id}': this user has learned from Chinese dialogues, the profile's "
                f"language is '{profile.language}'; use RLVER's profiles or another user"
            )
        return UserTurn(profile.first_talk or self._said.opening(profile), self.start)

    def reply(self, dialogue: Dialogue) -> UserTurn:
        """The answer to the last reply; the reasons tell the probability of each change."""
        chances = self._model.chances([moment_of(dialogue)])
        change = self._drawn(dialogue, chances[0]) if self.sample else rounded(float(expected_change(chances)[0]))
        emotion = rounded(self.rules.moved(dialogue.emotions[-1], change))
        done = emotion >= 100.0 or emotion < self.rules.give_up
        text = self._said.answer(dialogue, change, emotion, goodbye=done)
        reasons = tuple(f"{level:+g} with probability {chance:.2f}" for level, chance in zip(LEVELS, chances[0]))
        ended = done or says_goodbye(text, "zh")
        return UserTurn(text, emotion, change, reasons, ended)

    def _drawn(self, dialogue: Dialogue, chances: np.ndarray) -> float:
        """One of the levels; equal replies in equal dialogues draw alike."""
        words = "/".join(turn.visible for turn in dialogue.turns)
        key = hashlib.sha256(f"{dialogue.seed}/{dialogue.profile.id}/{words}".encode()).hexdigest()
        return random.Random(key).choices(LEVELS, weights=[max(float(chance), 0.0) for chance in chances])[0]
