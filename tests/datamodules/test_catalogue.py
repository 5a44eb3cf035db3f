"""The list of datasets, on the command line and in docs/datasets.md."""

import re
from pathlib import Path

from empdetect.components import class_path
from empdetect.datamodules.catalogue import catalogue_table, data_modules

ROOT = Path(__file__).resolve().parents[2]
GATED = {"EmpathicStories", "OmgEmpathy", "Send", "Medic", "NewsEmp", "Iemocap"}


def rows() -> dict[str, str]:
    """Rows of the table in docs/datasets.md by data module."""
    text = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)` \|.*$", text, re.MULTILINE)}


def test_every_data_module_is_in_the_docs() -> None:
    missing = {cls.__name__ for cls in data_modules()} - set(rows())
    assert not missing, f"add a row to docs/datasets.md for {', '.join(sorted(missing))}"


def test_the_docs_name_data_modules_and_configurations_that_exist() -> None:
    paths = {cls.__name__: class_path(cls) for cls in data_modules()}
    for name, row in rows().items():
        for config in re.findall(r"`(\w+\.yaml)`", row):
            assert paths[name] in (ROOT / "configs" / config).read_text(encoding="utf-8")
        assert name in paths
        assert row.count(" | ") == 5


def test_sets_behind_an_agreement_say_how_to_get_them() -> None:
    listed = catalogue_table()
    for cls in data_modules():
        if cls.__name__.removesuffix("DataModule") in GATED:
            assert cls.how_to_get
            assert f"how to get: {cls.how_to_get}" in listed
    assert listed.count("how to get: ") >= len(GATED)
