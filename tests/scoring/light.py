"""A detector that starts fast, and sounds for it: for tests that run the real command several times."""

from pathlib import Path

import numpy as np
import torch

from empdetect.detector import Detector
from empdetect.features.audio import Waveform
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.models.network import DetectorNetwork
from empdetect.task import Target, Task
from tests.media import write_media

TASK = Task((Target("empathy", "binary"), Target("distress", "regression", range=(1, 7))), window=6.0)


def light_detector(folder: Path) -> Path:
    """Save a detector of the bare waveform with random weights, and return its folder."""
    torch.manual_seed(0)
    ear = Waveform(rate=4000)
    module = DetectorNetwork(TASK, {"audio": TemporalConvEncoder(ear.width, width=8, layers=1)}, width=8)
    return Detector(module, {"audio": ear}, facts={"name": "light"}, device="cpu").save_pretrained(folder)


def write_sound(path: Path, seconds: int, seed: int = 0) -> Path:
    """Noise that swells and fades."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    swell = 1.1 + np.sin(np.arange(4000 * seconds) / 9000)
    return write_media(path, samples=0.2 * swell * generator.standard_normal(4000 * seconds), rate=4000)


def write_manifest(path: Path, *sounds: Path) -> Path:
    """A manifest of sounds that stand for one participant each: nobody has to be listened for."""
    rows = [f"{sound.parent.name}/{sound.stem}\tAnn\t{sound}" for sound in sounds]
    path.write_text("\n".join(["recording\tparticipant\taudio", *rows]) + "\n")
    return path
