"""Which benchmarks there are: the files of ``bench/benchmarks``, by name."""

import difflib
import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import empdetect.bench.benchmarks
from empdetect.errors import InputError

if TYPE_CHECKING:
    from empdetect.bench.benchmark import Benchmark


def benchmark_names() -> list[str]:
    """Names of all benchmarks, sorted. A file ``NAME_z.py`` holds ``NAME-z``."""
    return sorted(
        f"{info.name[:-2]}-z" if info.name.endswith("_z") else info.name
        for info in pkgutil.iter_modules(empdetect.bench.benchmarks.__path__)
    )


def check_names(names: Sequence[str]) -> list[str]:
    """The names asked for, each once, all of them if none is.

    Raises:
        InputError: there is no such benchmark.
    """
    known = benchmark_names()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            guess = f"did you mean '{near[0]}'? " if near else ""
            raise InputError(f"Running benchmarks: no benchmark '{name}'; {guess}there are {', '.join(known)}")
    return list(dict.fromkeys(names)) or known


def load_benchmark(name: str) -> "Benchmark":
    """The benchmark of that name.

    Raises:
        InputError: there is none.
    """
    check_names([name])
    module = import_module(f"empdetect.bench.benchmarks.{name.replace('-', '_')}")
    benchmark: Benchmark = module.BENCHMARK
    if benchmark.name != name:
        raise InputError(f"Loading the benchmark {name}: its file calls it '{benchmark.name}'; name both alike")
    return benchmark
