"""From what a user names to recordings."""

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import textgrid

from empdetect.errors import InputError
from empdetect.inputs import PROGRESS, find_recordings, open_recording
from empdetect.streams.absent import Absent
from empdetect.streams.transcript import TranscriptFile
from empdetect.task import Target, Task
from tests.media import write_media

TASK = Task((Target("empathy", "binary"),), window=1.0)
VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann>hello\n\n00:01.000 --> 00:02.000\n<v Ben>hi\n"
ONE = "WEBVTT\n\n00:00.000 --> 00:01.500\n<v Ann>hello there\n"


def sound(path: Path, seconds: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(16_000 * seconds)) / 16_000
    return write_media(path, samples=0.3 * np.sin(2 * np.pi * 220 * times))


def film(path: Path, seconds: float = 1.0, with_sound: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [np.full((48, 64, 3), 40 + i, np.uint8) for i in range(round(25 * seconds))]
    samples = 0.1 * np.ones(round(16_000 * seconds)) if with_sound else None
    return write_media(path, pictures, samples)


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def physiology(folder: Path, stem: str) -> Path:
    sidecar = {"SamplingFrequency": 4, "StartTime": 0, "Columns": ["EDA"]}
    text(folder / f"{stem}_physio.json", json.dumps(sidecar))
    path = folder / f"{stem}_physio.tsv.gz"
    path.write_bytes(gzip.compress(b"1.0\n1.5\n2.0\n2.5\n"))
    return path


def ids(*inputs: Path | str, transcript: Path | None = None) -> list[str]:
    return [entry.id for entry in find_recordings(inputs, transcript)]


def test_files_called_alike_make_one_recording(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4")
    text(tmp_path / "a.vtt", ONE)
    physiology(tmp_path, "a")
    [entry] = find_recordings([tmp_path])
    assert entry.id == "a"
    assert {kind: path.name for kind, path in entry.files.items()} == {
        "video": "a.mp4",
        "transcript": "a.vtt",
        "physiology": "a_physio.tsv.gz",
    }
    [person] = entry.open().recording.participants
    assert person.name == "Ann"
    assert {name for name, _ in person.streams()} == {"video", "audio", "transcript", "physiology"}
    assert person.physiology is not None
    assert person.physiology.read().signals["EDA"].rate == 4


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "avi", "mpg", "webm", "wav", "flac", "mp3", "m4a", "opus"])
def test_every_ending_is_found(ending: str, tmp_path: Path) -> None:
    (tmp_path / f"talk.{ending}").write_bytes(b"x")
    assert ids(tmp_path) == ["talk"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.vtt", ONE, "hello there"),
        ("t.srt", "1\n00:00:00,000 --> 00:00:01,500\nhello there\n", "hello there"),
        ("t.tsv", "start\tend\ttext\n0\t1.5\thello there\n", "hello there"),
        ("t.json", '[{"text": "hello there"}]', "hello there"),
        ("t.txt", "Ann: hello there\n", "hello there"),
    ],
)
def test_a_transcript_alone_is_a_recording(name: str, content: str, words: str, tmp_path: Path) -> None:
    text(tmp_path / name, content)
    for given in (tmp_path, tmp_path / name):
        [entry] = find_recordings([given])
        assert [u.text for u in entry.open().transcript().utterances] == [words]


def test_ids_mirror_the_tree_and_equal_names_stay_apart(tmp_path: Path) -> None:
    for place in ("s1/day1", "s1/day2", "s2"):
        sound(tmp_path / place / "talk.wav")
    everything = ["s1/day1/talk", "s1/day2/talk", "s2/talk"]
    assert ids(tmp_path) == everything
    assert ids(tmp_path / "s1", tmp_path / "s2") == everything
    assert ids(tmp_path / "s1/day1/talk.wav", tmp_path / "s2/talk.wav") == ["s1/day1/talk", "s2/talk"]
    assert ids(tmp_path / "s1/day1/talk.wav") == ["talk"]
    assert ids(f"{tmp_path}/**/day*/*.wav") == ["s1/day1/talk", "s1/day2/talk"]
    assert ids(tmp_path / "s2", tmp_path / "s2" / "talk.wav") == ["talk"]


def test_names_with_spaces_brackets_and_other_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound(tmp_path / "Büro [1]" / "Gespräch 你好 (2).wav")
    assert ids(tmp_path) == ["Büro [1]/Gespräch 你好 (2)"]
    monkeypatch.chdir(tmp_path / "Büro [1]")
    assert ids("*.wav") == ["Gespräch 你好 (2)"]
    assert ids("Gespräch 你好 (2).wav") == ["Gespräch 你好 (2)"]


