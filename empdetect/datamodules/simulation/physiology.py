"""Bodies: ECG, skin conductance and breathing from NeuroKit2, the listener's coupled to the speaker's.

NeuroKit2 simulates bodies at rest. Its heartbeat (McSharry et al., 2003) and its breathing are read
along a clock that runs faster where the heart or the breath does, and its skin responses (Bach et
al., 2010) are placed at known moments. So rates, coupling and lag are known.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from empdetect.datamodules.simulation.dialogue import SPEAKER
from empdetect.datamodules.simulation.plan import LEAD, PLAN_RATE, Array, Plan, slow_noise

COLUMNS = ("ECG", "EDA", "RSP")

HEART_SWING = 8.0
"""Standard deviation of the heart rate around its mean, in beats a minute."""


@dataclass(frozen=True)
class Body:
    """What makes a person's body signals.

    Args:
        heart_rate: mean, in beats a minute.
        breath_rate: mean, in breaths a minute.
        skin: skin conductance level, in microsiemens.
        response: size of a skin response, in microsiemens.
    """

    heart_rate: float
    breath_rate: float
    skin: float
    response: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Body":
        """A body at random."""
        return cls(
            heart_rate=float(rng.uniform(62, 84)),
            breath_rate=float(rng.uniform(14, 18)),
            skin=float(rng.uniform(2, 8)),
            response=float(rng.uniform(0.3, 0.6)),
        )


def signals(plan: Plan, person: str, body: Body) -> Array:
    """Body signals of one person, ``(time, 3)`` in the order of ``COLUMNS`` at the corpus's physiology rate."""
    rng = plan.rng(8 if person == SPEAKER else 9)
    times = plan.times(plan.settings.physiology_rate)
    arousal = plan.arousal_at(times) if person == SPEAKER else _followed(plan, times, rng)
    warmth = np.zeros_like(times) if person == SPEAKER else plan.cue_at(times, "physiology") - 0.5
    breath_rate = body.breath_rate * (1 - 0.3 * warmth) + 0.8 * arousal
    ecg = _ecg(plan, body.heart_rate + HEART_SWING * arousal, rng)
    return np.column_stack([ecg, _eda(plan, person, body, rng), _rsp(plan, breath_rate, rng)])


