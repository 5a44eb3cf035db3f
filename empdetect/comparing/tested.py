"""Tests among many: further measures of a pair or a group, and windows of those that were found."""

from dataclasses import dataclass, replace

import numpy as np

from empdetect.contagion.claims import refused
from empdetect.contagion.false_discovery import WindowTests
from empdetect.contagion.inference import PairTest


@dataclass(frozen=True)
class Tested:
    """A measure beside its surrogates.

    Args:
        name: in rows.
        says: what its number is, in words.
        test: the measure of the pair or group and of the surrogates.
        q: false-discovery rate among all tests of the run; NaN until it is known.
    """

    name: str
    says: str
    test: PairTest
    q: float = float("nan")

    @property
    def found(self) -> bool:
        """Whether it may be named."""
        return self.test.significant and self.q <= self.test.alpha


def untested(like: PairTest, reason: str) -> PairTest:
    """A test that was not made, of the same people as another."""
    adequacy = replace(like.adequacy, reason=reason)
    return PairTest(float("nan"), np.zeros(0), like.kind, like.alpha, adequacy, None, refused(reason))


def windows_named(tests: WindowTests, found: bool, share: float, alpha: float) -> WindowTests:
    """Windows of a pair or a group that may be named.

    Windows are looked into only where the whole was found, and so much more strictly as fewer were: the rate of false
    ones is then controlled over the windows of all that were found (Benjamini and Bogomolov, J. R. Stat. Soc. B 76,
    2014).

    Args:
        tests: its windows, corrected for their own number.
        found: whether the whole was.
        share: of the pairs and groups of the run that were found, above 0 if this one was.
        alpha: the level.

    Returns:
        The same with the q at which each window would be named; NaN, and none named, where the whole was not found.
    """
    q = np.minimum(tests.q / share, 1.0) if found else np.full_like(tests.q, np.nan)
    return replace(tests, q=q, found=q <= alpha)
