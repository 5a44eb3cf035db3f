"""The critic of PPO: what a state is worth, by a network of its own."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from empdetect.rl.policy import Policy


class Critic(nn.Module):
    """Value of the state before each token: a copy of the policy's network and one linear layer.

    Weights that do not learn, as those under a LoRA adapter, are shared with the policy and take no room.

    Args:
        policy: whose network it starts from.
    """

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        trunk = policy.trunk
        frozen = {id(weight): weight for weight in trunk.parameters() if not weight.requires_grad}
        self.trunk: Any = copy.deepcopy(trunk, frozen)
        self.head = nn.Linear(trunk.config.hidden_size, 1)
        # Nothing is known at the start, so that every state is worth 0.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Values ``(row, time)`` of the state before each token; 0 before the first.

        Args:
            ids: ``(row, time)`` padded on the right.
            mask: ``(row, time)`` True where a token stands.
        """
        hidden = self.trunk(input_ids=ids, attention_mask=mask.long(), use_cache=False).last_hidden_state
        values = self.head(hidden.to(self.head.weight.dtype)).squeeze(-1).float()
        return nn.functional.pad(values[:, :-1], (1, 0))

    def learning(self) -> list[nn.Parameter]:
        """The weights that learn."""
        return [weight for weight in self.parameters() if weight.requires_grad]


def learning_state(module: nn.Module) -> dict[str, Tensor]:
    """Values of the weights that learn, by name."""
    return {name: weight.detach() for name, weight in module.named_parameters() if weight.requires_grad}


def restore(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Put values back that ``learning_state`` gave."""
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if name in state:
                weight.copy_(state[name])
