from pathlib import Path

import pytest

from empdetect.bench.rl_learning import CELLS, Cell, Outcome, main, table


def test_the_table_has_every_combination() -> None:
    assert len({cell.name for cell in CELLS}) == len(CELLS) == 16
    assert Cell("grpo", True, False, "vanilla").name == "grpo-think-emotion-vanilla"


def outcome(before: float, after: float, stopped: str = "") -> Outcome:
    def parts(emotion: float) -> dict[str, dict[str, tuple[float, float]]]:
        return {"emotion": {scenario: (emotion + shift, 1.0) for scenario, shift in (("a", 0.0), ("b", 10.0))}}

    return Outcome(parts(before), parts(after), stopped, 2.0)


def test_gains_are_pooled_over_seeds_scenario_by_scenario() -> None:
    text = table({CELLS[0]: [outcome(30, 50), outcome(32, 56, "gamed")]})
    assert "| PPO | no | no | vanilla | +22.0 (+22.0 to +22.0) | +20.0, +24.0 | 36 to 58 |" in text
    assert "| 1 of 2 | 2.0 |" in text


def test_the_smallest_table_is_measured_and_not_measured_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["-o", str(tmp_path), "--small", "--steps", "1", "--seeds", "1", "--only", "ppo-think-emotion-challenging"]
    assert main(given) == 0
    first = capsys.readouterr().out
    assert "| PPO | yes | no | challenging |" in first and "| 0 of 1 |" in first
    log = tmp_path / "ppo-think-emotion-challenging-0" / "log.csv"
    log.unlink()
    assert main(given) == 0
    assert capsys.readouterr().out == first and not log.exists()


def test_a_row_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-o", str(tmp_path), "--only", "sarsa"]) == 2
    assert "no row sarsa; there are ppo-say-emotion-vanilla" in capsys.readouterr().err
