"""From two people's series to what may be claimed of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from empdetect.comparing.measures import further_measures
from empdetect.comparing.people import Person, person_of_file
from empdetect.comparing.tested import Tested, untested, windows_named
from empdetect.contagion.alignment import Aligned, align, resampled
from empdetect.contagion.claims import Claim, refused
from empdetect.contagion.clock import Clock, clock_from_signals
from empdetect.contagion.false_discovery import WindowTests, window_tests
from empdetect.contagion.gaps import Array, mean
from empdetect.contagion.inference import PairTest, Surrogate, compare_pair
from empdetect.contagion.measures.cross_correlation import (
    CrossCorrelation,
    WindowedCrossCorrelation,
    cross_correlation,
    windowed_cross_correlation,
)
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.series import Series
from empdetect.contagion.statistics import Statistic
from empdetect.contagion.surrogates import iaaft, phase_randomised
from empdetect.errors import InputError

if TYPE_CHECKING:
    from empdetect.comparing.settings import Settings

WINDOW_SURROGATES = 99
"""Surrogates of the windows' peaks: all windows of all of them count, so few are enough."""


BURSTY = 1.0
"""Excess kurtosis (0 of a Gaussian signal) above which surrogates must have the signal's own values."""


@dataclass(frozen=True)
class Comparison:
    """What was found of two people.

    Args:
        people: names of the first and the second.
        signal: what was compared, ``motion`` or ``motion:EDA``.
        test: the pair beside its surrogates.
        q: false-discovery rate of the test among all of the run; NaN until ``corrected``.
        tests: how many those are.
        further: other measures of the same pair, in the order in which they were asked for.
        aligned: both on one grid.
        start, end: of what was tested, in seconds.
        lags: correlation by lag.
        by_window: correlation by window and lag; None where no window fits.
        windows: each window's peak beside its surrogates; None where no test was made.
        clock: how the second's clock differs from the first's; None where that was not asked.
        strangers: how many the pair was held against.
    """

    people: tuple[str, str]
    signal: str
    test: PairTest
    aligned: Aligned
    start: float
    end: float
    lags: CrossCorrelation
    by_window: WindowedCrossCorrelation | None = None
    windows: WindowTests | None = None
    clock: Clock | None = None
    strangers: int = 0
    further: tuple[Tested, ...] = ()
    q: float = float("nan")
    tests: int = 1

    @property
    def name(self) -> str:
        """Both people."""
        return "+".join(self.people)

    @property
    def leader(self) -> str | None:
        """Who comes first, if that may be claimed."""
        if self.test.lag is None or not self.test.claim("lead").made:
            return None
        return self.people[0] if self.test.lag.seconds > 0 else self.people[1]

    @property
    def p(self) -> list[float]:
        """Of the test and of further measures, in this order."""
        return [self.test.p, *(one.test.p for one in self.further)]

    @property
    def significant(self) -> bool:
        """Whether the pair goes together, before other tests are counted."""
        return self.test.significant

    def corrected(self, q: Sequence[float], tests: int, share: float) -> "Comparison":
        """The same with what may be claimed where so many tests were made.

        Args:
            q: of the test and of further measures.
            tests: of the run.
            share: of the pairs and groups of the run that were found; see ``windows_named``.
        """
        test, found = self.test, self.significant and q[0] <= self.test.alpha
        if test.significant and not found:
            reason = f"p = {test.p:.3g}, but with {tests} tests the false-discovery rate is {q[0]:.3g}"
            test = replace(test, claims=not_made(f"{reason}, above {test.alpha:g}"), lag=None)
        windows = None if self.windows is None else windows_named(self.windows, found, share, test.alpha)
        further = tuple(replace(one, q=rate) for one, rate in zip(self.further, q[1:], strict=True))
        return replace(self, test=test, windows=windows, further=further, q=q[0], tests=tests)


def compare(first: Person, second: Person, signal: str, names: tuple[str, str], settings: "Settings") -> Comparison:
    """Compare two people by a signal.

    Args:
        first, second: the people.
        signal: how the comparison is called.
        names: of the first's and the second's signal.
        settings: how.

    Raises:
        InputError: a signal cannot be read or used, they share no time, or strangers or a stimulus do not fit.
    """
    one, other = first.read(names[0], settings.rate), second.read(names[1], settings.rate)
    if np.array_equal(one.values, other.values, equal_nan=True):
        raise InputError(
            f"Comparing {first.name} and {second.name} by '{signal}': both have the very same signal, as two people in "
            "one picture or at one microphone have; name a signal that is each one's own"
        )
    clock = clock_of(first, second, settings)
    aligned = align([one, other if clock is None else clock.corrected(other)], settings.rate)
    beside = _strangers(names[1], aligned, settings)
    x, y = (row[: beside.shape[1]] if beside is not None else row for row in aligned.values)
    preparation = preparation_of(aligned, len(x), settings)
    people = first.name, second.name
    prepared = preparation.pair(x, y, aligned.rate)
    kind = surrogate_for(np.stack(prepared), settings)

    def tested(statistic: Statistic) -> PairTest:
        return compare_pair(
            x, y, aligned.rate, statistic, kind, beside, settings.same_stimulus, preparation,
            settings.count, settings.segment, _clock_error(clock, settings), settings.alpha, settings.seed, people,
        )  # fmt: skip

    test = tested(settings.statistic_of_pair())
    further = _further(test, tested, aligned.rate, settings)
    end = aligned.start + len(x) / aligned.rate
    x, y = prepared
    by_window, windows = _followed(x, y, aligned.rate, test, settings)
    return Comparison(
        people,
        signal,
        test,
        aligned,
        end - len(x) / aligned.rate,
        end,
        cross_correlation(x, y, aligned.rate, settings.max_lag),
        by_window,
        windows,
        clock,
        0 if beside is None else len(beside),
        further,
    )


