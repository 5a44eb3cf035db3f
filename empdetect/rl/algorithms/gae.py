"""GAE: generalised advantage estimation (Schulman et al., arXiv 1506.02438), over the policy's own tokens."""

import torch
from torch import Tensor


def gae(rewards: Tensor, values: Tensor, own: Tensor, gamma: float = 1.0, lam: float = 1.0) -> tuple[Tensor, Tensor]:
    """Advantages and returns of each token: ``A_t = delta_t + gamma lam A_t'`` with the next own token t'.

    ``delta_t = r_t + gamma V_t' - V_t``, eq. 16. The user's tokens are stepped over, as they are no
    acts of the policy; so a reward must stand on a token of the policy.

    Args:
        rewards: ``(row, time)`` reward that follows each token.
        values: ``(row, time)`` value of the state before each token.
        own: ``(row, time)`` True for the policy's own tokens.
        gamma: discount a token; 1 counts a late reward in full.
        lam: 1 takes the whole return (no bias), 0 only the next value (little variance).

    Returns:
        Advantages and returns ``(row, time)``, 0 on tokens that are not the policy's. A row whose rewards
        are NaN gets advantages and returns of NaN on its own tokens.
    """
    advantages = torch.zeros_like(values)
    later_value = torch.zeros_like(values[:, 0])
    later_advantage = torch.zeros_like(values[:, 0])
    for time in reversed(range(values.shape[1])):
        delta = rewards[:, time] + gamma * later_value - values[:, time]
        here = own[:, time]
        later_advantage = torch.where(here, delta + gamma * lam * later_advantage, later_advantage)
        later_value = torch.where(here, values[:, time], later_value)
        advantages[:, time] = later_advantage
    return advantages.where(own, 0), (advantages + values).where(own, 0)
