"""Levels of the detector of two people: how sure it must be before anything is claimed, kept in its folder.

``python -m empdetect.bench.dyad_levels DETECTOR``

A probability is right for dyads as they are simulated, of which half are coupled; among one's own they may be rare. So
many kinds of dyads are simulated in which nobody follows anybody, and the level is what hardly any of the worst kind
passes: a conformal bound (Vovk et al., Algorithmic Learning in a Random World, 2005), kind by kind. It is written to
``levels`` in ``metrics.json``.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from empdetect.bench.dyad_systems import learned
from empdetect.bench.study import one_line_errors
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.detector import Detector
from empdetect.detector_folder import locate
from empdetect.errors import InputError
from empdetect.progress import track

RATE = 10.0
PASSED = 0.04
"""Share of the worst kind that passes: a little below 5%, which other draws are to keep."""

INDEPENDENT: Mapping[str, Conditions] = {
    **{
        f"memory {memory:g}, {seconds:g} s": Conditions(seconds, autocorrelation=memory)
        for memory in (0.0, 0.5, 0.9, 0.99)
        for seconds in (60.0, 120.0, 300.0)
    },
    "trend": Conditions(120.0, autocorrelation=0.9, trend=4.0),
    "slow trend": Conditions(120.0, autocorrelation=0.99, trend=4.0),
    "gaps": Conditions(120.0, autocorrelation=0.9, missing=0.3),
}
"""Nobody has anything to do with anybody."""
SAME_STIMULUS: Mapping[str, Conditions] = {
    f"stimulus of {share:g}, memory {memory:g}": Conditions(120.0, autocorrelation=memory, stimulus=share)
    for share in (0.3, 0.6)
    for memory in (0.5, 0.9, 0.99)
}
"""People see the same thing, and nobody follows anybody."""


def levels_of(detector: Detector, dyads: int, seed: int) -> dict[str, Any]:
    """Probability above which synchrony, and coupling, may be claimed.

    Args:
        detector: of two people.
        dyads: of each kind.
        seed: of the draws; none that measures it later.

    Returns:
        ``synchrony`` and ``coupling``, the share that passes, which kinds are the worst, how many dyads and the seed.

    Raises:
        InputError: the detector looks at one person.
    """
    if not detector.module.compares:
        raise InputError("Setting the levels of a detector of two people: it looks at one; name one that compares")
    kinds = {**INDEPENDENT, **SAME_STIMULUS}
    reached: dict[str, dict[str, float]] = {"synchrony": {}, "coupling": {}}
    for number, (kind, conditions) in enumerate(track(list(kinds.items()), "dyads without coupling")):
        rng = np.random.default_rng([seed, 60, number])
        values = simulate_dyads(dyads, direction="none", conditions=conditions, seed=rng).values
        probability = learned(detector, values, RATE).probability
        for name, each in reached.items():
            if name == "coupling" or kind in INDEPENDENT:
                each[kind] = conformal_level(probability[name], PASSED)
    worst = {name: max(each, key=each.__getitem__) for name, each in reached.items()}
    levels: dict[str, Any] = {name: each[worst[name]] for name, each in reached.items()}
    return {**levels, "passed": PASSED, "worst": worst, "dyads_of_a_kind": dyads, "seed": seed}


def conformal_level(scores: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", share: float) -> float:
    """The score that a further one of the kind passes with this probability at most; the highest of all if too few.

    Args:
        scores: ``(n,)`` of the kind.
        share: between 0 and 1.
    """
    ordered = np.sort(scores)
    return float(ordered[min(int(np.ceil((len(ordered) + 1) * (1 - share))), len(ordered)) - 1])


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = argparse.ArgumentParser("python -m empdetect.bench.dyad_levels", description=__doc__)
    parser.add_argument("detector", help="folder of the detector, or dyads; its metrics.json is written")
    parser.add_argument("--dyads", type=int, default=1000, help="dyads of each kind (default: 1000)")
    parser.add_argument("--seed", type=int, default=77)
    given = parser.parse_args(arguments)
    folder = locate(given.detector)
    detector = Detector.from_pretrained(folder, device="cpu")
    detector.facts["levels"] = levels_of(detector, given.dyads, given.seed)
    detector.save_pretrained(folder)
    levels = detector.facts["levels"]
    sys.stdout.write(
        f"{folder}: synchrony above {levels['synchrony']:.3f} ({levels['worst']['synchrony']}), coupling above "
        f"{levels['coupling']:.3f} ({levels['worst']['coupling']})\n"
    )


if __name__ == "__main__":
    sys.exit(main())
