"""Do the parts of a run go together? Asked before any work is done."""

from collections.abc import Mapping
from itertools import combinations

from empdetect.errors import InputError
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import check_names
from empdetect.rl.rewards.detector import DetectorReward
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.empathy import EmpathyReward
from empdetect.rl.rewards.format import ThinkFormatReward

CAP = 0.3
"""Most that all learned heads together may weigh, relative to the emotion."""


def check_parts(
    rewards: Mapping[str, Reward],
    weights: Mapping[str, float],
    gates: Mapping[str, Reward],
    witnesses: Mapping[str, Reward],
    algorithm: str,
    group_size: int,
    credit: str,
    think: bool,
) -> None:
    """Refuse heads, gates, witnesses and settings that contradict each other.

    Args:
        rewards: heads by name.
        weights: of the heads, by name.
        gates, witnesses: by name.
        algorithm, group_size, credit, think: as for ``PolicyTrainer``.

    Raises:
        InputError: what contradicts what, and what to change.
    """
    check_weights(rewards, weights)
    _check_detectors(rewards)
    _check_once({"head": rewards, "gate": gates, "witness": witnesses})
    _check_gates(gates)
    _check_form({**rewards, **gates}, think)
    if algorithm != "ppo" and group_size < 2:
        raise InputError(
            f"Training with {algorithm}: it compares the dialogues of a group, so 'group_size' must be 2 or "
            f"more, got {group_size}; take more, or algorithm 'ppo'"
        )
    if algorithm == "gdpo" and credit == "reply":
        raise InputError("Training with gdpo: it compares whole dialogues; leave 'credit' at 'dialogue'")
    moved = sorted(name for name, head in rewards.items() if isinstance(head, EmotionReward) and head.kind == "change")
    if credit == "reply" and moved:
        raise InputError(
            f"Training: '{', '.join(moved)}' gives each reply its change, and so does credit 'reply' with the final "
            "emotion; leave 'kind' at 'terminal', or 'credit' at 'dialogue'"
        )


def check_weights(rewards: Mapping[str, Reward], weights: Mapping[str, float]) -> None:
    """Refuse weights that do not fit the heads, or that let learned heads outweigh the emotion.

    Raises:
        InputError: a head has no weight or a weight no head; the learned heads weigh more than ``CAP`` allows.
    """
    check_names(rewards, weights)
    learned = {name: abs(weights[name]) for name, reward in rewards.items() if reward.learned}
    emotion = sum(max(weights[name], 0.0) for name, reward in rewards.items() if isinstance(reward, EmotionReward))
    if sum(learned.values()) > CAP * emotion + 1e-9:
        raise InputError(
            f"Weighing rewards: {', '.join(learned)} weigh {sum(learned.values()):g} against {emotion:g} of the "
            f"emotion; a trained detector can be gamed, so at most {CAP:g} of the emotion's weight is allowed"
        )


def _check_detectors(rewards: Mapping[str, Reward]) -> None:
    bare = sorted(name for name, reward in rewards.items() if isinstance(reward, DetectorReward))
    if bare:
        raise InputError(
            f"Training: the head {', '.join(bare)} is a detector's score as it is, which nothing holds against the "
            "start or to the form; put it among the 'judges' of an EmpathyReward"
        )


def _check_once(parts: Mapping[str, Mapping[str, Reward]]) -> None:
    """Each name may be of one part only: logs and cassettes know them by their names alone."""
    for (one, names), (other, others) in combinations(parts.items(), 2):
        if twice := sorted(set(names) & set(others)):
            raise InputError(
                f"Training: {', '.join(twice)} names both a {one} and a {other}; give one of them another name"
            )


def _check_gates(gates: Mapping[str, Reward]) -> None:
    learned = sorted(name for name, gate in gates.items() if gate.learned)
    if learned:
        raise InputError(
            f"Training: the gate {', '.join(learned)} is a trained detector, which a policy can learn to please, and "
            "nothing caps a gate; make it a head with a weight"
        )


def _check_form(parts: Mapping[str, Reward], think: bool) -> None:
    """Heads and gates that ask for a form must ask for the one that the policy is trained in."""
    for name, part in parts.items():
        asked = part.think if isinstance(part, ThinkFormatReward | EmpathyReward) else None
        if asked is not None and asked != think:
            raise InputError(
                f"Training: '{name}' asks for replies {_form(asked)}, 'trainer.think' for those {_form(think)}; "
                "set both alike"
            )


def _form(think: bool) -> str:
    return "with a thought" if think else "without a thought"
