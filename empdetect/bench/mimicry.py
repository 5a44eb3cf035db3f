"""Do faces catch what they see? Muscles of observers while they watch angry and happy faces.

``python -m empdetect.bench.mimicry -o docs/results/mimicry.json --data-root DIR``

25 observers, four angry and four happy clips each (Nilsonne et al., R. Soc. Open Sci. 2017). The frowning muscle
(corrugator) is to answer anger more than happiness, the smiling one (zygomatic) happiness more than anger; tested over
observers, two-sided.

Each step of the treatment has a reason outside these data, none was chosen by its p. The seconds are the study's own:
baseline from 2 s before the clip, responses from 2 to 4 s after its start, the stretch its authors averaged. Logs,
because amplitudes of muscles are skewed; the authors took them too. Units of the observer's own spread, because
electrodes sit differently: Bush, Hess and Wolford, Psychol. Bull. 1993; on other people's data a baseline and standard
scores within muscle and subject mattered most of 72 ways to treat mimicry (Rutkowska et al., Behav. Res. Methods 2024).
What comes of other treatments stands beside it, so that all can see what hangs on the choice: the authors' own, which
was looked at first and lacks the last step, among them.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.study import one_line_errors, study_parser, write_study
from empdetect.contagion.measures.mimicry import (
    Trials,
    contrast,
    observer_test,
    responses,
    time_course,
    trials,
    window_means,
    within_observer,
)
from empdetect.datamodules.contagion_emg import COLUMNS, LABELS, RATE, clips, observers

Array = NDArray[np.float64]

BEFORE, AFTER = 2.0, 6.0
"""Seconds of a trial around the start of the clip."""
WINDOW = (2.0, 4.0)
"""Seconds after the start of the clip in which the authors averaged responses."""
BIN = 0.1
"""Seconds of a moment of the time course."""
EXPECTED = {"corrugator": "angry", "zygomatic": "happy"}
"""Which clips each muscle is to answer more."""
SHUFFLES = 1000
"""Random assignments of an observer's clips to the two kinds, for the control."""


@dataclass(frozen=True)
class Observer:
    """Trials of one muscle of one observer.

    Args:
        found: amplitudes in millivolts, ``(event, time)``.
        happy: ``(event,)`` which clips were happy; the others were angry.
    """

    found: Trials
    happy: NDArray[np.bool_]


Treatment = Callable[[Trials], Trials]


def standard(found: Trials) -> Trials:
    """The treatment that was fixed: logs of the ratio to the baseline, in units of the observer's own spread."""
    return within_observer(responses(found, BEFORE, "log"))


def log_ratio(found: Trials) -> Trials:
    """The same in natural logs."""
    return responses(found, BEFORE, "log")


def ratio(found: Trials) -> Trials:
    """Ratio to the baseline's mean."""
    before = found.within(-BEFORE, 0.0)
    return Trials(found.values / np.nanmean(found.values[:, before], axis=1, keepdims=True), found.times)


def amplitude(found: Trials) -> Trials:
    """Change in millivolts, in units of the observer's own spread."""
    return within_observer(responses(found, BEFORE))


OTHERS: Mapping[str, tuple[Treatment, tuple[float, float], bool]] = {
    "authors: log of the mean ratio to baseline": (ratio, WINDOW, True),
    "log ratio, not in own units": (log_ratio, WINDOW, False),
    "millivolts in own units, no log": (amplitude, WINDOW, False),
    "as fixed, 0 to 4 s (the shortest clip)": (standard, (0.0, 4.0), False),
    "as fixed, 0 to 6 s (the longest clip)": (standard, (0.0, 6.0), False),
    "as fixed, 1 to 5 s": (standard, (1.0, 5.0), False),
}
"""Other treatments: how, in which seconds, and whether the log is taken of each trial's mean."""


def read_observers(data_root: str | None) -> dict[str, list[Observer]]:
    """Trials by muscle, one entry an observer.

    Raises:
        InputError: the data are not there, or not what they should be.
    """
    people = observers(data_root).values()
    return {muscle: [_observer(values, f"EMG_{muscle}") for values in people] for muscle in EXPECTED}


