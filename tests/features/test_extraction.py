"""Filling the cache: in one process or several, the same features; nothing is computed twice."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.features.audio import LogMel
from empdetect.features.cache import FeatureCache
from empdetect.features.extraction import FEW, fill_cache
from empdetect.features.text import TextEmbeddings
from empdetect.recording import Participant
from empdetect.streams.audio import AudioStream
from empdetect.streams.transcript import Transcript, Utterance
from tests.media import write_media


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Participant]:
    folder = tmp_path_factory.mktemp("voices")
    found = []
    for number in range(FEW):
        path = folder / f"{number}.wav"
        sound = np.sin(2 * np.pi * (100 + 20 * number) * np.arange(8000) / 16000).astype(np.float32)
        write_media(path, samples=sound)
        found.append(Participant(f"p{number}", audio=AudioStream(path)))
    return found


def test_several_processes_give_what_one_gives(
    people: list[Participant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    extractor = LogMel(hop=0.02)
    one, several = FeatureCache(tmp_path / "one"), FeatureCache(tmp_path / "several")
    for person in people[: FEW - 1]:
        fill_cache([person], {"audio": extractor}, one)
    fill_cache(people, {"audio": extractor}, several)
    for person in people[: FEW - 1]:
        assert several.holds(extractor, person)
        np.testing.assert_array_equal(
            one.features(extractor, person).values, several.features(extractor, person).values
        )


def test_what_is_cached_is_not_read_again(people: list[Participant], tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    fill_cache(people[:1], {"audio": LogMel()}, cache)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    assert len(written) == 1
    fill_cache(people[:1], {"audio": LogMel()}, cache)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")} == written


def test_people_without_the_stream_need_nothing(tmp_path: Path) -> None:
    fill_cache([Participant("silent")], {"audio": LogMel()}, FeatureCache(tmp_path))
    assert not list(tmp_path.rglob("*.npz"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    person = Participant("gone", audio=AudioStream(tmp_path / "gone.wav"))
    with pytest.raises(InputError, match=r"gone\.wav"):
        fill_cache([person], {"audio": LogMel()}, FeatureCache(tmp_path))


def test_texts_of_many_people_are_embedded_together(tmp_path: Path) -> None:
    said = ["I see.", "", "That must have been a very long day for you.", "Oh no!"] * 20
    people = [
        Participant(f"p{n}", transcript=Transcript((Utterance(f"{text} {n}" if text else ""),)))
        for n, text in enumerate(said)
    ]
    extractor, cache = TextEmbeddings(max_tokens=16), FeatureCache(tmp_path)
    fill_cache(people, {"text": extractor}, cache)
    for person in (people[0], people[1], people[2], people[79]):
        assert cache.holds(extractor, person)
        together, alone = cache.features(extractor, person), extractor(person)
        np.testing.assert_allclose(together.values, alone.values, atol=1e-5)
        np.testing.assert_array_equal(together.quality, alone.quality)
        assert together.reason == alone.reason
