import multiprocessing
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.example import featurise
from empdetect.features.audio import LogMel
from empdetect.features.base import Extractor, Features
from empdetect.features.cache import FeatureCache, cache_key, default_folder
from empdetect.recording import Participant, Recording, Segment, Stream
from empdetect.streams.audio import AudioStream
from empdetect.streams.transcript import Transcript, Utterance
from tests.media import write_media


class Lengths(Extractor):
    """Letters of each utterance; counts how often it is asked."""

    modality = "text"
    width = 1

    def __init__(self, scale: float = 1.0, weights: str = "") -> None:
        self.scale = scale
        self.weights = weights
        self.calls = 0

    def streams(self, person: Participant) -> Sequence[Stream]:
        return () if person.transcript is None else (person.transcript,)

    def resources(self) -> Sequence[Path]:
        return [Path(self.weights)] if self.weights else []

    def extract(self, person: Participant) -> Features:
        self.calls += 1
        assert person.transcript is not None
        said = person.transcript.read().utterances
        if not said:
            return Features.missing(1, "nothing said")
        values = np.array([[len(u.text) * self.scale] for u in said], np.float32)
        times = np.array([np.nan if u.start is None else u.start for u in said])
        return Features(values, times, np.ones(len(said), np.bool_), np.ones(len(said), np.float32))


def person(*said: Utterance, name: str = "ann") -> Participant:
    return Participant(name, transcript=Transcript(said))


ANN = person(Utterance("Hello", None, 0.0, 1.0), Utterance("you", None, 1.0, 2.0))


def equal(one: Features, two: Features) -> bool:
    arrays = all(
        np.array_equal(getattr(one, name), getattr(two, name), equal_nan=name != "mask")
        and getattr(one, name).dtype == getattr(two, name).dtype
        for name in ("values", "times", "mask", "quality")
    )
    return arrays and one.reason == two.reason


@pytest.mark.parametrize("someone", [ANN, person(), person(Utterance("no times"))])
def test_features_come_back_as_they_were(tmp_path: Path, someone: Participant) -> None:
    extractor = Lengths()
    made = FeatureCache(tmp_path).features(extractor, someone)
    read = FeatureCache(tmp_path).features(extractor, someone)
    assert extractor.calls == 1
    assert equal(made, read)


def test_memory_spares_the_disk_and_forgets_the_oldest(tmp_path: Path) -> None:
    extractor, cache = Lengths(), FeatureCache(tmp_path, enabled=False, keep=2)
    people = [person(Utterance("word" * n)) for n in (1, 2, 3)]
    for someone in (*people[:2], *people[:2]):
        cache.features(extractor, someone)
    assert extractor.calls == 2
    cache.features(extractor, people[2])
    cache.features(extractor, people[0])
    assert extractor.calls == 4
    assert not list(tmp_path.iterdir())


def test_what_is_asked_for_again_is_not_forgotten_for_what_comes_with_it(tmp_path: Path) -> None:
    extractor, cache = Lengths(), FeatureCache(tmp_path, enabled=False, keep=3)
    first, *others = [person(Utterance("word" * n)) for n in range(1, 5)]
    cache.fill(extractor, [first, *others[:2]])
    cache.fill(extractor, [first, others[2]])
    assert extractor.calls == 4
    cache.features(extractor, first)
    cache.features(extractor, others[2])
    assert extractor.calls == 4


def test_key_changes_with_all_that_matters(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"one")
    newer = Lengths()
    newer.version = 2
    keys = [
        cache_key(Lengths(), ANN),
        cache_key(Lengths(2.0), ANN),
        cache_key(newer, ANN),
        cache_key(Lengths(), person(*ANN.transcript.read().utterances, name="bob")),  # type: ignore[union-attr]
        cache_key(Lengths(), person(Utterance("Hello", None, 0.0, 1.5), Utterance("you", None, 1.0, 2.0))),
        cache_key(Lengths(weights=str(weights)), ANN),
    ]
    weights.write_bytes(b"other")
    keys.append(cache_key(Lengths(weights=str(weights)), ANN))
    assert len(set(keys)) == len(keys)
    assert cache_key(Lengths(), ANN) == keys[0]


