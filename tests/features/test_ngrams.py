"""N-grams: what is counted, in whose mouth, and where."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.features.cache import FeatureCache
from empdetect.features.ngrams import TextNgrams
from empdetect.recording import Participant
from empdetect.streams.transcript import Transcript, Utterance


def person(*texts: str, role: str | None = None) -> Participant:
    utterances = tuple(Utterance(text, start=float(n), end=n + 1.0) for n, text in enumerate(texts))
    return Participant("anna", role, transcript=Transcript(utterances))


def counts(extractor: TextNgrams, *texts: str) -> list[float]:
    return sorted(extractor(person(*texts)).values[:, 1].tolist())


def test_words_and_pairs_are_counted() -> None:
    assert counts(TextNgrams(words=2, characters=0), "You win, you lose.") == [1, 1, 1, 1, 1, 2]


def test_characters_serve_languages_without_spaces() -> None:
    assert counts(TextNgrams(words=0, characters=2), "难过难过") == [1, 2, 2, 2]


def test_utterances_keep_their_times() -> None:
    found = TextNgrams(words=1, characters=0)(person("one two", "three"))
    assert found.times.tolist() == [0.5, 0.5, 1.5]
    assert found.window(1.0, 2.0).values.shape == (1, 2)
    assert np.isnan(TextNgrams()(Participant("anna", transcript=Transcript((Utterance("hm"),)))).times).all()


def test_the_same_word_is_another_in_another_role(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    for by_role, same in ((True, False), (False, True)):
        extractor = TextNgrams(by_role=by_role)
        seeker, helper = (cache.features(extractor, person("I see", role=role)).values for role in ("seeker", "helper"))
        assert np.array_equal(seeker[:, 0], helper[:, 0]) == same
        assert sorted(seeker[:, 1]) == sorted(helper[:, 1])


def test_numbers_stay_within_the_buckets() -> None:
    values = TextNgrams(buckets=7)(person("a long enough sentence")).values
    assert values[:, 0].min() >= 0
    assert values[:, 0].max() < 7
    assert len(set(values[:, 0])) == len(values), "n-grams of one number are one row"


def test_silence_and_faults_are_named() -> None:
    silent = TextNgrams()(replace(person(""), name="ben"))
    assert not silent.observed
    assert "no words of ben" in silent.reason
    for wrong in ({"words": 0, "characters": 0}, {"words": -1}, {"buckets": 2**25}):
        with pytest.raises(InputError, match="'words' or 'characters'"):
            TextNgrams(**wrong)


def test_the_last_turn_and_those_before_it_are_told_apart() -> None:
    person = Participant("ann", transcript=Transcript((Utterance("one two"), Utterance("three"))))
    numbers = {turns: set(TextNgrams(1, 0, turns=turns)(person).values[:, 0]) for turns in ("all", "last", "earlier")}
    assert (len(numbers["last"]), len(numbers["earlier"])) == (1, 2)
    assert numbers["all"] == numbers["last"] | numbers["earlier"]
    one = Participant("ann", transcript=Transcript((Utterance("three"),)))
    assert TextNgrams(turns="earlier")(one).reason == "the transcript has no earlier words of ann"
