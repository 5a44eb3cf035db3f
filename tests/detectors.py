"""Small detectors with random weights, and recordings of every modality for them."""

import gzip
import json
from pathlib import Path

import numpy as np
import torch

from empdetect.detector import Detector
from empdetect.features.audio import LogMel
from empdetect.features.base import Extractor
from empdetect.features.face import Face
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.text import TextEmbeddings
from empdetect.models.calibration import calibrate
from empdetect.models.encoders.audio import ConformerEncoder
from empdetect.models.encoders.audiovisual import FaceEncoder
from empdetect.models.encoders.base import Encoder
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.models.heads import decode
from empdetect.models.network import DetectorNetwork
from empdetect.task import Target, Task
from tests.media import write_media

TASK = Task((Target("empathy", "binary"), Target("distress", "regression", range=(1, 7))), window=6.0)
MODALITIES = ("audio", "physiology", "text", "video")


def tiny_detector(*modalities: str, task: Task = TASK, calibrated: bool = False) -> Detector:
    """A detector of some modalities, all of them unless named, with random weights."""
    torch.manual_seed(0)
    parts = {name: _parts(name) for name in modalities or MODALITIES}
    encoders = {name: encoder for name, (_, encoder) in parts.items()}
    module = DetectorNetwork(task, encoders, width=8, fusion_layers=1, fusion_heads=2)
    facts = {"name": "tiny", "data": "random numbers", "licence": "CC0", "fingerprint": "00ff"}
    detector = Detector(module, {name: extractor for name, (extractor, _) in parts.items()}, facts=facts, device="cpu")
    if calibrated:
        outputs = {target.name: torch.randn(60, target.outputs) for target in task.targets}
        labels = {t.name: decode(t, outputs[t.name] + 0.3).mean(1).round().float() for t in task.targets}
        detector.calibration = calibrate(task, outputs, labels)
    return detector


def _parts(modality: str) -> tuple[Extractor, Encoder]:
    """Extractor and encoder of one modality."""
    if modality == "audio":
        mel = LogMel(mels=20, hop=0.02)
        return mel, ConformerEncoder(mel.width, width=8, layers=1, heads=2, kernel=5)
    if modality == "video":
        return Face(rate=5.0, size=24), FaceEncoder(size=24, width=8, layers=1)
    if modality == "text":
        text = TextEmbeddings()
        return text, TemporalConvEncoder(text.width, width=8, layers=0)
    body = PhysiologyFeatures(["EDA"])
    return body, TemporalConvEncoder(body.width, width=8, layers=1)


def write_everything(folder: Path, name: str, seconds: int = 12) -> Path:
    """A film without a face but with sound, its transcript and its physiology, all called ``name``."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(len(name))
    pictures = [np.full((48, 64, 3), 60 + i % 50, np.uint8) for i in range(25 * seconds)]
    write_media(folder / f"{name}.mp4", pictures, 0.2 * generator.standard_normal(16_000 * seconds))
    cues = [f"00:{i:02d}.000 --> 00:{i + 2:02d}.000\n<v Ann>line {i} of {name}\n" for i in range(0, seconds, 2)]
    (folder / f"{name}.vtt").write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")
    about = {"SamplingFrequency": 16, "StartTime": 0, "Columns": ["EDA"]}
    (folder / f"{name}_physio.json").write_text(json.dumps(about), encoding="utf-8")
    rows = "".join(f"{5 + value:.4f}\n" for value in np.cumsum(0.01 * generator.standard_normal(16 * seconds)))
    (folder / f"{name}_physio.tsv.gz").write_bytes(gzip.compress(rows.encode()))
    return folder / f"{name}.mp4"