def measure(observers: Mapping[str, Sequence[Observer]], seed: int = 0) -> dict[str, Any]:
    """Effect, time course, control and other treatments of each muscle.

    Args:
        observers: by muscle.
        seed: of all random signs and assignments.
    """
    return {
        "clips": "angry and happy",
        "window_seconds": WINDOW,
        "unit": "log ratio to the 2 s before the clip, in the observer's own standard deviations",
        "muscles": {muscle: _muscle(found, EXPECTED[muscle], seed) for muscle, found in observers.items()},
    }


def _muscle(observers: Sequence[Observer], expected: str, seed: int) -> dict[str, Any]:
    sign = 1.0 if expected == "happy" else -1.0
    each = sign * differences(observers, standard, WINDOW)
    moments = [_moments(standard(one.found)) for one in observers]
    courses = sign * np.stack([contrast(one, o.happy, ~o.happy) for one, o in zip(moments, observers)])
    course = time_course(courses, moments[0].times, seed=seed)
    return {
        "difference": "happy less angry" if expected == "happy" else "angry less happy",
        "effect": asdict(observer_test(each, seed=seed)),
        "observers_in_the_expected_direction": int((each > 0).sum()),
        "moments_with_p_below_.05": course.times[course.p < 0.05],
        "other_treatments": {name: _other(observers, sign, *how) for name, how in OTHERS.items()},
        "shuffled_clips": _shuffled(observers, seed),
        "time_course": asdict(course),
    }


def differences(
    observers: Sequence[Observer], treat: Treatment, window: tuple[float, float], log: bool = False
) -> Array:
    """Mean response ``(observer,)`` to happy clips less that to angry ones.

    Args:
        observers: of one muscle.
        treat: the treatment of the trials.
        window: seconds after the start of the clip.
        log: whether to take the log of each trial's mean.
    """
    found = []
    for one in observers:
        means = window_means(treat(one.found), *window)
        means = np.log(means) if log else means
        found.append(np.nanmean(means[one.happy]) - np.nanmean(means[~one.happy]))
    return np.array(found)


def _other(
    observers: Sequence[Observer], sign: float, treat: Treatment, window: tuple[float, float], log: bool
) -> dict[str, float]:
    effect = observer_test(sign * differences(observers, treat, window, log))
    return {"d": effect.d, "t": effect.t, "p": effect.p, "p_flips": effect.p_flips}


def _shuffled(observers: Sequence[Observer], seed: int) -> dict[str, float]:
    """How often the test finds something if clips are called angry or happy at random: it must be one in twenty."""
    generator = np.random.default_rng(seed)
    means = [window_means(standard(one.found), *WINDOW) for one in observers]
    p = []
    for _ in range(SHUFFLES):
        drawn = [generator.permutation(one.happy) for one in observers]
        values = [m[happy].mean() - m[~happy].mean() for m, happy in zip(means, drawn)]
        p.append(observer_test(values, flips=1).p)
    return {"shuffles": SHUFFLES, "share_with_p_below_.05": float((np.array(p) < 0.05).mean())}


def _observer(values: Array, channel: str) -> Observer:
    seen = [(sample / RATE, kind) for sample, kind in clips(values) if kind in LABELS]
    found = trials(values[:, COLUMNS.index(channel)], RATE, [onset for onset, _ in seen], BEFORE, AFTER)
    return Observer(found, np.array([kind == "happy" for _, kind in seen]))


def _moments(found: Trials) -> Trials:
    """Trials averaged over bins; a bin's time is its middle."""
    width = round(BIN / (found.times[1] - found.times[0]))
    count = len(found.times) // width
    values = found.values[:, : count * width].reshape(len(found.values), count, width).mean(axis=2)
    middles = found.times[: count * width].reshape(count, width).mean(axis=1)
    return Trials(values, middles)


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("mimicry", __doc__, "data_root", seed=0)
    parsed = parser.parse_args(arguments)
    found = measure(read_observers(parsed.data_root), parsed.seed)
    write_study(parsed.out, "python -m empdetect.bench.mimicry -o JSON --data-root DIR", parsed.seed, found)
    for muscle, one in found["muscles"].items():
        effect = one["effect"]
        print(  # noqa: T201
            f"{muscle}, {one['difference']}: {effect['mean']:.2f} [{effect['low']:.2f}, {effect['high']:.2f}], "
            f"d {effect['d']:.2f}, p {effect['p']:.4f} (flips {effect['p_flips']:.4f}), {effect['observers']} observers"
        )


if __name__ == "__main__":
    sys.exit(main())
