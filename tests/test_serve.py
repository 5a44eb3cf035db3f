"""The service: a real server on this machine, real requests, and schemathesis at its OpenAPI."""

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn

from empdetect.detector import Detector
from empdetect.inputs import find_recordings
from empdetect.recording import Segment
from empdetect.scoring import score_recordings
from empdetect.serve import create_app
from tests.detectors import TASK, tiny_detector
from tests.scoring.light import light_detector, write_sound

TOKEN = "a token of the tests"
SHOWN = {"Authorization": f"Bearer {TOKEN}"}
MOST_BYTES = 400_000


@pytest.fixture(scope="module")
def detector() -> Detector:
    return tiny_detector("text", task=replace(TASK, window=6.0), calibrated=True)


@pytest.fixture(scope="module")
def ear(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return Detector.from_pretrained(light_detector(tmp_path_factory.mktemp("ear")), device="cpu")


def running(detector: Detector) -> Iterator[httpx.Client]:
    """A server in a thread of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_app(detector, TOKEN, most_bytes=MOST_BYTES, most_seconds=60)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        yield client
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def reader(detector: Detector) -> Iterator[httpx.Client]:
    yield from running(detector)


@pytest.fixture(scope="module")
def listener(ear: Detector) -> Iterator[httpx.Client]:
    yield from running(ear)


def test_a_transcript_is_scored_as_the_command_scores_it(
    reader: httpx.Client, detector: Detector, tmp_path: Path
) -> None:
    said = [
        {"text": "My father died.", "speaker": "Ann", "start": 0, "end": 4},
        {"text": "I am so sorry.", "speaker": "Ben", "start": 4, "end": 7},
    ]
    answer = reader.post("/v1/transcript", json={"utterances": said}, headers=SHOWN)
    assert answer.status_code == 200, answer.text
    words = "".join(f"00:0{s['start']}.000 --> 00:0{s['end']}.000\n<v {s['speaker']}>{s['text']}\n\n" for s in said)
    (tmp_path / "a.vtt").write_text(f"WEBVTT\n\n{words}")
    outcome = score_recordings(find_recordings([tmp_path / "a.vtt"]), detector, tmp_path / "out")
    table = [line.split("\t") for line in outcome.table.read_text().splitlines()[1:]]
    assert [(row["participant"], row["measure"], row["score"]) for row in answer.json()["rows"]] == [
        (cells[1], cells[4], None if cells[5] == "n/a" else float(cells[5])) for cells in table
    ]
    assert len(answer.json()["overall"]) == 4
    assert answer.json()["about"]["detector"] == "tiny"


def test_a_recording_is_scored(listener: httpx.Client, tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "a.wav", 12)
    answer = listener.post("/v1/recording", files={"recording": ("../../a b.WAV", sound.read_bytes())}, headers=SHOWN)
    assert answer.status_code == 200, answer.text
    assert [row["start"] for row in answer.json()["rows"]] == [0, 0, 6, 6]
    assert all(0 <= row["score"] <= 7 for row in answer.json()["rows"])


def test_a_recording_and_its_words(reader: httpx.Client, tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "a.wav", 6)
    words = b"WEBVTT\n\n00:00.000 --> 00:06.000\n<v Ann>hello\n"
    files = {"recording": ("a.wav", sound.read_bytes()), "transcript": ("b.vtt", words)}
    rows = reader.post("/v1/recording", files=files, headers=SHOWN).json()["rows"]
    assert {(row["participant"], row["modalities"]) for row in rows} == {("Ann", "text:1.00")}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.wav", b"", "0 bytes"),
        ("a.wav", bytes(range(256)) * 40, "FFmpeg cannot decode"),
        ("a.vtt", b"\xff\xfe", "Reading the transcript recording.vtt"),
        ("a.xyz", b"what is this", "neither a media file nor a known ending"),
    ],
)
def test_bad_input_is_told_with_its_reason_and_no_path(
    name: str, content: bytes, reason: str, listener: httpx.Client
) -> None:
    answer = listener.post("/v1/recording", files={"recording": (name, content)}, headers=SHOWN)
    assert answer.status_code == 422
    assert reason in answer.json()["detail"]
    assert tempfile.gettempdir() not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"utterances": []},
        {"utterances": [{"text": ""}]},
        {"utterances": [{"text": "a", "start": -1}]},
        {"utterances": [{"text": "a", "start": 5, "end": 1}]},
        {"utterances": [{"text": "a", "mood": "good"}]},
    ],
)
def test_a_bad_transcript_is_a_422(body: dict[str, object], reader: httpx.Client) -> None:
    answer = reader.post("/v1/transcript", json=body, headers=SHOWN)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_who_shows_no_token_gets_nothing(reader: httpx.Client) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
        for answer in (
            reader.get("/v1/detector", headers=headers),
            reader.post("/v1/transcript", json={"utterances": [{"text": "hi"}]}, headers=headers),
        ):
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
    assert reader.get("/v1/health").json() == {"status": "up"}


def test_too_much_is_refused(listener: httpx.Client, tmp_path: Path) -> None:
    large = bytes(MOST_BYTES + 1)
    assert listener.post("/v1/recording", files={"recording": ("a.wav", large)}, headers=SHOWN).status_code == 413
    head = b'--b\r\nContent-Disposition: form-data; name="recording"; filename="a.wav"\r\n\r\n'
    pieces = (piece for piece in (head, *(large[:100_000] for _ in range(6))))  # no length is stated
    form = {**SHOWN, "Content-Type": "multipart/form-data; boundary=b"}
    assert listener.post("/v1/recording", content=pieces, headers=form).status_code == 413
    long = write_sound(tmp_path / "a.flac", 61)
    content = long.read_bytes()[: MOST_BYTES - 2000]
    answer = listener.post("/v1/recording", files={"recording": ("a.flac", content)}, headers=SHOWN)
    assert answer.status_code == 413
    assert "up to 60 s" in answer.json()["detail"]


def test_nothing_of_what_was_sent_is_left(
    reader: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for text in ("a secret", ""):
        files = {"recording": ("a.vtt", f"WEBVTT\n\n00:00.000 --> 00:06.000\n{text}\n".encode())}
        reader.post("/v1/recording", files=files, headers=SHOWN)
    assert not list(tmp_path.rglob("*"))


def test_a_fault_of_the_program_is_not_blamed_on_the_input(
    reader: httpx.Client, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(segments: list[Segment], *_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(detector, "predict_stretches", broken)
    answer = reader.post("/v1/transcript", json={"utterances": [{"text": "hi"}]}, headers=SHOWN)
    assert answer.status_code == 500


def test_schemathesis_finds_no_fault(reader: httpx.Client, tmp_path: Path) -> None:
    # What breaks the schema by its length is refused for that, before it is parsed.
    config = tmp_path / "schemathesis.toml"
    config.write_text("[checks]\nnegative_data_rejection.expected-statuses = [400, 401, 405, 413, 422]\n")
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", config),
            "run",
            f"{reader.base_url}/openapi.json",
            *("--header", f"Authorization: Bearer {TOKEN}"),
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),  # not every file is a recording
            *("--max-examples", "15", "--seed", "1", "--suppress-health-check", "all"),
            *("--request-timeout", "120", "--max-response-time", "120"),  # a busy machine is no fault
        ],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, "\n".join(line[:300] for line in done.stdout.splitlines())
