import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from empdetect.bench import rl_canaries, rl_elsewhere
from empdetect.bench.rl_curves import draw, mean_curve
from empdetect.bench.rl_learning import CELLS, MAIN, finished, main, plan, read_log, warned_at
from empdetect.bench.rl_table import Cell, Outcome, findings, head_effects, head_table, table
from empdetect.errors import InputError
from empdetect.rl.canaries import CANARIES
from empdetect.rl.log import LogRow


def test_the_table_has_every_combination() -> None:
    assert len({cell.name for cell in CELLS}) == len(CELLS) == 16
    assert Cell("grpo", True, False, "vanilla").name == "grpo-think-emotion-vanilla"


FIGURES = ("emotion", "format", "tactic reuse", "head 'witness'", "head 'support'", "words")


def outcome(before: float, after: float, warned: int = 0) -> Outcome:
    def parts(emotion: float) -> dict[str, dict[str, tuple[float, float]]]:
        counted = {scenario: (emotion + shift, 1.0) for scenario, shift in (("a", 0.0), ("b", 10.0))}
        return dict.fromkeys(FIGURES, counted)

    curves: dict[str, list[float | None]] = {"emotion.mean": [before / 100, after / 100]}
    return Outcome(parts(before), parts(after), warned, 2.0, curves)


def test_intervals_are_over_seeds_and_scenarios() -> None:
    found = {CELLS[0]: {0: outcome(30, 50), 1: outcome(32, 56, warned=14)}}
    text = table(findings(found))
    assert "| PPO | no | no | vanilla | +22.0 (+20.0 to +24.0) | +20.0, +24.0 | 36.0 to 58.0 |" in text
    assert "| 1 of 2 | 2.0, 2.0 |" in text
    row = findings(found)["ppo-say-emotion-vanilla"]
    assert row["emotion"]["rise"] == [22.0, 20.0, 24.0] and row["gain_by_seed"] == [20.0, 24.0]


def test_the_head_is_judged_by_runs_that_differ_in_nothing_else() -> None:
    with_head, without = (Cell("ppo", True, detector, "vanilla") for detector in (True, False))
    alone = Cell("grpo", True, True, "vanilla")
    found = {
        with_head: {0: outcome(30, 50), 1: outcome(30, 56)},
        without: {0: outcome(30, 48), 2: outcome(30, 99)},
        alone: {0: outcome(30, 90)},
    }
    gap = {name: [2.0, 2.0, 2.0] for name in FIGURES}
    assert head_effects(found) == {"PPO, with thoughts, vanilla": {"runs": 1} | gap}
    other = {replace(cell, difficulty="challenging"): {0: runs[0]} for cell, runs in found.items()}
    effects = head_effects(found | other)
    assert list(effects)[2:] == ["all with thoughts", "all"] and effects["all"]["runs"] == 2
    assert "| all | 2 | +2.0 (+2.0 to +2.0) | +2.00 (+2.00 to +2.00) |" in head_table(effects)


def test_the_main_rows_come_first_with_all_their_seeds() -> None:
    order = plan(CELLS, 3)
    assert len(order) == 48 and {cell for cell, _ in order[:6]} == set(MAIN)
    assert [seed for _, seed in order[6:20]] == [0] * 14


def test_curves_are_drawn_a_panel_an_algorithm_and_form() -> None:
    picture = draw(findings({cell: {0: outcome(30, 50), 1: outcome(32, 54)} for cell in CELLS}))
    lines = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}polyline")
    assert len(list(lines)) == 16 and "GRPO, think, then say" in picture
    assert mean_curve([[0.2, 0.4, 0.6], [0.4, 0.6]]) == pytest.approx([0.3, 0.5])


def test_the_smallest_table_is_measured_and_not_measured_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["-o", str(tmp_path), "--small", "--steps", "1", "--seeds", "1", "--only", "ppo-think-emotion-challenging"]
    results, picture, page = tmp_path / "results.json", tmp_path / "curves.svg", tmp_path / "page.md"
    page.write_text("<!-- table -->\n<!-- end of table -->\n<!-- head -->\n<!-- end of head -->\n")
    assert main([*given, "--results", str(results), "--picture", str(picture), "--page", str(page)]) == 0
    row = json.loads(results.read_text())["rows"]["ppo-think-emotion-challenging"]
    assert row["warmups"][0] > 0 and row["minutes"][0] > 0
    assert len(row["curves"][0]["emotion.mean"]) == 1 and picture.read_text().startswith("<svg")
    first = capsys.readouterr().out
    assert all(part in page.read_text() for part in first.split("\n\n"))
    assert "| PPO | yes | no | challenging |" in first and "| 0 of 1 |" in first
    log = tmp_path / "ppo-think-emotion-challenging-0" / "log.csv"
    written = log.stat().st_mtime_ns
    assert main(given) == 0
    assert capsys.readouterr().out == first and log.stat().st_mtime_ns == written
    check_elsewhere(tmp_path, capsys)
    check_canaries(tmp_path, capsys)


