"""Reading a language model's answer in sections, strictly: an answer that could be read in two ways is none."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

LARGEST_CHANGE = 30
"""Points; a change beyond it is no judgement of a reply (10 is asked for) and is not read as one."""

_NUMBER = re.compile(r"[\[(\"']*([+-]?\d{1,3})[\])\"'.]*")
_MINUS = str.maketrans(dict.fromkeys("−–—‐‑﹣", "-"))
_PAIRS = {'"': '"', "“": "”", "「": "」", "[": "]", "【": "】"}
"""Marks that a model puts around all that it says, though it was not asked to."""


class Unreadable(ValueError):  # noqa: N818 - says what the answer is
    """The answer is not what was asked for."""


def read_sections(text: str, names: Sequence[str]) -> dict[str, str]:
    """The sections of an answer, by name.

    A heading is a name and a colon, also a full-width one, at the start of a line; signs of emphasis
    around it are passed over. Every heading must be there once, in order, and be followed by text.

    Args:
        text: the answer.
        names: the headings that are allowed, in their order.

    Raises:
        Unreadable: a heading is missing, twice, out of order or empty, or something stands before the first.
    """
    heading = re.compile(rf"^[\s#*_>\-]*({'|'.join(names)})[\s*_]*[:：][ \t*_]*", re.IGNORECASE | re.MULTILINE)
    found = list(heading.finditer(text))
    order = [match.group(1).capitalize() for match in found]
    if order != list(names):
        raise Unreadable(f"sections {', '.join(order) or 'none'} instead of {', '.join(names)}")
    if text[: found[0].start()].strip():
        raise Unreadable(f"words before {names[0]}")
    ends = [match.start() for match in found[1:]] + [len(text)]
    sections = {name: text[match.end() : end].strip() for name, match, end in zip(names, found, ends)}
    empty = [name for name, section in sections.items() if not section]
    if empty:
        raise Unreadable(f"nothing in {', '.join(empty)}")
    return sections


def read_change(section: str) -> int:
    """The signed number of a ``Change`` section, full-width signs and digits too.

    Raises:
        Unreadable: it is not one whole number, or one beyond ``LARGEST_CHANGE``.
    """
    text = unicodedata.normalize("NFKC", section).translate(_MINUS).replace("。", ".").strip("*_ \n\t【】「」“”")
    match = _NUMBER.fullmatch(re.sub(r"\s*(points?|分)(?=\W*$)", "", text).strip())
    if match is None:
        raise Unreadable(f"Change is '{section[:40]}', not one whole number")
    change = int(match.group(1))
    if abs(change) > LARGEST_CHANGE:
        raise Unreadable(f"Change is {change}, far outside -10 to +10")
    return change


def read_response(section: str) -> str:
    """What is said aloud: without quotation marks around all of it; those around a part belong to it.

    Raises:
        Unreadable: nothing is left.
    """
    text = section.strip()
    while _encloses(text):
        text = text[1:-1].strip()
    if not text.strip("".join((*_PAIRS, *_PAIRS.values()))):
        raise Unreadable("nothing in Response")
    return text


def _encloses(text: str) -> bool:
    """Whether the mark that a text begins with is closed by the one it ends with, and not before."""
    opening = text[:1]
    closing = _PAIRS.get(opening)
    if closing is None or len(text) < 2 or not text.endswith(closing):
        return False
    depth = 0
    for before, mark in pairwise(f" {text[:-1]}"):
        # A straight mark looks the same on both sides; it opens where a space stands before it.
        if mark == opening and (opening != closing or before.isspace()):
            depth += 1
        elif mark == closing:
            depth -= 1
        if depth == 0:
            return False
    return depth == 1
