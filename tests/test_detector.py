"""A detector as a user holds it: it predicts, scores, and does without what is missing."""

import math
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
import torch

from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.cache import FeatureCache
from empdetect.inputs import find_recordings
from empdetect.models.ensemble import Ensemble
from empdetect.models.network import DetectorNetwork
from empdetect.prediction import Prediction
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.task import Target, Task
from empdetect.windows import segments
from tests.detectors import MODALITIES, TASK, tiny_detector, write_everything


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("recordings")
    write_everything(folder, "everything")
    return find_recordings([folder])[0].open().recording


@pytest.fixture(scope="module")
def detector() -> Detector:
    return tiny_detector("audio", "physiology", "text", calibrated=True)


def without(recording: Recording, *streams: str) -> Recording:
    people = tuple(replace(person, **dict.fromkeys(streams)) for person in recording.participants)
    return replace(recording, participants=people)


def test_scores_have_a_row_for_each_window_and_measure(detector: Detector, recording: Recording) -> None:
    table = detector.score(recording).table
    assert len(table) == 2 * 2, "two windows, two measures"
    assert list(table["measure"]) == ["empathy", "distress"] * 2
    assert set(table["participant"]) == {"Ann"}
    assert table[["score", "low", "high"]].notna().all(axis=None)
    assert (table["low"] <= table["score"]).all()
    assert (table["score"] <= table["high"]).all()
    assert table[table["measure"] == "empathy"]["score"].between(0, 1).all()
    assert table[table["measure"] == "distress"]["score"].between(1, 7).all()
    assert (table["reason"] == "").all()
    assert all(cell.split()[0].startswith("audio:") for cell in table["modalities"])


def test_without_calibration_there_is_no_interval(recording: Recording) -> None:
    scores = tiny_detector("audio").score(recording)
    assert scores.about["calibrated"] is False
    assert scores.table[["low", "high"]].isna().all(axis=None)
    assert scores.table["score"].notna().all()


@pytest.mark.parametrize("count", [1, 2])
def test_any_modality_may_be_missing(count: int, detector: Detector, recording: Recording) -> None:
    whole = detector.score(recording).table
    for lost in combinations(["audio", "physiology", "transcript"], count):
        table = detector.score(without(recording, *lost)).table
        names = {"transcript": "text"}
        assert table["score"].notna().all(), lost
        assert not any(names.get(stream, stream) in cell for stream in lost for cell in table["modalities"])
        assert table["quality"].mean() < whole["quality"].mean()
        assert not table["score"].equals(whole["score"])


def test_with_nothing_there_is_a_reason_and_no_score(detector: Detector, recording: Recording) -> None:
    [prediction] = detector.predict([Segment(without(recording, "audio", "physiology", "transcript"), "Ann")])
    assert prediction.scores == {}
    assert prediction.score("empathy") is None
    assert prediction.reason == "audio: no audio; physiology: no physiology; text: no text"
    [row, _] = prediction.rows(detector.measures)
    assert math.isnan(row["score"])
    assert row["quality"] == 0