def surrogate_for(signals: Array, settings: "Settings") -> Surrogate:
    """The surrogates that settings name, or those that fit prepared signals ``(person, time)``.

    Phase randomisation makes Gaussian signals. Two bursts that meet by chance at some lag give a correlation that
    these never reach, so bursty signals need surrogates that have the same bursts.
    """
    if settings.surrogate is not None:
        return settings.surrogate
    centred = signals - mean(signals)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        kurtosis = mean(centred**4) / mean(centred**2) ** 2 - 3
    return "iaaft" if (kurtosis > BURSTY).any() else "phase"


def not_made(reason: str) -> tuple[Claim, ...]:
    """All claims refused after a test."""
    return tuple(replace(claim, sentence=reason) for claim in refused(reason))


def _further(
    test: PairTest, tested: Callable[[Statistic], PairTest], rate: float, settings: "Settings"
) -> tuple[Tested, ...]:
    """Further measures of the pair; one that cannot be had says why."""
    found = []
    for measure in further_measures(settings, rate):
        try:
            other = tested(measure.statistic) if test.adequacy.ok else test
        except InputError as error:
            other = untested(test, str(error))
        found.append(Tested(measure.name, measure.says, other))
    return tuple(found)


def clock_of(first: Person, second: Person, settings: "Settings") -> Clock | None:
    """How the second person's clock differs from the first one's; None where that was not asked."""
    if settings.clock is None:
        return None
    return clock_from_signals(first.read(settings.clock, None), second.read(settings.clock, None))


def _clock_error(clock: Clock | None, settings: "Settings") -> float:
    """What clocks may disagree by: less than was allowed for where they were compared, by two standard errors."""
    return settings.clock_error if clock is None else min(settings.clock_error, max(2 * clock.offset_error, 0.02))


def preparation_of(aligned: Aligned, samples: int, settings: "Settings") -> Preparation:
    """What is taken out of signals of so many samples of the grid."""
    stimulus = None if settings.stimulus is None else _stimulus(settings.stimulus, aligned, settings)[:, :samples]
    return Preparation(settings.trend, settings.whiten, stimulus, settings.response)


def _stimulus(path: Path, aligned: Aligned, settings: "Settings") -> Array:
    """The columns of the stimulus ``(feature, time)`` on the grid of the pair."""
    seen = person_of_file(path, "the stimulus", settings)
    moments = aligned.start + np.arange(aligned.values.shape[1]) / aligned.rate
    return np.stack([resampled(seen.read(name, settings.rate), moments, aligned.rate) for name in seen.signals])


def _strangers(signal: str, aligned: Aligned, settings: "Settings") -> Array | None:
    """Other people's signals ``(stranger, time)``, each from its own start, as long as the shortest of all."""
    if not settings.strangers:
        return None
    people = [person_of_file(path, path.name, settings) for path in settings.strangers]
    rows = [_row(person.read(signal, settings.rate), aligned) for person in people]
    shortest = min(len(row) for row in rows)
    return np.stack([row[:shortest] for row in rows])


def _row(series: Series, aligned: Aligned) -> Array:
    samples = min(aligned.values.shape[1], int(np.floor((series.times[-1] - series.start) * aligned.rate + 1e-6)) + 1)
    return resampled(series, series.start + np.arange(samples) / aligned.rate, aligned.rate)


def _followed(
    x: Array, y: Array, rate: float, test: PairTest, settings: "Settings"
) -> tuple[WindowedCrossCorrelation | None, WindowTests | None]:
    """The lag over time, and in which windows the two go together."""
    try:
        by_window = windowed_cross_correlation(x, y, rate, settings.max_lag, settings.window, settings.hop)
    except InputError:
        return None, None
    if not test.adequacy.ok:
        return by_window, None
    make = iaaft if test.kind == "iaaft" else phase_randomised
    made = make(y, WINDOW_SURROGATES, np.random.default_rng(settings.seed))
    return by_window, window_tests(
        x, y, made, rate, settings.max_lag, settings.window, settings.hop, settings.alpha, least_lag=settings.least_lag
    )