def test_changed_file_gives_new_features(tmp_path: Path) -> None:
    cache, path = FeatureCache(tmp_path / "cache"), tmp_path / "a.wav"
    lengths = []
    for seconds in (0.5, 1.0):
        write_media(path, samples=np.random.default_rng(0).normal(0, 0.1, int(16_000 * seconds)))
        lengths.append(len(cache.features(LogMel(), Participant("ann", audio=AudioStream(path))).values))
    assert lengths == [50, 100]


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_broken_file_is_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    extractor = Lengths()
    made = FeatureCache(tmp_path).features(extractor, ANN)
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:-40] if damage is None else damage)
    assert equal(FeatureCache(tmp_path).features(extractor, ANN), made)
    assert extractor.calls == 2
    FeatureCache(tmp_path).features(extractor, ANN)
    assert extractor.calls == 2


def test_pickled_array_is_never_loaded(tmp_path: Path) -> None:
    extractor, cache = Lengths(), FeatureCache(tmp_path)
    path = cache.path(cache_key(extractor, ANN))
    path.parent.mkdir(parents=True)
    arrays = dict.fromkeys(("values", "times", "mask", "quality", "reason"), np.array([{"code": 1}], object))
    np.savez(path, allow_pickle=True, **arrays)
    assert cache.features(extractor, ANN).values.tolist() == [[5], [3]]
    assert extractor.calls == 1


def test_folder_that_cannot_be_written_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = FeatureCache(tmp_path / "file")
    assert cache.features(Lengths(), ANN).observed
    assert "EMPDETECT_CACHE" in caplog.text


def test_default_folder_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPDETECT_CACHE", str(tmp_path / "here"))
    FeatureCache().features(Lengths(), ANN)
    assert len(list((tmp_path / "here").rglob("*.npz"))) == 1
    monkeypatch.delenv("EMPDETECT_CACHE")
    assert default_folder().name == "empdetect"


def test_no_stream_needs_no_file(tmp_path: Path) -> None:
    assert FeatureCache(tmp_path).features(Lengths(), Participant("ann")).reason == "no text"
    assert not list(tmp_path.iterdir())


def test_cache_travels_without_its_memory(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.features(Lengths(), ANN)
    assert len(pickle.dumps(pickle.loads(pickle.dumps(cache)))) < 300


def _fill(folder: Path, seed: int) -> int:
    cache = FeatureCache(folder)
    return sum(len(cache.features(Lengths(), person(Utterance("x" * n))).values) for n in range(1, 30))


def test_two_processes_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.starmap(_fill, [(tmp_path, 0), (tmp_path, 1)]) == [29, 29]
    assert len(list(tmp_path.rglob("*.npz"))) == 29
    assert not list(tmp_path.rglob("*.tmp"))


def dialogue() -> Recording:
    bob = Participant("bob", transcript=Transcript((Utterance("Hm", None, 0.5, 0.6),)))
    return Recording("talk", (ANN, bob))


def test_featurise_puts_the_scored_person_first_and_cuts_the_window(tmp_path: Path) -> None:
    segment = Segment(dialogue(), "bob", start=0.0, end=1.0)
    example = featurise(segment, {"words": Lengths()}, FeatureCache(tmp_path))
    assert [f.values.tolist() for f in example.inputs["words"]] == [[[2]], [[5]]]
    one = featurise(segment, {"words": Lengths()}, FeatureCache(tmp_path), persons=1)
    assert len(one.inputs["words"]) == 1


def test_featurise_windows_share_one_extraction() -> None:
    extractor, cache = Lengths(), FeatureCache(enabled=False)
    for start in range(10):
        featurise(Segment(dialogue(), "ann", start, start + 1.0), {"text": extractor}, cache)
    assert extractor.calls == 2


def test_unreadable_stream_raises_or_is_missing(tmp_path: Path) -> None:
    ann = Participant("ann", audio=AudioStream(tmp_path / "gone.wav"))
    segment = Segment(Recording("talk", (ann,)), "ann")
    extractors = {"audio": LogMel()}
    with pytest.raises(InputError, match=r"gone\.wav: no such file"):
        featurise(segment, extractors, FeatureCache(tmp_path))
    (features,) = featurise(segment, extractors, FeatureCache(tmp_path), on_error="missing").inputs["audio"]
    assert "no such file" in features.reason
    assert features.values.shape == (0, LogMel().width)


def test_what_is_cheap_is_not_kept_on_disk(tmp_path: Path) -> None:
    class Cheap(Lengths):
        cheap = True

    extractor, cache, ann = Cheap(), FeatureCache(tmp_path), person(Utterance("Hello"))
    assert cache.holds(extractor, ann)
    assert cache.features(extractor, ann) is cache.features(extractor, ann)
    assert extractor.calls == 1
    assert not list(tmp_path.iterdir())
