import importlib.util
import json
from pathlib import Path

import pytest

from empdetect.bench.speed.grpo import main

INSTALLED = importlib.util.find_spec("trl") is not None


@pytest.mark.skipif(not INSTALLED, reason="TRL is not installed; see empdetect/bench/speed/grpo.py")
def test_two_steps_of_each_are_timed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-o", str(tmp_path / "speed.json"), "--steps", "2"]) == 0
    found = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    assert len(found["ours_seconds"]) == len(found["trl_seconds"]) == 2 and found["ratio"] > 0
    assert "our step takes" in capsys.readouterr().out


@pytest.mark.skipif(INSTALLED, reason="TRL is installed")
def test_where_trl_is_missing_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-o", str(tmp_path / "speed.json")]) == 2
    assert "TRL: it is not installed here; name an environment's python" in capsys.readouterr().err


def test_the_page_tells_what_was_measured() -> None:
    docs = Path(__file__).parents[3] / "docs"
    found = json.loads((docs / "results" / "rl_speed.json").read_text(encoding="utf-8"))
    low, high = found["ratio_interval"]
    told = f"takes {found['ratio']:.2f} (95% interval {low:.2f} to {high:.2f}) of the time of TRL {found['trl']}'s"
    assert told in (docs / "rl" / "grpo.md").read_text(encoding="utf-8")
    ours, theirs = (sum(found[f"{name}_tokens"]) for name in ("ours", "trl"))
    assert 0.9 < ours / theirs < 1.1
