"""From files to people: names, roles, shared sounds and films."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.participants.people import WhoIsWho, people_of
from empdetect.recording import Participant
from empdetect.roles import Role, Roles
from empdetect.streams.absent import Absent
from empdetect.streams.transcript import Transcript, TranscriptFile
from tests.faulty_media import body, face, hum, words
from tests.media import write_media
from tests.speech.whisper import save_whisper

TWO = "WEBVTT\n\n00:00.000 --> 00:02.000\n<v A>hello\n\n00:02.000 --> 00:04.000\n<v B>hi\n"
NAMELESS = TWO.replace("<v A>", "").replace("<v B>", "")
RTTM = "SPEAKER a 1 0 2.1 <NA> <NA> A <NA> <NA>\nSPEAKER a 1 2.1 1.9 <NA> <NA> B <NA> <NA>\n"


def who(**labels: str) -> WhoIsWho:
    """Roles from ``label="name/role"``; an underscore in a label is a hyphen."""
    split = {label.replace("_", "-"): text.split("/") for label, text in labels.items()}
    return WhoIsWho(Roles(tuple(Role(label, name, role or None) for label, (name, role) in split.items())))


def people(files: Mapping[str, Path], given: WhoIsWho | None = None) -> tuple[dict[str, Participant], list[str]]:
    found, notes = people_of("a", files, given or WhoIsWho())
    return {person.name: person for person in found}, notes


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return write_media(tmp_path / "a.wav", samples=hum(4.0))


@pytest.fixture(scope="module")
def duo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film with two faces side by side, and sound."""
    pictures = [np.hstack([face(3), face(8)])] * 20
    return write_media(tmp_path_factory.mktemp("duo") / "a.mp4", pictures, hum(4.0), fps=5)


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def heard(person: Participant) -> list[bool]:
    """In which half of the sound there is anything."""
    assert person.audio is not None
    samples = person.audio.read(16_000).samples
    return [bool(half.any()) for half in (samples[:31_000], samples[34_000:])]


def test_names_and_roles_come_from_the_roles(tmp_path: Path, sound: Path) -> None:
    files = {"audio": sound, "transcript": text(tmp_path / "a.vtt", TWO)}
    found, notes = people(files, who(A="Ann/seeker", B="Ben/supporter"))
    assert {name: person.role for name, person in found.items()} == {"Ann": "seeker", "Ben": "supporter"}
    assert (heard(found["Ann"]), heard(found["Ben"])) == ([True, False], [False, True])
    assert found["Ben"].transcript is not None
    assert [u.text for u in found["Ben"].transcript.read().of("Ben").utterances] == ["hi"]
    assert notes == []


def test_two_labels_can_be_one_person(tmp_path: Path, sound: Path) -> None:
    files = {"audio": sound, "transcript": text(tmp_path / "a.vtt", TWO)}
    found, _ = people(files, who(A="Ann/seeker", B="Ann/"))
    assert list(found) == ["Ann"]
    assert found["Ann"].role == "seeker"
    assert heard(found["Ann"]) == [True, True]
    assert isinstance(found["Ann"].transcript, Transcript)
    assert found["Ann"].transcript.speakers == ("Ann",)


def test_turns_name_the_speakers_of_words_that_name_none(tmp_path: Path, sound: Path) -> None:
    files = {"audio": sound, "transcript": text(tmp_path / "a.vtt", NAMELESS), "turns": text(tmp_path / "a.rttm", RTTM)}
    found, _ = people(files)
    assert list(found) == ["A", "B"]
    assert isinstance(found["A"].transcript, Transcript)
    assert [(u.text, u.speaker) for u in found["A"].transcript.utterances] == [("hello", "A"), ("hi", "B")]
    assert heard(found["B"]) == [False, True]


def test_turns_alone_share_the_sound_and_the_words_are_missing(tmp_path: Path, sound: Path) -> None:
    found, _ = people({"audio": sound, "turns": text(tmp_path / "a.rttm", RTTM)})
    assert heard(found["A"]) == [True, False]
    assert isinstance(found["A"].transcript, Absent)
    assert "--asr MODEL" in found["A"].transcript.reason


def test_channels_faces_and_files_are_labels_too(tmp_path: Path, duo: Path) -> None:
    stereo = write_media(tmp_path / "a.wav", samples=np.stack([0.1 * np.ones(64_000), -0.1 * np.ones(64_000)]))
    files = {"video": duo, "audio": stereo, "physiology": body(tmp_path, "a", np.arange(64.0))}
    given = who(channel_0="Ann/seeker", channel_1="Ben/supporter", face_2="Ann/", face_1="Ben/", physiology="Ben/")
    found, notes = people(files, given)
    ann, ben = found["Ann"], found["Ben"]
    assert (ann.role, ben.role) == ("seeker", "supporter")
    assert ann.audio is not None
    assert ben.audio is not None
    assert (ann.audio.channel, ben.audio.channel) == (0, 1)
    assert ann.video is not None
    assert ann.video.face is not None
    assert ann.video.face.runs[0][0, 1] > 240, "the face on the right"
    assert (ann.physiology is None, ben.physiology is None) == (True, False)
    assert notes == []


