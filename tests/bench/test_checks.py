"""Every fault that would make a figure worthless, planted once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from empdetect.bench.checks import (
    FoldChecks,
    ProtocolError,
    check_alone,
    check_answers,
    check_learned_from,
    check_named,
    check_scaling,
    normalised,
    text_of,
)
from empdetect.bench.run import fold_data, fold_of
from empdetect.bench.system import Answers, Fold, unlabelled
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.relative import RelativeFeatures
from empdetect.recording import Participant, Recording, Segment, Split
from empdetect.streams.transcript import Transcript, Utterance
from tests.bench.tiny import TASK, TINY, Scripted, segment


def parts_of(train: Sequence[int], val: Sequence[int], test: Sequence[int]) -> dict[Split, list[Segment]]:
    return {"train": [*map(segment, train)], "val": [*map(segment, val)], "test": [*map(segment, test)]}


def first_fold() -> tuple[Fold, list[Segment]]:
    data = fold_data(TINY, None, 0)
    return fold_of(TINY, data, 0, None, fast=False), data.parts["test"]


def test_clean_folds_pass() -> None:
    checks = FoldChecks("tiny")
    checks.check(parts_of(range(18), range(18, 24), range(24, 30)), 0)
    checks.check(parts_of(range(6, 24), range(24, 30), range(6)), 1)


def test_a_group_in_two_parts_is_named() -> None:
    with pytest.raises(ProtocolError, match=r"tiny, fold 2: the group 'writer_0' is in train \(reply_0\) and in test"):
        FoldChecks("tiny").check(parts_of([0, 1], [9], [2]), 2)


def test_a_group_tested_in_two_folds_is_named() -> None:
    checks = FoldChecks("tiny")
    checks.check(parts_of([0], [9], [27]), 0)
    with pytest.raises(ProtocolError, match="group 'writer_9' is tested in folds 0 and 1"):
        checks.check(parts_of([0], [9], [28]), 1)


def test_a_text_in_two_parts_is_found_in_spite_of_case_and_commas() -> None:
    parts = parts_of([0], [9], [27])
    person = Participant("writer", transcript=Transcript((Utterance("PLEASE, read the manual first:  number0!"),)))
    parts["test"].append(replace(segment(27), recording=Recording("copy", (person,))))
    with pytest.raises(ProtocolError, match=r"the text 'please read .*' is in train \(reply_0\) and in test \(copy\)"):
        FoldChecks("tiny").check(parts, 0)
    FoldChecks("tiny", shortest_text=7).check(parts, 0)


def test_only_words_within_the_segment_count() -> None:
    said = Transcript((Utterance("before", start=0, end=1), Utterance("within", start=2, end=3)))
    person = Participant("a", transcript=said)
    piece = Segment(Recording("r", (person, Participant("b"))), "a", start=1.5, end=4)
    assert text_of(piece) == text_of(piece, last=True) == "within"
    whole = replace(piece, start=None, end=None)
    assert (text_of(whole), text_of(whole, last=True)) == ("before within", "within")
    assert text_of(piece, 1) == ""
    assert text_of(piece, 2) == ""
    assert normalised("It's  FINE, you know…") == "it s fine you know"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda a: a | {"kind": a["kind"][:-1]}, "5 predictions for 6 labels"),
        (lambda a: a | {"kind": np.vstack([a["kind"][:-1], [[np.nan, 1]]])}, "1 predictions are not numbers.*reply_29"),
        (lambda a: a | {"kind": np.vstack([a["kind"][:-1], [[-0.01, 1]]])}, "1 predictions are no prob.*reply_29"),
        (lambda a: a | {"kind": a["kind"] + 0.5}, "6 predictions are no probabilities.*reply_24"),
        (lambda a: {"kind": a["kind"]}, "warmth: no answers"),
        (lambda a: a | {"kind": a["kind"][:, 1:]}, r"answers of shape \(6, 1\), expected is \(6, 2\)"),
    ],
)
def test_answers_that_cannot_be_measured_are_refused(fault: object, message: str) -> None:
    asked = [segment(number) for number in range(24, 30)]
    answers = dict(Scripted().answers(unlabelled(asked)))
    check_answers("ours", 1, answers, asked, TASK)
    check_answers("ours", 1, answers | {"kind": answers["kind"] * (1 + 1e-7)}, asked, TASK)  # as floats of 32 bits are
    with pytest.raises(ProtocolError, match=f"ours, fold 1, target .*{message}"):
        check_answers("ours", 1, fault(answers), asked, TASK)  # type: ignore[operator]


def test_learning_from_the_test_part_is_refused() -> None:
    fold, test = first_fold()
    check_learned_from("ours", fold, [*fold.train, *fold.val])
    with pytest.raises(ProtocolError, match="ours, fold 0: learned from 1 segments outside"):
        check_learned_from("ours", fold, [*fold.train, test[0]])


@pytest.mark.parametrize(("name", "zscore_by"), [("voices", "group"), ("voices-z", None)])
def test_standardisation_on_test_data_must_show_in_the_name(name: str, zscore_by: str | None) -> None:
    with pytest.raises(ProtocolError, match=f"{name}: features are"):
        check_named(name, zscore_by)


@pytest.mark.parametrize(("name", "zscore_by"), [("voices-z", "group"), ("voices", None)])
def test_names_that_tell_the_truth_pass(name: str, zscore_by: str | None) -> None:
    check_named(name, zscore_by)


def test_what_is_held_against_the_whole_recording_is_named_so() -> None:
    fold, _ = first_fold()
    pulse = PhysiologyFeatures(["EDA"])
    check_scaling("ours", fold, None, {"pulse": pulse})
    for extractor in (RelativeFeatures(pulse), PhysiologyFeatures(["EDA"], centred=True)):
        with pytest.raises(ProtocolError, match="ours, fold 0: 'pulse' is held against the person's whole recording"):
            check_scaling("ours", fold, None, {"pulse": extractor})
        check_scaling("ours-z", replace(fold, zscore_by="group"), "group", {"pulse": extractor})
    sides: tuple[Literal["past", "baseline"], ...] = ("past", "baseline")
    for against in sides:
        check_scaling("ours", fold, None, {"pulse": RelativeFeatures(pulse, against, 60.0)})
        centred = RelativeFeatures(PhysiologyFeatures(["EDA"], centred=True), against, 60.0)
        with pytest.raises(ProtocolError, match="held against the person's whole recording"):
            check_scaling("ours", fold, None, {"pulse": centred})
        ahead = RelativeFeatures(pulse, against, 60.0, shifts=(0.0, 30.0))
        with pytest.raises(ProtocolError, match="held against the person's whole recording"):
            check_scaling("ours", fold, None, {"pulse": ahead})
    with pytest.raises(ProtocolError, match="standardises by the training set, the protocol by group"):
        check_scaling("ours-z", replace(fold, zscore_by="group"), None, {"pulse": pulse})


class Standardising(Scripted):
    """Takes the mean off the answers about whatever it is asked together."""

    def answers(self, segments: Sequence[Segment]) -> Answers:
        found = super().answers(segments)
        return {**found, "warmth": found["warmth"] - found["warmth"].mean() + 2}


def test_standardisation_fitted_on_the_test_data_is_found() -> None:
    fold, test = first_fold()
    honest, cheat = Scripted(), Standardising()
    check_alone("tiny, honest", fold, honest, test, honest.answers(unlabelled(test)))
    answers = cheat.answers(unlabelled(test))
    with pytest.raises(ProtocolError, match="tiny, cheat, fold 0, target warmth: answers change by up to"):
        check_alone("tiny, cheat", fold, cheat, test, answers)
    check_alone("tiny-z, cheat", replace(fold, zscore_by="group"), cheat, test, answers)


class Failing(Scripted):
    """Knows nothing of fewer segments than it was asked about first."""

    def answers(self, segments: Sequence[Segment]) -> Answers:
        found = super().answers(segments)
        return {name: values * np.nan if len(segments) < 4 else values for name, values in found.items()}


def test_an_answer_that_is_no_number_once_asked_alone_is_found() -> None:
    fold, test = first_fold()
    failing = Failing()
    with pytest.raises(ProtocolError, match="answers change by up to nan"):
        check_alone("tiny, failing", fold, failing, test, failing.answers(unlabelled(test)))