def test_sound_of_its_own_replaces_that_of_the_film(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4")
    sound(tmp_path / "a.wav")
    [entry] = find_recordings([tmp_path])
    [person] = entry.open().recording.participants
    assert person.audio is not None
    assert person.video is not None
    assert (person.audio.path.name, person.video.path.name) == ("a.wav", "a.mp4")


def test_a_film_and_a_sound_of_other_length_are_two_recordings(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", 1.0)
    sound(tmp_path / "a.wav", 3.0)
    text(tmp_path / "a.vtt", ONE)
    first, second = find_recordings([tmp_path])
    assert [first.id, second.id] == ["a.mp4", "a.wav"]
    assert "lengths differ" in first.notes[0]
    assert all("transcript" in entry.files for entry in (first, second))


def test_two_sounds_of_one_name_are_two_recordings(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    sound(tmp_path / "a.flac")
    assert ids(tmp_path) == ["a.wav", "a.flac"]


def test_suffixes_of_bids_are_no_part_of_the_name(tmp_path: Path) -> None:
    film(tmp_path / "sub-01_task-talk_video.mp4", with_sound=False)
    sound(tmp_path / "sub-01_task-talk_audio.wav")
    physiology(tmp_path, "sub-01_task-talk")
    [entry] = find_recordings([tmp_path])
    assert entry.id == "sub-01_task-talk"
    assert set(entry.files) == {"video", "audio", "physiology"}


def test_what_is_no_recording_is_left_alone(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    physiology(tmp_path, "p")
    text(tmp_path / "README.txt", "read me")
    text(tmp_path / "notes.md", "notes")
    text(tmp_path / "scores.tsv", "recording\tparticipant\tscore\nx\ty\t0.5\n")
    text(tmp_path / "scores.json", '{"about": {}}')
    text(tmp_path / "settings.json", '{"a": 1}')
    text(tmp_path / ".hidden" / "b.txt", "Ann: hello")
    sound(tmp_path / "._a.wav")
    assert ids(tmp_path) == ["a", "p"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    sound(tmp_path / "real" / "a.wav")
    (tmp_path / "real" / "again").symlink_to(tmp_path)
    assert ids(tmp_path) == ["real/a"]


def test_a_wrong_ending_is_seen_through(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav").rename(tmp_path / "a.dat")
    [entry] = find_recordings([tmp_path / "a.dat"])
    [person] = entry.open().recording.participants
    assert [name for name, _ in person.streams()] == ["audio", "transcript"]
    assert isinstance(person.transcript, Absent), "nobody wrote down what is said"
    sound(tmp_path / "b.wav").rename(tmp_path / "b.mp4")
    [entry] = find_recordings([tmp_path / "b.mp4"])
    assert entry.open().recording.participants[0].video is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["nowhere.mp4"], "no file or folder nowhere.mp4"),
        (["*.mp4"], "nothing matches"),
        (["empty"], "none found"),
        (["thing.xyz"], "neither a media file nor a known ending"),
    ],
)
def test_inputs_that_lead_nowhere(
    given: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    text(tmp_path / "thing.xyz", "what")
    with pytest.raises(InputError, match=message):
        find_recordings(given)


def test_transcripts_from_a_folder_of_their_own(tmp_path: Path) -> None:
    for place in ("s1", "s2"):
        sound(tmp_path / "media" / place / "talk.wav")
        text(tmp_path / "words" / place / "talk.vtt", ONE.replace("hello", place))
    sound(tmp_path / "media" / "other.wav")
    text(tmp_path / "words" / "deep" / "other.srt", "1\n00:00:00,000 --> 00:00:01,000\nAnn: ok\n")
    found = {entry.id: entry for entry in find_recordings([tmp_path / "media"], tmp_path / "words")}
    assert found["s1/talk"].open().transcript().utterances[0].text == "s1 there"
    assert found["s2/talk"].open().transcript().utterances[0].text == "s2 there"
    assert found["other"].files["transcript"].name == "other.srt"


def test_a_recording_without_transcript_in_the_folder_says_so(tmp_path: Path) -> None:
    sound(tmp_path / "media" / "a.wav")
    sound(tmp_path / "media" / "b.wav")
    text(tmp_path / "words" / "a.vtt", ONE)
    a, b = find_recordings([tmp_path / "media"], tmp_path / "words")
    assert "transcript" in a.files
    assert a.notes == ()
    assert "no transcript called b" in b.notes[0]


def test_one_transcript_for_two_folders_is_refused(tmp_path: Path) -> None:
    sound(tmp_path / "media" / "s1" / "talk.wav")
    sound(tmp_path / "media" / "s2" / "talk.wav")
    text(tmp_path / "words" / "talk.vtt", ONE)
    with pytest.raises(InputError, match=r"fits both s1/talk and s2/talk"):
        find_recordings([tmp_path / "media"], tmp_path / "words")


def test_one_file_goes_to_one_recording_alone(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    sound(tmp_path / "b.wav")
    words = text(tmp_path / "words" / "whatever.vtt", ONE)
    [entry] = find_recordings([tmp_path / "a.wav"], transcript=words, physio=physiology(tmp_path, "x"))
    assert set(entry.files) == {"audio", "transcript", "physiology"}
    with pytest.raises(InputError, match="one file fits one recording, there are 2"):
        find_recordings([tmp_path / "a.wav", tmp_path / "b.wav"], transcript=words)
    with pytest.raises(InputError, match="no file or folder"):
        find_recordings([tmp_path / "a.wav"], transcript=tmp_path / "no.vtt")


def test_several_speakers_share_the_sound_by_their_turns_and_the_picture_belongs_to_nobody(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", 2.0)
    text(tmp_path / "a.vtt", VTT)
    [entry] = find_recordings([tmp_path])
    opened = entry.open()
    ann, ben = opened.recording.participants
    assert [person.name for person in (ann, ben)] == ["Ann", "Ben"]
    assert all([name for name, _ in p.streams()] == ["audio", "transcript"] for p in (ann, ben))
    assert isinstance(ben.transcript, TranscriptFile)
    assert [u.text for u in ben.transcript.read().of("Ben").utterances] == ["hi"]
    assert ben.audio is not None
    heard = ben.audio.read(16_000)
    assert not heard.samples[:15_900].any(), "Ann speaks"
    assert heard.samples[16_100:].any()
    assert "a.mp4 is given to nobody as video: there are 2 participants (Ann, Ben)" in opened.notes[0]
    assert len(opened.transcript().utterances) == 2


def test_a_broken_stream_does_not_cost_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"not a film" * 100)
    text(tmp_path / "a.vtt", ONE)
    [entry] = find_recordings([tmp_path])
    [person] = entry.open().recording.participants
    assert person.name == "Ann"
    assert person.video is not None, "it stays, so that its reason is told"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mp4", b"", "empty"),
        ("a.mp4", b"\x00random" * 500, "FFmpeg cannot decode"),
        ("a.wav", b"RIFFbroken", "FFmpeg cannot decode"),
        ("a.vtt", b"\xff\xfe\x00broken", "not UTF-8"),
        ("a.json", b"[{", "not valid"),
        ("a.json", b"[" * 100_000, "not valid"),
        ("a.eaf", b"<a", "not valid"),
        ("a.TextGrid", b"File type", "not valid"),
        ("a.zip", b"PK\x03\x04broken", "not a whole Empatica E4 session"),
        ("a.rttm", b"SPEAKER", "line 1 has 1 fields"),
        ("a_physio.tsv.gz", b"not gzip", "no a_physio.json beside it"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    [entry] = find_recordings([tmp_path])
    with pytest.raises(InputError, match=message):
        entry.open()


def test_turns_of_rttm_and_of_annotations_belong_to_the_recording(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", 2.0)
    text(tmp_path / "a.vtt", VTT.replace("<v Ann>", "").replace("<v Ben>", ""))
    text(tmp_path / "a.rttm", "SPEAKER a 1 0 1 <NA> <NA> Cem <NA> <NA>\nSPEAKER a 1 1 1 <NA> <NA> Dea <NA> <NA>\n")
    [entry] = find_recordings([tmp_path])
    assert set(entry.files) == {"video", "transcript", "turns"}
    assert [person.name for person in entry.open().recording.participants] == ["Cem", "Dea"]
    (tmp_path / "a.rttm").unlink()
    grid = textgrid.TextGrid(maxTime=2.0)
    for name, start in (("Eva", 0.0), ("Fay", 1.0)):
        tier = textgrid.IntervalTier(name, 0.0, 2.0)
        tier.add(start, start + 1.0, "speaks")
        grid.append(tier)
    grid.write(str(tmp_path / "a.TextGrid"))
    [entry] = find_recordings([tmp_path])
    assert entry.files["transcript"].name == "a.vtt"
    assert [(u.text, u.speaker) for u in entry.open().transcript().utterances] == [("hello", "Eva"), ("hi", "Fay")]


def test_a_session_of_an_e4_is_a_recording_or_part_of_one(tmp_path: Path) -> None:
    for folder in ("s1/talk_e4", "s2/A01B2C"):
        text(tmp_path / folder / "EDA.csv", "1600000000.0\n4.0\n0.1\n0.2\n")
        text(tmp_path / folder / "info.txt", "about the session")
    sound(tmp_path / "s1" / "talk.wav")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", "x")
    first, second = find_recordings([tmp_path])
    assert (first.id, set(first.files)) == ("s1/talk", {"audio", "physiology"})
    assert (second.id, set(second.files)) == ("s2/A01B2C", {"physiology"})
    [person] = second.open().recording.participants
    assert person.physiology is not None
    assert person.physiology.read().signals["EDA"].rate == 4
    assert ids(tmp_path / "s2" / "A01B2C") == ["A01B2C"]


def test_the_heart_rate_of_another_watch_does_not_hide_what_lies_beside_it(tmp_path: Path) -> None:
    text(tmp_path / "anna" / "HR.csv", "time,bpm\n0,72\n1,73\n")
    sound(tmp_path / "anna" / "anna.wav", 2.0)
    text(tmp_path / "anna" / "anna.vtt", ONE)
    [entry] = find_recordings([tmp_path])
    assert {kind: path.name for kind, path in entry.files.items()} == {"audio": "anna.wav", "transcript": "anna.vtt"}


def test_a_film_without_sound_has_no_audio(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", with_sound=False)
    [entry] = find_recordings([tmp_path])
    assert [name for name, _ in entry.open().recording.participants[0].streams()] == ["video"]


def test_a_manifest_gives_people_and_segments(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 3.0)
    sound(tmp_path / "b.wav", 3.0)
    manifest = text(
        tmp_path / "study.tsv",
        "recording\tparticipant\trole\taudio\tstart\tend\n"
        "talk\tAnn\tlistener\ta.wav\t0.5\t2.5\n"
        "talk\tBen\tspeaker\tb.wav\tn/a\tn/a\n"
        "other\tCay\tn/a\tb.wav\tlate\tn/a\n",
    )
    talk, faulty = find_recordings([manifest])
    assert talk.id == "talk"
    opened = talk.open()
    assert [(p.name, p.role) for p in opened.recording.participants] == [("Ann", "listener"), ("Ben", "speaker")]
    spans = [(s.participant, s.start, s.end) for s in opened.segments(TASK)]
    assert spans == [("Ann", 0.5, 2.5), ("Ben", 0.0, 1.0), ("Ben", 1.0, 2.0), ("Ben", 2.0, 3.0)]
    with pytest.raises(InputError, match="'late' is no number"):
        faulty.open()


def test_a_manifest_with_a_broken_file_still_scores_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"broken")
    text(tmp_path / "a.vtt", ONE)
    manifest = text(
        tmp_path / "m.jsonl", '{"recording": "r", "participant": "Ann", "video": "a.mp4", "transcript": "a.vtt"}'
    )
    [entry] = find_recordings([manifest])
    assert len(entry.open().segments(TASK)) == 2, "1.5 s in windows of 1 s"


def test_equal_ids_are_refused(tmp_path: Path) -> None:
    sound(tmp_path / "talk.wav")
    manifest = text(tmp_path / "m.tsv", "recording\taudio\ntalk\ttalk.wav\n")
    with pytest.raises(InputError, match="both have a recording called 'talk'"):
        find_recordings([tmp_path / "talk.wav", manifest])


@pytest.mark.parametrize("name", ["broken.mp4", "missing.mp4"])
def test_a_manifest_s_recording_of_which_nothing_can_be_read_fails_as_its_file_does(name: str, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(bytes(range(256)) * 40)
    [entry] = find_recordings([text(tmp_path / "m.tsv", f"recording\tvideo\nr\t{name}\n")])
    with pytest.raises(InputError, match=name):
        entry.open()


def test_scores_of_an_earlier_run_are_no_recordings(tmp_path: Path) -> None:
    text(tmp_path / "talk.vtt", ONE)
    text(tmp_path / "scores" / "vtt" / "talk.vtt", ONE)
    assert len(find_recordings([tmp_path])) == 2, "any folder of captions"
    (tmp_path / "scores" / PROGRESS).mkdir()
    assert [entry.id for entry in find_recordings([tmp_path])] == ["talk"]


def test_one_recording_is_opened_by_its_path(tmp_path: Path) -> None:
    recording = open_recording(text(tmp_path / "talk.vtt", VTT))
    assert [person.name for person in recording.participants] == ["Ann", "Ben"]
    text(tmp_path / "other.vtt", ONE)
    with pytest.raises(InputError, match="it holds 2 recordings; name one, or score all"):
        open_recording(tmp_path)


def test_physiology_of_another_name_says_which_names_are_read(tmp_path: Path) -> None:
    text(tmp_path / "body" / "talk.csv", "EDA\n1\n")
    [entry] = find_recordings([text(tmp_path / "talk.vtt", ONE)], physio=tmp_path / "body")
    assert "no physiology called talk in" in entry.notes[0] and "talk_physio.csv" in entry.notes[0]
