"""Novelty: what is unlike the training set is told from it, and new people are no strangers."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from empdetect.example import Example
from empdetect.features.base import Features
from empdetect.models.doubt import STRANGE, doubt_of, on_scale, typical_and_limit
from empdetect.models.novelty import Novelty, fit_novelty, outline, words_of
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.transcript import Transcript, Utterance

SENTENCES = (
    "I am so sorry that you had to go through this",
    "that must have been very hard for you and your family",
    "I know how it feels when nobody listens to you",
    "have you talked to your sister about what happened",
    "it is good that you told me how you feel today",
)


def features(values: np.ndarray, observed: bool = True) -> Features:
    count = len(values)
    there = np.full(count, observed)
    return Features(values.astype(np.float32), np.arange(count) / 10.0, there, there.astype(np.float32))


def measured(rng: np.random.Generator, person: int, wild: float = 1.0, still: float = 1.0) -> Example:
    """A second of three signals around a person's own level; the fourth never changes."""
    level = np.random.default_rng(person).normal(0, 0.5, 3)
    walk = np.cumsum(rng.normal(0, 0.3 * still, (20, 3)), axis=0) * wild + level
    values = np.column_stack([walk, np.full(20, 7.0)])
    return Example(Segment(Recording(f"r{person}", (Participant("a"),)), "a"), {"body": (features(values),)})


def spoken(text: str, start: float | None = None) -> Example:
    said = Transcript((Utterance(text, "a", start, None if start is None else start + 2),))
    segment = Segment(Recording("r", (Participant("a", transcript=said),)), "a")
    return Example(segment, {"text": (features(np.ones((1, 4))),)})


def corpus(size: int = 200, people: int = 10, seed: int = 0) -> tuple[list[Example], list[str]]:
    rng = np.random.default_rng(seed)
    whose = [seed * 100 + number % people for number in range(size)]
    return [measured(rng, person) for person in whose], [str(person) for person in whose]


@pytest.fixture(scope="module")
def novelty() -> Novelty:
    return fit_novelty(*corpus(), *corpus(60, 3, seed=1))


def test_new_people_are_no_strangers(novelty: Novelty) -> None:
    doubt = novelty.doubt(corpus(200, 10, seed=2)[0])["body"]
    assert (doubt >= STRANGE).mean() <= 0.02
    assert (doubt > 0).mean() <= 0.12


@pytest.mark.parametrize("change", [{"wild": 20.0}, {"still": 0.01}], ids=["wild", "still"])
def test_signals_too_wild_or_too_still_are_strange(change: dict[str, float], novelty: Novelty) -> None:
    rng = np.random.default_rng(5)
    doubt = novelty.doubt([measured(rng, 300 + number, **change) for number in range(20)])["body"]
    assert (doubt >= STRANGE).mean() >= 0.9


def test_what_never_varied_in_training_is_not_judged(novelty: Novelty) -> None:
    [example] = corpus(1)[0]
    values = example.inputs["body"][0].values.copy()
    values[:, 3] = 1000.0
    other = Example(example.segment, {"body": (features(values),)})
    assert novelty.distance([other])["body"] == pytest.approx(novelty.distance([example])["body"])


def test_unknown_values_count_as_usual_ones(novelty: Novelty) -> None:
    [example] = corpus(1)[0]
    values = np.full_like(example.inputs["body"][0].values, np.nan)
    unknown = Example(example.segment, {"body": (features(values),)})
    assert novelty.doubt([unknown])["body"][0] < STRANGE


def test_where_nothing_is_there_is_no_doubt(novelty: Novelty) -> None:
    nothing = Example(corpus(1)[0][0].segment, {"body": (Features.missing(4, "no body"),)})
    assert novelty.doubt([nothing])["body"].tolist() == [0.0]
    assert np.isnan(novelty.distance([nothing])["body"]).all(), "missing is no distance"
    assert novelty.doubt([])["body"].tolist() == []


