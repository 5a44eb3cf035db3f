"""Scoring on a Ray cluster: Ray Data hands recordings to actors, each of which loads the detector once.

Every machine must see the inputs and the output folder under the same paths, as on a shared disk.
"""

import logging
import os
import pickle
from collections.abc import Iterator, Sequence
from typing import Any

from empdetect.errors import InputError
from empdetect.input_files import Input
from empdetect.scoring.engines import score_one, start_scoring
from empdetect.scoring.journal import Event
from empdetect.scoring.one_recording import Scorer

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
"""Ray reports its use to its makers unless told not to: nothing about recordings of people leaves the machine."""


def score_on_ray(inputs: Sequence[Input], scorer: Scorer, workers: int) -> Iterator[Iterator[Event]]:
    """Score on the cluster that ``RAY_ADDRESS`` names; where it names none, on a cluster on this machine.

    Args:
        inputs: the recordings.
        scorer: travels to each actor.
        workers: how many actors; each has one torch thread.

    Raises:
        InputError: Ray is not installed.
    """
    try:
        os.environ.update(QUIET)
        import ray
    except ImportError:
        raise InputError("Scoring on Ray: it is not installed; run 'pip install \"empdetect[ray]\"'") from None
    started = not ray.is_initialized()
    if started:
        # What a cluster that runs already has is its own.
        own = {} if "RAY_ADDRESS" in os.environ else {"num_cpus": workers + 1, "include_dashboard": False}
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **own)  # type: ignore[arg-type]
    try:
        yield from _results(inputs, scorer, workers)
    finally:
        if started:
            ray.shutdown()


def _results(inputs: Sequence[Input], scorer: Scorer, workers: int) -> Iterator[Iterator[Event]]:
    import ray.data

    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    # Recordings differ in length: one a block, so that none waits for another.
    entries = ray.data.from_items([{"entry": pickle.dumps(entry)} for entry in inputs], override_num_blocks=len(inputs))
    actors: Any = _Actor  # Ray makes one of each worker; its types know functions alone
    for row in entries.map(actors, fn_constructor_args=(scorer,), concurrency=workers, num_cpus=1).iter_rows():
        yield iter(pickle.loads(row["events"]))


class _Actor:
    """A worker: gets the detector once and scores what it is given."""

    def __init__(self, scorer: Scorer) -> None:
        start_scoring(scorer)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"events": pickle.dumps(score_one(pickle.loads(row["entry"])))}
