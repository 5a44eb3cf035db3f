"""The networks that ``bench.peers`` compares: our detector, and four of the package MMSA, used as they are.

MMSA (https://github.com/thuiar/MMSA; Mao et al., ACL 2022) takes text, audio and video. Its networks get the voice
as audio, the face as video, and as text a constant: one step of one zero, through an LSTM as narrow as they allow,
so that the third stream costs them as little as it can.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from empdetect.bench.system import NotAvailable
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.mean import MeanEncoder
from empdetect.models.kernel import KernelMachine
from empdetect.task import Task

Widths = Mapping[str, int]
"""Features of each modality."""

VOICE, FACE = "audio", "action_units"
DROPOUT = 0.3
"""Share of activations that MMSA's networks drop in training."""
HOW_TO_INSTALL = "pip install 'empdetect[peers]', or pip install MMSA"


class FusedNetwork(nn.Module, ABC):
    """Two modalities in, one output a level out."""

    @abstractmethod
    def forward(self, inputs: Mapping[str, Tensor], missing: Collection[str] = ()) -> Tensor:
        """Outputs ``(batch, levels)``.

        Args:
            inputs: by modality ``(batch, feature)``, standardised by the training set: its mean is 0.
            missing: modalities that the network is not to see.
        """


@dataclass(frozen=True)
class Contender:
    """A network and how it is trained.

    Args:
        name: what the table calls it.
        build: makes it from the widths of the modalities and the task.
        learning_rate: of the optimiser.
        weight_decay: of the optimiser.
        decoupled: AdamW, as our detectors are trained; else Adam with an L2 term, as MMSA's trainers do.
        clip: largest size of a gradient's element; None leaves it.
    """

    name: str
    build: Callable[[Widths, Task], FusedNetwork]
    learning_rate: float
    weight_decay: float
    decoupled: bool = False
    clip: float | None = None

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """The optimiser of its weights."""
        kind = torch.optim.AdamW if self.decoupled else torch.optim.Adam
        return kind(network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)


class OurDetector(FusedNetwork):
    """A ``DetectorModule`` of two modalities, each one frame a clip. What is missing is masked.

    Args:
        module: the detector; its task has one target.
    """

    def __init__(self, module: DetectorModule) -> None:
        super().__init__()
        self.module = module

    def forward(self, inputs: Mapping[str, Tensor], missing: Collection[str] = ()) -> Tensor:
        """Outputs ``(batch, levels)``."""
        frames, masks = as_frames(inputs, missing)
        outputs: dict[str, Tensor] = self.module(frames, masks)
        return outputs[self.module.task.targets[0].name]


class MmsaNetwork(FusedNetwork):
    """A network of MMSA. What is missing is 0, the mean of the training set: it knows no masks.

    Args:
        network: of MMSA.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Mapping[str, Tensor], missing: Collection[str] = ()) -> Tensor:
        """Outputs ``(batch, levels)``."""
        voice, face = (
            (torch.zeros_like(inputs[name]) if name in missing else inputs[name]).unsqueeze(1) for name in (VOICE, FACE)
        )
        outputs: dict[str, Tensor] = self.network(voice.new_zeros(len(voice), 1, 1), voice, face)
        return outputs["M"]


def as_frames(
    inputs: Mapping[str, Tensor], missing: Collection[str] = ()
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Vectors ``(batch, feature)`` as one frame of one person, and its mask: what ``DetectorModule`` reads."""
    frames = {name: x[:, None, None] for name, x in inputs.items()}
    masks = {name: x.new_full((len(x), 1, 1), name not in missing, dtype=torch.bool) for name, x in inputs.items()}
    return frames, masks


def ours(width: int, modality_dropout: float, learning_rate: float) -> Contender:
    """Our detector, late fusion: ``Fusion`` without transformer layers."""

    def build(widths: Widths, task: Task) -> OurDetector:
        encoders = {name: MeanEncoder(features) for name, features in widths.items()}
        module = DetectorModule(task, dict(encoders), width, fusion_layers=0, modality_dropout=modality_dropout)
        return OurDetector(module)

    return Contender("ours", build, learning_rate, weight_decay=1e-2, decoupled=True)


def kernel_machine(widths: Widths, task: Task) -> OurDetector:
    """Our detector with heads that are solved, with the settings of ``configs/ravdess_audiovisual.yaml``."""
    encoders = {name: MeanEncoder(width) for name, width in widths.items()}
    return OurDetector(DetectorModule(task, dict(encoders), kernel=KernelMachine(shares={FACE: 0.5})))


