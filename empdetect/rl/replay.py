"""Replay: work out every emotion and reward of a cassette again, offline, and compare bit for bit.

This is what "verifiable" means here: the language model's answers are taken as recorded, and all that
follows from them, reading, rules, ends of dialogues and reward heads, must come out the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
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
        dialogues, emotions, rewards, exchanges: how many were worked out again.
        retries: attempts to ask the language model that failed in the recorded run.
        prompt_tokens, completion_tokens: what the recorded run took of the language model.
        differences: what differs; none if the run is verified.
    """

    dialogues: int = 0
    emotions: int = 0
    rewards: int = 0
    exchanges: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def same(self) -> bool:
        """Whether everything came out the same."""
        return not self.differences

    def __add__(self, other: "Replay") -> "Replay":
        return Replay(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Replay)))


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
    found = Replay()
    for number, batch in enumerate(track(read_batches(path), "Replay"), start=1):
        found += _batch(number, batch, user, heads, header.max_turns)
    return found


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
    asked = [one for dialogue in batch.dialogues for turn in dialogue.exchanges for one in turn]
    return Replay(
        dialogues=len(again),
        emotions=sum(len(dialogue.emotions) for dialogue in again),
        rewards=sum(map(len, batch.rewards.values())),
        exchanges=len(asked),
        retries=sum(len(one.failures) for one in asked),
        prompt_tokens=sum(one.prompt_tokens for one in asked),
        completion_tokens=sum(one.completion_tokens for one in asked),
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
    for field in fields(Dialogue):
        values: tuple[Any, Any] = getattr(old, field.name), getattr(new, field.name)
        if values[0] != values[1]:
            yield Difference(batch, place, field.name, *values)


def _rewards(batch: int, old: Mapping[str, Sequence[Any]], new: Mapping[str, Sequence[Any]]) -> Iterator[Difference]:
    for name, recorded in old.items():
        for place, values in enumerate(zip(recorded, new[name], strict=True), start=1):
            if values[0] != values[1]:
                yield Difference(batch, place, f"reward '{name}'", *values)
