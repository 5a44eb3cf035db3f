"""How users feel after talking to a policy, and how it talks."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from empdetect.rl.cassette import Cassette
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.intervals import Interval, Parts, interval_of, parts_of
from empdetect.rl.policy import Policy
from empdetect.rl.profiles import Profile
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import score_heads
from empdetect.rl.rewards.format import format_share
from empdetect.rl.rollout import sample_dialogues
from empdetect.rl.speech import distinct, language_of, replies_of, reuses, words_a_reply
from empdetect.rl.users.base import FAILURE, SUCCESS, User

if TYPE_CHECKING:
    from lightning.fabric import Fabric

POSITIVE = 40.0
"""Final emotion above which RLVER counts a dialogue as positive."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Args:
        parts: by figure, its sums and counts by scenario; see ``figures``.
        heads: the same by reward head.
        distinct: share of different runs of one and of two words among all replies.
        dialogues: all of them.
    """

    parts: Mapping[str, Parts]
    heads: Mapping[str, Parts] = field(default_factory=dict)
    distinct: tuple[float, float] = (math.nan, math.nan)
    dialogues: Sequence[Dialogue] = ()

    @property
    def emotion(self) -> float:
        """Mean final emotion, 0 to 100; NaN if no dialogue could be scored."""
        return interval_of(self.parts["emotion"]).value

    @property
    def all_parts(self) -> dict[str, Parts]:
        """Sums and counts by figure and scenario, heads under ``head 'NAME'``; enough to pool evaluations."""
        return {**self.parts, **{f"head '{name}'": parts for name, parts in self.heads.items()}}

    @property
    def figures(self) -> dict[str, Interval]:
        """All figures by name, means with 95% intervals over scenarios.

        ``emotion`` is the final one, 0 to 100; ``success``, ``failure`` and ``positive`` are the shares of
        scorable dialogues that end at 100, below 10 and above 40; ``not scorable`` is the share of dialogues whose
        user failed; ``turns`` and ``words`` count replies a dialogue and words a reply; ``format`` is the
        share of replies that keep the form; ``tactic reuse`` see ``speech.tactic_reuse``.
        """
        found = {name: interval_of(parts) for name, parts in self.all_parts.items()}
        return found | {f"distinct-{size}": Interval(value) for size, value in enumerate(self.distinct, start=1)}


def evaluate(
    policy: Policy,
    profiles: Sequence[Profile],
    user: User,
    rewards: Mapping[str, Reward] | None = None,
    samples: int = 4,
    max_turns: int = 4,
    max_new_tokens: int = 40,
    temperature: float = 0.7,
    think: bool = False,
    seed: int = 1234,
    cassette: Cassette | None = None,
    part: str = "",
    fabric: "Fabric | None" = None,
) -> Evaluation:
    """Let a policy talk to users and see how they feel. Leaves torch's random state as it was.

    Args:
        policy: who speaks.
        profiles: whom it talks to; held-out ones, if it was trained.
        user: who plays them.
        rewards: heads to tell the mean of.
        samples: dialogues a profile.
        max_turns: replies after which a dialogue ends.
        max_new_tokens: tokens a reply at most.
        temperature: of the sampling.
        think: form that replies should have.
        seed: fixes the chance of policy and user.
        cassette: keeps dialogues and rewards for ``empdetect rl replay``; None keeps none.
        part: what part of a run this is, for the cassette.
        fabric: in whose precision the policy speaks; None: as its weights are.
    """
    found = sample_dialogues(policy, profiles, user, samples, max_turns, max_new_tokens, temperature, seed, fabric)
    return summarise(found, rewards, think, cassette, part)


def summarise(
    dialogues: Sequence[Dialogue],
    rewards: Mapping[str, Reward] | None = None,
    think: bool = False,
    cassette: Cassette | None = None,
    part: str = "",
) -> Evaluation:
    """Figures over finished dialogues, which a cassette can keep."""
    scored = score_heads(rewards or {}, dialogues)
    if cassette:
        cassette.scored(dialogues, scored, part)
    replies = replies_of(dialogues)
    language = language_of(dialogues)
    return Evaluation(
        {name: _parts(dialogues, count) for name, count in _counts(think).items()},
        {name: _head(dialogues, given) for name, given in scored.items()},
        (distinct(replies, 1, language), distinct(replies, 2, language)),
        tuple(dialogues),
    )


Count = Callable[[Dialogue], tuple[float, float]]
"""What is summed of a dialogue, and how many there are of it; a sum of NaN leaves the dialogue out."""


def _counts(think: bool) -> dict[str, Count]:
    return {
        "emotion": lambda d: (_emotion(d), 1),
        "success": lambda d: (_share(_emotion(d), lambda end: end >= SUCCESS), 1),
        "failure": lambda d: (_share(_emotion(d), lambda end: end < FAILURE), 1),
        "positive": lambda d: (_share(_emotion(d), lambda end: end > POSITIVE), 1),
        "not scorable": lambda d: (float(d.failed), 1),
        "turns": lambda d: (len(d.replies), 1),
        "words": lambda d: (words_a_reply([d]) * len(d.replies), len(d.replies)),
        "format": lambda d: (format_share([d], think) * len(d.replies), len(d.replies)),
        "tactic reuse": lambda d: (sum(shares := reuses(d)), len(shares)),
    }


def _emotion(dialogue: Dialogue) -> float:
    return math.nan if dialogue.emotion is None else dialogue.emotion


def _share(emotion: float, holds: Callable[[float], bool]) -> float:
    return math.nan if math.isnan(emotion) else float(holds(emotion))


def _parts(dialogues: Sequence[Dialogue], count: Count) -> Parts:
    return parts_of((dialogue.profile.id, *count(dialogue)) for dialogue in dialogues)


def _head(dialogues: Sequence[Dialogue], rewards: Sequence[float | None]) -> Parts:
    pairs = zip(dialogues, rewards)
    return parts_of((dialogue.profile.id, math.nan if r is None else r, 1) for dialogue, r in pairs)
