"""empdetect: detect empathy and emotional contagion in recordings, and use the detector as a reward.

Names are loaded when first used, so that `import empdetect` and `empdetect --help` stay fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from empdetect.batch import Batch
    from empdetect.detector import Detector
    from empdetect.errors import InputError
    from empdetect.example import Example
    from empdetect.inputs import open_recording
    from empdetect.recording import Participant, Recording, Segment
    from empdetect.scores import Scores
    from empdetect.task import Target, Task

__version__ = "0.1.0"

_HOMES = {
    "Batch": "batch",
    "Example": "example",
    "Detector": "detector",
    "InputError": "errors",
    "open_recording": "inputs",
    "Participant": "recording",
    "Recording": "recording",
    "Segment": "recording",
    "Scores": "scores",
    "Target": "task",
    "Task": "task",
}

__all__ = [
    "Batch",
    "Detector",
    "Example",
    "InputError",
    "Participant",
    "Recording",
    "Scores",
    "Segment",
    "Target",
    "Task",
    "__version__",
    "open_recording",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'empdetect' has no attribute '{name}'; it has {', '.join(_HOMES)}")
    return getattr(import_module(f"empdetect.{_HOMES[name]}"), name)
