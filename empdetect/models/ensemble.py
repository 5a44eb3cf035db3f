"""Ensemble: several trained detectors that answer as one, and by their disagreement tell how sure they are."""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.models.encoded import Encoded
from empdetect.models.network import DetectorNetwork
from empdetect.task import Target, Task


class Ensemble(nn.Module):
    """Mean of the members' probabilities, or of their numbers (deep ensembles: Lakshminarayanan et al., NeurIPS 2017).

    Members may read different modalities. A member to which nothing was given of a scored person has
    no say about that person.

    Args:
        members: trained modules of one task.

    Raises:
        InputError: there are none, or their tasks differ.
    """

    def __init__(self, members: Sequence[DetectorNetwork]) -> None:
        super().__init__()
        if not members:
            raise InputError("Building an ensemble: at least one member is needed")
        if any(member.task != members[0].task for member in members):
            raise InputError("Building an ensemble: its members answer different tasks; train them on the same data")
        self.networks = nn.ModuleList(members)

    @property
    def members(self) -> list[DetectorNetwork]:
        """The members, in the order given."""
        return [cast(DetectorNetwork, member) for member in self.networks]

    @property
    def task(self) -> Task:
        """What its members answer."""
        return self.members[0].task

    @property
    def modalities(self) -> list[str]:
        """Names of all modalities that any member reads, sorted."""
        return sorted({name for member in self.members for name in member.modalities})

    @property
    def compares(self) -> bool:
        """Whether its members compare people, so that there is nothing to say of one alone."""
        return any(member.compares for member in self.members)

    def rebuilt(self) -> set[str]:
        """Names in the ``state_dict`` that building the members again restores bit for bit."""
        return {f"networks.{place}.{key}" for place, member in enumerate(self.members) for key in member.rebuilt()}

    def check_features(self, features: Mapping[str, Extractor]) -> None:
        """Make sure that there is an extractor for each member's encoders.

        Raises:
            InputError: one is missing or of another width.
        """
        for member in self.members:
            member.check_features(features)

    def forward(self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Outputs of every head, by target ``(batch, outputs)``, in the form of a single detector's.

        Args:
            inputs: by modality, ``(batch, person, time, feature)``.
            masks: by modality, ``(batch, person, time)``.
        """
        return self.with_spread(inputs, masks)[0]

    def with_spread(
        self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Outputs as of ``forward``, and by target how far the members disagree ``(batch,)``: see ``judge``."""
        return self.judge(self.encode(inputs, masks))

    def encode(self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> tuple[Encoded, ...]:
        """What each member's encoders make of the inputs, which are those of ``forward``."""
        return tuple(
            member.encode(
                {name: inputs[name] for name in member.modalities}, {name: masks[name] for name in member.modalities}
            )
            for member in self.members
        )

    def judge(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Outputs as of ``forward``, and by target how far the members disagree ``(batch,)``.

        That is the standard deviation of what those say that were given something: of a probability, the
        largest over the levels; of a number, in the unit range.
        """
        answers, weights = self._answers(encoded), _weights(encoded).unsqueeze(-1)
        means = {name: (each * weights).sum(dim=0) for name, each in answers.items()}
        spread = {
            name: ((each - means[name]).square() * weights).sum(dim=0).sqrt().amax(dim=-1)
            for name, each in answers.items()
        }
        return {target.name: _to_outputs(target, means[target.name]) for target in self.task.targets}, spread

    def _answers(self, encoded: Sequence[Encoded]) -> dict[str, Tensor]:
        """Each member's answer, by target ``(member, batch, outputs)``: probabilities, or numbers in the unit range."""
        found = [member.answer(each) for member, each in zip(self.members, encoded, strict=True)]
        return {
            target.name: torch.stack([_to_answers(target, outputs[target.name]) for outputs in found])
            for target in self.task.targets
        }


def _weights(encoded: Sequence[Encoded]) -> Tensor:
    """Say of each member ``(member, batch)``, summing to 1: none for those that were given nothing."""
    seen = torch.stack(
        [
            torch.stack([there[:, 0].flatten(1).any(dim=1) if there.ndim > 2 else there[:, 0] for there in each]).any(0)
            for each in (one.present.values() for one in encoded)
        ]
    ).float()
    # Of people of whom nobody was given anything all say something: it is finite and not used.
    seen = torch.where(seen.any(dim=0), seen, torch.ones_like(seen))
    return seen / seen.sum(dim=0)


def _to_answers(target: Target, outputs: Tensor) -> Tensor:
    """Outputs of a head as what can be averaged: probabilities of classes, of "above level k", or numbers."""
    if target.kind == "nominal":
        return outputs.softmax(dim=-1)
    return outputs.sigmoid() if target.is_categorical else outputs


def _to_outputs(target: Target, answers: Tensor) -> Tensor:
    """The outputs that a head would have given for these answers."""
    if not target.is_categorical:
        return answers
    answers = answers.clamp(1e-6, 1 - 1e-6)
    return answers.log() if target.kind == "nominal" else answers.logit()
