"""Faults of inputs: one run of the real command over all of them. Nothing is lost, and each failure has its reason."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from empdetect.scores import Scores
from tests import faulty_media as faulty
from tests.detectors import TASK, tiny_detector
from tests.media import write_media
from tests.scoring.command import score

UNICODE = "Büro [1] 你好/Gespräch (2) ♥"


@dataclass(frozen=True)
class Results:
    """What the run left: rows of the first measure by recording, and the reasons of failures and warnings."""

    code: int
    told: str
    scores: Mapping[str, pd.DataFrame]
    failures: Mapping[str, list[str]]
    warnings: Mapping[str, list[str]]


MADE: dict[str, Callable[[Path], object]] = {
    "good.mp4": faulty.film,
    "truncated.mp4": faulty.truncated,
    "cut.mp4": faulty.truncated_with_index,
    "sound-ends-early.mp4": lambda path: faulty.film(path, sound_seconds=1.5),
    "variable-rate.mp4": faulty.variable_rate,
    "rotated.mp4": faulty.rotated,
    "jumps-back.mpg": faulty.times_jump_back,
    "rate-8k.wav": lambda path: write_media(path, samples=faulty.hum(rate=8_000), rate=8_000),
    "rate-96k.flac": lambda path: write_media(path, samples=faulty.hum(rate=96_000), rate=96_000),
    "surround.flac": faulty.surround,
    "silence.wav": lambda path: write_media(path, samples=np.zeros(16_000 * faulty.SECONDS)),
    "clipped.wav": lambda path: write_media(path, samples=50 * faulty.hum()),
    "really-wav.mp3": lambda path: write_media(path.with_suffix(".wav"), samples=faulty.hum()).rename(path),
    "film-as-sound.wav": lambda path: faulty.film(path.with_suffix(".mp4")).rename(path),
    "really-text.mp4": lambda path: path.write_text("these are words"),
    "film-as-words.vtt": lambda path: faulty.film(path.with_suffix(".mp4")).rename(path),
    "empty-film.mp4": lambda path: path.write_bytes(b""),
    "empty-sound.wav": lambda path: path.write_bytes(b""),
    "empty-words.vtt": lambda path: path.write_bytes(b""),
    "random.mp4": faulty.random_bytes,
    f"{UNICODE}.mp4": faulty.film,
    "other-clock.mp4": faulty.film,
    "other-clock.json": lambda path: faulty.words(path, first=36_000.0),
}
"""Files of the run by their name, and who makes them."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    place = tmp_path_factory.mktemp("faults")
    (place / "in").mkdir()
    for name, make in MADE.items():
        (place / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        make(place / "in" / name)
    for make_body in faulty.BODY.values():
        make_body(place / "in")
    detector = tiny_detector(task=replace(TASK, window=2.0), calibrated=True)
    saved = detector.save_pretrained(place / "detector")
    done = score(place / "in", "--detector", saved, "--device", "cpu", "-o", place / "out")
    table = Scores.read(place / "out" / "scores.tsv").table
    table = table[table["measure"] == "empathy"]
    return Results(
        done.returncode,
        done.stderr,
        {str(name): part for name, part in table.groupby("recording")},
        _reasons(place / "out" / "failures.tsv"),
        _reasons(place / "out" / "warnings.tsv"),
    )


def _reasons(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            found.setdefault(row["recording"], []).append(row["reason"])
    return found


def qualities(rows: pd.DataFrame, modality: str) -> list[float]:
    """Quality of a modality in each window, 0 where it was missing."""
    cells = [dict(pair.split(":") for pair in str(cell).split()) for cell in rows["modalities"].fillna("")]
    return [float(cell.get(modality, 0)) for cell in cells]


def test_nothing_is_lost(results: Results) -> None:
    names = {name.rpartition(".")[0] for name in MADE} | set(faulty.BODY)
    assert names == set(results.scores) | set(results.failures), results.told
    assert results.code == 1


FAILURES = {
    "truncated": "FFmpeg cannot decode it",
    "really-text": "FFmpeg cannot decode it",
    "film-as-words": "is not UTF-8",
    "empty-film": "0 bytes",
    "empty-sound": "0 bytes",
    "empty-words": "0 bytes",
    "random": "FFmpeg cannot decode it",
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_cannot_be_read_is_one_row_with_its_reason(name: str, results: Results) -> None:
    [reason] = results.failures[name]
    assert FAILURES[name] in reason
    assert name not in results.scores


def test_only_these_fail(results: Results) -> None:
    assert set(results.failures) == set(FAILURES)


@pytest.mark.parametrize("name", ["good", "rotated", "variable-rate", "jumps-back", "cut", UNICODE])
def test_films_are_scored_by_their_picture(name: str, results: Results) -> None:
    rows = results.scores[name]
    assert rows["score"].notna().all()
    assert rows["start"].tolist() == sorted(rows["start"])
    assert max(qualities(rows, "video")) > 0.3


def test_a_film_called_sound_is_heard(results: Results) -> None:
    assert results.scores["film-as-sound"]["score"].notna().all()


@pytest.mark.parametrize("name", ["rate-8k", "rate-96k", "surround", "really-wav"])
def test_sounds_of_any_rate_and_number_of_channels_are_scored(name: str, results: Results) -> None:
    rows = results.scores[name]
    assert rows["score"].notna().all()
    assert rows["end"].max() == pytest.approx(faulty.SECONDS, abs=0.2)


def test_sound_that_ends_early_is_missing_from_there(results: Results) -> None:
    rows = results.scores["sound-ends-early"]
    heard = qualities(rows, "audio")
    assert heard[0] > 0
    assert heard[-1] == 0
    assert rows["score"].notna().all(), "the picture goes on"


def test_silence_is_no_score(results: Results) -> None:
    rows = results.scores["silence"]
    assert rows["score"].isna().all()
    assert rows["reason"].str.contains("the sound is digital silence").all()
    assert rows["reason"].str.contains("no speech was heard").all()


def test_clipping_lowers_quality(results: Results) -> None:
    assert max(qualities(results.scores["clipped"], "audio")) < min(qualities(results.scores["rate-96k"], "audio"))


def test_words_of_another_clock_are_left_out_and_do_not_stretch_the_recording(results: Results) -> None:
    rows = results.scores["other-clock"]
    assert rows["end"].max() == pytest.approx(faulty.SECONDS, abs=0.2)
    assert set(rows["participant"]) == {"Ann"}
    assert qualities(rows, "text") == [0.0] * len(rows)
    [reason] = [reason for reason in results.warnings["other-clock"] if "text" in reason]
    assert "other-clock.json is on another clock: 3 of its 3 utterances start after film and sound have ended" in reason


def test_a_missing_transcript_is_told_with_what_to_do(results: Results) -> None:
    [reason] = [reason for reason in results.warnings["good"] if "text" in reason]
    assert "speaker, text: there is no transcript; give one, or have the speech recognised" in reason
    assert "(--asr MODEL)" in reason


@pytest.mark.parametrize("name", ["gaps", "flat", "one-hertz", "four-kilohertz"])
def test_odd_body_signals_are_scored_or_say_why_not(name: str, results: Results) -> None:
    rows = results.scores[name]
    assert (rows["score"].notna() | rows["reason"].str.contains("physiology:")).all()


def test_body_signals_with_gaps_count_less_and_those_that_do_not_change_are_none(results: Results) -> None:
    assert min(qualities(results.scores["gaps"], "physiology")) < max(qualities(results.scores["gaps"], "physiology"))
    for name in ("nothing", "flat"):
        assert qualities(results.scores[name], "physiology") == [0.0] * len(results.scores[name])
        assert results.scores[name]["score"].isna().all()
    assert results.scores["four-kilohertz"]["score"].notna().all()
