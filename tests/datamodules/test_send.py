"""SEND: made ratings, features and a film of the same names; and a whole fit on them."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from empdetect.cli import main
from empdetect.conformance import check_datamodule
from empdetect.datamodules.send import SendDataModule
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.table import TableFeatures
from empdetect.recording import SPLITS
from tests.media import write_media

CLIPS = {"Train": ("101_1", "101_2", "102_1", "103_1"), "Valid": ("104_1", "101_3"), "Test": ("105_1", "106_1")}
SECONDS = 12


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Six people, eight clips of 12 s; person 101 is in two of the owners' sets, and 102 has a film and words."""
    send = tmp_path / "send"
    for split, clips in CLIPS.items():
        for clip in clips:
            person, number = clip.split("_")
            times = np.arange(0, SECONDS, 0.5)
            level = 40 + 10 * np.sin(times + int(person))
            rows = [f"{t},{v:.3f}\n" for t, v in zip(times, level)]
            write(send / f"ratings/{split}/observer_EWE/results_{clip}.csv", "time,evaluatorWeightedEstimate\n", rows)
            rows = [f"{t}, {v / 100:.4f}\n" for t, v in zip(times, level)]
            write(send / f"ratings/{split}/target/target_{clip}_normal.csv", "time, rating\n", rows)
            rows = [f"'clip', {t}, {v:.2f}\n" for t, v in zip(times, level)]
            name = f"ID{person}_vid{number}"
            place = send / f"features/{split}/acoustic-egemaps/{name}_acousticFeatures.csv"
            write(place, "name, frameTime, loudness\n", rows)
    words = ["\t0.5\tso\t0.1\n", '\t4.9\t"well\t0.2\n', "\t6.0\tyes\t0.3\n"]
    write(send / "features/Train/linguistic-word-level/ID102_vid1_aligned.tsv", "\ttime-offset\tword\tglove0\n", words)
    write(send / "features/Train/emotient/ID102_vid1_downsized.txt", "Frametime,AU1\n", ["0.0,0.2\n", "0.1,0.4\n"])
    (send / "videos" / "Train").mkdir(parents=True)
    pictures = [np.full((32, 32), 99, np.uint8)] * SECONDS
    write_media(send / "videos/Train/ID102_vid1_cropped.mp4", pictures, np.zeros(SECONDS * 16_000), fps=1)
    return tmp_path


def write(path: Path, header: str, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "".join(rows), encoding="utf-8")


def module(root: Path, **arguments: object) -> SendDataModule:
    features = {"voice": TableFeatures(["loudness"], "voice", "acoustic")}
    return SendDataModule(features, str(root), **{"window": 4.0, "hop": 4.0, "folds": 3, **arguments})  # type: ignore[arg-type]


def test_windows_have_the_mean_valence_on_the_unit_scale(made: Path) -> None:
    segments = module(made).segments()
    first = segments[0]
    times = np.arange(0, 4, 0.5)
    assert (first.recording.id, first.start, first.end) == ("ID101_vid1", 0.0, 4.0)
    assert first.labels["valence"] == pytest.approx(np.mean(40 + 10 * np.sin(times + 101)) / 100, abs=1e-4)
    own = module(made, rater="self").segments()
    assert [s.labels["valence"] for s in own] == pytest.approx([s.labels["valence"] for s in segments], abs=1e-4)


def test_streams_are_those_that_were_released(made: Path) -> None:
    people = {s.recording.id: s.people()[0] for s in module(made).segments()}
    assert set(people["ID103_vid1"].tables) == {"acoustic"}
    assert people["ID103_vid1"].video is None
    person = people["ID102_vid1"]
    assert set(person.tables) == {"acoustic", "emotient"}
    np.testing.assert_allclose(person.tables["emotient"].read().times, [0, 0.1])
    assert person.video is not None
    assert person.video.path.name == "ID102_vid1_cropped.mp4"
    assert person.transcript is not None
    said = person.transcript.read().utterances
    assert [(u.text, u.start, u.end) for u in said] == [('so "well', 0.0, 5.0), ("yes", 5.0, 10.0)]


def test_it_keeps_what_a_data_module_promises(made: Path) -> None:
    data = module(made, batch_size=4)
    check_datamodule(data)
    people = [{s.recording.id[:5] for s in data.parts[name]} for name in SPLITS]
    assert sum(map(len, people)) == len(set.union(*people)) == 6


def test_the_owners_split_is_by_clip(made: Path) -> None:
    data = module(made, protocol="published")
    data.summary()
    assert {s.recording.id for s in data.parts["val"]} == {"ID104_vid1", "ID101_vid3"}
    assert len(data.parts["train"]) == 12


def test_faults_are_named(made: Path) -> None:
    place = made / "send/ratings/Train/observer_EWE"
    write(made / "send/features/Train/linguistic-word-level/ID102_vid1_aligned.tsv", "time-offset\tword\n", ["x\ta\n"])
    with pytest.raises(InputError, match="row 1: 'x' is no time"):
        module(made).segments()
    write(made / "send/features/Train/linguistic-word-level/ID102_vid1_aligned.tsv", "time\tword\n", ["1\ta\n"])
    with pytest.raises(InputError, match="lacks the columns time-offset"):
        module(made).segments()
    write(place / "results_101_1.csv", "time,evaluatorWeightedEstimate\n", ["0,120\n"])
    with pytest.raises(InputError, match=r"row 1: 'valence' is 1\.2, allowed is 0 to 1"):
        module(made).segments()
    (place / "results_101_1.csv").rename(place / "101.csv")
    with pytest.raises(InputError, match=r"'101\.csv' is not called like"):
        module(made).segments()


def test_without_data_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing at .*send; sign the licence agreement"):
        module(tmp_path).segments()
    (tmp_path / "send").mkdir()
    with pytest.raises(InputError, match="no ratings at"):
        module(tmp_path).segments()
    with pytest.raises(InputError, match="allowed are observers, self"):
        module(tmp_path, rater="nobody")
    with pytest.raises(InputError, match="allowed are person, published"):
        module(tmp_path, protocol="random")


def test_fit_makes_a_detector_of_a_rating_over_time(made: Path) -> None:
    voice = {"columns": ["loudness"], "modality": "voice", "table": "acoustic"}
    encoder = {"features": 1, "width": 4, "layers": 1}
    config = {
        "name": "tiny",
        "trainer": {
            "max_epochs": 1,
            "accelerator": "cpu",
            "logger": {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": str(made)}},
        },
        "data": {
            "class_path": "empdetect.datamodules.send.SendDataModule",
            "init_args": {
                "data_root": str(made),
                "features": {"voice": {"class_path": "empdetect.features.table.TableFeatures", "init_args": voice}},
                "window": 4.0,
                "folds": 3,
                "batch_size": 4,
            },
        },
        "model": {
            "width": 4,
            "fusion_layers": 0,
            "encoders": {
                "voice": {
                    "class_path": "empdetect.models.encoders.statistics.StatisticsEncoder",
                    "init_args": encoder,
                }
            },
        },
    }
    path = made / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    assert main(["fit", "--config", str(path)]) == 0
    detector = Detector.from_pretrained(next(made.rglob("detector")), device="cpu")
    segments = module(made).segments()[:3]
    scores = [prediction.scores["valence"] for prediction in detector.predict(segments)]
    assert detector.task.unit == "continuous"
    assert all(0 <= score <= 1 for score in scores)
