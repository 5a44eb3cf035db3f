"""The people of a manifest with roles, faces and recognised words."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.inputs import find_recordings
from empdetect.participants.people import WhoIsWho
from empdetect.roles import Role, Roles
from empdetect.streams.audio import AudioStream
from empdetect.streams.transcript import Transcript
from empdetect.task import Target, Task
from tests.faulty_media import face, hum
from tests.media import write_media
from tests.speech.whisper import save_whisper

TASK = Task((Target("empathy", "binary"),), window=2.0)
WORDS = "WEBVTT\n\n00:00.000 --> 00:01.500\n<v Ann>hello\n\n00:02.000 --> 00:03.500\n<v Ben>oh\n"


@pytest.fixture(scope="module")
def duo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of two faces with two channels of sound, and its words."""
    place = tmp_path_factory.mktemp("duo")
    write_media(place / "talk.mp4", [np.hstack([face(3), face(8)])] * 20, hum(4.0), fps=5)
    write_media(place / "two.wav", samples=np.stack([hum(4.0), 0.5 * hum(4.0)]))
    (place / "talk.vtt").write_text(WORDS)
    return place


def manifest(place: Path, *lines: str) -> Path:
    path = place / "study.tsv"
    path.write_text("\n".join([*("\t".join(line.split()) for line in lines), ""]))
    return path


def roles(*rows: Role) -> WhoIsWho:
    return WhoIsWho(Roles(rows))


def test_roles_name_the_people_and_their_words(duo: Path) -> None:
    path = manifest(
        duo,
        "recording participant role video transcript start end",
        "talk Ann listener talk.mp4 talk.vtt 0 2",
        "talk Ben n/a talk.mp4 talk.vtt n/a n/a",
    )
    who = roles(
        Role("Ann", "Anna", "seeker"), Role("face-2", "Anna"), Role("face-1", "Ben"), Role("Cem", "C", None, "talk")
    )
    [entry] = find_recordings([path], who=who)
    opened = entry.open()
    anna, ben = opened.recording.participants
    assert [(p.name, p.role) for p in (anna, ben)] == [("Anna", "seeker"), ("Ben", None)]
    assert isinstance(anna.transcript, Transcript)
    assert [u.text for u in anna.transcript.of("Anna").utterances] == ["hello"]
    assert [(s.participant, s.start) for s in opened.segments(TASK)] == [("Anna", 0), ("Ben", 0), ("Ben", 2)]
    assert anna.video is not None
    assert ben.video is not None
    assert anna.video.face is not None
    assert ben.video.face is not None
    assert anna.video.face != ben.video.face
    assert opened.notes == ("the roles name 'Cem', which is not in it: it has Ann, Ben",)


def test_faces_of_people_whom_nothing_ties_to_them_are_told(duo: Path) -> None:
    path = manifest(duo, "recording participant video", "talk Ann talk.mp4")
    [entry] = find_recordings([path], who=WhoIsWho(faces=True))
    [note] = entry.open().notes
    assert "shows 2 faces (face-1, face-2), and nothing says which is Ann; name them in --roles" in note


def test_a_row_that_names_nobody_is_like_the_files_of_a_recording(duo: Path) -> None:
    path = manifest(duo, "recording video transcript transcript_offset start end", "talk talk.mp4 talk.vtt 0.25 1 3")
    [plain] = find_recordings([path])
    assert [p.name for p in plain.open().recording.participants] == ["speaker"]
    who = roles(Role("face-1", "Ann", "seeker"), Role("face-2", "Ben"))
    [entry] = find_recordings([path], who=who)
    opened = entry.open()
    assert [(p.name, p.role) for p in opened.recording.participants] == [("Ann", "seeker"), ("Ben", None)]
    assert [(s.participant, s.start, s.end) for s in opened.segments(TASK)] == [("Ann", 1, 3), ("Ben", 1, 3)]
    assert opened.recording.participants[0].end() == pytest.approx(4.0, abs=0.2)
    assert opened.transcript().utterances[0].start == 0.25, "offsets of the manifest hold"
    assert all(p.video is not None and p.video.face is not None for p in opened.recording.participants)


def test_speech_is_recognised_in_the_sound_of_those_without_a_transcript(duo: Path, tmp_path: Path) -> None:
    recogniser = str(save_whisper(tmp_path / "whisper"))
    path = manifest(
        duo,
        "recording participant audio audio_channel transcript",
        "one Ann two.wav 0 n/a",
        "one Ben two.wav 1 talk.vtt",
        "both Ann two.wav n/a n/a",
        "both Ben two.wav n/a n/a",
        "alone n/a two.wav n/a n/a",
    )
    one, both, alone = find_recordings([path], who=WhoIsWho(recogniser=recogniser))
    ann, ben = one.open().recording.participants
    assert isinstance(ann.audio, AudioStream)
    assert ann.audio.channel == 0
    assert ann.transcript is not None
    assert ben.transcript == next(p.transcript for p in one.segments[1].recording.participants if p.name == "Ben")
    assert [note.split(":")[0] for note in both.open().notes] == ["Ann, text", "Ben, text"]
    assert alone.open().recording.participants[0].transcript is not None


def test_two_people_cannot_be_called_alike(duo: Path) -> None:
    path = manifest(duo, "recording participant audio", "talk Ann two.wav", "talk Ben two.wav")
    [entry] = find_recordings([path], who=roles(Role("Ann", "Cem"), Role("Ben", "Cem")))
    with pytest.raises(InputError, match="names unlike each other"):
        entry.open()
