"""Every kind of input in one run of the real command, and all that is told of a recording of four modalities."""

import gzip
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from empdetect.overall import parts_of
from empdetect.scores import Scores
from tests import faulty_media as faulty
from tests.detectors import MODALITIES, tiny_detector
from tests.fuzz.parsers import ANNOTATION, GRIDS
from tests.scoring.command import score
from tests.streams.test_containers import CODECS, write

FILMS = ("mp4", "mov", "mkv", "avi", "mpg", "webm")
SOUNDS = ("wav", "flac", "mp3", "m4a", "opus")
WORDS: dict[str, str | bytes] = {
    "vtt": "WEBVTT\n\n00:00.000 --> 00:01.500\n<v Ann>hello there\n",
    "srt": "1\n00:00:00,000 --> 00:00:01,500\nhello there\n",
    "tsv": "start\tend\tspeaker\ttext\n0\t1.5\tAnn\thello there\n",
    "json": '{"dialogue": [{"text": "hello there", "speaker": "Ann", "start": 0, "end": 1.5}]}',
    "eaf": ANNOTATION[0],
    "TextGrid": GRIDS[0],
}
BODIES = ("bids", "csv", "e4-folder", "e4-zip")
SECONDS = 12


@dataclass(frozen=True)
class Results:
    """What a run left: its folder, and the rows of its tables by recording."""

    out: Path
    told: str
    windows: Mapping[str, pd.DataFrame]
    overall: Mapping[str, pd.DataFrame]


def skin(rate: int) -> list[str]:
    steps = np.random.default_rng(0).standard_normal(rate * SECONDS) / np.sqrt(rate)
    return [f"{value:.4f}" for value in 5 + 0.05 * np.cumsum(steps)]


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_bodies(place: Path) -> None:
    about = {"SamplingFrequency": 16, "StartTime": 0, "Columns": ["EDA"]}
    put(place / "bids" / "talk_physio.json", json.dumps(about))
    put(place / "bids" / "talk_physio.tsv.gz", gzip.compress("\n".join(skin(16)).encode()))
    put(place / "csv" / "talk_physio.json", json.dumps({"SamplingFrequency": 8}))
    put(place / "csv" / "talk_physio.csv", "\n".join(["EDA", *skin(8)]))
    session = "\n".join(["1600000000.0", "4.0", *skin(4)])
    put(place / "e4-folder" / "talk_e4" / "EDA.csv", session)
    (place / "e4-zip").mkdir()
    with zipfile.ZipFile(place / "e4-zip" / "talk_e4.zip", "w") as archive:
        archive.writestr("EDA.csv", session)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    place = tmp_path_factory.mktemp("every")
    inside = place / "in"
    for ending in (*FILMS, *SOUNDS):
        (inside / ending).mkdir(parents=True)
        write(inside / ending / f"talk.{ending}", *CODECS[ending])
    for ending, content in WORDS.items():
        put(inside / ending / f"talk.{ending}", content)
    write_bodies(inside)
    faulty.film(inside / "mix" / "talk.mp4")
    faulty.words(inside / "mix" / "talk.json")
    faulty.body(inside / "mix", "talk", np.array(skin(16), float))
    put(inside / "alike" / "talk.mp4", (inside / "mp4" / "talk.mp4").read_bytes())
    put(inside / "alike" / "talk.webm", (inside / "webm" / "talk.webm").read_bytes())
    put(inside / "table" / "eda.csv", "\n".join(["EDA", *skin(8)]))
    rows = "recording\tparticipant\tphysiology\tphysiology_rate\nlisted/talk\tCem\ttable/eda.csv\t8\n"
    manifest = put(inside / "study.tsv", rows)
    detector = tiny_detector(calibrated=True).save_pretrained(place / "detector")
    out, formats = place / "out", "tsv,json,vtt,eaf,textgrid,html"
    folders = [inside / name for name in (*FILMS, *SOUNDS, *WORDS, *BODIES, "mix", "alike")]
    done = score(*folders, manifest, "--detector", detector, "--device", "cpu", "--formats", formats, "-o", out)
    tables = [Scores.read(out / name).table for name in ("scores.tsv", "overall.tsv")]
    windows, overall = ({str(name): part for name, part in table.groupby("recording")} for table in tables)
    return Results(out, done.stderr, windows, overall)


