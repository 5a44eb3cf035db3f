"""The parsers under attack: what each reads, and what must hold of what it accepts."""

import gzip
import io
import math
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from empdetect.inputs import find_recordings
from empdetect.manifest.check import check_manifest
from empdetect.manifest.segments import usable_segments
from empdetect.recording import Participant, Recording
from empdetect.roles import read_roles
from empdetect.streams.physiology import PhysiologyFile
from empdetect.streams.transcript import Transcript, TranscriptFile, read_turns
from empdetect.task import Target, Task
from empdetect.windows import segments
from tests.fuzz.inputs import hostile

TASK = Task((Target("empathy", "binary"),), window=3600.0)
Files = dict[str, bytes]
"""A hostile input: content by file name."""


@dataclass(frozen=True)
class Parser:
    """A parser under attack.

    Args:
        files: hostile inputs.
        read: reads the files that lie in a folder; raises an InputError if it refuses them.
    """

    files: st.SearchStrategy[Files]
    read: Callable[[Path], None]


def _one_of(seeds: dict[str, Sequence[bytes]], pieces: Sequence[bytes]) -> st.SearchStrategy[Files]:
    """A hostile file of one of several names."""
    return st.one_of([hostile(s, pieces).map(lambda data, name=name: {name: data}) for name, s in seeds.items()])


def _read_transcript(folder: Path) -> None:
    [path] = folder.iterdir()
    file = TranscriptFile(path)
    said = file.read()
    _check_transcript(said)
    file.fingerprint()
    people = tuple(Participant(name, transcript=file) for name in said.speakers or ("speaker",))
    segments(Recording("r", people), TASK)
    _open_all(folder)


def _open_all(folder: Path) -> None:
    """The way of the command: from a folder to what is scored."""
    for entry in find_recordings([folder]):
        entry.open().segments(TASK)


def _check_transcript(said: Transcript) -> None:
    for utterance in said.utterances:
        for time in (utterance.start, utterance.end):
            assert time is None or math.isfinite(time), "a time is not finite"
        utterance.text.encode()
    for speaker in said.speakers:
        assert said.of(speaker).utterances, "a speaker says nothing"
    said.fingerprint()


def _read_turns(folder: Path) -> None:
    [path] = folder.iterdir()
    _check_transcript(read_turns(path))


def _read_physiology(folder: Path) -> None:
    path = next(path for path in sorted(folder.iterdir()) if path.suffix != ".json")
    file = PhysiologyFile(path)
    for signal in file.read().signals.values():
        assert math.isfinite(signal.start), "a start is not finite"
        assert math.isfinite(signal.end), "an end is not finite"
    file.fingerprint()
    if not path.name.endswith("a.csv"):
        _open_all(folder)


def _read_manifest(folder: Path) -> None:
    [path] = folder.iterdir()
    (folder / "a.vtt").write_bytes(CAPTIONS[0])
    try:
        for fault in check_manifest(path):
            str(fault).encode()
        found, _ = usable_segments(path, media=False, unlabelled=True)
        for segment in found:
            segment.people()
    finally:
        (folder / "a.vtt").unlink()


def _read_roles(folder: Path) -> None:
    [path] = folder.iterdir()
    roles = read_roles(path)
    for recording in {row.recording or "talk" for row in roles.rows}:
        for label, role in roles.of(recording).items():
            assert label, "a label is empty"
            assert role.participant, "a name is empty"
            role.participant.encode()


