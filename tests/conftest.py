"""Shared fixtures: the real data where there are any, one torch thread a process, and the order of the files."""

import os
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Features of a dozen small files are not worth the start of more processes; tests/features/test_extraction.py has them.
os.environ["LOKY_MAX_CPU_COUNT"] = "1"

# Half of what Hypothesis tries by itself: the suite is to take minutes. ``python -m tests.fuzz`` tries far more.
settings.register_profile("suite", max_examples=50)
settings.load_profile("suite")

SLOWEST = (
    "scoring/test_engines.py",
    "test_notebooks.py",
    "scoring/test_places_that_fail.py",
    "bench/test_catalogue.py",
    "scoring/test_resume.py",
    "test_serve.py",
    "scoring/test_every_input.py",
    "scoring/test_input_faults.py",
    "scoring/test_who_command.py",
    "bench/speed/test_speed.py",
    "rl/test_trainer.py",
    "test_readme.py",
    "test_conformance.py",
)
"""Files that come first, the slowest ahead: one that starts when all others are done keeps a single process busy."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slowest files first."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(SLOWEST)}
    missing = [str(path) for path in places if not path.is_file()]
    if missing:
        raise pytest.UsageError(f"SLOWEST in {__file__} names files that are not there: {', '.join(missing)}")
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the real data sets; the test is skipped where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("EMPDETECT_DATA", beside))
    if not root.is_dir():
        pytest.skip(f"no data sets at {root}; set EMPDETECT_DATA to their folder")
    return root


@pytest.fixture(autouse=True, scope="session")
def _cache_apart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep test features out of the user's cache."""
    os.environ["EMPDETECT_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def simulated_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifest of a simulated corpus: three dyads (train, val, test) of 20 s, two windows each. Do not write there.

    Processes of pytest-xdist share one.
    """
    from empdetect.datamodules.simulation import simulate_corpus

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "simulated"
    with FileLock(f"{folder}.lock"):
        made = folder / "manifest.tsv"  # written last
        return made if made.is_file() else simulate_corpus(folder, dyads=3, seconds=20.0, workers=1)
