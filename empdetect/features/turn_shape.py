"""How a turn is written, and how much of it was said before: what can be counted in any language without a model."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from empdetect.features.base import Extractor, Features
from empdetect.features.text import middle, own_words
from empdetect.recording import Participant, Stream

SENTENCE_ENDS = re.compile(r"[.。!！?？…\n]+")
LIST_ITEMS = re.compile(r"^\s*(?:\d+[.、)]|[-*•])", re.MULTILINE)
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
PRONOUNS = {
    "i": re.compile(r"\b(?:i|me|my)\b|我(?!们)", re.IGNORECASE),
    "you": re.compile(r"\byou(?:r|rs)?\b|[你您]", re.IGNORECASE),
    "we": re.compile(r"\b(?:we|us|our)\b|我们|咱们", re.IGNORECASE),
}
"""In English and Chinese."""
MARKS = {"question": "?？", "exclamation": "!！", "comma": ",，、", "pause": "…～~", "aside": "(（", "bold": "*"}
LONGEST_GRAM = 3
AGAINST = ("other's last turn", "other's earlier turns", "own earlier turns")

COLUMNS = (
    *("log_characters", "log_sentences", "log_sentence_length", "log_lines", "distinct_characters", "latin"),
    *(f"{name}_a_sentence" for name in MARKS),
    *(f"{name}_a_character" for name in PRONOUNS),
    *("list_items", "emoji", "ends_with_question", "log_turns_before"),
    *(f"overlap_{size}_{what}" for what in AGAINST for size in range(1, LONGEST_GRAM + 1)),
)


class TurnShape(Extractor):
    """Length, punctuation, pronouns and layout of a participant's last turn, and its overlap with the turns before.

    Overlap is the cosine between counts of one to three characters, as in measures of lexical alignment
    (Ireland & Pennebaker, JPSP 2010, count words): with what the other said last, with what the others said
    before that, and with what the participant said themself. NaN where there was no such turn. One frame;
    columns are those of ``COLUMNS``. Its time is the middle of the turn, NaN without times.
    """

    modality = "text"
    references = ("Ireland & Pennebaker, JPSP 2010 (words in common)",)
    width = len(COLUMNS)

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The transcript."""
        return () if person.transcript is None else (person.transcript,)

    def extract(self, person: Participant) -> Features:
        """Values ``(1, feature)``."""
        own = own_words(person)
        if person.transcript is None or not own:
            return Features.missing(self.width, f"the transcript has no words of {person.name}")
        turns = [turn for turn in person.transcript.read().utterances if turn.text.strip()]
        before = turns[: len(turns) - 1 - turns[::-1].index(own[-1])]
        mine = {id(turn) for turn in own}
        others = [turn.text for turn in before if id(turn) not in mine and turn.speaker != own[-1].speaker]
        earlier = [turn.text for turn in own[:-1]]
        said = own[-1].text
        row = [*_shape(said), np.log1p(len(before)), *_overlaps(said, others[-1:], others[:-1], earlier)]
        return Features(
            np.array([row], np.float32),
            np.array([middle(own[-1])]),
            np.ones(1, np.bool_),
            np.ones(1, np.float32),
        )


def _shape(text: str) -> list[float]:
    """All columns but those that look back."""
    characters = len(text)
    sentences = max(1, len([part for part in SENTENCE_ENDS.split(text) if part.strip()]))
    return [
        *np.log1p([characters, sentences, characters / sentences, text.count("\n")]).tolist(),
        len(set(text)) / np.sqrt(characters),
        len(re.findall("[a-zA-Z]", text)) / characters,
        *(sum(text.count(mark) for mark in marks) / sentences for marks in MARKS.values()),
        *(len(pattern.findall(text)) / characters for pattern in PRONOUNS.values()),
        float(len(LIST_ITEMS.findall(text))),
        float(len(EMOJI.findall(text))),
        float(text.rstrip().endswith(tuple(MARKS["question"]))),
    ]


def _overlaps(said: str, *before: Sequence[str]) -> list[float]:
    """Cosine of n-gram counts with each of several pasts, for each length of n-gram; NaN with an empty past."""
    found = []
    for turns in before:
        past = "\n".join(turns)
        found += [_cosine(_grams(said, size), _grams(past, size)) for size in range(1, LONGEST_GRAM + 1)]
    return found


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[place : place + size] for place in range(len(text) - size + 1))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    """Cosine of log counts; NaN if either is empty."""
    if not one or not other:
        return float("nan")
    shared = sum(np.log1p(count) * np.log1p(other[gram]) for gram, count in one.items() if gram in other)
    return float(shared / np.sqrt(_square(one) * _square(other)))


def _square(counts: Counter[str]) -> float:
    values: NDArray[np.float64] = np.log1p(np.fromiter(counts.values(), float))
    return float(values @ values)
