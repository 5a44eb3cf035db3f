import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from empdetect.errors import InputError
from empdetect.streams.transcript import Transcript, TranscriptFile, Utterance, read_transcript

Line = tuple[str, str | None, float | None, float | None]


def lines(path: Path, text: str) -> list[Line]:
    path.write_text(text, encoding="utf-8")
    return [(u.text, u.speaker, u.start, u.end) for u in read_transcript(path).utterances]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "a.vtt",
            "WEBVTT\n\nNOTE skip me\n\n1\n00:01.250 --> 00:02.000 align:start\n<v Ann>Hi <b>you</b>\n&amp; yours\n",
            [("Hi you & yours", "Ann", 1.25, 2.0)],
        ),
        ("hours.vtt", "WEBVTT\n\n01:00:01.000 --> 01:00:02.000\nHi\n", [("Hi", None, 3601.0, 3602.0)]),
        ("a.srt", "\ufeff1\n00:00:01,500 --> 00:00:02,000\nHello\nthere\n", [("Hello there", None, 1.5, 2.0)]),
        (
            "zoom.vtt",
            "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\nAnn Lee: Hi: you\n\n"
            "2\n00:00:02.000 --> 00:00:03.000\nand more\n\n3\n00:00:03.000 --> 00:00:04.000\nBen: Yes\n",
            [("Hi: you", "Ann Lee", 1.0, 2.0), ("and more", "Ann Lee", 2.0, 3.0), ("Yes", "Ben", 3.0, 4.0)],
        ),
        (
            "list.srt",
            "1\n00:00:01,000 --> 00:00:02,000\nOne thing: rest\n\n2\n00:00:02,000 --> 00:00:03,000\nand sleep\n",
            [("One thing: rest", None, 1.0, 2.0), ("and sleep", None, 2.0, 3.0)],
        ),
        (
            "a.tsv",
            "start\tend\tspeaker\ttext\n1\t2.5\tann\tHi\nn/a\t\t\tHm\n",
            [("Hi", "ann", 1, 2.5), ("Hm", None, None, None)],
        ),
        ("words.tsv", "text\nNA\nnull\n", [("NA", None, None, None), ("null", None, None, None)]),
        ("a.json", '[{"text": "Hi", "start": 0, "end": 1, "speaker": "ann"}]', [("Hi", "ann", 0.0, 1.0)]),
        ("b.json", '\ufeff{"dialogue": [{"text": "Hi", "start": NaN}]}', [("Hi", None, None, None)]),
        (
            "whisper.json",
            '{"segments": [{"start": 0.0, "end": 2, "text": " Hi", "speaker": "SPEAKER_00"}], "language": "en"}',
            [("Hi", "SPEAKER_00", 0.0, 2.0)],
        ),
        ("chat.json", '{"messages": [{"role": "user", "content": "Hi"}]}', [("Hi", "user", None, None)]),
        ("half.json", '[{"text": "a \\ud800 b"}]', [("a ? b", None, None, None)]),
        (
            "a.txt",
            "Ann: at 10:30: yes\n\nno name\n",
            [("at 10:30: yes", "Ann", None, None), ("no name", None, None, None)],
        ),
        ("empty.vtt", "WEBVTT\n", []),
        ("blank.tsv", "start\tend\ttext\n1\t2\t  \n", []),
    ],
)
def test_formats(tmp_path: Path, name: str, text: str, expected: list[Line]) -> None:
    assert lines(tmp_path / name, text) == expected


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.docx", "Hi", "allowed endings are .vtt, .srt, .tsv, .json, .eaf, .textgrid, .txt"),
        ("a.vtt", "00:01.000 --> 00:02.000\nHi\n", r"a\.vtt: not valid \.vtt"),
        ("a.srt", "1\n00:00:01,000 -> 00:00:02\nHi\n", r"a\.srt: not valid \.srt"),
        (
            "b.vtt",
            "WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n\n00:02,000 --> 00:03,000\nlost\n",
            r"line 6, '00:02,000 --> 00:03,000': write times as in 00:01:02.500 --> 00:01:04.000",
        ),
        ("c.srt", "1\n00:00:01,000 --> 00:00:02,000\nHi\n\n2\n00:00:02 --> 00:00:03\nlost\n", "line 6"),
        ("d.vtt", "WEBVTT\n\n00:10.000 --> 00:05.000\nBack\n", "'Back' ends at 5 s, before it starts at 10 s"),
        (
            "whisper.tsv",
            "start\tend\ttext\n0\t1800\tI am sorry\n",
            "3 words in 1800 s: the times look like milliseconds",
        ),
        ("d.tsv", "start\tend\ttext\n10\t5\tBack\n", "'Back' ends at 5 s, before it starts at 10 s"),
        ("a.tsv", "start,end,text\n1,2,Hi\n", "no column 'text', got start,end,text; name the columns"),
        ("b.tsv", "start\tend\ttext\nsoon\t2\tHi\n", r"b\.tsv: not valid \.tsv \(could not convert string to float"),
        ("a.json", '{"turns": []}', r'a list of turns is needed, or \{"dialogue": \[...\]\}'),
        ("b.json", '["Hi"]', r'b\.json: not valid \.json \(each turn needs a "text", got Hi\)'),
        ("c.json", "{", r"c\.json: not valid \.json"),
        ("d.json", "[" * 100_000, r"d\.json: not valid \.json"),
        ("e.json", '[{"text": "Hi", "start": 1e999}]', "a time of inf s is no moment of a recording"),
        (
            "c.tsv",
            "start\tend\ttext\n1700000000\t1700000001\tHi\n",
            "give seconds from its start, not milliseconds",
        ),
        ("a.txt", "", "the file is empty"),
    ],
)
def test_faults_are_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        lines(tmp_path / name, text)


