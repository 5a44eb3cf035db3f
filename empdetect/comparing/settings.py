"""What a contagion job is asked to do."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import get_args

from empdetect.contagion.inference import Surrogate
from empdetect.contagion.statistics import Correlation, PeakCorrelation, Statistic, WindowedCorrelation
from empdetect.errors import InputError

STATISTICS = {
    "peak": "the largest Pearson's r, of either sign, at lags up to {max_lag:g} s either way",
    "windows": "the mean size of Fisher's z over windows of {window:g} s and lags up to {max_lag:g} s either way",
    "lag0": "the size of Pearson's r at lag 0",
}
"""Statistics by the name the command line gives them, in words."""
FURTHER = (
    "lag0", "peak", "windows", "coherence", "wavelet", "phase", "recurrence", "warping", "concordance", "granger",
    "transfer_entropy",
)  # fmt: skip
"""Names of the measures that may stand beside the statistic; ``comparing.measures`` has them."""


@dataclass(frozen=True)
class Settings:
    """How people are compared. Lengths in seconds, rates in Hz.

    Args:
        signals: what is compared: ``motion``, or ``motion:EDA`` for one signal of each person, in their order; empty
            takes the one that all have.
        rate: of the grid that all signals are brought to; None takes the lowest of theirs.
        statistic: one of ``STATISTICS``.
        measures: further ones, of ``FURTHER``; ``all`` for all of them. Each is one more
            test that false discoveries are controlled over.
        band: lowest and highest frequency of coherence and phases, in Hz; None leaves it to each measure.
        max_lag: largest lag in both directions.
        least_lag: smaller lags are left out; for people that share a camera or a microphone.
        window, hop: of the windows in which the lag is followed; None for ``hop`` takes half a window.
        surrogate: see ``contagion.surrogates``; None takes ``phase``, or ``iaaft`` where a signal is bursty.
        count: of surrogates.
        segment: of surrogates of shuffled segments.
        strangers: files of other people to re-pair each first person with, in place of surrogates.
        same_stimulus: whether those saw and heard the same at the same moments.
        stimulus: a table of what everybody saw; it is taken out of all.
        response: how late people may still respond to it.
        clock: a signal that all recorded, such as ``sound``, by which their clocks are compared; None trusts them.
        clock_error: by how much clocks may still disagree.
        trend: degree of the polynomial that is taken out.
        whiten: take each signal's memory out.
        alpha: the level.
        seed: of the draws.
        detector: scores the utterances of transcripts.
    """

    signals: tuple[str, ...] = ()
    rate: float | None = None
    statistic: str = "peak"
    measures: tuple[str, ...] = ()
    band: tuple[float, float] | None = None
    max_lag: float = 5.0
    least_lag: float = 0.0
    window: float = 30.0
    hop: float | None = None
    surrogate: Surrogate | None = None
    count: int = 999
    segment: float = 30.0
    strangers: tuple[Path, ...] = ()
    same_stimulus: bool = False
    stimulus: Path | None = None
    response: float = 10.0
    clock: str | None = None
    clock_error: float = 0.1
    trend: int = 1
    whiten: bool = True
    alpha: float = 0.05
    seed: int = 0
    detector: str = "text-empathy"

    def __post_init__(self) -> None:
        above = ("max_lag", "window", "segment", "response", "hop", "rate")
        wrong = [name for name in above if getattr(self, name) is not None and not _positive(getattr(self, name))]
        if wrong:
            raise InputError(f"Comparing people: '{wrong[0]}' must be above 0, got {getattr(self, wrong[0])}")
        if not (0 <= self.least_lag <= self.max_lag and 0 < self.alpha < 1 and self.trend >= 0 and self.count >= 1):
            raise InputError(
                f"Comparing people: 'least_lag' lies from 0 to max_lag, 'alpha' between 0 and 1, 'trend' is 0 or more "
                f"and 'count' 1 or more; got {self.least_lag:g}, {self.alpha:g}, {self.trend} and {self.count}"
            )
        self._check_names()

    def _check_names(self) -> None:
        unknown = [name for name in self.measures if name not in (*FURTHER, "all")]
        if unknown:
            raise InputError(f"Comparing people: 'measures' are {', '.join(FURTHER)} or all, got '{unknown[0]}'")
        if self.band is not None and not 0 < self.band[0] < self.band[1] < float("inf"):
            low, high = self.band
            raise InputError(f"Comparing people: 'band' goes from a low to a high frequency, got {low:g} {high:g}")
        for name, value, allowed in (
            ("statistic", self.statistic, tuple(STATISTICS)),
            ("surrogate", self.surrogate, (None, *get_args(Surrogate))),
        ):
            if value not in allowed:
                names = ", ".join(filter(None, allowed))
                raise InputError(f"Comparing people: '{name}' is one of {names}, got '{value}'")
        if self.same_stimulus and not self.strangers:
            raise InputError(
                "Comparing people: that strangers saw the same says something only beside strangers; give their files"
            )

    def statistic_of_pair(self) -> Statistic:
        """The statistic with its lags and windows."""
        if self.statistic == "lag0":
            return Correlation()
        if self.statistic == "peak":
            return PeakCorrelation(self.max_lag, least_lag=self.least_lag)
        return WindowedCorrelation(self.max_lag, self.window, self.hop, least_lag=self.least_lag)

    def further(self) -> tuple[str, ...]:
        """Names of the measures beside the statistic, each once."""
        named = FURTHER if "all" in self.measures else self.measures
        return tuple(name for name in dict.fromkeys(named) if name != self.statistic)

    def statistic_in_words(self) -> str:
        """What the statistic is, for a methods section."""
        return STATISTICS[self.statistic].format(max_lag=self.max_lag, window=self.window)


def _positive(value: float) -> bool:
    return isfinite(value) and value > 0
