"""Clock: a baseline that knows when a segment was and nothing else, for studies of one schedule."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.system import Answers, Fold, labels_of
from empdetect.recording import Segment


def start_of(segment: Segment) -> float:
    """Seconds from the start of the recording to that of the segment."""
    return segment.start or 0.0


class Clock:
    """Logistic regression on the moment of the segment, as bumps along the session.

    What it reaches is what the order of the tasks gives away: a detector whose features drift over a
    session can reach as much without having measured anything of a person.

    Args:
        spacing: between neighbouring bumps, in the moment's unit; they are two thirds as wide.
        name: what the table calls it.
        moment: of a segment in its session; its start in seconds unless another is given.
    """

    def __init__(
        self,
        spacing: float = 180.0,
        name: str = "clock alone",
        moment: Callable[[Segment], float] = start_of,
    ) -> None:
        self.spacing = spacing
        self.name = name
        self.moment = moment
        self._places: NDArray[np.float64] = np.zeros(0)
        self._models: dict[str, tuple[int, object]] = {}

    def fit(self, fold: Fold, seed: int) -> None:
        """Learn from the moments of the training and validation part; targets that are numbers are left out."""
        from sklearn.linear_model import LogisticRegression

        segments = [*fold.train, *fold.val]
        moments = self._moments(segments)
        self._places = np.arange(0.0, moments.max() + self.spacing, self.spacing)
        self._models = {}
        labels = labels_of(segments, fold.task)
        for target in fold.task.targets:
            known = np.isfinite(labels[target.name])
            if target.is_categorical:
                model = LogisticRegression(max_iter=1000).fit(self._bumps(moments[known]), labels[target.name][known])
                self._models[target.name] = target.levels, model

    def answers(self, segments: Sequence[Segment]) -> Answers:
        """Probabilities."""
        bumps = self._bumps(self._moments(segments))
        found = {}
        for name, (levels, model) in self._models.items():
            chances = np.zeros((len(segments), levels))
            chances[:, model.classes_.astype(int)] = model.predict_proba(bumps)  # type: ignore[attr-defined]
            found[name] = chances
        return found

    def _bumps(self, moments: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(-0.5 * ((moments[:, None] - self._places) / (self.spacing * 2 / 3)) ** 2)

    def _moments(self, segments: Sequence[Segment]) -> NDArray[np.float64]:
        return np.array([self.moment(segment) for segment in segments], np.float64)
