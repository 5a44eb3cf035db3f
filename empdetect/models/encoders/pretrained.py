"""Loading a pretrained network that a configuration names by class path."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from safetensors import SafetensorError
from torch import nn

from empdetect.errors import InputError

TRUSTED = ("transformers", "torchvision", "torchaudio")
"""Packages whose networks a configuration may name."""


def network_class(path: str) -> type[nn.Module]:
    """The network class at a dotted path such as ``transformers.WavLMModel``.

    Raises:
        InputError: it is outside the trusted packages, not found, or not a network.
    """
    module, _, name = path.rpartition(".")
    if module.split(".")[0] not in TRUSTED:
        raise InputError(f"Loading the network '{path}': allowed are classes of {', '.join(TRUSTED)}")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"Loading the network '{path}': not found ({error})") from None
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise InputError(f"Loading the network '{path}': it is not a network class")
    return found


def load_pretrained(path: str, weights: str) -> Any:
    """A transformers network with its weights.

    Args:
        path: class path, e.g. ``transformers.Wav2Vec2Model``.
        weights: folder or hub name.

    Raises:
        InputError: the class or the weights cannot be found.
    """
    found = network_class(path)
    if not hasattr(found, "from_pretrained"):
        raise InputError(f"Loading the network '{path}': it has no pretrained weights to load")
    with loading(weights, path):
        return found.from_pretrained(weights)


@contextmanager
def loading(weights: str, network: str) -> Iterator[None]:
    """Tell weights that are missing, broken or another network's as an ``InputError``."""
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"Loading the weights '{weights}' of {network}: {reason}") from None
