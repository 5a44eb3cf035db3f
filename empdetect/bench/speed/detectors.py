"""The detectors that speed is measured with: networks of their usual size, weights drawn at random.

What a network costs does not depend on its weights.
"""

import torch

from empdetect.detector import Detector
from empdetect.features.audio import LogMel
from empdetect.features.face import Face
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.text import TextEmbeddings
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.audio import ConformerEncoder
from empdetect.models.encoders.audiovisual import FaceEncoder
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.task import Target, Task

TASK = Task((Target("empathy", "binary"), Target("distress", "regression", range=(1, 7))), window=10.0)


def four_modalities(seed: int = 0, device: str = "cpu") -> Detector:
    """A detector of face, voice, words, heart and skin, in windows of 10 s; extractors and encoders by default."""
    torch.manual_seed(seed)
    voice, face, words, body = LogMel(hop=0.02), Face(), TextEmbeddings(), PhysiologyFeatures(["ECG", "EDA"])
    encoders = {
        "audio": ConformerEncoder(voice.width),
        "video": FaceEncoder(face.size),
        "text": TemporalConvEncoder(words.width),
        "physiology": TemporalConvEncoder(body.width),
    }
    features = {"audio": voice, "video": face, "text": words, "physiology": body}
    facts = {"name": "speed", "data": "none: random weights", "licence": "MIT"}
    return Detector(DetectorModule(TASK, encoders), features, facts=facts, device=device)


def words_alone(seed: int = 0, device: str = "cpu") -> Detector:
    """A detector of the words, one score a turn."""
    torch.manual_seed(seed)
    words = TextEmbeddings()
    task = Task((Target("empathy", "binary"),), unit="utterance")
    module = DetectorModule(task, {"text": TemporalConvEncoder(words.width)})
    return Detector(module, {"text": words}, facts={"name": "speed", "licence": "MIT"}, device=device)
