"""How users feel after talking to a policy."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.policy import Policy
from empdetect.rl.profiles import Profile
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import score_heads
from empdetect.rl.rollout import roll_out
from empdetect.rl.users.base import FAILURE, SUCCESS, User


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Args:
        emotion: mean final emotion, 0 to 100; NaN if no dialogue could be scored.
        error: standard error of that mean over the profiles; NaN for one profile.
        success: share of dialogues that ended at full emotion.
        failure: share of dialogues whose user gave up.
        not_scorable: share of dialogues whose user failed.
        heads: mean of each reward head; NaN where none could be scored.
        dialogues: all of them.
    """

    emotion: float
    error: float
    success: float
    failure: float
    not_scorable: float
    heads: Mapping[str, float] = field(default_factory=dict)
    dialogues: Sequence[Dialogue] = ()


def evaluate(
    policy: Policy,
    profiles: Sequence[Profile],
    user: User,
    rewards: Mapping[str, Reward] | None = None,
    samples: int = 4,
    max_turns: int = 4,
    max_new_tokens: int = 40,
    temperature: float = 0.7,
    seed: int = 1234,
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
        seed: fixes the chance of policy and user.
    """
    found: list[Dialogue] = []
    with torch.random.fork_rng():
        for sample in range(samples):
            torch.manual_seed(seed + sample)
            environment = EmpathyEnvironment(user, max_turns)
            found += roll_out(policy, environment, profiles, seed + sample, max_new_tokens, temperature)[0]
    heads = {name: _mean(values) for name, values in score_heads(rewards or {}, found).items()}
    return summarise(found, heads)


def summarise(dialogues: Sequence[Dialogue], heads: Mapping[str, float] | None = None) -> Evaluation:
    """Figures over finished dialogues."""
    by_profile: dict[str, list[float]] = {}
    for dialogue in dialogues:
        if dialogue.emotion is not None:
            by_profile.setdefault(dialogue.profile.id, []).append(dialogue.emotion)
    emotions = [emotion for found in by_profile.values() for emotion in found]
    means = [statistics.fmean(found) for found in by_profile.values()]
    count = max(len(emotions), 1)
    return Evaluation(
        emotion=_mean(emotions),
        error=statistics.stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.nan,
        success=sum(emotion >= SUCCESS for emotion in emotions) / count,
        failure=sum(emotion < FAILURE for emotion in emotions) / count,
        not_scorable=1 - len(emotions) / max(len(dialogues), 1),
        heads=dict(heads or {}),
        dialogues=tuple(dialogues),
    )


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else math.nan
