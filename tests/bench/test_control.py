import numpy as np
import pytest

from empdetect.bench.baselines import Tfidf
from empdetect.bench.checks import ProtocolError
from empdetect.bench.control import Trial, check_control, shuffled, try_shuffled
from empdetect.bench.metrics import macro_f1, only
from empdetect.bench.run import fold_data, fold_of
from empdetect.bench.system import Fold, labels_of
from empdetect.recording import Segment
from tests.bench.tiny import TASK, TINY, Scripted, segment


def parts(number: int) -> tuple[Fold, list[Segment]]:
    data = fold_data(TINY, None, number)
    return fold_of(TINY, data, number, None, fast=False), data.parts["test"]


def test_shuffled_labels_fall_to_chance() -> None:
    trials = []
    for number in range(3):
        fold, test = parts(number)
        trials.append(try_shuffled(fold, Tfidf(strengths=(1.0,)), test, only("kind", macro_f1)))
        control = check_control("tiny", "TF-IDF", trials)
        assert control.measured <= control.limit and control.folds == number + 1
        assert 0.2 < control.chance < 0.7


def test_a_system_that_knows_the_labels_in_spite_of_the_shuffling_is_found() -> None:
    fold, test = parts(0)
    trial = try_shuffled(fold, Scripted(), test, only("kind", macro_f1))
    with pytest.raises(ProtocolError, match=r"tiny: over 1 folds with shuffled labels 'ours' reaches 1\.000"):
        check_control("tiny", "ours", [trial])


def test_more_folds_find_what_one_cannot() -> None:
    """A leak of .08 hides in the noise of one fold, not in that of twelve."""
    generator = np.random.default_rng(0)
    trials = [Trial(generator.normal(0.58, 0.1, 10), generator.normal(0.5, 0.03, 400)) for _ in range(12)]
    check_control("tiny", "ours", trials[:1])
    with pytest.raises(ProtocolError, match="over 12 folds"):
        check_control("tiny", "ours", trials)


def test_shuffling_keeps_the_labels_and_moves_them() -> None:
    before = [segment(number) for number in range(30)]
    after = shuffled(before, np.random.default_rng(0))
    one, other = labels_of(before, TASK)["warmth"], labels_of(after, TASK)["warmth"]
    assert sorted(one) == sorted(other)
    assert list(one) != list(other)
