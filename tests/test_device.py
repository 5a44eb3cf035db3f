"""Choosing the device, and saying why."""

import subprocess
import sys

import pytest
import torch

from empdetect.device import explain_device, pick_device, reuse_memory
from empdetect.errors import InputError


def test_auto_takes_a_gpu_if_there_is_one() -> None:
    has_gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    assert (pick_device("auto").type != "cpu") == has_gpu
    assert explain_device().startswith(f"device: {pick_device('auto')} (")


def test_cpu_is_always_there() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert explain_device("cpu") == "device: cpu (as asked)"


@pytest.mark.parametrize(
    ("name", "message"), [("gpu", "allowed are auto, cpu, cuda"), ("", "allowed are"), ("cuda:99", "is not here")]
)
def test_a_device_that_is_not_here(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pick_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_card_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"0 CUDA devices\); use cpu"):
        pick_device("cuda")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc")
@pytest.mark.parametrize("reused", [False, True])
def test_memory_is_used_again(reused: bool) -> None:
    """A freed tensor's pages come back without page faults, in a process of its own as the setting stays."""
    code = (
        "import resource, torch\nfrom empdetect.device import reuse_memory\n"
        f"assert {not reused} or reuse_memory()\n"
        "def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(20): torch.ones(2**24)\n"
        "before = faults()\n"
        "for _ in range(5): torch.ones(2**24)\n"
        "print(faults() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (int(done.stdout) < 2000) == reused


def test_reusing_memory_elsewhere_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert reuse_memory() is False
