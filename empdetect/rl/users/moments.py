"""What is known when a user has heard a reply, as features: no word of what came after."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer

from empdetect.rl.dialogue import Dialogue

BUCKETS = 2**17
"""Columns a text is hashed into."""
TEXTS = ("reply", "asked", "before")
"""The texts whose characters count, in the order of their columns."""

_HASHED = HashingVectorizer(analyzer="char", ngram_range=(1, 3), n_features=BUCKETS, alternate_sign=False, norm=None)


@dataclass(frozen=True)
class Moment:
    """A reply and what went before.

    Args:
        reply: the last reply, as seen.
        asked: the user's turn that it answers.
        before: the user's turns before that one, joined.
        said: the policy's replies before, joined.
        scene: of the profile.
        character: of the profile.
        emotion: the user's, before the reply, 0 to 100.
        last_change: of emotion, by the reply before; 0 at the first.
        turn: number of the reply, from 0.
    """

    reply: str
    asked: str
    before: str
    said: str
    scene: str
    character: str
    emotion: float
    last_change: float
    turn: int


def moment_of(dialogue: Dialogue) -> Moment:
    """The moment of a dialogue's last reply."""
    users = [turn.text for turn in dialogue.turns if turn.role == "user"]
    replies = [turn.visible for turn in dialogue.replies]
    emotions = dialogue.emotions
    return Moment(
        reply=replies[-1],
        asked=users[-1],
        before=" ".join(users[:-1]),
        said=" ".join(replies[:-1]),
        scene=dialogue.profile.scene,
        character=dialogue.profile.character,
        emotion=emotions[-1],
        last_change=emotions[-1] - emotions[-2] if len(emotions) > 1 else 0.0,
        turn=len(replies) - 1,
    )


def counts(texts: Sequence[str]) -> csr_matrix:
    """Sublinear counts of runs of one to three characters, ``(text, BUCKETS)``."""
    found = _HASHED.transform(texts)
    found.data = 1.0 + np.log(found.data)
    return found


def inverse_frequency(found: csr_matrix) -> NDArray[np.float32]:
    """Smoothed inverse document frequency of each column, ``(BUCKETS,)``."""
    present = np.bincount(found.indices, minlength=found.shape[1])
    return (np.log((1 + found.shape[0]) / (1 + present)) + 1).astype(np.float32)


def weighted(found: csr_matrix, frequency: NDArray[np.float32]) -> csr_matrix:
    """TF-IDF rows of length 1."""
    rows = found.multiply(frequency).tocsr()
    lengths = np.sqrt(rows.multiply(rows).sum(axis=1)).A1
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return csr_matrix(rows.multiply(scale[:, None]))


def features(moments: Sequence[Moment], frequencies: NDArray[np.float32]) -> csr_matrix:
    """All features of moments, ``(moment, 3 * BUCKETS + state)``.

    Args:
        moments: what is judged.
        frequencies: ``(3, BUCKETS)``, of the texts in the order of ``TEXTS``.
    """
    texts = [
        weighted(counts([getattr(moment, name) for moment in moments]), frequency)
        for name, frequency in zip(TEXTS, frequencies)
    ]
    state = np.array([_state(moment) for moment in moments], dtype=np.float64)
    return csr_matrix(hstack([*texts, csr_matrix(state)]))


def _state(moment: Moment) -> list[float]:
    """How the user stands, how long the reply is and how much of it was heard before."""
    emotion = moment.emotion / 100
    return [
        emotion,
        emotion**2,
        moment.turn / 10,
        float(moment.turn == 0),
        moment.last_change / 10,
        np.log1p(len(moment.reply)) / 5,
        np.log1p(len(moment.asked)) / 5,
        moment.reply.count("\n") / 10,
        (moment.reply.count("？") + moment.reply.count("?")) / 3,
        3 * _shared(moment.reply, moment.asked),
        3 * _shared(moment.asked, moment.reply),
        3 * _shared(moment.reply, moment.said),
        3 * _shared(moment.reply, moment.before),
        3 * _shared(moment.reply, moment.scene),
        float(moment.character == "negative"),
        float(moment.character == "avoidant"),
    ]


def _shared(text: str, other: str) -> float:
    """Share of a text's pairs of characters that also stand in the other, 0 to 1."""
    pairs = {text[place : place + 2] for place in range(len(text) - 1)}
    others = {other[place : place + 2] for place in range(len(other) - 1)}
    return len(pairs & others) / max(len(pairs), 1)
