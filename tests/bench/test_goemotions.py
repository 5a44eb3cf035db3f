"""The published threshold of GoEmotions."""

import numpy as np

from empdetect.bench.benchmarks.goemotions import positive_f1_at_threshold
from empdetect.bench.metrics import positive_f1
from empdetect.task import Target, Task


def test_an_emotion_is_there_above_the_published_threshold() -> None:
    task = Task((Target("joy", "binary"),))
    labels = {"joy": np.array([1.0, 1.0, 0.0, 0.0])}
    likely = np.array([0.31, 0.6, 0.29, 0.1])
    answers = {"joy": np.stack([1 - likely, likely], axis=1)}
    assert positive_f1_at_threshold(labels, answers, task) == 1.0
    assert positive_f1(labels, answers, task) == 2 / 3