def test_policies_that_learned_from_people_are_a_table_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ({"role": "user", "content": "I am so nostalgic."}, {"role": "assistant", "content": "<think>A</think>Oh."})
    (tmp_path / "chats.jsonl").write_text(json.dumps({"messages": said}), encoding="utf-8")
    given = ["-o", str(tmp_path), "--small", "--steps", "1", "--seeds", "1", "--people", "--results"]
    page, results = tmp_path / "page.md", tmp_path / "results.json"
    page.write_text("<!-- people -->\n<!-- end of people -->\n")
    assert main([*given, str(results), "--page", str(page), "--only", "grpo-think-detector-vanilla"]) == 0
    assert capsys.readouterr().out in page.read_text() and "| GRPO | yes | yes | vanilla |" in page.read_text()
    kept = json.loads(results.read_text())
    assert kept["command"].endswith("--only grpo-think-detector-vanilla --seeds 1 --steps 1 --people --small")
    tokenizer = json.loads((tmp_path / "start-think-0" / "start" / "tokenizer.json").read_text())
    assert "\u0120nostalgic" in tokenizer["model"]["vocab"], "nobody says that in dialogues of ours"
    assert main([*given, str(results), "--only", "grpo-say-detector-vanilla"]) == 2
    before = sorted(tmp_path.iterdir())
    assert main([argument for argument in given if argument != "--people"] + [str(results)]) == 2
    assert "name another folder with -o" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before, "nothing was trained before it was refused"


def check_elsewhere(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run that was made is judged with the user it did not have, once."""
    results, kept = runs / "elsewhere.json", runs / "ppo-think-emotion-challenging-0" / "elsewhere-1234.json"
    assert rl_elsewhere.main(["--runs", str(runs), "-o", str(results)]) == 0
    row = json.loads(results.read_text())["rows"]["ppo-think-emotion-challenging"]
    assert row["other"]["before"] != row["own"]["before"]
    assert "| ppo-think-emotion-challenging | 1 |" in capsys.readouterr().out
    written = kept.stat().st_mtime_ns
    assert rl_elsewhere.main(["--runs", str(runs), "-o", str(results)]) == 0 and kept.stat().st_mtime_ns == written
    assert rl_elsewhere.main(["--runs", str(runs / "none"), "-o", str(results)]) == 2


def check_canaries(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rl_canaries, "FORMS", ("think",))
        patch.setattr(rl_canaries, "DIFFICULTIES", ("vanilla",))
        assert rl_canaries.main(["--runs", str(runs), "-o", str(runs / "canaries.json"), "--profiles", "2"]) == 0
    (row,) = json.loads((runs / "canaries.json").read_text())["rows"].values()
    assert set(row["above"]) == set(row["ungated"]["above"]) == set(CANARIES)
    assert row["median"]["empty"] == 0.0 and "; " in capsys.readouterr().out
    assert rl_canaries.main(["--runs", str(runs / "none"), "-o", str(runs / "canaries.json")]) == 2
    assert "empdetect: Measuring canaries: none of" in capsys.readouterr().err


def test_the_monitor_is_asked_afterwards(tmp_path: Path) -> None:
    columns = "step,emotion.mean,empathy.mean,witness.mean,support.mean\n"

    def log(witness: Sequence[float]) -> list[LogRow]:
        rows = [f"{n},{0.3 + n / 50},0.5,{w},\n" for n, w in enumerate(witness, start=1)]
        (tmp_path / "log.csv").write_text(columns + "".join(rows))
        return read_log(tmp_path / "log.csv")

    assert read_log(tmp_path / "log.csv") == []

    assert warned_at(log([0.4 + n % 2 / 100 for n in range(24)]), detector=True) == 0
    assert warned_at(log([0.4 - n / 50 for n in range(24)]), detector=True) == 20
    assert warned_at(log([0.4 - n / 50 for n in range(19)]), detector=True) == 0, "too early to say"


def test_a_row_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-o", str(tmp_path), "--only", "sarsa"]) == 2
    assert "no row sarsa; there are ppo-say-emotion-vanilla" in capsys.readouterr().err


def test_runs_that_were_asked_for_otherwise_make_no_table(tmp_path: Path) -> None:
    for seed, steps in enumerate((3, 0)):
        folder = tmp_path / f"{CELLS[0].name}-{seed}"
        folder.mkdir()
        told = asdict(outcome(30, 50)) | {"asked": {"steps": steps, "small": 0}}
        (folder / "outcome.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(InputError, match=r'were asked for as .*"steps": 0.* and as .*"steps": 3'):
        finished(tmp_path)
