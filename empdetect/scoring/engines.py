"""Engines: who scores the recordings: this process, a pool of processes, or a Ray cluster. Their results are equal.

An engine gives the events of every recording in the order of the inputs.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from empdetect.input_files import Input
from empdetect.scoring.journal import Event, Failed
from empdetect.scoring.one_recording import Scorer, only_words

ENGINES = ("local", "ray")
AHEAD = 4
"""So many recordings a worker are handed out before the first is done: one that is long must not stop the others."""

BLOCK = 256
"""So many transcripts are opened, and their words read, together."""

KILLED = "the process that scored it was killed, most likely for lack of memory; score it alone, or with fewer workers"


def score_here(inputs: Sequence[Input], scorer: Scorer) -> Iterator[Iterator[Event]]:
    """Score in this process, one after the other; the words of transcripts that follow each other are read together."""
    return (scorer.score(entry, block) for block in blocks(inputs) for entry in block)


def blocks(inputs: Sequence[Input]) -> Iterator[Sequence[Input]]:
    """Inputs in their order, those that are transcripts alone up to ``BLOCK`` together, any other by itself."""
    together: list[Input] = []
    for entry in inputs:
        if together and (len(together) == BLOCK or not only_words(entry)):
            yield together
            together = []
        if only_words(entry):
            together.append(entry)
        else:
            yield [entry]
    if together:
        yield together


def score_in_pool(inputs: Sequence[Input], scorer: Scorer, workers: int) -> Iterator[Iterator[Event]]:
    """Score in processes of their own. One that is killed costs its recording alone.

    Args:
        inputs: the recordings.
        scorer: travels to each process; needs a folder for journals, out of which the results come.
        workers: how many processes; each has one torch thread.
    """
    with _one_thread():
        pool = _Pool(scorer, workers)
        try:
            yield from pool.results(inputs)
        finally:
            pool.close()


class _Pool:
    def __init__(self, scorer: Scorer, workers: int) -> None:
        self.scorer = scorer
        self.workers = workers
        self._executor = self._start(workers)

    def results(self, inputs: Sequence[Input]) -> Iterator[Iterator[Event]]:
        waiting: deque[tuple[Input, Future[list[Event]]]] = deque()
        coming = iter(inputs)
        while True:
            while len(waiting) < AHEAD * self.workers and (entry := next(coming, None)) is not None:
                waiting.append((entry, self._submit(entry)))
            if not waiting:
                return
            entry, future = waiting.popleft()
            try:
                found = future.result()
            except BrokenProcessPool:
                found = self._alone(entry)
                self._restart()
                waiting = deque((other, self._submit(other)) for other, _ in waiting)
            yield iter(found)

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _alone(self, entry: Input) -> list[Event]:
        """Score a recording that was at work when a process died: whether it was its fault is seen now."""
        with self._start(1) as executor:
            try:
                return executor.submit(score_one, entry).result()
            except BrokenProcessPool:
                return [Failed(KILLED)]

    def _submit(self, entry: Input) -> "Future[list[Event]]":
        try:
            return self._executor.submit(score_one, entry)
        except BrokenProcessPool as error:
            broken: Future[list[Event]] = Future()
            broken.set_exception(error)
            return broken

    def _restart(self) -> None:
        self.close()
        self._executor = self._start(self.workers)

    def _start(self, workers: int) -> ProcessPoolExecutor:
        # A forked process would inherit locks of torch's and FFmpeg's threads.
        return ProcessPoolExecutor(workers, get_context("spawn"), start_scoring, (self.scorer,))


_at_work: Scorer | None = None


def start_scoring(scorer: Scorer) -> None:
    """Make this process ready to score."""
    import torch

    global _at_work  # noqa: PLW0603 (a worker's one state)
    torch.set_num_threads(1)
    _at_work = scorer


def score_one(entry: Input) -> list[Event]:
    """All events of a recording, in a process that ``start_scoring`` made ready."""
    if _at_work is None:
        raise RuntimeError("start_scoring comes first")
    return list(_at_work.score(entry))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that are started meanwhile have one thread each for numbers."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ[name] for name in names if name in os.environ}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)
