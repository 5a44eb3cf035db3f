"""Motion energy of dyads: made files of the same layout, and the real ones where they are there."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.rmea import RmeaDataModule, read_dyads
from empdetect.errors import InputError
from empdetect.features.table import TableFeatures


def write(root: Path, dyads: int = 6) -> Path:
    """As many dyads of each condition; 4 s."""
    rng = np.random.default_rng(0)
    for condition, first in (("normal", 200), ("dropout", 100)):
        (root / "rmea" / condition).mkdir(parents=True)
        for number in range(dyads):
            rows = "\n".join(f"{a} {b}" for a, b in rng.integers(0, 5000, (100, 2)))
            (root / "rmea" / condition / f"{first + number}_01.txt").write_text(f'"pat" "th"\n{rows}\n')
    return root


def test_dyads_are_read_with_their_condition(tmp_path: Path) -> None:
    dyads = read_dyads(write(tmp_path) / "rmea")
    assert [dyad.condition for dyad in dyads] == ["normal"] * 6 + ["dropout"] * 6
    assert {(len(dyad.first), len(dyad.second), dyad.rate) for dyad in dyads} == {(100, 100, 25.0)}


def test_the_data_module_keeps_its_promises(tmp_path: Path) -> None:
    features = {"signal": TableFeatures(["motion"], table="signal")}
    check_datamodule(RmeaDataModule(features, str(write(tmp_path)), blocks=6, strangers=1, batch_size=2))


def test_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rmea"):
        RmeaDataModule({}, str(tmp_path)).segments()
    (tmp_path / "rmea").mkdir()
    with pytest.raises(InputError, match="no file in"):
        read_dyads(tmp_path / "rmea")
    (tmp_path / "rmea" / "normal").mkdir()
    (tmp_path / "rmea" / "normal" / "1.txt").write_text("a b\n1 2\n")
    with pytest.raises(InputError, match=r"1\.txt cannot be read as"):
        read_dyads(tmp_path / "rmea")


@pytest.mark.data
def test_the_real_dyads(data_root: Path) -> None:
    dyads = read_dyads(data_root / "rmea")
    assert len(dyads) == 20
    assert {len(dyad.first) for dyad in dyads} == {15_000}