def test_other_encoding_and_absent_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Ann: café".encode("latin-1"))
    with pytest.raises(InputError, match="byte 8 is not UTF-8; save it as UTF-8"):
        read_transcript(tmp_path / "a.txt")
    with pytest.raises(InputError, match="no such file"):
        TranscriptFile(tmp_path / "gone.txt").read()


def test_speakers_and_their_own_words() -> None:
    talk = Transcript((Utterance("a", "ann"), Utterance("b", "bob"), Utterance("c", "ann"), Utterance("d")))
    assert talk.speakers == ("ann", "bob")
    assert [u.text for u in talk.of("ann").utterances] == ["a", "c"]
    assert talk.of("carl").utterances == ()
    alone = Transcript((Utterance("a"), Utterance("b")))
    assert alone.of("anyone") is alone


def test_offset_moves_every_time_and_speaker_picks(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("start\tend\tspeaker\ttext\n1\t2\tann\tHi\n3\t\tbob\tHm\nn/a\tn/a\tann\tYes\n")
    moved = TranscriptFile(path, offset=10.0).read().utterances
    assert [(u.start, u.end) for u in moved] == [(11.0, 12.0), (13.0, None), (None, None)]
    picked = TranscriptFile(path, offset=10.0, speaker="ann")
    assert [u.text for u in picked.read().utterances] == ["Hi", "Yes"]
    assert picked.end() == 12.0
    assert TranscriptFile(path).fingerprint() != picked.fingerprint()


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
TEXTS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
TIMES = st.integers(0, 10_000_000).map(lambda milliseconds: milliseconds / 1000)


@st.composite
def utterances(draw: st.DrawFn) -> Utterance:
    start, end = sorted((draw(TIMES), draw(TIMES)))
    return Utterance(draw(TEXTS), draw(st.none() | WORDS), start, end)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(utterances(), max_size=5))
def test_json_round_trip(tmp_path: Path, said: list[Utterance]) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([vars(u) for u in said]), encoding="utf-8")
    assert read_transcript(path).utterances == tuple(said)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(utterances(), min_size=1, max_size=5))
def test_tsv_round_trip(tmp_path: Path, said: list[Utterance]) -> None:
    import pandas as pd

    path = tmp_path / "a.tsv"
    pd.DataFrame([vars(u) for u in said]).to_csv(path, sep="\t", index=False)
    assert read_transcript(path).utterances == tuple(said)


@settings(deadline=None)
@given(st.lists(utterances(), max_size=6))
def test_each_word_belongs_to_one_speaker(said: list[Utterance]) -> None:
    talk = Transcript(tuple(said))
    if talk.speakers:
        named = [u for u in said if u.speaker is not None]
        assert sum(len(talk.of(speaker).utterances) for speaker in talk.speakers) == len(named)
    assert talk.end() == max((u.end for u in said if u.end is not None), default=0.0)
    assert talk.fingerprint() == Transcript(tuple(said)).fingerprint()
