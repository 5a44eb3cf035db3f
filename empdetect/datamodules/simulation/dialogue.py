"""Written dialogues: who says what in which window."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from empdetect.datamodules.simulation.lines import EMPATHIC, SOUNDS, TOPICS, UNEMPATHIC, Topic
from empdetect.datamodules.simulation.plan import Plan

SPEAKER, LISTENER = "speaker", "listener"


@dataclass(frozen=True)
class Turn:
    """Something one person says.

    Args:
        participant: ``speaker`` or ``listener``.
        text: the words.
        window: number of the window it is said in.
    """

    participant: str
    text: str
    window: int


@dataclass(frozen=True)
class Word:
    """One spoken word.

    Args:
        start, end: seconds on the recording's clock.
        text: the word as written.
    """

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Cue:
    """A turn with its times, as a transcript shows it.

    Args:
        start, end: seconds on the recording's clock.
        turn: what is said.
        words: its words with their times.
    """

    start: float
    end: float
    turn: Turn
    words: tuple[Word, ...]


def write_dialogue(plan: Plan) -> list[Turn]:
    """Four turns a window: the speaker, a sound of the listener, the speaker again, the listener's line."""
    rng = plan.rng(1)
    topics = [TOPICS[int(number)] for number in rng.permutation(len(TOPICS))]
    # Neighbouring dyads start on different topics, so that every split meets most of them.
    topics.insert(0, TOPICS[plan.index % len(TOPICS)])
    story = [(topic, line) for topic in topics for line in topic.lines]
    banks = {1: rng.permutation(len(EMPATHIC)), 0: rng.permutation(len(UNEMPATHIC))}
    turns: list[Turn] = []
    for number, window in enumerate(plan.windows):
        topic, (first, second) = story[number % len(story)]
        lines = EMPATHIC if window.text else UNEMPATHIC
        template = lines[banks[window.text][number % len(lines)]]
        said = (first, str(rng.choice(SOUNDS)), second, _filled(template, topic, rng))
        people = (SPEAKER, LISTENER, SPEAKER, LISTENER)
        turns += [Turn(person, text, number) for person, text in zip(people, said, strict=True)]
    return turns


def write_vtt(cues: Sequence[Cue], path: Path) -> None:
    """Write a WebVTT file that names who speaks."""
    blocks = [
        f"{_clock(cue.start)} --> {_clock(cue.end)}\n<v {cue.turn.participant}>{cue.turn.text}</v>" for cue in cues
    ]
    path.write_text("WEBVTT\n\n" + "\n\n".join(blocks) + "\n", encoding="utf-8")


def write_words(cues: Sequence[Cue], path: Path) -> None:
    """Write a table of words: start, end (seconds), speaker, text."""
    rows = [
        f"{word.start:.3f}\t{word.end:.3f}\t{cue.turn.participant}\t{word.text}" for cue in cues for word in cue.words
    ]
    path.write_text("start\tend\tspeaker\ttext\n" + "\n".join(rows) + "\n", encoding="utf-8")


def _filled(template: str, topic: Topic, rng: np.random.Generator) -> str:
    """The template with the topic's words in its slots."""
    text = template.format(thing=topic.thing, who=topic.who, feeling=rng.choice(topic.feelings))
    return text[0].upper() + text[1:]


def _clock(seconds: float) -> str:
    """Seconds as WebVTT writes them, ``hh:mm:ss.mmm``."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
