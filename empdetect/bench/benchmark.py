"""Benchmark: a protocol, what is measured under it, and what others reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from empdetect.bench.metrics import Metric
from empdetect.bench.system import System, ZscoreBy
from empdetect.datamodules.base import EmpathyDataModule


@dataclass(frozen=True)
class Figure:
    """A figure that somebody reached.

    Args:
        value: the figure.
        source: who, with what, under which protocol if it was another one.
    """

    value: float
    source: str


@dataclass(frozen=True)
class Line:
    """One line of the table: a metric, and what it is held against.

    Args:
        shown: what the table calls the metric, e.g. ``macro-F1, mean of three``.
        metric: see ``bench.metrics``.
        must: what our detector must reach.
        ahead_of: name of a baseline and how far our detector must be ahead of it, instead of ``must``.
        aim: what it aims at.
        floor: what a plain classical baseline reached under the same protocol, outside this run.
        published: what a paper or its repository states.
    """

    shown: str
    metric: Metric
    must: float | None = None
    ahead_of: tuple[str, float] | None = None
    aim: float | None = None
    floor: Figure | None = None
    published: Figure | None = None


@dataclass(frozen=True)
class Benchmark:
    """A published protocol as code. The data module is the protocol: its segments, groups and folds.

    Args:
        name: on the command line; one whose features are standardised by person ends in ``-z``.
        title: what the table calls it.
        protocol: one line: folds, groups, what was dropped, how folds are pooled.
        data: builds the data module: its class, or a function with the arguments ``features``,
            ``data_root``, ``fold`` and those of ``data_args``. A dataset whose segments all have a
            split has one fold.
        ours: our detector (``bench.trained.TrainedDetector``).
        lines: what is measured; the first is the headline.
        baselines: measured on the same folds in the same call (``bench.baselines``).
        control: a cheap linear system for the shuffled-label control; None takes none, which only a
            protocol without any linear baseline may do.
        pooling: a metric of the answers of all folds as one set, or the ``mean`` of each fold's.
        data_args: further arguments of the data module, given to the configurations too.
        zscore_by: standardise features by their group's own statistics; only if the name ends in ``-z``. Extractors
            that relate a segment to the whole recording are allowed then, and only then.
        shortest_text: texts of fewer words (greetings, thanks) may be on both sides of a split.
    """

    name: str
    title: str
    protocol: str
    data: Callable[..., EmpathyDataModule]
    ours: System
    lines: tuple[Line, ...]
    baselines: tuple[System, ...] = ()
    control: System | None = None
    pooling: Literal["pooled", "mean"] = "pooled"
    data_args: Mapping[str, Any] = field(default_factory=dict)
    zscore_by: ZscoreBy | None = None
    shortest_text: int = 1

    def standardised(self, z: str, segments: str, **changed: Any) -> "Benchmark":
        """The same with each person's features standardised by the person's own statistics, named ``-z``.

        Args:
            z: who that is, as the title says it: ``speaker``.
            segments: of whom all that there is counts, as the protocol says it: ``clips of their actor``.
            changed: whatever else is different.
        """
        told = f"{self.protocol}; features standardised by all {segments}, without labels"
        named = {"name": f"{self.name}-z", "title": f"{self.title}, per-{z} z", "protocol": told}
        return replace(self, **(named | changed), zscore_by="group")
