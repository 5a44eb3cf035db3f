"""An ensemble of detectors as one reward head that is hard to game."""

import math
import statistics
from collections.abc import Sequence
from typing import ClassVar

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.rewards.base import Reward, check_rewards
from empdetect.rl.rewards.base_level import ALL, levels
from empdetect.rl.rewards.detector import DetectorReward
from empdetect.rl.rewards.format import keeps_format
from empdetect.rl.rewards.guards import stays_in_language


class EmpathyReward(Reward):
    """How much more empathic than the frozen base policy the replies are, as far as different detectors agree.

    Each judge's calibrated score minus the mean that the base policy got from it in the same scenario, as far
    as its dialogues tell scenarios apart (``base_level``), is its verdict d. The head is
    ``sigmoid((mean(d) - penalty * std(d)) / scale)``: 0.5 at the base policy's level, saturating far from it
    (reward shaping as in PAR, arXiv 2502.18770), and lower where the judges disagree (uncertainty-weighted
    optimisation, Coste et al., arXiv 2310.02743). Judges that share a backbone share their blind spots
    (Eisenstein et al., arXiv 2312.09244), so theirs must differ.

    It is 0 if a reply breaks the form or is not readable words of the profile's language.

    Args:
        judges: detector heads; their detectors must be calibrated and read text in different ways.
        penalty: how many standard deviations of disagreement are taken off.
        scale: points of the judges' scale, 0 to 1, over which the head moves from 0.5 to 0.73.
        think: form of the replies, see ``ThinkFormatReward``; None allows both.
    """

    learned: ClassVar[bool] = True

    def __init__(
        self, judges: Sequence[Reward], penalty: float = 1.0, scale: float = 0.1, think: bool | None = None
    ) -> None:
        if len(judges) < 2 or penalty < 0 or scale <= 0:
            raise InputError(
                "Building the empathy head: it needs two judges or more, as one alone never disagrees, 'penalty' of 0 "
                f"or more and 'scale' above 0; got {len(judges)}, {penalty} and {scale}"
            )
        self.judges = judges
        self.penalty = penalty
        self.scale = scale
        self.think = think
        self._base: list[dict[str, float]] = []
        asked = [judge for judge in judges if isinstance(judge, DetectorReward)]
        _check_backbones(asked)
        _check_calibrated(asked)

    def prepare(self, dialogues: Sequence[Dialogue]) -> None:
        """Keep the base policy's level with each judge, by scenario and over all."""
        self._base = [_levels(dialogues, judge(dialogues)) for judge in self.judges]

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One reward a dialogue, 0 to 1; None if a judge could not score it.

        Raises:
            InputError: ``prepare`` has not been called.
        """
        if not self._base:
            raise InputError(
                "Rewarding with the empathy head: it does not know the base policy yet; "
                "call 'prepare' with that policy's dialogues first"
            )
        verdicts = [check_rewards(judge(dialogues), dialogues, "judge") for judge in self.judges]
        return [self._reward(dialogue, [of[place] for of in verdicts]) for place, dialogue in enumerate(dialogues)]

    def _reward(self, dialogue: Dialogue, scores: Sequence[float | None]) -> float | None:
        if dialogue.failed or not dialogue.replies:
            return None
        if not self._acceptable(dialogue):
            return 0.0
        scenario = dialogue.profile.id
        above = [s - base.get(scenario, base[ALL]) for s, base in zip(scores, self._base) if s is not None]
        if len(above) < len(scores):
            return None
        doubt = statistics.pstdev(above)
        return _sigmoid((statistics.fmean(above) - self.penalty * doubt) / self.scale)

    def _acceptable(self, dialogue: Dialogue) -> bool:
        formed = all(turn.visible for turn in dialogue.replies)
        if self.think is not None:
            formed = keeps_format(dialogue, self.think)
        return formed and stays_in_language(dialogue)


def _check_backbones(judges: Sequence[DetectorReward]) -> None:
    seen = [name for judge in judges for name in judge.backbones]
    twice = sorted({name for name in seen if seen.count(name) > 1})
    if twice:
        raise InputError(
            f"Building the empathy head: several judges read by {', '.join(twice)}; detectors of one backbone "
            "share their blind spots, so take one with another text feature or encoder"
        )


def _check_calibrated(judges: Sequence[DetectorReward]) -> None:
    raw = [measure for judge in judges for measure in judge.uncalibrated]
    if raw:
        raise InputError(
            f"Building the empathy head: {', '.join(raw)} of a judge is not calibrated, so what judges disagree "
            "about cannot be told from how they count; train that detector with validation data, which calibrate it"
        )


def _levels(dialogues: Sequence[Dialogue], scores: Sequence[float | None]) -> dict[str, float]:
    scored = [(dialogue.profile.id, score) for dialogue, score in zip(dialogues, scores) if score is not None]
    if not scored:
        raise InputError(
            f"Preparing the empathy head: none of {len(dialogues)} dialogues of the base policy could be scored; "
            "check that the detector reads text"
        )
    return levels(scored)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -50.0), 50.0)))
