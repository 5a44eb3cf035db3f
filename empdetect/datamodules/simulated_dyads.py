"""Simulated dyads as a data module: signals of two people of whom it is known whether one follows the other.

Every condition is drawn anew for each dyad: length, memory, strength, lag, gaps, trend, noise, and units. Two traps are
among them: people who have nothing to do with each other, and people who only see the same thing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from empdetect.contagion.simulation import Conditions, Direction, Simulated, simulate_dyads
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import SPLITS, Participant, Recording, Segment
from empdetect.streams.table import Table
from empdetect.task import Target, Task

Array = NDArray[np.float64]
Rng = np.random.Generator

CHUNK = 50
"""Dyads that are simulated together: of one length, one mean gap and one mean bout."""
LEAST_LAG = 0.3
"""Seconds. People who are coupled with less cannot be told from people who see the same thing."""
REACTION = 0.25
"""Seconds by which people may differ in when they react to what both see; more cannot be told from following."""
KINDS: dict[Direction, float] = {"a_to_b": 0.2, "b_to_a": 0.2, "both": 0.1, "none": 0.5}
"""Share of the dyads of each direction."""
COLUMN = "signal"


@dataclass(frozen=True)
class Drawn:
    """Simulated dyads with what was drawn for them.

    Args:
        simulated: signals and truth.
        coupling: ``(dyad,)`` strength, 0 where nobody follows.
        conditions: they were simulated under.
    """

    simulated: Simulated
    coupling: Array
    conditions: Conditions


class SimulatedDyadsDataModule(EmpathyDataModule):
    """Simulated pairs: do their signals go along with each other, does one follow the other, who, and how late.

    Every split is simulated from a seed of its own, so no dyad is in two of them.

    Args:
        features: one extractor, by the name under which the model reads it; it reads the column ``signal``.
        dyads: in training.
        held_out: in validation, and in the test.
        shortest, longest: seconds of a recording.
        rate: samples per second, in Hz.
        max_lag: longest lag, in seconds.
        batch_size, seed, workers: as for ``EmpathyDataModule``.

    Raises:
        InputError: lengths or lags do not go together.
    """

    about: ClassVar[str] = "Simulated signals of two people who follow each other, see the same thing, or neither."
    licence: ClassVar[str] = "Apache-2.0"
    source: ClassVar[str] = "The simulator of dyads and groups of this package; see docs/contagion_detector.md"

    def __init__(
        self,
        features: dict[str, Extractor],
        dyads: int = 2000,
        held_out: int = 500,
        shortest: float = 20.0,
        longest: float = 100.0,
        rate: float = 10.0,
        max_lag: float = 5.0,
        batch_size: int = 32,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, batch_size=batch_size, seed=seed, workers=workers)
        if not (max_lag > LEAST_LAG and longest >= shortest >= 2 * max_lag and dyads > 0 and held_out > 0):
            raise InputError(
                f"Simulating dyads: lags reach from {LEAST_LAG:g} s to 'max_lag', recordings from 'shortest' (at least "
                f"twice 'max_lag') to 'longest', and each split needs a dyad; got max_lag {max_lag:g} s, {shortest:g} "
                f"to {longest:g} s, {dyads} and {held_out} dyads"
            )
        self.dyads = dyads
        self.held_out = held_out
        self.shortest = shortest
        self.longest = longest
        self.rate = rate
        self.max_lag = max_lag
        self.task = dyads_task(max_lag)

    def segments(self) -> list[Segment]:
        """The dyads of all splits, each seen from its first person."""
        found: list[Segment] = []
        for number, split in enumerate(SPLITS):
            rng = np.random.default_rng([self.seed, number])
            count = self.dyads if split == "train" else self.held_out
            drawn = self._drawn(rng, count)
            for chunk, part in enumerate(drawn):
                found += _segments(part, f"{split}{chunk}", split, rng)
        return found

    def _drawn(self, rng: Rng, dyads: int) -> Iterator[Drawn]:
        for first in range(0, dyads, CHUNK):
            seconds = float(np.exp(rng.uniform(np.log(self.shortest), np.log(self.longest))))
            yield draw_dyads(rng, min(CHUNK, dyads - first), seconds, self.rate, self.max_lag)


def dyads_task(max_lag: float = 5.0) -> Task:
    """What a detector of two people's signals is asked.

    ``synchrony``: they go along with each other, for whatever reason. ``coupling``: one follows the other, which a
    common stimulus does not make. ``direction``: what the first person does. ``lag``: seconds by which the second
    person comes later; negative if the first does.

    Args:
        max_lag: longest lag, in seconds.
    """
    return Task(
        (
            Target("synchrony", "binary"),
            Target("coupling", "binary"),
            Target("direction", "nominal", classes=("leads", "follows", "both")),
            Target("lag", "regression", range=(-max_lag, max_lag)),
        ),
        unit="recording",
        direction="bidirectional",
        construct="contagion",
        interaction="dyadic",
        persons=2,
    )


def draw_dyads(rng: Rng, dyads: int, seconds: float, rate: float, max_lag: float) -> Drawn:
    """Simulate dyads under conditions that are drawn for each.

    Args:
        rng: of all draws.
        dyads: how many.
        seconds: length of each.
        rate: in Hz.
        max_lag: longest lag, in seconds.
    """

    def at_times(chance: float, low: float, high: float) -> Array:
        """A number between the two for some dyads, 0 for the others."""
        return np.where(rng.random(dyads) < chance, rng.uniform(low, high, dyads), 0.0)

    direction = rng.choice(list(KINDS), dyads, p=list(KINDS.values()))
    sign = np.where(rng.random(dyads) < 0.1, -1.0, 1.0)
    # In both directions at once, people can be coupled half as strongly at most.
    coupling = sign * np.where(direction == "both", rng.uniform(0.1, 0.45, dyads), rng.uniform(0.1, 0.8, dyads))
    conditions = Conditions(
        seconds=seconds,
        rate=rate,
        autocorrelation=np.where(rng.random(dyads) < 0.1, 0.0, 1 - 10 ** rng.uniform(-2.3, 0.0, dyads)),
        coupled_share=np.where(rng.random(dyads) < 0.6, 1.0, rng.uniform(0.3, 1.0, dyads)),
        bout=float(rng.uniform(10, 60)),
        stimulus=at_times(0.4, 0.1, 0.7),
        stimulus_lag=at_times(0.5, -REACTION, REACTION),
        bursts=at_times(0.3, 0.2, 1.0),
        noise=at_times(0.5, 0.0, 0.5),
        trend=at_times(0.5, 0.0, 4.0),
        missing=at_times(0.5, 0.0, 0.4),
        gap=float(rng.uniform(0.5, 8)),
    )
    lag = rng.uniform(LEAST_LAG, max_lag, dyads)
    simulated = simulate_dyads(dyads, coupling, lag, direction.tolist(), conditions, rng)
    return Drawn(simulated, np.where(simulated.truth.present, coupling, 0.0), conditions)


def _segments(drawn: Drawn, name: str, split: str, rng: Rng) -> Iterator[Segment]:
    truth = drawn.simulated.truth
    values = disguised(drawn.simulated.values, rng)
    times = np.arange(values.shape[2]) / drawn.simulated.rates[0]
    for dyad in range(len(values)):
        who = f"{name}-{dyad}"
        people = tuple(
            Participant(person, tables={"features": Table(signal[:, None].astype(np.float32), times, (COLUMN,))})
            for person, signal in zip("ab", values[dyad], strict=True)
        )
        labels = {
            "synchrony": float(truth.present[dyad] or truth.stimulus[dyad] > 0),
            "coupling": float(truth.present[dyad]),
            "direction": {"a_to_b": 0.0, "b_to_a": 1.0, "both": 2.0}.get(str(truth.direction[dyad]), np.nan),
            "lag": float(truth.signed_lag[dyad]),
        }
        yield Segment(Recording(who, people), "a", labels=labels, group=who, split=split)


def disguised(values: Array, rng: Rng) -> Array:
    """Signals ``(dyad, person, time)`` as a sensor may give them: skewed, in steps, in any unit and at any level.

    Nobody's true signal is a standard normal one, and a detector must not learn to expect that.
    """
    dyads = len(values)
    kind = rng.choice(["plain", "skewed", "stepped"], dyads, p=[0.6, 0.2, 0.2])[:, None, None]
    steps = rng.uniform(0.2, 1.0, dyads)[:, None, None]
    values = np.where(kind == "skewed", np.exp(0.7 * values), values)
    values = np.where(kind == "stepped", np.rint(values / steps) * steps, values)
    scale = 10 ** rng.uniform(-3, 3, (dyads, 2, 1))
    return np.asarray(scale * (values + rng.uniform(-10, 10, (dyads, 2, 1))))