def test_strange_words_are_told_from_usual_ones() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(SENTENCES, 2, replace=False)) for _ in range(60)]
    whose = [str(number % 12) for number in range(60)]
    fitted = fit_novelty([spoken(text) for text in texts[:48]], whose[:48], [spoken(t) for t in texts[48:]], whose[48:])
    assert list(fitted.words) == ["text"]
    assert not fitted.features
    usual = fitted.doubt([spoken("I am sorry that you feel like this and that nobody listens to you")])["text"]
    strange = fitted.doubt(
        [spoken("Das tut mir wirklich leid, hast du schon mit jemandem gesprochen?"), spoken("xqz wvbn plrt qqw dfg")]
    )["text"]
    assert usual[0] < STRANGE <= strange.min()


def test_a_word_or_two_say_little() -> None:
    whose = [str(number % 12) for number in range(60)]
    fitted = fit_novelty([spoken(SENTENCES[number % 5]) for number in range(60)], whose, [], [])
    short, long = (fitted.distance([spoken(text)])["text"][0] for text in ("brr", "brr grmpf hmpf oink miau wuff"))
    assert short < long


def test_words_are_those_of_the_window_and_the_person() -> None:
    said = Transcript((Utterance("one", "a", 0, 2), Utterance("two", "a", 9, 12), Utterance("three", "b", 9, 10)))
    recording = Recording("r", (Participant("a", transcript=said),))
    assert words_of(Segment(recording, "a", 0, 10)) == "one"
    assert words_of(Segment(recording, "a", 10, 20)) == "two"
    assert words_of(Segment(recording, "a")) == "one two"
    assert words_of(Segment(Recording("r", (Participant("a"),)), "a")) == ""


@pytest.mark.parametrize(("size", "people"), [(19, 5), (60, 1)])
def test_too_few_segments_or_one_person_alone_judge_nothing(size: int, people: int) -> None:
    fitted = fit_novelty(*corpus(size, people), [], [])
    assert fitted.arrays() == {}
    assert fitted.doubt(corpus(3)[0]) == {}
    assert fit_novelty([], [], [], []).arrays() == {}


def test_it_survives_safetensors(novelty: Novelty, tmp_path: Path) -> None:
    save_file(novelty.arrays(), tmp_path / "n.safetensors")
    again = Novelty.from_arrays(load_file(tmp_path / "n.safetensors"))
    examples = corpus(20, seed=3)[0]
    assert (again.distance(examples)["body"] == novelty.distance(examples)["body"]).all()


def test_fitting_again_gives_the_same(novelty: Novelty) -> None:
    again = fit_novelty(*corpus(), *corpus(60, 3, seed=1))
    for name, array in novelty.arrays().items():
        assert (again.arrays()[name] == array).all(), name


def test_an_outline_tells_mean_spread_and_movement() -> None:
    values = np.array([[0.0, np.nan], [2.0, np.nan], [0.0, 5.0], [2.0, 5.0]])
    found = outline(features(values))
    assert found[:, 0].tolist() == [1.0, 1.0, 2.0]
    assert found[:, 1].tolist() == [5.0, 0.0, 0.0]
    assert outline(features(np.zeros((2, 5000)))).shape[1] <= 2048


def test_doubt_starts_softly_at_the_limit() -> None:
    doubt = doubt_of(np.array([0.0, 1.0, 2.0, 3.0, 6.0]), 1.0, 2.0)
    assert doubt.tolist() == pytest.approx([0, 0, 0, 0.632, 0.982], abs=1e-3)
    assert on_scale(np.array([1.0, 2.0]), 1.0, 2.0).tolist() == [0.0, 1.0]
    assert doubt_of(np.array([5.0]), 1.0, 1.0).tolist() == [0.0]


def test_every_group_has_the_same_say_in_what_is_usual() -> None:
    values = np.concatenate([np.zeros(1000), np.ones(10)])
    typical, limit = typical_and_limit(values, np.array(["many"] * 1000 + ["few"] * 10))
    assert (typical, limit) == (0.0, 1.0)