def write_bids(values: Array, rate: int, stem: Path) -> Path:
    """Write ``*_physio.tsv.gz`` without a header and its JSON beside it, as BIDS wants; gives the table's path."""
    about = {
        "SamplingFrequency": rate,
        "StartTime": 0,
        "Columns": list(COLUMNS),
        "ECG": {"Units": "mV"},
        "EDA": {"Units": "uS"},
        "RSP": {"Units": "a.u."},
    }
    path = stem.with_name(f"{stem.name}_physio.tsv.gz")
    rows = "\n".join(f"{ecg:.4f}\t{eda:.4f}\t{rsp:.4f}" for ecg, eda, rsp in values.tolist()) + "\n"
    # No time stamp in the gzip header: the same seed must give the same bytes.
    path.write_bytes(gzip.compress(rows.encode(), compresslevel=4, mtime=0))
    path.with_name(f"{stem.name}_physio.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return path


def coupling_at(plan: Plan, times: Array) -> Array:
    """How strongly the listener follows the speaker, 0 to ``coupling``, at times in seconds."""
    return plan.settings.coupling * plan.cue_at(times, "physiology")


def _followed(plan: Plan, times: Array, rng: np.random.Generator) -> Array:
    """The listener's arousal: the speaker's of ``lag`` seconds ago and one of their own, deviation 1."""
    strength = coupling_at(plan, times)
    own = np.interp(times, np.arange(len(plan.arousal)) / PLAN_RATE, slow_noise(len(plan.arousal), PLAN_RATE, 1.0, rng))
    return np.asarray(strength * plan.arousal_at(times - plan.settings.lag) + np.sqrt(1 - strength**2) * own)


def _ecg(plan: Plan, heart_rate: Array, rng: np.random.Generator) -> Array:
    """ECG in millivolts that beats at ``heart_rate``, in beats a minute."""
    import neurokit2 as nk

    rate = plan.settings.physiology_rate
    resting = nk.ecg_simulate(
        duration=6,
        sampling_rate=rate,
        heart_rate=60,
        heart_rate_std=0.01,
        noise=0.0,
        random_state=int(rng.integers(2**31)),
    )
    # One beat of the simulation at 60 a minute is one second long: the phase of the heart reads it.
    beat = np.asarray(resting, float)[2 * rate : 3 * rate]
    phase = np.cumsum(np.clip(heart_rate, 45, 120)) / 60 / rate + rng.uniform()
    beats = np.interp(phase % 1.0, np.arange(rate) / rate, beat, period=1.0)
    strength = 1 + 0.05 * slow_noise(len(beats), rate, 0.8, rng)
    noise = rng.normal(0, plan.settings.noise.ecg * beats.std(), len(beats))
    wander = 0.1 * slow_noise(len(beats), rate, 1.0, rng)
    return np.asarray(strength * beats + wander + noise)


def _rsp(plan: Plan, breath_rate: Array, rng: np.random.Generator) -> Array:
    """Breathing belt in arbitrary units that breathes at ``breath_rate``, in breaths a minute."""
    import neurokit2 as nk

    rate, base = plan.settings.physiology_rate, 15
    clock = np.cumsum(np.clip(breath_rate, 6, 30)) / base
    resting = nk.rsp_simulate(
        duration=int(clock[-1] / rate) + 10,
        sampling_rate=rate,
        respiratory_rate=base,
        noise=0.0,
        method="breathmetrics",
        random_state=int(rng.integers(2**31)),
    )
    resting = np.asarray(resting, float)
    breaths = np.interp(clock + rng.uniform(0, 3 * rate), np.arange(len(resting)), resting)
    return np.asarray(breaths + rng.normal(0, 0.01, len(breaths)))


def _eda(plan: Plan, person: str, body: Body, rng: np.random.Generator) -> Array:
    """Skin conductance in microsiemens: a drifting level and responses, the listener's in part the speaker's."""
    rate = plan.settings.physiology_rate
    times = plan.times(rate)
    level = body.skin + 0.15 * slow_noise(len(times), rate, 6.0, rng)
    noise = rng.normal(0, plan.settings.noise.eda, len(times))
    heard = SkinResponses(plan, plan.rng(10))
    if person == SPEAKER:
        return np.asarray(level + body.response * heard(times) + noise)
    own = SkinResponses(plan, rng)
    strength = coupling_at(plan, times)
    phasic = strength * heard(times - plan.settings.lag) + 0.5 * np.sqrt(1 - strength**2) * own(times)
    return np.asarray(level + body.response * phasic + noise)


class SkinResponses:
    """Skin responses at random moments, 3 to 7 seconds apart, from ``LEAD`` seconds before the recording.

    The same random numbers give the same responses: the speaker's are drawn once for either person.
    """

    def __init__(self, plan: Plan, rng: np.random.Generator) -> None:
        import neurokit2 as nk

        rate = plan.settings.physiology_rate
        self.grid = np.arange(round((plan.settings.seconds + LEAD) * rate)) / rate - LEAD
        self.values = np.zeros(len(self.grid))
        moment = rng.uniform(0, 4)
        while moment < plan.settings.seconds + LEAD:
            seed = int(rng.integers(2**31))
            shape = nk.eda_simulate(duration=10, sampling_rate=rate, scr_number=1, noise=0, drift=0, random_state=seed)
            first = round(moment * rate)
            shape = (np.asarray(shape) - 1.0)[: len(self.values) - first]
            self.values[first : first + len(shape)] += rng.uniform(0.5, 1.5) * shape
            moment += rng.uniform(3, 7)

    def __call__(self, times: Array) -> Array:
        """The sum of responses at times in seconds."""
        return np.asarray(np.interp(times, self.grid, self.values))
