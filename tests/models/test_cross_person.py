"""Two people compared frame by frame: who they are exchanged, masked, saved and loaded."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import rankdata
from torch import Tensor

from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.datamodules.simulated_dyads import dyads_task
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.steady import SteadyTableFeatures
from empdetect.models.cross_person import CrossPersonAttention
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.mean import MeanEncoder
from empdetect.models.encoders.signal import SignalEncoder, detrended, normal_scores, prewhitened
from empdetect.models.kernel import KernelMachine
from empdetect.models.lags import evidence, lag_products
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.table import Table
from empdetect.task import Target, Task

RATE, MAX_LAG = 10.0, 2.0
TASK = dyads_task(MAX_LAG)


def make(seed: int = 0, window: float = 5.0) -> DetectorModule:
    torch.manual_seed(seed)
    cross = CrossPersonAttention(4, RATE, MAX_LAG, heads=3, width=8, layers=2, window=window)
    return DetectorModule(TASK, {"signal": SignalEncoder(1, width=4)}, cross=cross)


def signals(dyads: int = 4, seconds: float = 30.0, seed: int = 0, missing: float = 0.0) -> tuple[Tensor, Tensor]:
    """Values ``(batch, person, time, 1)`` of coupled dyads, and their masks."""
    conditions = Conditions(seconds=seconds, missing=missing, gap=1.0)
    values = torch.from_numpy(simulate_dyads(dyads, 0.6, 0.7, "a_to_b", conditions, seed).values).float()
    return values.unsqueeze(-1), torch.isfinite(values)


def answers(module: DetectorModule, x: Tensor, mask: Tensor) -> dict[str, Tensor]:
    with torch.no_grad():
        return module.eval()({"signal": x}, {"signal": mask})


def test_outputs_are_sized_by_the_task() -> None:
    found = answers(make(), *signals())
    assert {name: tuple(out.shape) for name, out in found.items()} == {
        "synchrony": (4, 1), "coupling": (4, 1), "direction": (4, 3), "lag": (4, 1),
    }  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 999), missing=st.sampled_from([0.0, 0.3]))
def test_exchanging_two_people_exchanges_who_leads_and_turns_the_lag(seed: int, missing: float) -> None:
    module, (x, mask) = make(seed), signals(seed=seed, missing=missing)
    one, other = answers(module, x, mask), answers(module, x.flip(1), mask.flip(1))
    for name in ("synchrony", "coupling"):
        torch.testing.assert_close(one[name], other[name], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(one["direction"][:, [1, 0, 2]], other["direction"], atol=1e-4, rtol=1e-3)
    # On the unit range the middle is a lag of 0.
    torch.testing.assert_close(1 - one["lag"], other["lag"], atol=1e-4, rtol=1e-3)


@settings(max_examples=12, deadline=None)
@given(extra=st.integers(1, 200), filler=st.sampled_from([float("nan"), 0.0, 1e3]))
def test_padding_and_what_was_not_observed_change_nothing(extra: int, filler: float) -> None:
    module, (x, mask) = make(), signals(missing=0.2)
    filled = torch.nn.functional.pad(torch.where(mask.unsqueeze(-1), x, filler), (0, 0, 0, extra), value=filler)
    before, after = answers(module, x, mask), answers(module, filled, torch.nn.functional.pad(mask, (0, extra)))
    for name, found in before.items():
        assert found.isfinite().all()
        torch.testing.assert_close(after[name], found, atol=1e-3, rtol=1e-3)


@given(scale=st.floats(1e-3, 1e3), level=st.floats(-50, 50), slope=st.floats(-5, 5))
@settings(max_examples=12, deadline=None)
def test_units_level_and_trend_change_nothing(scale: float, level: float, slope: float) -> None:
    module, (x, mask) = make(), signals()
    trend = slope * torch.linspace(0, 1, x.shape[2])[:, None]
    other = torch.stack([x[:, 0], scale * (x[:, 1] + level + trend)], dim=1)
    before, after = answers(module, x, mask), answers(module, other, mask)
    for name, found in before.items():
        torch.testing.assert_close(after[name], found, atol=5e-3, rtol=5e-3)


def test_somebody_who_was_not_observed_gives_finite_answers_without_a_direction() -> None:
    x, mask = signals()
    mask[:, 1] = False
    found = answers(make(), x, mask)
    assert all(out.isfinite().all() for out in found.values())
    torch.testing.assert_close(found["lag"], torch.full((4, 1), 0.5))
    torch.testing.assert_close(found["direction"][:, 0], found["direction"][:, 1])


def test_a_constant_signal_gives_no_evidence() -> None:
    module, (x, mask) = make(), signals()
    x[:, 1] = 0.1 * 3
    nobody = mask.clone()
    nobody[:, 1] = False
    torch.testing.assert_close(answers(module, x, mask)["lag"], answers(module, x, nobody)["lag"])


def test_every_weight_learns() -> None:
    module, (x, mask) = make(), signals(missing=0.1)
    labels = {
        "synchrony": [1.0, 0, 1, 0],
        "coupling": [0.0, 1, 1, 0],
        "direction": [0.0, 1, 2, 0],
        "lag": [1.0, -1, 0, 2],
    }
    outputs = module.train()({"signal": x}, {"signal": mask})
    module._loss(outputs, {name: torch.tensor(values) for name, values in labels.items()}).backward()
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        # Added to all scores of a softmax alike, a constant makes no difference.
        assert weight.grad.abs().max() > 0 or name.endswith("weight.bias"), name


def test_a_target_counts_as_much_as_its_weight() -> None:
    module, (x, mask) = make(), signals()
    labels = {name: torch.full((4,), float("nan")) for name in ("synchrony", "coupling", "direction")}
    labels["lag"] = torch.tensor([1.0, -1.0, 0.0, 2.0])
    outputs = answers(module, x, mask)
    plain = module._loss(outputs, labels)
    module.loss_weights = {"lag": 3.0}
    torch.testing.assert_close(module._loss(outputs, labels), 3 * plain)


def test_products_over_lags_are_what_a_loop_gives() -> None:
    lead, follow = torch.randn(2, 3, 47, dtype=torch.float64)
    found = lag_products(lead, follow, 10, 4)
    assert found.shape == (3, 5, 9)
    padded = torch.nn.functional.pad(follow, (4, 7))
    for window in range(5):
        for lag in range(-4, 5):
            places = torch.arange(10 * window, min(10 * window + 10, 47))
            expected = (lead[:, places] * padded[:, places + lag + 4]).sum(dim=-1)
            torch.testing.assert_close(found[:, window, lag + 4], expected)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9, 0.99])
def test_evidence_is_about_normal_where_nobody_follows(memory: float) -> None:
    made = simulate_dyads(150, direction="none", conditions=Conditions(seconds=200, autocorrelation=memory))
    x = torch.from_numpy(made.values).float().flatten(0, 1).unsqueeze(1)
    known = torch.ones_like(x, dtype=torch.bool)
    plain = detrended(x, known)
    for signal, slack in ((plain, 0.1), (prewhitened(plain, known, 6), 0.05)):
        one, other = signal.unflatten(0, (150, 2)).unbind(1)
        seen = known.squeeze(1).unflatten(0, (150, 2)).unbind(1)
        found, free = evidence(one, other, *seen, window=400, most=50)
        assert found.shape == (150, 1, 6, 101)
        if memory < 0.99:  # Bartlett's number of a signal of so few memories is too uncertain to be held to
            independent = 2000 * ((1 - memory**2) / (1 + memory**2) if signal is plain else 1)
            assert float(free.median()) == pytest.approx(independent, rel=0.2)
        assert float(found[:, :, 0].std()) == pytest.approx(1.0, abs=slack)


def test_normal_scores_keep_the_order_alone() -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 1, 199)))
    known = torch.ones_like(x, dtype=torch.bool)
    known[0, 0, 50:80] = False
    found = normal_scores(x, known)
    torch.testing.assert_close(normal_scores(x.exp(), known), found)
    assert (found[~known] == 0).all()
    for row, scores, there in zip(x[:, 0], found[:, 0], known[:, 0], strict=True):
        wanted = ndtri(rankdata(row[there]) / (int(there.sum()) + 1))
        np.testing.assert_allclose(scores[there], wanted, atol=1e-5)
    steps = torch.tensor([[[0.0, 0.0, 1.0, 1.0]]])
    wanted = ndtri(np.array([1.5, 1.5, 3.5, 3.5]) / 5)
    np.testing.assert_allclose(normal_scores(steps, steps >= 0)[0, 0], wanted, atol=1e-5)
    assert (normal_scores(torch.full((1, 1, 9), 3.0), torch.ones(1, 1, 9, dtype=torch.bool)) == 0).all()


def test_prewhitening_takes_the_memory_out() -> None:
    made = simulate_dyads(20, direction="none", conditions=Conditions(seconds=200, autocorrelation=0.95))
    x = torch.from_numpy(made.values).float()
    known = torch.ones_like(x, dtype=torch.bool)
    white = prewhitened(detrended(x, known), known, 6)
    assert abs(float((white[..., 1:] * white[..., :-1]).mean())) < 0.02
    known[..., 500:520] = False
    gone = prewhitened(detrended(x, known), known, 6)
    assert (gone[..., 500:521] == 0).all()


def recording(values: np.ndarray, name: str = "r", persons: int = 2) -> Recording:
    times = np.arange(values.shape[1]) / RATE
    people = (
        Participant(who, tables={"features": Table(signal[:, None].astype(np.float32), times, ("signal",))})
        for who, signal in zip("ab", values, strict=True)
    )
    return Recording(name, tuple(people)[:persons])


def detector() -> Detector:
    return Detector(make(), {"signal": SteadyTableFeatures(["signal"], RATE)}, device="cpu")


def test_saved_and_loaded_it_says_the_same(tmp_path: Path) -> None:
    values = simulate_dyads(1, 0.6, 0.7, conditions=Conditions(seconds=30)).values[0]
    segment = Segment(recording(values), "a")
    saved = detector()
    loaded = Detector.from_pretrained(saved.save_pretrained(tmp_path), device="cpu")
    assert loaded.predict([segment])[0].scores == pytest.approx(saved.predict([segment])[0].scores, abs=1e-6)
    assert loaded.module.compares


def test_both_people_of_a_recording_are_scored_alike() -> None:
    values = simulate_dyads(1, 0.6, 0.7, conditions=Conditions(seconds=30)).values[0]
    table = detector().score(recording(values)).table.set_index(["participant", "measure"])["score"]
    assert table["a", "coupling"] == pytest.approx(table["b", "coupling"], abs=1e-4)
    assert table["a", "direction=leads"] == pytest.approx(table["b", "direction=follows"], abs=1e-4)
    assert table["a", "lag"] == pytest.approx(-table["b", "lag"], abs=1e-3)


def test_missing_time_lowers_the_quality_alone() -> None:
    values = simulate_dyads(1, 0.6, 0.7, conditions=Conditions(seconds=60)).values[0]
    gappy = values.copy()
    gappy[1, 300:] = np.nan
    found = detector().predict([Segment(recording(gappy), "a"), Segment(recording(gappy[:, :300]), "a")])
    assert found[0].scores == pytest.approx(found[1].scores, abs=0.05)
    assert found[0].quality["signal"] <= found[1].quality["signal"]
    holes = values.copy()
    holes[1, 100:160] = np.nan
    whole, part = detector().predict([Segment(recording(values), "a"), Segment(recording(holes), "a")])
    assert (whole.quality["signal"], part.quality["signal"]) == (1.0, pytest.approx(0.95, abs=0.001))


@pytest.mark.parametrize(
    ("persons", "gone", "reason"),
    [(1, False, "nobody to compare with"), (2, True, "the table 'features' holds no numbers")],
)
def test_nothing_is_said_of_one_person_alone(persons: int, gone: bool, reason: str) -> None:
    values = simulate_dyads(1, 0.6, 0.7, conditions=Conditions(seconds=30)).values[0]
    if gone:
        values[1] = np.nan
    found = detector().predict([Segment(recording(values, persons=persons), "a")])[0]
    assert not found.scores
    assert reason in found.reason
    assert found.quality["signal"] == 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"persons": 1}, "must be of 2 persons, got 1"),
        ({"targets": TASK.targets[:3]}, "the task asks for synchrony, coupling, direction"),
        ({"targets": (Target("synchrony", "regression", range=(0, 1)), *TASK.targets[1:])}, "must be binary"),
        (
            {"targets": (*TASK.targets[:2], Target("direction", "nominal", ("a", "b")), TASK.targets[3])},
            "must be nominal",
        ),
        ({"targets": (*TASK.targets[:3], Target("lag", "regression", range=(0, 5)))}, "range -2 to 2 s"),
    ],
)
def test_a_task_that_it_cannot_answer_is_refused(change: dict[str, object], said: str) -> None:
    task = Task(**{**{name: getattr(TASK, name) for name in TASK.__dataclass_fields__}, **change})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=said):
        DetectorModule(task, {"signal": SignalEncoder()}, cross=CrossPersonAttention(max_lag=MAX_LAG))


def test_what_does_not_go_together_is_refused() -> None:
    def cross() -> CrossPersonAttention:
        return CrossPersonAttention(max_lag=MAX_LAG)

    with pytest.raises(InputError, match="whose encoder gives frames"):
        DetectorModule(TASK, {"signal": MeanEncoder(1)}, cross=cross())
    with pytest.raises(InputError, match="one modality"):
        DetectorModule(TASK, {"face": SignalEncoder(), "voice": SignalEncoder()}, cross=cross())
    with pytest.raises(InputError, match="leave one out"):
        DetectorModule(TASK, {"signal": SignalEncoder()}, cross=cross(), mixup=0.4)
    with pytest.raises(InputError, match="leave one out"):
        DetectorModule(TASK, {"signal": SignalEncoder()}, cross=cross(), kernel=KernelMachine())
    with pytest.raises(InputError, match=r"at 0\.1 Hz none does"):
        CrossPersonAttention(rate=0.1)
    module = DetectorModule(TASK, {"signal": SignalEncoder()}, cross=cross())
    with pytest.raises(InputError, match="10 frames per second"):
        module.check_features({"signal": SteadyTableFeatures(["signal"], 4.0)})