def _zipped(text: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("EDA.csv", text)
    return buffer.getvalue()


CAPTIONS = (
    b"WEBVTT\n\nNOTE hm\n\n1\n00:01.250 --> 00:02.000 align:start\n<v Ann>Hi <b>you</b>\n&amp; yours\n\n"
    b"01:00:02.000 --> 01:00:04.500\n<v.loud Ben>no\n",
)
SUBTITLES = (b"\xef\xbb\xbf1\n00:00:01,500 --> 00:00:02,000\nHello\nthere\n\n2\n00:00:03,000 --> 00:00:04,000\nHm\n",)
WORD_TABLE = (b"start\tend\tspeaker\ttext\n1\t2.5\tann\tHi\nn/a\t\t\tHm\n",)
LINES = (b"Ann: at 10:30: yes\n\nno name\n",)
DIALOGUES = (
    b'[{"text": "Hi", "start": 0, "end": 1.5, "speaker": "ann"}, {"text": "oh", "start": null}]',
    b'{"dialogue": [{"text": "Hi", "speaker": "ann"}]}',
    b'{"segments": [{"start": 0.0, "end": 2, "text": " Hi"}], "language": "en"}',
    b'{"messages": [{"role": "user", "content": "Hi"}]}',
)
ANNOTATION = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT AUTHOR="a" DATE="d" FORMAT="3.0" VERSION="3.0" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="x">'
    b'<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/>'
    b'<TIME_SLOT TIME_SLOT_ID="ts2"/><TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="1500"/></TIME_ORDER>'
    b'<TIER LINGUISTIC_TYPE_REF="t" PARTICIPANT="Ann" TIER_ID="Ann"><ANNOTATION><ALIGNABLE_ANNOTATION '
    b'ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>Hi</ANNOTATION_VALUE>'
    b'</ALIGNABLE_ANNOTATION></ANNOTATION><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" '
    b'TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE>you</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>'
    b'<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="t" TIME_ALIGNABLE="true"/></ANNOTATION_DOCUMENT>',
)
GRIDS = (
    b'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 2\ntiers? <exists>\nsize = 1\nitem []:\n'
    b'    item [1]:\n        class = "IntervalTier"\n        name = "Ann"\n        xmin = 0\n        xmax = 2\n'
    b"        intervals: size = 2\n        intervals [1]:\n            xmin = 0\n            xmax = 1.5\n"
    b'            text = "Hi ""you"""\n        intervals [2]:\n            xmin = 1.5\n            xmax = 2\n'
    b'            text = ""\n',
    b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n2\n<exists>\n1\n"IntervalTier"\n"words"\n0\n2\n'
    b'1\n0\n2\n"Hi"\n',
)
TURNS = (
    b"SPEAKER talk 1 0.50 2.25 <NA> <NA> ann <NA> <NA>\nSPEAKER talk 1 3 1 <NA> <NA> ben <NA> <NA>\n",
    b";; by hand\nSPKR-INFO talk 1 <NA> <NA> <NA> unknown ann <NA>\nSPEAKER talk 1 0.5 2 <NA> <NA> ann <NA> <NA>\n",
)
ABOUT = (b'{"SamplingFrequency": 4, "StartTime": -1.5, "Columns": ["EDA", "cardiac"]}',)
SIGNALS = (b"1.0\t5\n2\tn/a\n2.5\t6\n",)
SIGNAL_TABLE = (b"EDA,ECG_left,note\n1.5,2,9\nn/a,3,9\n",)
SENSOR = (b"1600000000.0\n4.0\n0.1\n0.2\n", b"1600000000.00, 1600000000.00\n4.000000, 4.0\n0.1,2\n")
ROLES = (
    b"recording\tlabel\tparticipant\trole\nn/a\tSPEAKER_00\tAnn\tseeker\nr1\tface-1\tAnn\tn/a\n",
    b"label\trole\nAnn\tseeker\n",
)
ROLE_LISTS = (
    b"SPEAKER_00: {participant: Ann, role: seeker}\nface-1: {participant: Ann}\nBen: supporter\n",
    b"- {label: SPEAKER_00, participant: Ann, role: seeker}\n- label: Ben\n  role: supporter\n",
)
MANIFESTS = (
    b"recording\tparticipant\trole\tsplit\tgroup\ttranscript\tstart\tend\tempathy\n"
    b"r1\tAnn\tseeker\ttrain\tg\ta.vtt\t0\t1.5\t5\nr1\tBen\tn/a\ttrain\tg\ta.vtt\tn/a\tn/a\t3\n",
)
MANIFEST_LINES = (
    b'{"recording": "r1", "participant": "Ann", "transcript": "a.vtt", "start": 0, "end": 1.5, "empathy": 5}\n'
    b'{"recording": "r2", "transcript": "no.vtt", "transcript_offset": -2}\n',
)

