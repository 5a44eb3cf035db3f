"""Kernel machine: against its equations, what it chooses, what it does without a modality, and how it is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from empdetect.errors import InputError
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.mean import MeanEncoder
from empdetect.models.encoders.statistics import StatisticsEncoder
from empdetect.models.kernel import (
    KernelMachine,
    Rows,
    best_sharpness,
    coded,
    explained,
    likeness,
    row_weights,
    squared_distance,
)
from empdetect.models.kernel_heads import KernelHeads, _group_folds
from empdetect.task import Target, Task

MOOD = Target("mood", "nominal", ("low", "even", "high"))
TASK = Task((MOOD, Target("warmth", "regression", range=(1, 5))))


def examples(seed: int = 0) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor], list[str]]:
    """Vectors, presence, labels and groups of 60 segments: the voice tells the mood, the face the warmth."""
    draw = torch.Generator().manual_seed(seed)
    mood, warmth = torch.arange(60) % 3, 1 + 4 * torch.rand(60, generator=draw)
    voice, face = torch.randn(60, 1, 20, generator=draw), torch.randn(60, 1, 5, generator=draw)
    voice[:, 0, 0] += 3 * (mood - 1)
    face[:, 0, 0] += 2 * (warmth - 3)
    present = {name: torch.ones(60, 1, dtype=torch.bool) for name in ("voice", "face")}
    labels = {"mood": mood.float(), "warmth": warmth}
    return {"voice": voice, "face": face}, present, labels, [f"person_{place % 6}" for place in range(60)]


def fitted(machine: KernelMachine | None = None) -> KernelHeads:
    heads = KernelHeads(machine or KernelMachine(), TASK, {"voice": 20, "face": 5})
    heads.fit(*examples(), balance=True)
    return heads


def test_answers_are_those_of_kernel_ridge_regression() -> None:
    from sklearn.kernel_ridge import KernelRidge

    heads = fitted(KernelMachine(narrowness=0.3, relevance=[0.0], noise=[0.1]))
    vectors, _, labels, _ = examples()
    new, present, _, _ = examples(1)

    def flat(given: dict[str, Tensor]) -> np.ndarray:
        # The machine takes mean squares of each modality, scikit-learn the sum over all.
        parts = [given[name].clamp(-4, 4).numpy()[:, 0] / np.sqrt(given[name].shape[2]) for name in ("voice", "face")]
        return np.concatenate(parts, axis=1)

    answers = coded(TASK.targets[1], labels["warmth"]).numpy()
    peer = KernelRidge(alpha=0.1, kernel="rbf", gamma=0.3).fit(flat(vectors), answers - answers.mean())
    expected = peer.predict(flat(new)) + answers.mean()
    np.testing.assert_allclose(heads(new, present)["warmth"].numpy(), expected, atol=1e-4)


def test_what_is_solved_holds_for_new_people() -> None:
    heads, (vectors, present, labels, _) = fitted(), examples(1)
    found = heads(vectors, present)
    assert (found["mood"].argmax(dim=1) == labels["mood"]).float().mean() > 0.8
    assert np.corrcoef(found["warmth"][:, 0].numpy(), labels["warmth"].numpy())[0, 1] > 0.85


def test_cross_fitted_answers_are_those_of_heads_that_never_saw_the_group() -> None:
    vectors, present, labels, groups = examples()
    labels["warmth"][5] = float("nan")
    heads = KernelHeads(KernelMachine(), TASK, {"voice": 20, "face": 5})
    heads.fit(vectors, present, labels, groups, balance=True)
    found = heads.cross_fitted()
    assert found is not None
    assert found.groups.tolist() == groups
    assert found.labels["warmth"].isnan().nonzero().flatten().tolist() == [5]
    alone = [place for place, group in enumerate(groups) if group == "person_5"]
    out = next(held for _, held in _group_folds(labels["mood"], groups) if alone[0] in held.tolist())
    rest = torch.tensor([place for place in range(60) if place not in out.tolist()])
    other = KernelHeads(KernelMachine(), TASK, {"voice": 20, "face": 5})
    part = [{name: each[rest] for name, each in given.items()} for given in (vectors, present, labels)]
    other.fit(*part, [groups[place] for place in rest.tolist()], balance=True)
    asked = [{name: each[out] for name, each in given.items()} for given in (vectors, present)]
    expected = other(*asked)["mood"] / other.sharpness[0] * heads.sharpness[0]
    torch.testing.assert_close(found.outputs["mood"][out], expected, atol=1e-5, rtol=1e-4)


def test_without_groups_nothing_is_cross_fitted() -> None:
    vectors, present, labels, _ = examples()
    alone = KernelHeads(KernelMachine(), TASK, {"voice": 20, "face": 5})
    alone.fit(vectors, present, labels, ["somebody"] * 60, balance=True)
    assert alone.cross_fitted() is None
    loaded = KernelHeads(KernelMachine(), TASK, {"voice": 20, "face": 5})
    loaded.load_state_dict(fitted().state_dict())
    assert loaded.cross_fitted() is None


def test_features_that_tell_nothing_are_given_little_weight() -> None:
    vectors, _, labels, _ = examples()
    share = explained(MOOD, vectors["voice"][:, 0], labels["mood"])
    assert share.argmax() == 0 and share[0] > 3 * share[1:].max()


def test_without_a_modality_it_is_the_machine_that_never_had_it() -> None:
    vectors, present, _, _ = examples(1)
    gone = {**present, "face": torch.zeros_like(present["face"])}
    machine = KernelMachine(relevance=[0.5], noise=[0.1])
    both, voice_only = fitted(machine), KernelHeads(machine, TASK, {"voice": 20})
    known = examples()
    voice_only.fit({"voice": known[0]["voice"]}, {"voice": known[1]["voice"]}, *known[2:], balance=True)
    voice_only.sharpness.copy_(both.sharpness)
    expected = voice_only({"voice": vectors["voice"]}, {"voice": present["voice"]})
    torch.testing.assert_close(both(vectors, gone)["mood"], expected["mood"])


def test_nothing_there_gives_the_mean_answer() -> None:
    vectors, present, _, _ = examples(1)
    outputs = fitted()(vectors, {name: torch.zeros_like(there) for name, there in present.items()})
    assert torch.allclose(outputs["mood"].softmax(dim=1), torch.full((60, 3), 1 / 3), atol=1e-5)
    mean = (examples()[2]["warmth"].mean() - 1) / 4
    torch.testing.assert_close(outputs["warmth"], mean.expand(60, 1))


def test_unknown_labels_teach_nothing() -> None:
    vectors, present, labels, groups = examples()
    labels["mood"][::2] = float("nan")
    heads = KernelHeads(KernelMachine(noise=[0.1]), TASK, {"voice": 20, "face": 5})
    heads.fit(vectors, present, labels, groups, balance=True)
    assert torch.isfinite(heads(vectors, present)["mood"]).all()


def test_with_one_group_no_answer_is_too_sure() -> None:
    vectors, present, labels, _ = examples()
    heads = KernelHeads(KernelMachine(), TASK, {"voice": 20, "face": 5})
    heads.fit(vectors, present, labels, ["somebody"] * 60, balance=False)
    assert heads.sharpness.tolist() == [5, 1], "a number needs no sharpness"


def test_settings_are_averaged() -> None:
    vectors, present, _, _ = examples(1)
    choices = [([0.0], [0.1]), ([1.0], [0.1]), ([0.0, 1.0], [0.1])]
    each = [fitted(KernelMachine(relevance=r, noise=n))(vectors, present)["warmth"] for r, n in choices]
    torch.testing.assert_close(each[2], (each[0] + each[1]) / 2, atol=1e-5, rtol=1e-4)


def test_a_rare_level_weighs_as_much_as_a_common_one() -> None:
    labels = torch.tensor([0.0, 0, 0, 1])
    binary = Target("yes", "binary")
    assert row_weights(binary, labels, evenness=1).tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    assert row_weights(binary, labels, evenness=0).tolist() == [1, 1, 1, 1]
    assert row_weights(binary, labels, evenness=0.5).tolist() == pytest.approx([(2 / 3) ** 0.5] * 3 + [2**0.5])


@pytest.mark.parametrize("target", [Target("yes", "binary"), Target("level", "ordinal", ("0", "1", "2")), MOOD])
def test_labels_come_back_from_their_own_numbers(target: Target) -> None:
    labels = torch.arange(target.levels).float()
    scores = coded(target, labels)
    assert scores.shape == (target.levels, target.outputs)
    assert best_sharpness(target, scores, labels) > 10
    assert best_sharpness(target, scores.flip(0), labels) < 2


def test_distances_are_squared() -> None:
    a, b = torch.randn(4, 3), torch.randn(5, 3)
    torch.testing.assert_close(squared_distance(a, b), torch.cdist(a, b).square(), atol=1e-5, rtol=1e-4)


def test_weights_of_any_number_of_segments_can_be_loaded() -> None:
    heads, again = fitted(), KernelHeads(KernelMachine(), TASK, {"voice": 20, "face": 5})
    again.load_state_dict(heads.state_dict())
    vectors, present, _, _ = examples(1)
    torch.testing.assert_close(again(vectors, present), heads(vectors, present))


@pytest.mark.parametrize(
    "arguments",
    [
        *({"narrowness": 0.0}, {"noise": [0.0]}, {"noise": []}, {"relevance": []}),
        *({"shares": {"voice": 0.0}}, {"components": {"voice": 0}}, {"evenness": 2.0}),
    ],
)
def test_settings_out_of_range_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(InputError, match="Kernel machine"):
        KernelMachine(**arguments)  # type: ignore[arg-type]


def test_an_encoder_that_would_have_to_learn_is_refused() -> None:
    with pytest.raises(InputError, match="the voice encoder must be trained"):
        DetectorModule(TASK, {"voice": StatisticsEncoder(4)}, kernel=KernelMachine())


@pytest.mark.parametrize(
    ("settings", "half", "near"),
    [({}, False, 1e-6), ({"components": {"voice": 2}, "whiten": False}, True, 5e-3), ({}, True, 5e-3)],
)
def test_a_detector_with_solved_heads_is_saved_and_loaded(
    settings: dict[str, Any], half: bool, near: float, tmp_path: Path
) -> None:
    from empdetect.detector import Detector
    from empdetect.features.table import TableFeatures

    module = DetectorModule(
        Task((MOOD,)), {"voice": MeanEncoder(2)}, kernel=KernelMachine(shares={"voice": 0.5}, **settings)
    )
    known = torch.randn(12, 1, 2), torch.ones(12, 1, dtype=torch.bool)
    labels = {"mood": torch.arange(12).float() % 3}
    module.kernel_heads.fit({"voice": known[0]}, {"voice": known[1]}, labels, ["a", "b"] * 6, balance=True)
    Detector(module, {"voice": TableFeatures(["x", "y"], "voice")}, device="cpu").save_pretrained(tmp_path, half)
    again = Detector.from_pretrained(tmp_path, device="cpu").module
    asked = {"voice": torch.randn(3, 1, 4, 2)}, {"voice": torch.ones(3, 1, 4, dtype=torch.bool)}
    with torch.no_grad():
        ours, loaded = (each(*asked)["mood"].softmax(dim=-1) for each in (module.eval(), again))
    torch.testing.assert_close(loaded, ours, atol=near, rtol=0)
    assert "12 training segments and keeps a vector of each" in (tmp_path / "README.md").read_text()


def test_principal_components_replace_a_modality() -> None:
    machine = KernelMachine(components={"voice": 2})
    heads = KernelHeads(machine, Task((MOOD,)), {"voice": 6})
    x = torch.randn(30, 1, 6)
    labels = {"mood": torch.arange(30).float() % 3}
    heads.fit({"voice": x}, {"voice": torch.ones(30, 1, dtype=torch.bool)}, labels, ["a", "b", "c"] * 10, balance=False)
    assert heads.vectors.shape == (30, 2)
    again = KernelHeads(machine, Task((MOOD,)), {"voice": 6})
    again.load_state_dict(heads.state_dict())
    asked = {"voice": torch.randn(4, 1, 6)}, {"voice": torch.ones(4, 1, dtype=torch.bool)}
    torch.testing.assert_close(again(*asked)["mood"], heads(*asked)["mood"])


def test_alike_in_some_modalities_or_in_all() -> None:
    zeros, twos = torch.zeros(1, 3), torch.tensor([[2.0, 0.0, 0.0]])
    there = torch.ones(1, 3, dtype=torch.bool)
    one, other = Rows((zeros, zeros, zeros), there), Rows((zeros, twos, twos), there)
    distance, shares = 0.3 * 4 / 3, [1, 1, 0.5]

    def alike(*apart: bool) -> float:
        return likeness(one, other, shares, apart, narrowness=0.3).item()

    assert alike(False, False, False) == pytest.approx(np.exp(-1.5 * distance))
    assert alike(True, True, True) == pytest.approx((1 + np.exp(-distance) + np.exp(-0.5 * distance)) / 3)
    assert alike(False, True, False) == pytest.approx((np.exp(-distance) + np.exp(-0.5 * distance)) / 2)


def test_those_that_stand_apart_are_named_or_all() -> None:
    some, every = KernelMachine(apart=["voice"]), KernelMachine(additive=True)
    assert [some.stands_apart(name) for name in ("voice", "face")] == [True, False]
    assert [every.stands_apart(name) for name in ("voice", "face")] == [True, True]
    vectors, present, _, _ = examples(1)
    machines = KernelMachine(apart=["voice"]), KernelMachine(apart=["voice", "face"]), every, KernelMachine()
    answers = [fitted(machine)(vectors, present)["warmth"] for machine in machines]
    torch.testing.assert_close(answers[0], answers[1])  # of two modalities one alone is apart, too
    torch.testing.assert_close(answers[1], answers[2])
    assert not torch.allclose(answers[2], answers[3])


def test_a_unit_length_is_for_components() -> None:
    with pytest.raises(
        InputError, match=r"'unit_length' is for modalities that have 'components', .'face'.; got .'voice'"
    ):
        KernelMachine(components={"face": 3}, unit_length=["voice"])
    vectors, present, _, _ = examples(1)
    louder = vectors | {"voice": 2 * vectors["voice"]}
    by_length = fitted(KernelMachine(components={"voice": 20}, whiten=False))
    by_direction = fitted(KernelMachine(components={"voice": 20}, whiten=False, unit_length=["voice"]))
    change = [
        (heads(louder, present)["mood"] - heads(vectors, present)["mood"]).abs().mean()
        for heads in (by_length, by_direction)
    ]
    assert change[1] < change[0] / 2
