"""Choosing the device: a string in, and one line that says what was chosen and why; and its memory."""

import ctypes
import sys
from typing import Any

import torch

from empdetect.errors import InputError

M_MMAP_THRESHOLD = -3
"""Name of the limit in glibc's ``malloc.h``."""
LARGE = 2**22
"""Bytes from which a piece of memory is a mapping of its own: what is smaller comes and goes too
often for that."""


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


def reuse_memory() -> bool:
    """Have this process keep freed memory for its next batch; True where that could be arranged.

    glibc hands every large block back to the system at once and gets it anew, page by page, for the
    next one. Training on face crops on a CPU spends more than half of its time on that.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return False
    trim_threshold, mmap_threshold = -1, -3  # names in malloc.h
    return bool(mallopt(mmap_threshold, 2**30)) and bool(mallopt(trim_threshold, 2**31 - 1))


def return_large_pieces() -> None:
    """Let every piece of memory above ``LARGE`` go back to the system as soon as it is freed, where glibc is.

    By itself glibc raises that limit up to 32 MiB as a program frees larger pieces. From then on they lie among the
    small ones, and a process that scores for hours grows by the gaps between them.
    """
    limit = _of_glibc("mallopt")
    if limit is not None:
        limit(M_MMAP_THRESHOLD, LARGE)


def give_back_memory() -> None:
    """Give freed memory back to the system, where the C library is glibc.

    It keeps freed pieces for the thread that had them. Where threads come and go, a process grows though it holds no
    more than before.
    """
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Any:
    """A function of the C library; None if it has none of that name, as musl and other systems have not."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