TIMES = (b"00:00:01,500", b"00:01.250", b" --> ", b"\n", b"<v Ann>", b"99:99:99.999", b"WEBVTT", b"NOTE", b"STYLE")
CELLS = (b"start", b"end", b"speaker", b"text", b"\t", b"\n", b"1.5", b"n/a", b"Ann: ")
JSON = (b'"text"', b'"speaker"', b'"start"', b'"dialogue"', b"{", b"}", b"[", b"]", b":", b",", b"1.5", b"Infinity")
XML = (b"<TIER ", b"</TIER>", b'TIER_ID="', b"<ANNOTATION>", b'TIME_VALUE="', b'PARENT_REF="Ann"', b"<!DOCTYPE a>")
GRID = (b"IntervalTier", b"TextTier", b"xmin = ", b"size = ", b"text = ", b"intervals [1]:", b'"Ann"', b"\n", b"0\n")
RTTM = (b"SPEAKER ", b"<NA> ", b"talk ", b"LEXEME ", b"1.5 ", b"-1 ", b"\n", b"ann ")
TABLE = (b"EDA", b"ECG", b"\t", b",", b";", b"\n", b"1.5", b"n/a", b'"SamplingFrequency"', b"}", b":", b"1e-9")
ROWS = (
    b"recording",
    b"participant",
    b"transcript",
    b"a.vtt",
    b"\t",
    b"\n",
    b"n/a",
    b"../..",
    b"1.5",
    b"{",
    b"}",
    b'"',
    b":",
)

NAMES = (
    b"label",
    b"participant",
    b"role",
    b"recording",
    b"\t",
    b"\n",
    b"Ann",
    b": ",
    b"- ",
    b"{",
    b"&a ",
    b"*a",
    b"!!int ",
)

PARSERS: dict[str, Parser] = {
    "transcript": Parser(
        _one_of({"a.vtt": CAPTIONS, "a.srt": SUBTITLES, "a.tsv": WORD_TABLE, "a.txt": LINES}, (*TIMES, *CELLS)),
        _read_transcript,
    ),
    "json": Parser(_one_of({"a.json": DIALOGUES}, JSON), _read_transcript),
    "eaf": Parser(_one_of({"a.eaf": ANNOTATION}, XML), _read_transcript),
    "textgrid": Parser(_one_of({"a.TextGrid": GRIDS}, GRID), _read_transcript),
    "rttm": Parser(_one_of({"talk.rttm": TURNS}, RTTM), _read_turns),
    "physiology": Parser(
        st.one_of(
            st.fixed_dictionaries(
                {"a_physio.tsv.gz": hostile(SIGNALS, TABLE).map(gzip.compress), "a_physio.json": hostile(ABOUT, TABLE)}
            ),
            st.fixed_dictionaries({"a.csv": hostile(SIGNAL_TABLE, TABLE), "a.json": hostile(ABOUT, TABLE)}),
            st.fixed_dictionaries({"a.zip": hostile(SENSOR, TABLE).map(_zipped)}),
            st.fixed_dictionaries({"a.zip": hostile([_zipped(SENSOR[0])], TABLE)}),
        ),
        _read_physiology,
    ),
    "roles": Parser(_one_of({"r.tsv": ROLES, "r.yaml": ROLE_LISTS}, NAMES), _read_roles),
    "manifest": Parser(_one_of({"m.tsv": MANIFESTS, "m.jsonl": MANIFEST_LINES}, ROWS), _read_manifest),
}
