"""Baselines learn what can be learned from words and signals, and nothing else."""

from importlib.util import find_spec

import numpy as np
import pytest

from empdetect.bench.baselines import Functionals, Majority, Opensmile, Tfidf, by_group, only_frame, statistics
from empdetect.bench.metrics import accuracy, only, pearson
from empdetect.bench.opensmile import OpensmileFunctionals
from empdetect.bench.run import fold_data, fold_of
from empdetect.bench.system import Fold, NotAvailable, labels_of, unlabelled
from empdetect.errors import InputError
from empdetect.features.base import Features
from empdetect.features.table import TableFeatures
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.table import Table
from empdetect.task import Target, Task
from tests.bench.tiny import TASK, TINY

FEELING = Task((Target("feeling", "nominal", ("calm", "angry", "sad")), Target("strength", "regression", range=(0, 9))))


def tiny_fold() -> tuple[Fold, list[Segment]]:
    data = fold_data(TINY, None, 0)
    return fold_of(TINY, data, 0, None, fast=False), data.parts["test"]


def signals(people: int = 6, each: int = 9) -> list[Segment]:
    """Segments whose signal rises by the feeling, each person from a level of their own; the last has no signal."""
    rng, found = np.random.default_rng(0), []
    for person in range(people):
        for number in range(each):
            means = 100 * person + 5 * np.array([number % 3, number % 3 == 1])
            values = (means + rng.normal(0, 0.5, (20, 2))).astype(np.float32)
            table = Table(values, np.arange(20.0), ("level", "middle"))
            tables = {"t": table} if (person, number) != (people - 1, each - 1) else {}
            labels = {"feeling": float(number % 3), "strength": float(number % 3)}
            recording = Recording(f"{person}_{number}", (Participant("p", tables=tables),))
            found.append(Segment(recording, "p", labels=labels, group=f"person_{person}"))
    return found


def signal_fold(zscore: bool) -> tuple[Fold, list[Segment]]:
    everything = signals()
    fold = Fold(FEELING, 0, everything[:27], everything[27:36], zscore_by="group" if zscore else None)
    return fold, everything[36:]


LEVEL = {"t": TableFeatures(["level", "middle"], modality="t", table="t")}


def test_the_majority_is_the_commonest_level_and_the_mean() -> None:
    fold, test = tiny_fold()
    majority = Majority()
    majority.fit(fold, 0)
    answers = majority.answers(unlabelled(test))
    labels = labels_of([*fold.train, *fold.val], TASK)
    assert answers["kind"][0].argmax() == np.bincount(labels["kind"].astype(int)).argmax()
    np.testing.assert_allclose(answers["warmth"], labels["warmth"].mean())


@pytest.mark.parametrize("words", [True, False])
def test_words_tell_labels_and_numbers(words: bool) -> None:
    fold, test = tiny_fold()
    tfidf = Tfidf(words=words)
    tfidf.fit(fold, 0)
    answers, labels = tfidf.answers(unlabelled(test)), labels_of(test, TASK)
    assert only("kind", accuracy)(labels, answers, TASK) == 1
    assert only("warmth", pearson)(labels, answers, TASK) > 0.8
    np.testing.assert_allclose(answers["kind"].sum(axis=1), 1)


def test_unknown_labels_are_left_out_and_a_level_never_seen_gets_nothing() -> None:
    fold, test = signal_fold(zscore=True)
    known = [s for s in fold.train if s.labels["feeling"] < 2]
    loose = Segment(known[0].recording, "p", labels={"strength": 1.0}, group=known[0].group)
    system = Functionals(LEVEL)
    system.fit(Fold(FEELING, 0, [*known, loose], [], zscore_by="group"), 0)
    answers = system.answers(unlabelled(test))
    assert answers["feeling"].shape == (len(test), 3)
    assert not answers["feeling"][:, 2].any()


@pytest.mark.parametrize("model", ["svm", "logistic"])
def test_functionals_learn_from_signals_once_people_are_made_alike(model: str) -> None:
    found = {}
    for zscore in (False, True):
        fold, test = signal_fold(zscore)
        system = Functionals(LEVEL, model=model, strengths=(0.01, 1.0))  # type: ignore[arg-type]
        system.fit(fold, 0)
        answers = system.answers(unlabelled(test))
        assert np.isfinite(answers["feeling"]).all(), "the segment without a signal is answered too"
        found[zscore] = only("feeling", accuracy)(labels_of(test, FEELING), answers, FEELING)
    assert found[True] > 0.9 > found[False]


def test_equal_folds_give_equal_answers() -> None:
    fold, test = signal_fold(zscore=True)
    one, other = Functionals(LEVEL), Functionals(LEVEL)
    one.fit(fold, 0)
    other.fit(fold, 0)
    np.testing.assert_array_equal(one.answers(test)["feeling"], other.answers(test)["feeling"])


def test_statistics_leave_out_what_was_not_observed() -> None:
    values = np.array([[1, np.nan], [3, np.nan], [99, 99]], np.float32)
    mask = np.array([True, True, False])
    found = statistics(Features(values, np.arange(3.0), mask, mask.astype(np.float32))).reshape(8, 2)
    np.testing.assert_allclose(found[:, 0], [2, 1, 1.1, 1.5, 2, 2.5, 2.9, 2])
    assert np.isnan(found[:, 1]).all()
    assert np.isnan(statistics(Features.missing(3, "nothing"))).all()
    assert np.isnan(only_frame(Features.missing(3, "nothing"))).all()


def test_groups_are_standardised_by_themselves() -> None:
    people = signals(people=2, each=2)
    rows = by_group(np.array([[1.0], [3.0], [100.0], [100.0]]), people)
    np.testing.assert_allclose(rows, [[-1], [1], [0], [0]])


@pytest.mark.skipif(find_spec("opensmile") is not None, reason="opensmile is installed")
def test_without_opensmile_the_reason_is_told() -> None:
    fold, _ = tiny_fold()
    with pytest.raises(NotAvailable, match=r"pip install 'empdetect\[bench\]'"):
        Opensmile().fit(fold, 0)


def test_opensmile_knows_its_feature_sets() -> None:
    assert OpensmileFunctionals("eGeMAPSv02").width == 88
    with pytest.raises(InputError, match="allowed are ComParE_2016, eGeMAPSv02"):
        OpensmileFunctionals("emobase")
    assert OpensmileFunctionals()(Participant("p")).reason == "no audio"
