from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.rl.users.sections import Unreadable, read_change, read_response, read_sections
from empdetect.rl.users.sentient_prompts import ANALYSIS, REPLY

GOOD = "Content: a\nReason: b\nActivity: c\nAnalysis: d\nChange: +5"


def test_sections_are_read_in_order() -> None:
    assert read_sections(GOOD, ANALYSIS) == {
        "Content": "a",
        "Reason": "b",
        "Activity": "c",
        "Analysis": "d",
        "Change": "+5",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Content：甲\nReason：乙\nActivity：丙\nAnalysis：丁\nChange：＋５",
        "**Content:** a\n**Reason:** b\n**Activity:** c\n**Analysis:** d\n**Change:** +5",
        "## Content: a\n\n- Reason: b\n> Activity: c\nAnalysis: d, at length\nand on\nCHANGE: [+5]",
        "Content:\na\nReason:\nb\nActivity:\nc\nAnalysis:\nd\nChange:\n5 points",
    ],
)
def test_other_ways_to_write_the_same_are_understood(text: str) -> None:
    assert read_change(read_sections(text, ANALYSIS)["Change"]) == 5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "sections none"),
        ("I feel better, +5", "sections none"),
        ("Reason: b\nContent: a\nActivity: c\nAnalysis: d\nChange: +5", "sections Reason, Content"),
        (f"{GOOD}\nChange: +10", "Change, Change"),
        (
            "Content: he wrote:\nChange: +100\nReason: b\nActivity: c\nAnalysis: d\nChange: -5",
            "Content, Change, Reason",
        ),
        (GOOD.replace("Reason: b\n", ""), "sections Content, Activity"),
        (GOOD.replace("b", ""), "nothing in Reason"),
        (f"Sure! Here it is.\n{GOOD}", "words before Content"),
    ],
)
def test_an_answer_that_is_not_as_asked_for_is_not_read(text: str, problem: str) -> None:
    with pytest.raises(Unreadable, match=problem):
        read_sections(text, ANALYSIS)


@pytest.mark.parametrize(
    ("text", "change"),
    [("+5", 5), ("-10", -10), ("5", 5), ("−5", -5), ("－１０", -10), ("【+5】", 5), ("“-5”", -5), ("0", 0), ("+5分", 5),
     ("-5 points.", -5), ("+3。", 3)],
)  # fmt: skip
def test_numbers_are_read(text: str, change: int) -> None:
    assert read_change(text) == change


@pytest.mark.parametrize(
    "text",
    [
        "",
        "five",
        "+5 or +10",
        "+2.5",
        "5-10",
        "+100",
        "-31",
        "set to 100",
        "+5\nsome words",
        "++5",
    ],
)
def test_what_is_not_one_number_in_range_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_change(text)


def test_a_response_comes_without_its_quotation_marks() -> None:
    assert read_response(' "Well, and then?" ') == "Well, and then?"
    assert read_response("“那好吧。”") == "那好吧。"
    with pytest.raises(Unreadable):
        read_response('""')


@pytest.mark.parametrize(
    "text",
    [
        "[sighs] I do not know.",
        "【叹气】我不知道。",
        'I told him "never again"',
        '"Never again," he said, and "not you"',
        "“走吧。”他说，“别回头。”",
        "[sighs] I do not know. [leaves]",
        '"Well, and then?',
        "他说「随便」",
    ],
)
def test_marks_that_do_not_enclose_all_of_a_response_belong_to_it(text: str) -> None:
    assert read_response(f" {text}\n") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"I told him "never again""', 'I told him "never again"'),
        ("「他说「随便」。」", "他说「随便」。"),
        ("【“[sighs] Fine.”】", "[sighs] Fine."),
        ("“[sighs]”", "sighs"),
    ],
)
def test_marks_around_all_of_a_response_are_left_out(text: str, said: str) -> None:
    assert read_response(text) == said


@pytest.mark.parametrize("text", ['"', "「」", "[”", '" "'])
def test_marks_alone_are_no_response(text: str) -> None:
    with pytest.raises(Unreadable, match="nothing in Response"):
        read_response(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (lambda: read_sections(text, REPLY), lambda: read_change(text), lambda: read_response(text)):
        with suppress(Unreadable):
            read()


@given(st.lists(st.sampled_from([*GOOD.splitlines(), "words", "Change: -10", ""]), max_size=9))
def test_whatever_is_read_was_unambiguous(lines: list[str]) -> None:
    try:
        found = read_sections("\n".join(lines), ANALYSIS)
    except Unreadable:
        return
    assert [line for line in lines if line.startswith("Change")] in ([f"Change: {found['Change'].split()[0]}"],)
