"""The clock finds a schedule, and only a schedule."""

import numpy as np
from sklearn.metrics import roc_auc_score

from empdetect.bench.clock import Clock
from empdetect.bench.system import Fold, unlabelled
from empdetect.recording import Participant, Recording, Segment
from empdetect.task import Target, Task

TASK = Task((Target("stress", "binary"),), window=60.0)


def session(person: int, labels: np.ndarray) -> list[Segment]:
    recording = Recording(f"p{person}", (Participant("wearer"),))
    return [
        Segment(recording, "wearer", 60.0 * minute, 60.0 * minute + 60, {"stress": float(label)}, group=recording.id)
        for minute, label in enumerate(labels)
    ]


def reached(schedules: list[np.ndarray]) -> float:
    *train, test = [session(person, labels) for person, labels in enumerate(schedules)]
    clock = Clock()
    clock.fit(Fold(TASK, 0, [s for each in train for s in each], []), seed=0)
    answers = clock.answers(unlabelled(test))["stress"]
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    return float(roc_auc_score([s.labels["stress"] for s in test], answers[:, 1]))


def test_one_schedule_for_all_is_found() -> None:
    schedule = (np.arange(40) // 8 % 2).astype(float)
    assert reached([schedule] * 5) > 0.95


def test_schedules_of_ones_own_are_not() -> None:
    schedule = (np.arange(40) // 8 % 2).astype(float)
    assert reached([np.roll(schedule, 8 * person) for person in range(5)]) < 0.7
