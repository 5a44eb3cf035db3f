"""The monitor: stops a run in which a reward head is gamed."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from empdetect.rl.rewards.language import units


class RewardHacked(RuntimeError):  # noqa: N818 - says what happened, as StopIteration does
    """A head went up while a witness that was not trained on went down, or users fail more and more."""


@dataclass(frozen=True)
class Monitor:
    """Compares the first steps of a run with the latest: a head that rises while a witness falls is being gamed.

    Rising and falling mean: by more than ``errors`` standard errors of the difference between the means of
    both windows, and by more than ``least``. It is asked after every step, so that two standard errors would stop
    every third run by chance; with the defaults, noise stops one in twenty (``tests/rl/test_safety.py``).

    An optimised proxy goes up while what it stands for goes down (Gao et al., arXiv 2210.10760); what it stands for is
    here the user's emotion, a detector that is held out, or a user that is.

    A dialogue whose user fails has no reward and so an advantage of 0, which beats that of a bad one: a policy can gain
    by breaking its user off. ``escape`` looks for that.

    Args:
        window: steps at either end.
        errors: how many standard errors count.
        least: change that counts at least, in units of the heads, which are 0 to 1.
        least_failed: rise that counts at least in the share of dialogues without an emotion.
    """

    window: int = 10
    errors: float = 3.5
    least: float = 0.02
    least_failed: float = 0.05

    def verdict(self, rows: Sequence[Mapping[str, float]], heads: Sequence[str], witnesses: Sequence[str]) -> str:
        """What is wrong, in words; empty if nothing is, or if there are not yet two windows of steps.

        Args:
            rows: the log so far.
            heads: columns that are trained on.
            witnesses: columns that should not fall. A head may be a witness of the others.
        """
        if self._too_early(rows):
            return ""
        for head in heads:
            for witness in witnesses:
                if head != witness and self._moved(rows, head) > 0 and self._moved(rows, witness) < 0:
                    return f"{self._told(rows, head, 'rose')} while {self._told(rows, witness, 'fell')}"
        return ""

    def escape(self, rows: Sequence[Mapping[str, float]], emotions: Sequence[str]) -> str:
        """Whether ever more users fail while those that do not feel no worse; in words, empty if not.

        Where the emotion falls as well, nothing is gained by it, and the log shows that the policy gets worse.

        Args:
            rows: the log so far.
            emotions: heads that are the user's emotion, with a column ``NAME.none`` and one ``NAME.mean``.
        """
        if self._too_early(rows):
            return ""
        for name in emotions:
            failed, felt = f"{name}.none", f"{name}.mean"
            if self._moved(rows, failed, self.least_failed) > 0 and self._moved(rows, felt) >= 0:
                return f"{self._told(rows, failed, 'rose')} while '{felt}' of the others did not fall"
        return ""

    def _too_early(self, rows: Sequence[Mapping[str, float]]) -> bool:
        return len(rows) < 2 * self.window

    def _windows(self, rows: Sequence[Mapping[str, float]], column: str) -> tuple[list[float], list[float]]:
        first, last = (
            [value for row in part if not math.isnan(value := row.get(column, math.nan))]
            for part in (rows[: self.window], rows[-self.window :])
        )
        return first, last

    def _moved(self, rows: Sequence[Mapping[str, float]], column: str, least: float | None = None) -> int:
        """1 if a column rose, -1 if it fell, 0 if neither is certain."""
        first, last = self._windows(rows, column)
        if min(len(first), len(last)) < 2:
            return 0
        change = statistics.fmean(last) - statistics.fmean(first)
        error = math.sqrt(statistics.variance(first) / len(first) + statistics.variance(last) / len(last))
        if abs(change) <= max(self.errors * error, self.least if least is None else least):
            return 0
        return 1 if change > 0 else -1

    def _told(self, rows: Sequence[Mapping[str, float]], column: str, how: str) -> str:
        first, last = self._windows(rows, column)
        return f"'{column}' {how} from {statistics.fmean(first):.3f} to {statistics.fmean(last):.3f}"


def word_shares(replies: Sequence[str], language: str = "en") -> dict[str, float]:
    """Share of replies that use each word, 0 to 1; each character in Chinese."""
    used = Counter(word for reply in replies for word in set(units(reply, language)))
    return {word: count / len(replies) for word, count in used.items()}


def most_risen(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """The word whose share rose most, told in words: the usual trace of a gamed head."""
    if not after:
        return "no words are left"
    word = max(after, key=lambda name: after[name] - before.get(name, 0.0))
    return f"the word '{word}' went from {before.get(word, 0.0):.0%} to {after[word]:.0%} of the replies"
