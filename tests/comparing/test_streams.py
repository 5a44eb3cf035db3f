"""Every kind of stream through the command: real films, voices, breath and words, joined so that the truth is known."""

import gzip
import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from empdetect.cli import main
from empdetect.scores import Scores
from empdetect.streams.audio import AudioStream
from empdetect.streams.video import VideoStream
from tests.media import write_media

pytestmark = pytest.mark.data

FPS = 25
HERTZ = 16_000
Pictures = list[NDArray[np.uint8]]


def run(out: Path, *arguments: object) -> tuple[int, pd.DataFrame]:
    """Exit code and rows."""
    code = main(["contagion", *map(str, arguments), "-o", str(out), "--count", "99"])
    return code, Scores.read(out / "scores.tsv").table


def row(rows: pd.DataFrame, measure: str, recording: str = "") -> pd.Series:
    """The first row of a measure."""
    own = rows[(rows["measure"] == measure) & (rows["recording"].str.startswith(recording))]
    return own.iloc[0]


def voice(path: Path) -> NDArray[np.float64]:
    """Sound of a file at 16 kHz."""
    return np.concatenate([block.samples for block in AudioStream(path).blocks(HERTZ)]).astype(np.float64)


@pytest.fixture(scope="module")
def clips(data_root: Path) -> list[Pictures]:
    """Pictures of people who speak, small."""
    files = sorted((data_root / "grid_av_speech").glob("*.mpg"))[:6]
    return [[picture[::4, ::4] for _, picture in VideoStream(path).frames(pixels="rgb24")][:74] for path in files]


def film(clips: list[Pictures], seconds: int, seed: int) -> Pictures:
    """Pieces of clips, one after the other."""
    rng, pictures = np.random.default_rng(seed), list[NDArray[np.uint8]]()
    while len(pictures) < seconds * FPS:
        length = int(rng.integers(20, 74))
        pictures += clips[rng.integers(len(clips))][:length]
    return pictures[: seconds * FPS]


def talk(data_root: Path, seconds: int, seed: int) -> NDArray[np.float64]:
    """Sentences with pauses between them."""
    rng = np.random.default_rng(seed)
    files = sorted((data_root / "emodb").glob("03*.flac"))
    parts = [rng.normal(0, 1e-3, seconds * HERTZ)]
    at = 0
    while at < seconds * HERTZ:
        said = voice(files[rng.integers(len(files))])[: seconds * HERTZ - at]
        parts[0][at : at + len(said)] += 0.7 * said
        at += len(said) + int(rng.integers(4_000, 20_000))
    return parts[0]


def test_two_films_whose_clocks_differ(clips: list[Pictures], data_root: Path, tmp_path: Path) -> None:
    """The second recorder was started 2 s earlier and runs 100 ppm fast; the second person follows by 1 s."""
    offset, drift, seconds = 2.0, 100e-6, 90
    anna, room = film(clips, seconds, 0), talk(data_root, seconds, 1)
    echo = film(clips, 1, 5) + [picture[:, ::-1] for picture in anna]
    read = (np.arange(int((seconds + offset) * HERTZ)) / HERTZ - offset) / (1 + drift)
    heard = np.interp(read, np.arange(len(room)) / HERTZ, room, left=0, right=0)
    heard += np.random.default_rng(2).normal(0, 3e-3, len(heard))
    frames = np.rint((np.arange((seconds + 2) * FPS) / FPS - offset) / (1 + drift) * FPS).astype(int)
    ben = [echo[index] for index in np.clip(frames, 0, len(echo) - 1)]
    files = write_media(tmp_path / "anna.mp4", anna, room), write_media(tmp_path / "ben.mp4", ben, heard)
    code, rows = run(tmp_path / "out", *files, "--clock", "sound", "--signal", "motion", "--report")
    assert code == 0
    found = row(rows, "motion.clock_offset")
    assert found["score"] == pytest.approx(offset, abs=0.01)
    assert found["low"] <= found["score"] <= found["high"]
    drifts = row(rows, "motion.clock_drift")
    assert drifts["low"] <= 100 <= drifts["high"]
    assert row(rows, "motion.lag")["score"] == pytest.approx(1.0, abs=0.1)
    assert row(rows, "motion.lead")["score"] == 1
    assert "ben's signal follows anna's by" in row(rows, "motion.lead")["reason"]
    page = (tmp_path / "out" / "reports" / "anna+ben.html").read_text(encoding="utf-8")
    assert re.search(r"ben&#39;s clock is (2\.00|1\.99)\d ± 0\.00\d s ahead", page)


