"""The command lines of the studies."""

import importlib
from pathlib import Path

import pytest

from empdetect.bench import study

STUDIES = sorted(
    path.stem
    for path in Path(study.__file__).parent.glob("*.py")
    if "= study_parser(" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_says_what_it_is_and_where_its_figures_go(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"empdetect.bench.{name}")
    with pytest.raises(SystemExit, match="0"):
        module.main(["--help"])
    told = capsys.readouterr().out
    assert told.startswith(f"usage: python -m empdetect.bench.{name} ")
    assert module.__doc__.splitlines()[0] in told
    with pytest.raises(SystemExit, match="2"):
        module.main([])
    assert "-o/--out" in capsys.readouterr().err


def test_there_are_studies() -> None:
    assert len(STUDIES) >= 16
