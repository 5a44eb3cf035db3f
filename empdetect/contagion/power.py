"""Power: how long one must record to see a coupling of r at a lag, and how often one would see it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from empdetect.contagion.adequacy import LAGS_WITHIN, LEAST_EFFECTIVE
from empdetect.contagion.claims import direction_of
from empdetect.contagion.inference import PairTest, Surrogate, compare_pair
from empdetect.contagion.measures.autoregression import default_order
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.contagion.statistics import PeakCorrelation
from empdetect.errors import InputError
from empdetect.progress import track


@dataclass(frozen=True)
class Power:
    """What a test makes of simulated dyads of whom the second follows.

    Args:
        dyads: how many.
        found: share in which an association is claimed.
        lag_error: median of how far the lag found is off, in seconds, of those found; NaN where none is.
        direction: share of those found whose direction is right (``together`` at a lag of 0); NaN where none is.
        refused: share that could not carry a test.
    """

    dyads: int
    found: float
    lag_error: float
    direction: float
    refused: float


def seconds_needed(
    r: float,
    lag: float,
    rate: float,
    autocorrelation: float = 0.9,
    max_lag: float = 5.0,
    power: float = 0.9,
    alpha: float = 0.05,
    count: int = 999,
    whiten: bool = True,
) -> float:
    """Seconds of recording in which ``compare_pair`` finds a coupling with the given power.

    By Fisher's z against the largest of as many independent correlations as there are lags (Šidák, JASA 1967); what
    the lag, the prewhitening and the refusals of ``adequacy`` cost is added. ``simulated_power`` checks it.

    Args:
        r: correlation of the two signals at the lag, between 0 and 1.
        lag: of the second person, in seconds, up to ``max_lag``.
        rate: samples per second, in Hz. More of them help only if the signal really changes that fast, so:
        autocorrelation: of each signal from one sample to the next at that rate, 0 to below 1.
        max_lag: largest lag that is searched, in seconds.
        power: share of such pairs that shall be found.
        alpha: the level.
        count: of surrogates.
        whiten: whether signals are prewhitened, as ``compare_pair`` does unless told otherwise.

    Raises:
        InputError: a number lies outside what is allowed.
    """
    if not 0 < abs(r) < 1 or not 0 <= autocorrelation < 1 or not 0 < power < 1 or abs(lag) > max_lag or rate <= 0:
        raise InputError(
            f"Planning a recording: r must be above 0 and below 1 (got {r:g}), the autocorrelation from 0 to below 1 "
            f"(got {autocorrelation:g}), power between 0 and 1 (got {power:g}), the rate above 0 Hz (got {rate:g}) "
            f"and the lag within {max_lag:g} s (got {lag:g})"
        )
    lags = 2 * round(max_lag * rate) + 1
    critical = norm.isf((1 - (1 - _claimed_level(alpha, count)) ** (1 / lags)) / 2)
    independent = ((critical + norm.isf(1 - power)) / np.arctanh(abs(r))) ** 2 + 3
    if whiten:
        # One is used up as past; the others pay for two filters that are estimated, and blur the peak.
        samples = max(independent, LEAST_EFFECTIVE) + 3 * default_order(int(independent))
    else:
        # Of two signals of the same AR(1): Bartlett's sum in closed form.
        samples = max(independent, LEAST_EFFECTIVE) * (1 + autocorrelation**2) / (1 - autocorrelation**2)
    return float(max(samples / rate + abs(lag), LAGS_WITHIN * max_lag))


def recording_table(
    correlations: Sequence[float] = (0.1, 0.2, 0.3, 0.5), rates: Sequence[float] = (0.5, 1.0, 5.0, 10.0)
) -> dict[float, dict[float, float]]:
    """Minutes to record for a lag of 1 s, by correlation and by rate in Hz; all else as ``seconds_needed`` has it."""
    return {r: {rate: seconds_needed(r, 1.0, rate) / 60 for rate in rates} for r in correlations}


def simulated_power(
    r: float,
    lag: float,
    seconds: float,
    rate: float,
    autocorrelation: float = 0.9,
    max_lag: float = 5.0,
    dyads: int = 200,
    surrogate: Surrogate = "phase",
    whiten: bool = True,
    count: int = 99,
    clock_error: float = 0.1,
    seed: int = 0,
) -> Power:
    """Simulate dyads of whom the second follows the first, test each, and count.

    Args:
        r: correlation of the second with the first, the lag later.
        lag: in seconds.
        seconds: length of a recording.
        rate: samples per second, in Hz.
        autocorrelation: of each signal from one sample to the next.
        max_lag: largest lag that is searched, in seconds.
        dyads: how many.
        surrogate, whiten, count, clock_error: see ``compare_pair``.
        seed: of all draws.

    Raises:
        InputError: a number lies outside what is allowed.
    """
    conditions = Conditions(seconds, rate, autocorrelation)
    values = simulate_dyads(dyads, r, lag, conditions=conditions, seed=seed).values
    tests = [
        compare_pair(
            first,
            second,
            rate,
            PeakCorrelation(max_lag),
            surrogate,
            preparation=Preparation(whiten=whiten),
            count=count,
            clock_error=clock_error,
            seed=seed + number,
        )
        for number, (first, second) in enumerate(track(values, "simulated dyads"))
    ]
    return _counted(tests, lag, clock_error)


def _counted(tests: Sequence[PairTest], lag: float, clock_error: float) -> Power:
    lags = [test.lag for test in tests if test.claim("association").made and test.lag is not None]
    wanted = "second_follows" if lag > clock_error else "together"
    right = [direction_of(found, clock_error) == wanted for found in lags]
    return Power(
        len(tests),
        len(lags) / len(tests),
        float(np.median([abs(found.seconds - lag) for found in lags])) if lags else float("nan"),
        float(np.mean(right)) if lags else float("nan"),
        float(np.mean([not test.adequacy.ok for test in tests])),
    )


def _claimed_level(alpha: float, count: int) -> float:
    """The p that must be reached so that p plus its own standard error is the level; see ``is_significant``."""
    one = 1 / (count + 1)
    # (alpha - p)^2 = one p (1 - p), solved for p below alpha.
    a, b, c = 1 + one, -(2 * alpha + one), alpha**2
    return float((-b - np.sqrt(b**2 - 4 * a * c)) / (2 * a))
