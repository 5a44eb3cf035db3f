"""ELAN and Praat files, written by the libraries that others write them with; and RTTM."""

from pathlib import Path

import pympi
import pytest
import textgrid

from empdetect.errors import InputError
from empdetect.streams.transcript import read_transcript, read_turns

Line = tuple[str, str | None, float | None, float | None]


def said(path: Path) -> list[Line]:
    return [(u.text, u.speaker, u.start, u.end) for u in read_transcript(path).utterances]


def turns(path: Path) -> list[Line]:
    return [(u.text, u.speaker, u.start, u.end) for u in read_turns(path).utterances]


def eaf(path: Path, tiers: dict[str, list[tuple[int, int, str]]], **about: str) -> Path:
    file = pympi.Elan.Eaf()
    file.remove_tier("default")
    for name, spans in tiers.items():
        file.add_tier(name, part=about.get(name))
        for start, end, text in spans:
            file.add_annotation(name, start, end, text)
    file.to_file(str(path))
    return path


def test_elan_tiers_are_speakers(tmp_path: Path) -> None:
    path = eaf(tmp_path / "a.eaf", {"Ann": [(0, 1500, "Hi  you"), (3000, 4000, "")], "Ben": [(1500, 2250, "oh")]})
    assert said(path) == [("Hi you", "Ann", 0.0, 1.5), ("oh", "Ben", 1.5, 2.25)]
    assert turns(path)[-1] == ("", "Ann", 3.0, 4.0), "who speaks is known without words"


def test_elan_participants_count_more_than_names_and_words_more_than_gaze(tmp_path: Path) -> None:
    tiers = {"A_words": [(0, 500, "Hi")], "A_gaze": [(0, 500, "down")], "B": [(500, 900, "oh")]}
    path = eaf(tmp_path / "a.eaf", tiers, A_words="Ann", A_gaze="Ann")
    assert said(path) == [("Hi", "Ann", 0.0, 0.5), ("oh", "B", 0.5, 0.9)]


def test_elan_translations_are_left_out_and_open_moments_lie_between(tmp_path: Path) -> None:
    file = pympi.Elan.Eaf()
    file.remove_tier("default")
    file.add_tier("Ann")
    for start, text in ((0, "one"), (1000, "two"), (2000, "three")):
        file.add_annotation("Ann", start, start + 1000, text)
    file.add_linguistic_type("translation", constraints="Symbolic_Association")
    file.add_tier("English", ling="translation", parent="Ann")
    file.add_ref_annotation("English", "Ann", 500, "ONE")
    slots = sorted(file.timeslots, key=lambda name: file.timeslots[name])
    file.timeslots = {name: file.timeslots[name] for name in slots}
    for name in slots[1:-1]:
        file.timeslots[name] = None
    path = tmp_path / "a.eaf"
    file.to_file(str(path))
    words = said(path)
    assert [line[0] for line in words] == ["one", "two", "three"]
    assert words[0][2] == 0.0
    assert words[-1][3] == 3.0
    assert all(start <= end for _, _, start, end in words if start is not None and end is not None)


def grid(path: Path, tiers: dict[str, list[tuple[float, float, str]]]) -> Path:
    file = textgrid.TextGrid(maxTime=10.0)
    for name, spans in tiers.items():
        tier = textgrid.IntervalTier(name, 0.0, 10.0)
        for start, end, text in spans:
            tier.add(start, end, text)
        file.append(tier)
    points = textgrid.PointTier("clicks", 0.0, 10.0)
    points.add(1.0, "click")
    file.append(points)
    file.write(str(path))
    return path


def test_praat_tiers_are_speakers_and_points_say_nothing(tmp_path: Path) -> None:
    path = grid(tmp_path / "a.TextGrid", {"Ann": [(0, 1.5, 'say "Hi"')], "Ben": [(2, 3, "oh")]})
    assert said(path) == [('say "Hi"', "Ann", 0.0, 1.5), ("oh", "Ben", 2.0, 3.0)]


def test_praat_as_the_montreal_aligner_writes_it(tmp_path: Path) -> None:
    tiers = {"Ann - words": [(0.0, 0.5, "hi")], "Ann - phones": [(0.0, 0.2, "h"), (0.2, 0.5, "ai")]}
    assert said(grid(tmp_path / "a.TextGrid", tiers)) == [("hi", "Ann", 0.0, 0.5)]
    assert said(grid(tmp_path / "b.TextGrid", {"words": [(0.0, 0.5, "hi")]})) == [("hi", None, 0.0, 0.5)]


def test_praat_in_utf_16_and_in_the_short_form(tmp_path: Path) -> None:
    path = grid(tmp_path / "a.TextGrid", {"Jörg": [(0, 1.5, "schön")]})
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    assert said(path) == [("schön", "Jörg", 0.0, 1.5)]
    short = (
        'File type = "ooTextFile short"\n"TextGrid"\n\n0\n2\n<exists>\n1\n"IntervalTier"\n"Ann"\n0\n2\n1\n0\n2\n"hi"\n'
    )
    (tmp_path / "b.TextGrid").write_text(short)
    assert said(tmp_path / "b.TextGrid") == [("hi", "Ann", 0.0, 2.0)]


RTTM = "SPEAKER talk 1 3.00 1 <NA> <NA> ben <NA> <NA>\n;; by hand\nSPEAKER talk 1 0.5 2.25 <NA> <NA> ann 0.9 <NA>\n"


def test_rttm_gives_turns_by_time(tmp_path: Path) -> None:
    path = tmp_path / "talk.rttm"
    path.write_text(RTTM)
    assert turns(path) == [("", "ann", 0.5, 2.75), ("", "ben", 3.0, 4.0)]


def test_rttm_of_several_recordings(tmp_path: Path) -> None:
    path = tmp_path / "talk.rttm"
    path.write_text(RTTM + "SPEAKER other 1 0 1 <NA> <NA> cem <NA> <NA>\n")
    assert [line[1] for line in turns(path)] == ["ann", "ben"]
    with pytest.raises(InputError, match="it is about talk, other, none called 'third'; give each a file"):
        turns(path.rename(tmp_path / "third.rttm"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.rttm", "SPEAKER talk 1 0.5\n", r"not valid \.rttm \(line 1 has 4 fields, 9 or 10 are needed\)"),
        ("a.rttm", "SPEAKER talk 1 x 1 <NA> <NA> ann <NA>\n", "could not convert string to float: 'x'"),
        ("a.rttm", "SPEAKER talk 1 1 -1 <NA> <NA> ann <NA>\n", "line 1 lasts -1 s"),
        ("a.rttm", "SPEAKER talk 1 1e999 1 <NA> <NA> ann <NA>\n", "a time of inf s is no moment of a recording"),
        ("a.rttm", "<rttm>\n", "line 1 starts with '<rttm>'"),
        ("a.csv", "a\n", r"allowed endings are \.rttm, \.vtt"),
        ("a.eaf", "<ANNOTATION_DOCUMENT", r"not valid \.eaf \(Unable to parse eaf"),
        ("a.eaf", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]><a>&b;</a>", r"not valid \.eaf"),
        ("a.TextGrid", "File type = ", "lacking a proper header"),
    ],
)
def test_broken_files_say_what_is_wrong(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_turns(tmp_path / name)