def test_a_broken_stream_is_missing_with_its_reason(detector: Detector, recording: Recording, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing")
    person = replace(recording.participants[0], audio=AudioStream(tmp_path / "broken.wav"))
    [prediction] = detector.predict([Segment(Recording("r", (person,)), "Ann", 0, 6)])
    assert prediction.scores
    assert prediction.quality["audio"] == 0
    assert "FFmpeg cannot decode" in prediction.missing["audio"]
    assert prediction.reason == ""


def test_predictions_keep_their_order(detector: Detector, recording: Recording) -> None:
    nobody = Recording("nobody", (Participant("Ann"),))
    wanted = segments(recording, TASK)
    mixed = [wanted[1], Segment(nobody, "Ann"), wanted[0]]
    found = detector.predict(mixed)
    alone = detector.predict(wanted)
    assert [p.segment for p in found] == mixed
    assert found[1].reason
    for mine, theirs in ((found[0], alone[1]), (found[2], alone[0])):
        assert mine.scores == pytest.approx(theirs.scores, abs=1e-5)


def test_the_size_of_a_batch_changes_nothing(detector: Detector, recording: Recording) -> None:
    wanted = [Segment(recording, "Ann", start, start + 3 + start / 4) for start in range(6)]
    one, many = detector.predict(wanted, batch_size=1), detector.predict(wanted, batch_size=16)
    for first, second in zip(one, many):
        assert first.scores == pytest.approx(second.scores, abs=1e-5)


def test_no_segments_give_no_predictions(detector: Detector) -> None:
    assert detector.predict([]) == []
    assert len(detector.score([])) == 0


def test_the_cache_changes_nothing(detector: Detector, recording: Recording, tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    plain = detector.score(recording).table
    for _ in range(2):
        assert detector.score(recording, cache=cache).table.equals(plain)
    assert len(list(tmp_path.rglob("*.npz"))) == 3


def test_a_path_is_no_recording(detector: Detector) -> None:
    with pytest.raises(InputError, match=r"recordings are needed, got 'talk.vtt'; open files with open_recording"):
        detector.score(["talk.vtt"])  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"recordings are needed, got 'talk.vtt'"):
        detector.score("talk.vtt")  # type: ignore[arg-type]


def test_a_measure_there_is_not(detector: Detector, recording: Recording) -> None:
    [prediction, *_] = detector.predict(segments(recording, TASK))
    assert prediction.score("empathy") is not None
    with pytest.raises(InputError, match="the detector gives empathy, distress"):
        prediction.score("sympathy")


def test_every_kind_of_target(recording: Recording) -> None:
    targets = (
        Target("state", "nominal", classes=("calm", "tense", "sad")),
        Target("level", "ordinal", classes=("none", "weak", "strong")),
        Target("trace", "continuous", range=(-1, 1)),
    )
    detector = tiny_detector("audio", task=Task(targets, window=6.0), calibrated=True)
    table = detector.score(recording).table.set_index("measure")
    states = table.loc[["state=calm", "state=tense", "state=sad"], "score"]
    assert states.groupby(level=0).mean().sum() == pytest.approx(1, abs=1e-5)
    assert table.loc["level", "score"].between(0, 2).all()
    assert table.loc["trace", "score"].between(-1, 1).all()


def test_the_context_counts_where_the_task_has_two_persons(recording: Recording) -> None:
    detector = tiny_detector("audio", task=replace(TASK, persons=2, interaction="dyadic"))
    ann = recording.participants[0]
    alone = detector.predict([Segment(recording, "Ann", 0, 1)])
    both = detector.predict([Segment(Recording("r", (ann, replace(ann, name="Ben"))), "Ann", 0, 1)])
    assert both[0].scores != alone[0].scores


def test_a_detector_needs_features_that_fit() -> None:
    audio = tiny_detector("audio")
    with pytest.raises(InputError, match="no features for audio, which the model reads"):
        Detector(audio.module, {})
    video = tiny_detector("video").features["video"]
    with pytest.raises(InputError, match="the audio encoder takes 26 features a frame, its extractor gives 580"):
        Detector(audio.module, {"audio": video})


def test_what_the_sidecar_tells(detector: Detector) -> None:
    about = detector.about()
    assert about["detector"] == "tiny"
    assert about["modalities"] == ["audio", "physiology", "text"]
    assert Task.from_dict(about["task"]) == TASK
    assert "not a diagnosis" in about["limits"]


def test_scoring_learns_nothing(detector: Detector, recording: Recording) -> None:
    before = {name: tensor.clone() for name, tensor in detector.module.state_dict().items()}
    detector.score(recording)
    assert not detector.module.training
    assert all(torch.equal(before[name], tensor) for name, tensor in detector.module.state_dict().items())


def test_all_four_modalities_at_once(recording: Recording) -> None:
    detector = tiny_detector()
    assert detector.module.modalities == list(MODALITIES)
    predictions = detector.predict(segments(recording, TASK))
    assert all(p.scores for p in predictions)
    assert all("no face found" in p.missing["video"] for p in predictions)


def test_a_prediction_without_scores_has_rows_for_every_measure() -> None:
    segment = Segment(Recording("r", (Participant("Ann"),)), "Ann")
    rows = Prediction(segment, reason="nothing").rows(["a", "b"])
    assert [row["measure"] for row in rows] == ["a", "b"]
    assert all(math.isnan(row["score"]) and row["start"] is None for row in rows)


@pytest.mark.parametrize("members", [1, 2])
def test_what_a_modality_carries_is_what_changes_without_it(recording: Recording, members: int) -> None:
    """The encoders run once; the answer without a modality is as if it had never been there."""
    one = tiny_detector("audio", "physiology", "text", calibrated=True)
    assert isinstance(one.module, DetectorNetwork)
    judge = one if members == 1 else Detector(Ensemble([one.module, one.module]), one.features, device="cpu")
    parts = segments(recording, TASK)
    found = judge.predict(parts, attribute=True)
    assert set(found[0].carried["distress"]) == {"audio", "physiology", "text"}
    for stream, modality in (("audio", "audio"), ("transcript", "text"), ("physiology", "physiology")):
        alone = judge.predict([replace(part, recording=without(recording, stream)) for part in parts])
        for whole, part in zip(found, alone, strict=True):
            for measure, score in whole.scores.items():
                assert whole.carried[measure][modality] == pytest.approx(score - part.scores[measure], abs=1e-4)
