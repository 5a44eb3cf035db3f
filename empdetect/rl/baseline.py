"""What the frozen base policy gets, for the heads that reward only what goes beyond it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from empdetect.rl.cassette import Cassette
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.policy import Policy
from empdetect.rl.profiles import Profile
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rollout import sample_dialogues
from empdetect.rl.users.base import User

if TYPE_CHECKING:
    from lightning.fabric import Fabric


def prepare_heads(
    rewards: Iterable[Reward],
    policy: Policy,
    profiles: Sequence[Profile],
    user: User,
    samples: int = 2,
    max_turns: int = 4,
    max_new_tokens: int = 40,
    temperature: float = 0.7,
    seed: int = 0,
    cassette: Cassette | None = None,
    known: Sequence[Dialogue] = (),
    fabric: "Fabric | None" = None,
) -> None:
    """Let the base policy talk to every profile and tell the heads that compare with it.

    Does nothing if no head compares. Leaves torch's random state as it was.

    Args:
        rewards: heads; those that override ``Reward.prepare`` compare.
        policy: as it is before any reinforcement.
        profiles: whom it talks to.
        user: who plays them.
        samples: dialogues a profile.
        max_turns, max_new_tokens, temperature: of the dialogues, as in training.
        seed: fixes the chance of policy and user.
        cassette: keeps these dialogues, so that a replay can prepare the heads alike.
        known: the dialogues, where an earlier part of the run had them; nobody is asked then, and nothing kept.
        fabric: in whose precision the policy speaks; None: as its weights are.
    """
    comparing = [reward for reward in rewards if type(reward).prepare is not Reward.prepare]
    if not comparing:
        return
    speech = (samples, max_turns, max_new_tokens, temperature, seed, fabric)
    dialogues = known or sample_dialogues(policy, profiles, user, *speech)
    if cassette and not known:
        cassette.base(dialogues)
    for reward in comparing:
        reward.prepare(dialogues)