def ids() -> Iterator[str]:
    """Every recording that the run was given."""
    yield from (f"{folder}/talk" for folder in (*FILMS, *SOUNDS, *WORDS, *BODIES, "mix", "listed"))
    yield from ("alike/talk.mp4", "alike/talk.webm")


def test_every_kind_is_scored_and_none_takes_the_place_of_another(results: Results) -> None:
    assert set(results.windows) == set(results.overall) == set(ids()), results.told
    assert not (results.out / "failures.tsv").exists()


@pytest.mark.parametrize("folder", ["vtt", "eaf", "textgrid", "reports"])
def test_each_format_mirrors_the_tree(folder: str, results: Results) -> None:
    ending = {"textgrid": ".TextGrid", "reports": ".html"}.get(folder, f".{folder}")
    found = {path.relative_to(results.out / folder).as_posix() for path in (results.out / folder).rglob("*.*")}
    assert found == {name + ending for name in ids()}


@pytest.mark.parametrize("ending", SOUNDS)
def test_sounds_are_heard(ending: str, results: Results) -> None:
    assert modalities(results, ending) == {"audio"}


@pytest.mark.parametrize("ending", FILMS)
def test_the_sound_of_films_is_heard_and_their_picture_has_no_face(ending: str, results: Results) -> None:
    assert modalities(results, ending) == {"audio"}
    told = [line for line in (results.out / "warnings.tsv").read_text().split("\n") if f"\t{ending}/talk\t" in line]
    assert any("\tspeaker, video: " in line and "no face" in line for line in told), told


@pytest.mark.parametrize("ending", WORDS)
def test_words_are_read(ending: str, results: Results) -> None:
    assert modalities(results, ending) == {"text"}


@pytest.mark.parametrize("folder", [*BODIES, "listed"])
def test_body_signals_are_read(folder: str, results: Results) -> None:
    assert modalities(results, folder) == {"physiology"}
    assert results.windows[f"{folder}/talk"]["end"].max() == pytest.approx(SECONDS, abs=0.3)


def modalities(results: Results, folder: str) -> set[str]:
    """What a score of a recording rests on."""
    rows = results.windows[f"{folder}/talk"]
    assert rows["score"].notna().any(), rows["reason"].tolist()
    return {name for cell in rows["modalities"] for name in parts_of(cell)}


def test_a_mix_is_told_in_full_in_table_sidecar_and_page(results: Results) -> None:
    rows = results.overall["mix/talk"]
    assert rows["participant"].tolist() == ["Ann", "Ann"]
    assert (rows[["score", "low", "high", "quality"]].notna()).all(axis=None)
    there = set(parts_of(rows["modalities"].iloc[0]))
    assert there == set(MODALITIES)
    assert set(parts_of(rows["carried"].iloc[0])) == there
    plain = json.loads((results.out / "overall.json").read_text(encoding="utf-8"))
    [told] = [row for row in plain["rows"] if row["recording"] == "mix/talk" and row["measure"] == "empathy"]
    page = (results.out / "reports" / "mix" / "talk.html").read_text(encoding="utf-8")
    first = rows.iloc[0]
    for name in ("score", "low", "high", "quality", "modalities", "carried"):
        assert told[name] == first[name]
    assert f"<b>{first['score']:.2f}</b>" in page
    assert f"{first['low']:.2f} to {first['high']:.2f}" in page
    for name, change in parts_of(first["carried"]).items():
        assert f"{name} {change:+.3f}".replace("-", "−") in page
    for name, quality in parts_of(first["modalities"]).items():
        assert f"<span>{name}</span> <b>{quality:.2f}</b>" in page
    assert 'src="../../../in/mix/talk.mp4"' in page


def test_the_page_of_all_links_to_each(results: Results) -> None:
    page = (results.out / "report.html").read_text(encoding="utf-8")
    for name in ids():
        assert f'href="reports/{name}.html"' in page
