"""The network of a detector: encoders of each modality, fused, to a head for each target.

It stands apart from its training, so that who only scores need not load Lightning, which takes seconds.
"""

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn

from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.models.cross_person import CrossPersonAttention
from empdetect.models.encoded import Encoded
from empdetect.models.encoders.base import Encoder
from empdetect.models.encoders.signal import FrameEncoder
from empdetect.models.fusion import Fusion
from empdetect.models.heads import Heads
from empdetect.models.kernel import KernelMachine
from empdetect.models.kernel_heads import KernelHeads
from empdetect.models.standardize import Standardize
from empdetect.task import Task


class DetectorNetwork(nn.Module):
    """A detector's network. A single modality is this with one encoder; late fusion is ``fusion_layers=0``.

    What only training uses is kept here too: a detector's folder tells how it was trained.

    Args:
        task: what to answer; sizes the heads.
        encoders: one for each modality.
        width: of the fused tokens.
        fusion_layers: transformer layers over the modality tokens; 0 is late fusion.
        fusion_heads: attention heads a layer.
        dropout: share of activations dropped in fusion and heads.
        modality_dropout: chance that a modality is dropped from a training example.
        learning_rate: highest rate of the one-cycle schedule, for weights whose encoder sets none.
        weight_decay: of AdamW.
        balance: weigh classes by the inverse of their share in the training set.
        mixup: strength of manifold mixup on the tokens (``models.mixup``), such as 0.4; 0 is none.
        kernel: heads that are solved in one epoch instead of trained, on the encoders' vectors; these must have
            nothing to learn, and fusion, dropout and the rest of the training's settings have no part in it.
        cross: attention between the frames of two people, in place of fusion and heads; needs one encoder that gives
            frames.
        loss_weights: how much the loss of a target counts, by name; 1 for those that are not named.

    Raises:
        InputError: there is no encoder, one that would have to be trained although ``kernel`` is given, or one that
            gives no frames although ``cross`` is.
    """

    def __init__(
        self,
        task: Task,
        encoders: dict[str, Encoder],
        width: int = 64,
        fusion_layers: int = 2,
        fusion_heads: int = 4,
        dropout: float = 0.2,
        modality_dropout: float = 0.2,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        balance: bool = True,
        mixup: float = 0.0,
        kernel: KernelMachine | None = None,
        cross: CrossPersonAttention | None = None,
        loss_weights: dict[str, float] | None = None,
    ) -> None:
        super().__init__()
        if not encoders:
            raise InputError("Building a detector: at least one modality with its encoder is needed")
        self.task = task
        self.width = width
        self.fusion_layers = fusion_layers
        self.fusion_heads = fusion_heads
        self.dropout = dropout
        self.modality_dropout = modality_dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.balance = balance
        self.mixup = mixup
        self.kernel = kernel
        self.cross = cross
        self.loss_weights = dict(loss_weights or {})
        self.encoders = nn.ModuleDict(encoders)
        self.scales = nn.ModuleDict({name: Standardize(e.features) for name, e in encoders.items() if e.standardize})
        if cross is not None:
            cross.check(task)
            _refuse_vectors(encoders, kernel, mixup)
        elif kernel is None:
            self.projections = nn.ModuleDict({name: nn.Linear(e.width, width) for name, e in encoders.items()})
            self.fusion = Fusion(
                list(encoders), task.persons, width, fusion_layers, fusion_heads, dropout, modality_dropout
            )
            self.heads = Heads(task, width, dropout)
        else:
            _refuse_trainable(encoders)
            self.kernel_heads = KernelHeads(kernel, task, {name: e.width for name, e in encoders.items()})

    @property
    def modalities(self) -> list[str]:
        """Names of the modalities, sorted."""
        return sorted(self.encoders)

    @property
    def compares(self) -> bool:
        """Whether it compares people, so that there is nothing to say of one alone."""
        return self.cross is not None

    def rebuilt(self) -> set[str]:
        """Names in the ``state_dict`` that building the module again restores bit for bit."""
        return {f"encoders.{name}.{key}" for name in self.modalities for key in self._encoder(name).rebuilt()}

    def check_features(self, features: Mapping[str, Extractor]) -> None:
        """Make sure that there is an extractor for each encoder, and that it gives what the encoder takes.

        Raises:
            InputError: one is missing or of another width.
        """
        missing = sorted(set(self.modalities) - set(features))
        if missing:
            raise InputError(f"Building a detector: no features for {', '.join(missing)}, which the model reads")
        for name in self.modalities:
            want, give = self.encoders[name].features, features[name].width
            if want != give:
                raise InputError(
                    f"Building a detector: the {name} encoder takes {want} features a frame, its extractor gives "
                    f"{give}; set the encoder's 'features' to {give}"
                )
            if self.cross is not None and getattr(features[name], "rate", self.cross.rate) != self.cross.rate:
                raise InputError(
                    f"Building a detector: its lags are counted at {self.cross.rate:g} frames per second; set the "
                    f"'rate' of the {name} features to it"
                )

    def forward(self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Outputs of every head.

        Args:
            inputs: by modality, ``(batch, person, time, feature)``.
            masks: by modality, ``(batch, person, time)``.

        Returns:
            By target, ``(batch, outputs)``.
        """
        return self.answer(self.encode(inputs, masks))

    def encode(self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Encoded:
        """What the encoders make of the inputs, which are those of ``forward``."""
        return Encoded(*self._tokens(inputs, masks))

    def answer(self, encoded: Encoded) -> dict[str, Tensor]:
        """Outputs of every head, as of ``forward``."""
        return self._answer(encoded.tokens, encoded.present)

    def _tokens(
        self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """By modality, tokens ``(batch, person, width)`` and who is there ``(batch, person)``.

        With attention between people, their frames ``(batch, person, time, width)`` and masks instead.
        """
        tokens = {name: self._encode(name, inputs[name], masks[name]) for name in self.modalities}
        if self.cross is not None:
            return tokens, {name: masks[name] for name in self.modalities}
        return tokens, {name: masks[name].any(dim=-1) for name in self.modalities}

    def _answer(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self.kernel is not None:
            solved: dict[str, Tensor] = self.kernel_heads(tokens, present)
            return solved
        if self.cross is not None:
            compared: dict[str, Tensor] = self.cross(tokens[self.modalities[0]], present[self.modalities[0]])
            return compared
        outputs: dict[str, Tensor] = self.heads(self.fusion(tokens, present))
        return outputs

    def _encode(self, name: str, x: Tensor, mask: Tensor) -> Tensor:
        """One token a person, ``(batch, person, width)``; people who are missing are not encoded."""
        batch, person = mask.shape[:2]
        if self.cross is not None:
            frames: Tensor = cast(FrameEncoder, self._encoder(name)).frames(x.flatten(0, 1), mask.flatten(0, 1))
            return frames.unflatten(0, (batch, person))
        x, mask = x.flatten(0, 1), mask.flatten(0, 1)
        there = mask.any(dim=1)
        tokens = x.new_zeros(batch * person, self.width if self.kernel is None else self._encoder(name).width)
        if there.any():
            x, mask = x[there], mask[there]
            if name in self.scales:
                x = self.scales[name](x)
            vectors = self.encoders[name](x, mask)
            tokens[there] = (vectors if self.kernel is not None else self.projections[name](vectors)).to(tokens.dtype)
        return tokens.view(batch, person, -1)

    def _encoder(self, name: str) -> Encoder:
        return cast(Encoder, self.encoders[name])


def _refuse_vectors(encoders: Mapping[str, Encoder], kernel: KernelMachine | None, mixup: float) -> None:
    """People are compared frame by frame: of one modality, without what is made for vectors."""
    if kernel is not None or mixup > 0:
        raise InputError(
            "Building a detector: 'cross' compares frames, 'kernel' and 'mixup' mix vectors: leave one out"
        )
    vectors = [name for name, encoder in encoders.items() if not isinstance(encoder, FrameEncoder)]
    if len(encoders) != 1 or vectors:
        raise InputError(
            f"Building a detector: 'cross' needs one modality whose encoder gives frames, such as SignalEncoder; got "
            f"{', '.join(f'{name} ({type(encoder).__name__})' for name, encoder in encoders.items())}"
        )


def _refuse_trainable(encoders: Mapping[str, Encoder]) -> None:
    """Solved heads see each vector once: an encoder before them would never learn."""
    for name, encoder in encoders.items():
        if any(parameter.requires_grad for parameter in encoder.parameters()):
            raise InputError(
                f"Building a detector: its heads are solved, but the {name} encoder must be trained; take one without "
                "weights, such as MeanEncoder, or leave 'kernel' out"
            )