def mmsa_classes() -> dict[str, Any]:
    """MMSA's classes of networks by name.

    Raises:
        NotAvailable: the package, or one that it needs, is not there.
    """
    try:
        from MMSA.models.singleTask.LF_DNN import LF_DNN
        from MMSA.models.singleTask.LMF import LMF
        from MMSA.models.singleTask.MULT import MULT
        from MMSA.models.singleTask.TFN import TFN
    except ImportError as error:
        raise NotAvailable(f"the package MMSA cannot be imported ({error}): {HOW_TO_INSTALL}") from None
    return {"LF_DNN": LF_DNN, "TFN": TFN, "LMF": LMF, "MULT": MULT}


def lf_dnn(width: int, weight_decay: float, learning_rate: float) -> Contender:
    """MMSA's late fusion; its dropouts are ``DROPOUT``, as those of all its networks but MulT."""
    settings = {"hidden_dims": (1, width, width), "text_out": 1, "post_fusion_dim": width, "dropouts": (DROPOUT,) * 4}
    return _mmsa("LF-DNN", "LF_DNN", settings, learning_rate, weight_decay)


def tfn(width: int, weight_decay: float, learning_rate: float) -> Contender:
    """Tensor fusion (Zadeh et al., EMNLP 2017): every product of the modalities' vectors."""
    settings = {"hidden_dims": (1, width, width), "text_out": 1, "post_fusion_dim": 64, "dropouts": (DROPOUT,) * 4}
    return _mmsa("TFN", "TFN", settings, learning_rate, weight_decay)


def lmf(width: int, rank: int, weight_decay: float, learning_rate: float) -> Contender:
    """Low-rank tensor fusion (Liu et al., ACL 2018)."""
    settings = {"hidden_dims": (2, width, width), "rank": rank, "dropouts": (DROPOUT,) * 4}
    return _mmsa("LMF", "LMF", settings, learning_rate, weight_decay)


def mult(width: int, learning_rate: float) -> Contender:
    """Crossmodal transformer (Tsai et al., ACL 2019), 4 heads; dropouts, depth and clipping as MMSA has them for SIMS.

    Kernels are of 1, as there is one step.
    """
    dropouts = {"attn_dropout": 0.2, "attn_dropout_a": 0.1, "attn_dropout_v": 0.0, "relu_dropout": 0.0}
    dropouts |= {"embed_dropout": 0.1, "res_dropout": 0.2, "output_dropout": 0.1, "text_dropout": 0.3}
    shape = {"use_bert": False, "dst_feature_dim_nheads": (width, 4), "nlevels": 2, "attn_mask": True}
    kernels = {f"conv1d_kernel_size_{stream}": 1 for stream in "lav"}
    return _mmsa("MulT", "MULT", {**dropouts, **shape, **kernels}, learning_rate, weight_decay=0.0, clip=0.6)


def _mmsa(
    name: str,
    class_name: str,
    settings: Mapping[str, Any],
    learning_rate: float,
    weight_decay: float,
    clip: float | None = None,
) -> Contender:
    def build(widths: Widths, task: Task) -> MmsaNetwork:
        # The one object that MMSA's networks take all their settings from; widths in the order text, audio, video.
        common = {"feature_dims": (1, widths[VOICE], widths[FACE]), "train_mode": "classification"}
        bag = SimpleNamespace(**common, num_classes=task.targets[0].levels, **settings)
        return MmsaNetwork(mmsa_classes()[class_name](bag))

    return Contender(name, build, learning_rate, weight_decay, clip=clip)


FACTORIES: dict[str, Callable[..., Contender]] = {
    "ours": ours,
    "LF-DNN": lf_dnn,
    "TFN": tfn,
    "LMF": lmf,
    "MulT": mult,
}
CHOSEN: dict[str, dict[str, Any]] = {
    "ours": {"learning_rate": 0.001, "modality_dropout": 0.5, "width": 256},
    "LF-DNN": {"learning_rate": 0.002, "weight_decay": 0.001, "width": 128},
    "TFN": {"learning_rate": 0.002, "weight_decay": 0.0, "width": 32},
    "LMF": {"learning_rate": 0.004, "rank": 8, "weight_decay": 0.0, "width": 128},
    "MulT": {"learning_rate": 0.0005, "width": 40},
}
"""Settings of each, those of the best validation accuracy that ``bench.peer_settings`` found."""
OURS = ours(**CHOSEN["ours"])
KERNEL = "ours, kernel machine"


def peers() -> list[Contender]:
    """MMSA's networks.

    Raises:
        NotAvailable: the package is not there.
    """
    mmsa_classes()
    return [FACTORIES[name](**settings) for name, settings in CHOSEN.items() if name != OURS.name]
