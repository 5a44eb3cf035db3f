"""Three people or more at once: whether the group goes together, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from empdetect.comparing.analysis import WINDOW_SURROGATES, clock_of, preparation_of, surrogate_for
from empdetect.comparing.measures import band_of, normal_scores
from empdetect.comparing.people import Person
from empdetect.comparing.tested import Tested, untested, windows_named
from empdetect.contagion.alignment import Aligned, align
from empdetect.contagion.false_discovery import WindowTests, false_discovery
from empdetect.contagion.gaps import Array, mean
from empdetect.contagion.group_inference import GroupStatistic, compare_group
from empdetect.contagion.inference import permutation_p
from empdetect.contagion.measures.cross_correlation import Peaks
from empdetect.contagion.measures.network import network
from empdetect.contagion.measures.phase import group_phases, kuramoto_order
from empdetect.contagion.measures.recurrence import States, group_recurrence
from empdetect.contagion.surrogates import phase_randomised
from empdetect.errors import InputError

if TYPE_CHECKING:
    from empdetect.comparing.settings import Settings

MOST_RECURRING = 50
"""Samples between two states of a group that are compared, at most: the cost grows with them."""


@dataclass(frozen=True)
class Together:
    """What was found of a group.

    Args:
        people: their names.
        signal: what was compared.
        measures: order, recurrence and network of the group, each beside its surrogates.
        aligned: all on one grid.
        start, end: of what was tested, in seconds.
        band: of the phases, in Hz.
        order: mean order parameter of each window beside those of surrogates; None where no test was made.
        level: what 95% of the surrogates' windows stay below.
        tests: how many tests the run holds.
    """

    people: tuple[str, ...]
    signal: str
    measures: tuple[Tested, ...]
    aligned: Aligned
    start: float
    end: float
    band: tuple[float, float]
    order: WindowTests | None = None
    level: float = float("nan")
    tests: int = 1

    @property
    def name(self) -> str:
        """All people."""
        return "+".join(self.people)

    @property
    def p(self) -> list[float]:
        """Of its measures."""
        return [one.test.p for one in self.measures]

    @property
    def significant(self) -> bool:
        """Whether the group moves in one rhythm, its first measure, before other tests are counted."""
        return self.measures[0].test.significant

    def corrected(self, q: Sequence[float], tests: int, share: float) -> "Together":
        """The same where so many tests were made; see ``Comparison.corrected``."""
        alpha = self.measures[0].test.alpha
        found = self.significant and q[0] <= alpha
        order = None if self.order is None else windows_named(self.order, found, share, alpha)
        measures = tuple(replace(one, q=rate) for one, rate in zip(self.measures, q, strict=True))
        return replace(self, measures=measures, order=order, tests=tests)


def compare_together(people: Sequence[Person], signal: str, names: Sequence[str], settings: "Settings") -> Together:
    """Compare all people of a group at once.

    Args:
        people: three or more.
        signal: how the comparison is called.
        names: of each one's signal.
        settings: how; strangers are for pairs only.

    Raises:
        InputError: a signal cannot be read or used, or they share no time.
    """
    series = [person.read(name, settings.rate) for person, name in zip(people, names, strict=True)]
    clocks = [None, *(clock_of(people[0], other, settings) for other in people[1:])]
    series = [one if clock is None else clock.corrected(one) for one, clock in zip(series, clocks, strict=True)]
    aligned = align(series, settings.rate)
    preparation = preparation_of(aligned, aligned.values.shape[1], settings)
    prepared = preparation(aligned.values, aligned.rate)
    kind = surrogate_for(prepared, settings)
    measures: list[Tested] = []
    for name, says, statistic in _measures(settings, aligned.rate, len(people)):
        try:
            test = compare_group(
                aligned.values, aligned.rate, statistic, kind, preparation, settings.max_lag,
                settings.count, settings.segment, settings.alpha, settings.seed,
            )  # fmt: skip
        except InputError as error:
            if not measures:
                raise
            test = untested(measures[0].test, str(error))
        measures.append(Tested(name, says, test))
    end = aligned.end
    found = Together(
        tuple(person.name for person in people), signal, tuple(measures), aligned,
        end - prepared.shape[1] / aligned.rate, end, band_of(settings, aligned.rate),
    )  # fmt: skip
    return found if not measures[0].test.adequacy.ok else _with_course(found, prepared, settings)


def _measures(settings: "Settings", rate: float, persons: int) -> list[tuple[str, str, GroupStatistic]]:
    """Name, words and statistic of each measure of a group."""
    low, high = band_of(settings, rate)
    reach = min(settings.max_lag, MOST_RECURRING / rate)
    # Distances grow with the root of the number of people.
    states = States(radius=0.5 * float(np.sqrt(persons)))
    tie = settings.statistic_of_pair()

    def order(values: Array, rate: float) -> Array:
        return kuramoto_order(group_phases(values, rate, low, high)).values

    def recurrence(values: Array, rate: float) -> Array:
        return group_recurrence(normal_scores(values), rate, reach, states).values

    def ties(values: Array, rate: float) -> Array:
        return network(values, rate, lambda x, y: tie(x, y, rate)).values

    return [
        ("order", f"Kuramoto order of phases from {low:.3g} to {high:.3g} Hz, 0 to 1", order),
        ("recurrence", f"recurrence rate of all at once within {reach:.3g} s, of normal scores", recurrence),
        ("network", f"mean over all pairs of {settings.statistic_in_words()}", ties),
    ]


def _with_course(found: Together, people: Array, settings: "Settings") -> Together:
    """The same with the order of each window ``(window,)``, beside the windows of all surrogates."""
    rate, (low, high) = found.aligned.rate, found.band
    length = round(settings.window * rate)
    step = max(1, round((settings.window / 2 if settings.hop is None else settings.hop) * rate))
    if people.shape[1] < length:
        return found
    rng = np.random.default_rng(settings.seed)
    others = [phase_randomised(person, WINDOW_SURROGATES, rng) for person in people[1:]]
    made = np.stack([np.broadcast_to(people[0], others[0].shape), *others], axis=-2)

    def windows(values: Array) -> Array:
        course = kuramoto_order(group_phases(values, rate, low, high)).course
        cut = np.lib.stride_tricks.sliding_window_view(course, length, axis=-1)[..., ::step, :]
        return np.where(np.isfinite(cut).mean(axis=-1) >= 0.5, mean(cut), np.nan)

    values, beside = windows(people), windows(made).ravel()
    p = permutation_p(values, np.broadcast_to(beside[:, None], (len(beside), len(values))))
    q = false_discovery(p)
    starts = np.arange(len(values)) * step / rate
    order = WindowTests(starts, Peaks(np.zeros(len(values)), values), p, q, q <= settings.alpha)
    return replace(found, order=order, level=float(np.nanquantile(beside, 0.95)))
