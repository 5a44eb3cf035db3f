"""The detectors in the box are asked about ordinary English and about strangers, and told apart."""

import json
from pathlib import Path

import pytest

from empdetect.bench import box_doubt
from empdetect.bench.box_doubt import CHINESE, ORDINARY, main, table


def test_strangers_are_doubtful_and_ordinary_english_is_not(
    tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(box_doubt, "SOME", 12)
    monkeypatch.setattr(box_doubt, "BOX", ("text-ngrams",))
    page, out = tmp_path / "page.md", tmp_path / "box.json"
    page.write_text("<!-- box -->\n<!-- end of box -->\n", encoding="utf-8")
    assert main(["-o", str(out), "--data-root", str(data_root), "--page", str(page)]) == 0
    rows = json.loads(out.read_text(encoding="utf-8"))["rows"]["text-ngrams"]
    assert list(rows)[: len(ORDINARY)] == list(ORDINARY) and CHINESE in rows
    for what, found in rows.items():
        if what in ORDINARY:
            assert found["doubtful"] <= 2 / 12 and "auroc" not in found
        else:
            assert found["doubtful"] == 1.0 and found["auroc"] > 0.95 and found["wider"] > 1.5
    assert capsys.readouterr().out in page.read_text(encoding="utf-8")


def test_the_table_has_the_detectors_side_by_side() -> None:
    rows = {"a": {"x": {"doubtful": 0.01, "wider": 1.0}}, "b": {"x": {"doubtful": 1.0, "wider": 3.0, "auroc": 0.9}}}
    head, _, line = table(rows).splitlines()
    assert line == "| x | 1.0% | 1.0 × |  | 100.0% | 3.0 × | 0.900 |" and head.count("|") == line.count("|")


def test_data_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-o", str(tmp_path / "box.json"), "--data-root", str(tmp_path)]) == 2
    assert "nothing at" in capsys.readouterr().err
