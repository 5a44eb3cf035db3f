"""Choosing the device: a string in, and one line that says what was chosen and why."""

import torch

from empdetect.errors import InputError


def pick_device(name: str = "auto") -> torch.device:
    """The device to run on.

    Args:
        name: ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        InputError: there is no such device here.
    """
    if name == "auto":
        return torch.device(_best())
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"Choosing a device: got '{name}', allowed are auto, cpu, cuda, cuda:N, mps") from None
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise InputError(f"Choosing a device: '{name}' is not here ({torch.cuda.device_count()} CUDA devices); use cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise InputError("Choosing a device: 'mps' is not here; use cpu")
    return device


def explain_device(name: str = "auto") -> str:
    """One line: the device and the reason."""
    device = pick_device(name)
    if name != "auto":
        return f"device: {device} (as asked)"
    if device.type == "cpu":
        return "device: cpu (no CUDA or MPS device found)"
    return f"device: {device} (found {torch.cuda.get_device_name() if device.type == 'cuda' else 'Apple GPU'})"


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
