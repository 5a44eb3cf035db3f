"""What says whether two people go along with each other: the learned detector, and three plain statistics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from empdetect.contagion.measures.autoregression import prewhiten
from empdetect.contagion.measures.cross_correlation import cross_correlation
from empdetect.contagion.measures.detrending import detrend
from empdetect.datamodules.simulated_dyads import LEAST_LAG
from empdetect.detector import Detector, Observations

Array = NDArray[np.float64]
FRAMES = 120_000
"""Of a batch, of all dyads together: what fits in memory whatever their length."""


@dataclass(frozen=True)
class Said:
    """What a system says of dyads.

    Args:
        synchrony: ``(dyad,)`` higher if they go along with each other.
        coupling: ``(dyad,)`` higher if one follows the other.
        lag: ``(dyad,)`` by how many seconds the second comes later.
        leads: ``(dyad,)`` above 0 if the first leads, below 0 if it follows.
        probability: by presence, ``(dyad,)`` calibrated; empty for a statistic.
    """

    synchrony: Array
    coupling: Array
    lag: Array
    leads: Array
    probability: Mapping[str, Array]

    def at(self, rows: NDArray[np.bool_]) -> "Said":
        """The same of some of the dyads."""
        numbers = {field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "probability"}
        return Said(**numbers, probability={name: values[rows] for name, values in self.probability.items()})

    @classmethod
    def joined(cls, parts: "list[Said]") -> "Said":
        """The same of dyads that were judged apart."""
        names = [field.name for field in fields(cls) if field.name != "probability"]
        numbers = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        kinds = parts[0].probability
        return cls(**numbers, probability={k: np.concatenate([part.probability[k] for part in parts]) for k in kinds})


System = Callable[[Array, float], Said]
"""Judges dyads ``(dyad, person, time)``, NaN for missing, at so many samples per second."""


def systems(detector: Detector, max_lag: float) -> dict[str, System]:
    """All that are compared, by name.

    Args:
        detector: the learned one; its frames stand for samples, whatever their rate.
        max_lag: longest lag of the statistics, in seconds at the detector's own rate.
    """
    return {
        "learned detector": lambda values, rate: learned(detector, values, rate),
        "prewhitened peak": lambda values, rate: highest(_white(values), rate, max_lag),
        "highest of all lags": lambda values, rate: highest(_plain(values), rate, max_lag),
        "correlation at lag 0": lambda values, rate: at_once(_plain(values)),
    }


@torch.inference_mode()
def learned(detector: Detector, values: Array, rate: float) -> Said:
    """The learned detector on samples as they are, one a frame.

    Args:
        detector: of two people.
        values: ``(dyad, person, time)``.
        rate: of the samples, in Hz; the lag is told in seconds of it.
    """
    size = max(1, FRAMES // values.shape[2])
    found = [_outputs(detector, values[first : first + size]) for first in range(0, len(values), size)]
    outputs = {name: torch.cat([part[name] for part in found]) for name in found[0]}
    answers = detector.judge(Observations(outputs, None), {})
    direction = outputs["direction"].double().numpy()
    own_rate = float(getattr(next(iter(detector.features.values())), "rate", rate))
    return Said(
        outputs["synchrony"][:, 0].double().numpy(),
        outputs["coupling"][:, 0].double().numpy(),
        answers["lag"].scores[:, 0] * own_rate / rate,
        direction[:, 0] - direction[:, 1],
        {name: answers[name].scores[:, 0] for name in ("synchrony", "coupling")},
    )


def _outputs(detector: Detector, values: Array) -> dict[str, torch.Tensor]:
    name = detector.module.modalities[0]
    inputs = torch.from_numpy(values).float().unsqueeze(-1).to(detector.device)
    outputs = detector.module({name: inputs}, {name: torch.isfinite(inputs[..., 0])})
    return {name: answer.float().cpu() for name, answer in outputs.items()}


def highest(values: Array, rate: float, max_lag: float) -> Said:
    """The largest correlation of all lags, in units of its spread between white signals; for coupling, not near lag 0.

    Args:
        values: ``(dyad, person, time)``.
        rate: in Hz.
        max_lag: in seconds.
    """
    found = cross_correlation(values[:, 0], values[:, 1], rate, max_lag)
    size = np.abs(np.arctanh(np.clip(found.values, -0.9999, 0.9999))) * np.sqrt(np.maximum(found.samples - 3, 0))
    size = np.nan_to_num(size)
    apart = np.where(np.abs(found.lags) >= LEAST_LAG * (1 - 1e-9), size, 0.0)
    lag = found.lags[apart.argmax(axis=-1)]
    return Said(size.max(axis=-1), apart.max(axis=-1), lag, lag, {})


def at_once(values: Array) -> Said:
    """The correlation without any lag; it knows of no direction."""
    found = cross_correlation(values[:, 0], values[:, 1], 1.0, 1.0)
    r = np.nan_to_num(found.values[:, len(found.lags) // 2])
    nothing = np.full(len(r), np.nan)
    return Said(np.abs(r), np.abs(r), nothing, nothing, {})


def _plain(values: Array) -> Array:
    return detrend(values)


def _white(values: Array) -> Array:
    return prewhiten(detrend(values)).values