def test_two_faces_of_one_film(data_root: Path, tmp_path: Path) -> None:
    files = sorted((data_root / "grid_av_speech").glob("*.mpg"))[:4]
    faces = [[picture[::2, ::2] for _, picture in VideoStream(path).frames(pixels="rgb24")][:74] for path in files]
    left = film(faces, 20, 3)
    right = film(faces, 1, 4) + left
    both = [np.concatenate([one, other[:, ::-1]], axis=1) for one, other in zip(left, right)]
    path = write_media(tmp_path / "both.mp4", both)
    # Both halves share the noise of one camera in the same frame.
    few = ("--max-lag", "2", "--window", "8", "--least-lag", "0.3")
    code, rows = run(tmp_path / "out", path, "--faces", *few)
    assert code == 0
    assert set(rows["participant"]) == {"face-1+face-2"}
    assert abs(row(rows, "face_motion_energy.lag")["score"]) == pytest.approx(1.0, abs=0.1)


def test_voices_of_two_files_and_of_two_channels(data_root: Path, tmp_path: Path) -> None:
    ann = talk(data_root, 60, 0)
    ben = 0.5 * talk(data_root, 60, 1) + 0.8 * np.concatenate([np.zeros(HERTZ), ann[:-HERTZ]])
    files = write_media(tmp_path / "ann.wav", samples=ann), write_media(tmp_path / "ben.wav", samples=ben)
    _, apart = run(tmp_path / "apart", *files, "--rate", "10")
    assert row(apart, "sound.lag")["score"] == pytest.approx(1.0, abs=0.1)
    both = write_media(tmp_path / "both.wav", samples=np.stack([ann, ben]))
    roles = tmp_path / "roles.tsv"
    roles.write_text("label\tparticipant\nchannel-0\tann\nchannel-1\tben\n")
    _, together = run(tmp_path / "together", both, "--roles", roles, "--rate", "10")
    assert row(together, "sound.lag")["score"] == row(apart, "sound.lag")["score"]
    assert set(together["participant"]) == {"ann+ben"}


