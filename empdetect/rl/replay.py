"""Replay: work out every emotion and reward of a cassette again, offline, and compare bit for bit.

This is what "verifiable" means here: the language model's answers are taken as recorded, and all that
follows from them, reading, rules, ends of dialogues and reward heads, must come out the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from empdetect.components import OWN, build
from empdetect.progress import track
from empdetect.rl.cassette import Batch, read_batches, read_header
from empdetect.rl.dialogue import Dialogue, Exchange
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import score_heads
from empdetect.rl.users.base import User
from empdetect.rl.users.usage import Usage, exchanges_of, usage_of


@dataclass(frozen=True)
class Difference:
    """Something that came out otherwise.

    Args:
        batch, dialogue: places, from 1.
        what: the field of the dialogue or the head.
        recorded, found: its two values.
    """

    batch: int
    dialogue: int
    what: str
    recorded: object
    found: object

    def line(self) -> str:
        """One line for people."""
        values = " -> ".join(str(value)[:120] for value in (self.recorded, self.found))
        return f"batch {self.batch}, dialogue {self.dialogue}, {self.what}: {values}"


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    Args:
        dialogues, emotions, rewards: how many were worked out again.
        usage: what the recorded run asked of the user's language model, and its cost.
        repeated: parts that stand on the tape once more, further on, as the run was killed and went on before them;
            the last of each is what the log tells of.
        differences: what differs; none if the run is verified.
    """

    dialogues: int = 0
    emotions: int = 0
    rewards: int = 0
    usage: Usage = field(default_factory=Usage)
    repeated: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def same(self) -> bool:
        """Whether everything came out the same."""
        return not self.differences

    def __add__(self, other: "Replay") -> "Replay":
        return Replay(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Replay)))


def replay(path: Path, trusted: Sequence[str] = OWN) -> Replay:
    """Work out a cassette again.

    Args:
        path: the cassette.
        trusted: packages whose users and heads may be imported, as for ``components.build``.

    Raises:
        InputError: the cassette cannot be read, or a user or head cannot be built from it.
    """
    header = read_header(path)
    user = build(header.user, User, trusted)
    heads = {name: build(spec, Reward, trusted) for name, spec in header.rewards.items()}
    found, parts = Replay(), set[str]()
    for number, batch in enumerate(track(read_batches(path), "Replay"), start=1):
        used = usage_of(exchanges_of(batch.dialogues), header.user)
        repeated = int(batch.part in parts)
        found += replace(_batch(number, batch, user, heads, header.max_turns), usage=used, repeated=repeated)
        parts |= {batch.part} - {""}
    return found


def recorded_usage(path: Path) -> Usage:
    """What the run of a cassette asked of the user's language model; nothing is worked out again.

    Raises:
        InputError: the cassette cannot be read.
    """
    header = read_header(path)
    return sum((usage_of(exchanges_of(batch.dialogues), header.user) for batch in read_batches(path)), Usage())


def _batch(number: int, batch: Batch, user: User, heads: Mapping[str, Reward], max_turns: int) -> Replay:
    again = [played_again(dialogue, user, max_turns) for dialogue in batch.dialogues]
    pairs = enumerate(zip(batch.dialogues, again, strict=True), start=1)
    differences = [one for place, (old, new) in pairs for one in _compared(number, place, old, new)]
    if batch.kind == "base":
        for head in heads.values():
            head.prepare(again)
    else:
        rewards = score_heads({name: heads[name] for name in batch.rewards}, again)
        differences += list(_rewards(number, batch.rewards, rewards))
    return Replay(
        dialogues=len(again),
        emotions=sum(len(dialogue.emotions) for dialogue in again),
        rewards=sum(map(len, batch.rewards.values())),
        differences=tuple(differences),
    )


def played_again(dialogue: Dialogue, user: User, max_turns: int) -> Dialogue:
    """The dialogue that the recorded replies lead to; the user takes a model's answers from the recorded ones."""
    asked: list[Exchange] = [one for turn in dialogue.exchanges for one in turn]
    environment = EmpathyEnvironment(user.replaying(asked), max_turns)
    environment.reset([dialogue.profile], dialogue.seed)
    for reply in dialogue.replies:
        if environment.live:
            environment.step([reply.text])
    return environment.dialogues[0]


def _compared(batch: int, place: int, old: Dialogue, new: Dialogue) -> Iterator[Difference]:
    for one in fields(Dialogue):
        values: tuple[Any, Any] = getattr(old, one.name), getattr(new, one.name)
        if values[0] != values[1]:
            yield Difference(batch, place, one.name, *values)


def _rewards(batch: int, old: Mapping[str, Sequence[Any]], new: Mapping[str, Sequence[Any]]) -> Iterator[Difference]:
    for name, recorded in old.items():
        for place, values in enumerate(zip(recorded, new[name], strict=True), start=1):
            if values[0] != values[1]:
                yield Difference(batch, place, f"reward '{name}'", *values)
