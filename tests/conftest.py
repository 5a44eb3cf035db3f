"""Shared fixtures: the real data where there are any, and one torch thread a process."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


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
    """Manifest of a simulated corpus: three dyads (train, val, test) of 20 s, two windows each. Do not write there."""
    from empdetect.datamodules.simulation import simulate_corpus

    return simulate_corpus(tmp_path_factory.mktemp("simulated"), dyads=3, seconds=20.0, workers=1)