def test_each_face_is_a_participant_when_asked(duo: Path) -> None:
    alone, _ = people({"video": duo})
    assert list(alone) == ["speaker"], "nobody asked for faces"
    found, notes = people({"video": duo}, WhoIsWho(faces=True))
    assert list(found) == ["face-1", "face-2"]
    assert all(person.video is not None and person.video.face is not None for person in found.values())
    assert notes == [
        "a.mp4 is given to nobody as audio: there are 2 participants (face-1, face-2) and nothing says whose it is; "
        "name its channels in --roles, or give turns (RTTM) or a transcript with times and speakers"
    ]


def test_the_one_face_is_that_of_the_one_voice(tmp_path: Path) -> None:
    film = write_media(tmp_path / "a.mp4", [face()] * 15, hum(3.0), fps=5)
    found, notes = people({"video": film, "transcript": words(tmp_path / "a.json")}, WhoIsWho(faces=True))
    assert [name for name, _ in found["Ann"].streams()] == ["video", "audio", "transcript"]
    assert notes == []


def test_labels_that_are_not_there_are_told(tmp_path: Path, sound: Path) -> None:
    files = {"audio": sound, "transcript": words(tmp_path / "a.json")}
    _, notes = people(files, who(Anne="A/seeker"))
    assert notes == ["the roles name nobody in it: it has Ann"]
    rows = (Role("Ann", "A"), Role("Ben", "B", None, "a"), Role("Cem", "C", None, "other"))
    found, notes = people(files, WhoIsWho(Roles(rows)))
    assert list(found) == ["A"]
    assert notes == ["the roles name 'Ben', which is not in it: it has Ann"]


def test_a_role_for_whom_nothing_names(sound: Path) -> None:
    found, _ = people({"audio": sound}, who(speaker="P01/target"))
    assert (found["P01"].role, found["P01"].audio is None) == ("target", False)


def test_speech_is_recognised_if_a_model_is_named(tmp_path: Path, sound: Path) -> None:
    given = WhoIsWho(recogniser=str(save_whisper(tmp_path / "whisper")))
    found, _ = people({"audio": sound, "turns": text(tmp_path / "a.rttm", RTTM)}, given)
    assert isinstance(found["B"].transcript, Transcript)
    assert [u.speaker for u in found["B"].transcript.utterances] == ["A", "B"]
    silent, _ = people({"audio": sound}, given)
    assert isinstance(silent["speaker"].transcript, Absent)
    assert "no speech was heard" in silent["speaker"].transcript.reason


def test_words_of_another_clock_keep_the_names_but_not_the_times(tmp_path: Path, sound: Path) -> None:
    later = TWO.replace("00:0", "10:0")
    found, notes = people({"audio": sound, "transcript": text(tmp_path / "a.vtt", later)})
    assert list(found) == ["A", "B"]
    assert all(isinstance(person.transcript, Absent) and person.audio is None for person in found.values())
    assert "is given to nobody as audio" in notes[0]


def test_milliseconds_for_seconds_are_told(tmp_path: Path, sound: Path) -> None:
    table = text(tmp_path / "a.tsv", "start\tend\ttext\n0.0\t900\tone\n900\t1800\ttwo\n1800\t3000\tthree\n")
    found, _ = people({"audio": sound, "transcript": table})
    assert isinstance(found["speaker"].transcript, Absent)
    assert "2 of its 3 utterances start after film and sound have ended" in found["speaker"].transcript.reason
    assert "write seconds, not milliseconds" in found["speaker"].transcript.reason


def test_body_signals_and_turns_of_another_clock(tmp_path: Path, sound: Path) -> None:
    files = {
        "audio": sound,
        "transcript": words(tmp_path / "a.json"),
        "physiology": body(tmp_path, "a", np.arange(64.0), StartTime=5000),
        "turns": text(tmp_path / "a.rttm", RTTM.replace(" 1 0 ", " 1 900 ").replace(" 1 2.1 ", " 1 905 ")),
    }
    found, notes = people(files)
    assert isinstance(found["Ann"].physiology, Absent)
    assert "it starts at 5000 s" in found["Ann"].physiology.reason
    assert notes == ["the speakers' turns are not used: they start at 900 s, after film and sound ended at 4 s"]


def test_broken_files(tmp_path: Path, sound: Path) -> None:
    broken = text(tmp_path / "a.rttm", "SPEAKER x\n")
    found, notes = people({"audio": sound, "turns": broken})
    assert list(found) == ["speaker"]
    assert "line 1 has 2 fields" in notes[0]
    with pytest.raises(InputError, match="tells who speaks when; give the sound, film or words with it"):
        people({"turns": text(tmp_path / "b.rttm", RTTM)})
    vtt = text(tmp_path / "a.vtt", "not words")
    found, _ = people({"audio": sound, "transcript": vtt})
    assert isinstance(found["speaker"].transcript, TranscriptFile), "its own reason is told"
    with pytest.raises(InputError, match=r"a\.json: not valid \.json"):
        people({"transcript": text(tmp_path / "a.json", json.dumps([1]))})
