"""Results of groups on the disk until all are there: false discoveries are controlled over the whole run."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite
from tempfile import TemporaryFile

from empdetect.comparing.analysis import Comparison
from empdetect.comparing.people import Group
from empdetect.comparing.together import Together
from empdetect.contagion.false_discovery import false_discovery


@dataclass(frozen=True)
class Result:
    """What was found of a recording.

    Args:
        pairs: all that could be compared, by all signals.
        groups: all together, one a signal; empty where there are two.
        failed: who could not be compared, by which signal, and why not.
        notes: what the user should know of its files.
    """

    pairs: tuple[Comparison, ...] = ()
    groups: tuple[Together, ...] = ()
    failed: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tested(self) -> tuple[Comparison | Together, ...]:
        """Pairs and groups."""
        return (*self.pairs, *self.groups)


class Spool:
    """Results in a file of the system's own, so that memory does not grow with the recordings; a context manager.

    Args:
        alpha: the level.
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha
        # Pickles that nobody else can write: the file has no name.
        self._file = TemporaryFile()  # noqa: SIM115
        self._groups: list[Group] = []
        self._p: list[list[float]] = []
        self._significant: list[bool] = []

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, group: Group, result: Result) -> None:
        """Put a result away."""
        pickle.dump(result, self._file)
        self._groups.append(group)
        self._p += [one.p for one in result.tested]
        self._significant += [one.significant for one in result.tested]

    @property
    def tests(self) -> int:
        """How many were made."""
        return sum(isfinite(p) for several in self._p for p in several)

    def corrected(self) -> Iterator[tuple[Group, Result]]:
        """All results again, with what may be claimed where so many tests were made (Benjamini and Yekutieli)."""
        flat = iter(false_discovery([p for several in self._p for p in several]).tolist())
        rates = [list(islice(flat, len(several))) for several in self._p]
        share, left = self._share(rates), iter(rates)
        self._file.seek(0)
        for group in self._groups:
            result: Result = pickle.load(self._file)
            pairs = tuple(one.corrected(next(left), self.tests, share) for one in result.pairs)
            groups = tuple(one.corrected(next(left), self.tests, share) for one in result.groups)
            yield group, replace(result, pairs=pairs, groups=groups)

    def _share(self, rates: list[list[float]]) -> float:
        """Share of the pairs and groups that were found."""
        found = sum(ok and q[0] <= self.alpha for ok, q in zip(self._significant, rates, strict=True))
        return found / max(1, sum(isfinite(several[0]) for several in self._p))