@pytest.fixture(scope="module")
def breath(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the breath of two people, of whom the second follows by 1.5 s at half the rate, with a gap."""
    folder = tmp_path_factory.mktemp("breath")
    first = pd.read_csv(data_root / "neurokit" / "bio_resting_5min_100hz.csv.gz")["RSP"].to_numpy()[:18_000]
    own = np.roll(first[::-1], 777)
    second = 0.7 * np.concatenate([np.full(150, first[0]), first[:-150]]) + 0.7 * own
    second = second[::2]
    second[3000:3400] = math.nan
    with gzip.open(folder / "ann_physio.tsv.gz", "wt") as file:
        pd.DataFrame(first).to_csv(file, sep="\t", header=False, index=False)
    stated = {"SamplingFrequency": 100, "StartTime": 0, "Columns": ["RSP"]}
    (folder / "ann_physio.json").write_text(json.dumps(stated))
    pd.DataFrame({"RSP": second}).to_csv(folder / "ben_physio.csv", index=False)
    (folder / "ben_physio.json").write_text(json.dumps({**stated, "SamplingFrequency": 50}))
    pd.DataFrame({"RSP": second}).to_csv(folder / "ben.csv", index=False)
    pd.DataFrame({"RSP": own[::2]}).to_csv(folder / "dea.csv", index=False)
    return folder


def test_breath_at_two_rates_with_a_gap(breath: Path, tmp_path: Path) -> None:
    code, rows = run(tmp_path / "out", breath / "ann_physio.tsv.gz", breath / "ben_physio.csv", "--rate", "10",
                     "--signal", "RSP")  # fmt: skip
    assert code == 0
    assert row(rows, "RSP.lag")["score"] == pytest.approx(1.5, abs=0.15)
    rate = row(rows, "RSP.rate")
    assert rate["score"] == 10
    assert "100 Hz" in rate["reason"]
    assert "50 Hz" in rate["reason"]
    assert 0.94 < rate["quality"] < 0.97, "8 s of 180 s are a gap"
    assert rate["modalities"] == "RSP:1.00 RSP:0.96"


def test_a_manifest_of_pairs_is_one_family(breath: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "recording\tparticipant\tphysiology\tphysiology_rate",
        f"s1\tann\t{breath / 'ann_physio.tsv.gz'}\tn/a",
        f"s1\tben\t{breath / 'ben.csv'}\t50",
        f"s2\tcem\t{breath / 'ann_physio.tsv.gz'}\tn/a",
        f"s2\tdea\t{breath / 'dea.csv'}\t50",
        f"s3\teva\t{breath / 'dea.csv'}\t50",
        f"s3\tfay\t{breath / 'none.csv'}\t50",
    ]
    (tmp_path / "study.tsv").write_text("\n".join(lines) + "\n")
    code, rows = run(tmp_path / "out", tmp_path / "study.tsv", "--signal", "RSP", "--rate", "10")
    assert code == 1
    assert "none.csv: no such file" in capsys.readouterr().err
    p, q = (row(rows, f"RSP.{name}", "s1")["score"] for name in ("p", "q"))
    assert q == pytest.approx(p * 2 * 1.5), "two tests, of two recordings"
    assert row(rows, "RSP.association", "s1")["score"] == 1
    assert row(rows, "RSP.association", "s2")["score"] == 0
    assert "none.csv" in row(rows, "statistic", "s3")["reason"]


def test_other_signals_of_each(clips: list[Pictures], breath: Path, tmp_path: Path) -> None:
    anna = write_media(tmp_path / "anna.mp4", film(clips, 60, 0))
    pair = anna, breath / "ben_physio.csv"
    code, rows = run(tmp_path / "out", *pair, "--signal", "motion:RSP", "--rate", "10")
    assert code == 0
    assert row(rows, "motion:RSP.association")["score"] == 0, "they never met"
    assert row(rows, "motion:RSP.p")["modalities"].startswith("motion:")
    assert row(rows, "motion:RSP.p")["end"] <= 60.1


def test_words_of_two_speakers_of_one_transcript(data_root: Path, tmp_path: Path) -> None:
    said = pd.read_csv(data_root / "meld" / "dev_sent_emo.csv")["Utterance"][:120]

    def clock(seconds: float) -> str:
        return f"{int(seconds // 60):02d}:{seconds % 60:06.3f}"

    cues = [
        f"{clock(6 * n)} --> {clock(6 * n + 5)}\n<v {('Ann', 'Ben')[n % 2]}>{text}\n" for n, text in enumerate(said)
    ]
    (tmp_path / "talk.vtt").write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")
    code, rows = run(
        tmp_path / "out", tmp_path / "talk.vtt", "--signal", "empathic_reactions_empathy", "--max-lag", "30"
    )
    assert code == 0
    found = row(rows, "empathic_reactions_empathy.p")
    assert found["participant"] == "Ann+Ben"
    # Utterances are held for a dozen seconds: too slow for twelve minutes, and so no number.
    assert math.isfinite(found["score"]) or found["reason"]
    assert 0 < found["quality"] <= 1
