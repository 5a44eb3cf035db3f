"""Targets answered one after the other, and leading components: held to machines that are given the same by hand."""

from collections.abc import Mapping

import pytest
import torch

from empdetect.errors import InputError
from empdetect.models.kernel import KernelMachine
from empdetect.models.kernel_heads import LIMIT, KernelHeads
from empdetect.task import Target, Task
from tests.models.test_kernel import TASK, examples

WIDTHS = {"voice": 20, "face": 5}


def stacked() -> KernelMachine:
    return KernelMachine(first=["warmth"], shares={"answers": 2.0}, apart=["answers"])


def fitted(
    machine: KernelMachine, widths: dict[str, int] | None = None, groups: list[str] | None = None
) -> KernelHeads:
    vectors, present, labels, people = examples()
    names = widths or WIDTHS
    heads = KernelHeads(machine, TASK, names)
    some = {name: vectors[name] for name in names}, {name: present[name] for name in names}
    heads.fit(*some, labels, groups or people, balance=True)
    return heads


def scores(heads: KernelHeads, place: int, outputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Before they were made sharper."""
    return outputs[TASK.targets[place].name] / heads.sharpness[place]


def test_what_is_answered_first_is_an_input_to_the_others() -> None:
    ours, plain = fitted(stacked()), fitted(KernelMachine())
    given = plain.cross_fitted()
    assert given is not None
    (vectors, present, labels, groups), (asked, there, _, _) = examples(), examples(1)
    known, mean, spread = (
        given.outputs["warmth"],
        given.outputs["warmth"].mean(),
        given.outputs["warmth"].std(correction=0),
    )
    by_hand = KernelHeads(KernelMachine(shares={"answers": 2.0}, apart=["answers"]), TASK, WIDTHS | {"answers": 1})
    by_hand.fit(
        vectors | {"answers": ((known - mean) / spread).clamp(-LIMIT, LIMIT).unsqueeze(1)},
        present | {"answers": present["face"]},
        labels,
        groups,
        balance=True,
    )
    first = plain(asked, there)["warmth"]
    expected = by_hand(
        asked | {"answers": ((first - mean) / spread).clamp(-LIMIT, LIMIT).unsqueeze(1)},
        there | {"answers": there["face"]},
    )
    found = ours(asked, there)
    torch.testing.assert_close(found["warmth"], first)
    torch.testing.assert_close(scores(ours, 0, found), scores(by_hand, 0, expected), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(scores(ours, 0, found), scores(plain, 0, plain(asked, there)), atol=1e-2)


def test_several_targets_may_be_first_in_any_order() -> None:
    three = Task((*TASK.targets, Target("calm", "binary")))
    (vectors, present, labels, groups), (asked, there, _, _) = examples(), examples(1)
    labels = labels | {"calm": (labels["mood"] == 0).float()}
    ours, plain = (KernelHeads(KernelMachine(first=first), three, WIDTHS) for first in (["warmth", "mood"], []))
    for heads in (ours, plain):
        heads.fit(vectors, present, labels, groups, balance=True)
    given, told = plain.cross_fitted(), plain(asked, there)
    assert given is not None

    def block(outputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        known, new = (torch.cat([each["warmth"], each["mood"]], dim=1) for each in (given.outputs, outputs))
        return ((new - known.mean(dim=0)) / known.std(dim=0, correction=0)).clamp(-LIMIT, LIMIT).unsqueeze(1)

    by_hand = KernelHeads(KernelMachine(), three, WIDTHS | {"answers": 4})
    learned, new = {"answers": block(given.outputs)}, {"answers": block(told)}
    by_hand.fit(vectors | learned, present | {"answers": present["face"]}, labels, groups, balance=True)
    expected, found = by_hand(asked | new, there | {"answers": there["face"]}), ours(asked, there)
    expected, found = (made["calm"] / heads.sharpness[2] for made, heads in ((expected, by_hand), (found, ours)))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)


def test_with_the_first_label_known_of_one_group_alone_nothing_is_given_on() -> None:
    vectors, present, labels, groups = examples()
    labels["warmth"][torch.tensor([group != "person_0" for group in groups])] = float("nan")
    heads, plain = KernelHeads(stacked(), TASK, WIDTHS), KernelHeads(KernelMachine(), TASK, WIDTHS)
    for each in (heads, plain):
        each.fit(vectors, present, labels, groups, balance=True)
        assert each.cross_fitted() is None
    torch.testing.assert_close(heads(vectors, present), plain(vectors, present))
    assert all(answer.isfinite().all() for answer in heads(vectors, present).values())


def test_with_a_modality_missing_nothing_is_given_on() -> None:
    heads, voice_only = fitted(stacked()), fitted(KernelMachine(), {"voice": 20})
    vectors, present, _, _ = examples(1)
    gone = present | {"face": torch.zeros_like(present["face"])}
    expected = voice_only({"voice": vectors["voice"]}, {"voice": present["voice"]})
    found = heads(vectors, gone)
    torch.testing.assert_close(scores(heads, 0, found), scores(voice_only, 0, expected), atol=1e-5, rtol=1e-4)


def test_with_one_group_no_answer_is_given_on() -> None:
    machines = [fitted(machine, groups=["somebody"] * 60) for machine in (stacked(), KernelMachine())]
    assert machines[0].answers.isnan().all()
    vectors, present, _, _ = examples(1)
    ours, plain = (heads(vectors, present)["mood"] for heads in machines)
    torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-4)


def test_unknown_labels_of_the_first_target_teach_nothing_and_are_answered() -> None:
    vectors, present, labels, groups = examples()
    labels["warmth"][::3] = float("nan")
    heads = KernelHeads(stacked(), TASK, WIDTHS)
    heads.fit(vectors, present, labels, groups, balance=True)
    assert torch.isfinite(heads.answers).all()
    crossed = heads.cross_fitted()
    assert crossed is not None
    known = torch.isfinite(crossed.labels["warmth"])
    torch.testing.assert_close(crossed.outputs["warmth"][known], heads.answers[known])


def test_the_answers_are_kept_with_the_weights() -> None:
    heads, again = fitted(stacked()), KernelHeads(stacked(), TASK, WIDTHS)
    again.load_state_dict(heads.state_dict())
    vectors, present, _, _ = examples(1)
    torch.testing.assert_close(again(vectors, present), heads(vectors, present))
    assert "answers" not in fitted(KernelMachine()).state_dict(), "there are none to keep"


@pytest.mark.parametrize("first", [["anger"], ["mood", "warmth"], ["warmth", "warmth"]])
def test_what_cannot_be_first_is_refused(first: list[str]) -> None:
    with pytest.raises(InputError, match=r"'first' must be some of the targets mood, warmth, not all, each once; got "):
        KernelHeads(KernelMachine(first=first), TASK, WIDTHS)


def test_leading_components_are_a_second_modality_of_their_own() -> None:
    vectors, present, labels, groups = examples()
    asked, there, _, _ = examples(1)
    shares = {"voice": 2.0}
    ours = KernelMachine(
        shares=shares, components={"voice": 10}, unit_length=["voice"], apart=["voice"], leading={"voice": 3}
    )
    twice = KernelMachine(
        shares=shares, components={"voice": 10, "topics": 3}, unit_length=["voice", "topics"], apart=["voice"]
    )
    heads, by_hand = KernelHeads(ours, TASK, WIDTHS), KernelHeads(twice, TASK, WIDTHS | {"topics": 20})
    heads.fit(vectors, present, labels, groups, balance=True)
    both = [given | {"topics": given["voice"]} for given in (vectors, present)]
    by_hand.fit(*both, labels, groups, balance=True)
    expected = by_hand(asked | {"topics": asked["voice"]}, there | {"topics": there["voice"]})
    torch.testing.assert_close(heads(asked, there), expected, atol=1e-4, rtol=1e-4)
    assert heads.vectors.shape == (60, 15), "they are kept once"


def test_answers_may_stand_apart_and_together() -> None:
    vectors, present, _, _ = examples(1)
    machines = [
        KernelMachine(first=["warmth"]),
        KernelMachine(first=["warmth"], apart=["answers"]),
        KernelMachine(first=["warmth"], apart=["answers"], leading={"answers": 1}),
    ]
    told = [scores(heads, 0, heads(vectors, present)) for heads in map(fitted, machines)]
    assert not torch.allclose(told[0], told[1], atol=1e-2)
    assert (told[2] - told[0]).abs().mean() < (told[1] - told[0]).abs().mean(), "in between"
    assert not torch.allclose(told[2], told[0], atol=1e-3)


@pytest.mark.parametrize("settings", [{"leading": {"voice": 0}, "additive": True}, {"leading": {"voice": 3}}])
def test_leading_features_of_what_does_not_stand_apart_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(
        InputError, match=r"'leading' takes 1 or more of a modality that stands 'apart'; got \d of 'voi"
    ):
        KernelMachine(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("leading", "said"), [({"voice": 21}, "21 features of 'voice', which has 20"), ({"hand": 1}, "'hand', which has 0")]
)
def test_more_leading_features_than_there_are_are_refused(leading: dict[str, int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        KernelHeads(KernelMachine(leading=leading, additive=True), TASK, WIDTHS)
