"""The contagion job from the command line: files of people in, a table, a page and plain errors out."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from empdetect.cli import main
from empdetect.comparing import Settings
from empdetect.contagion.simulation import Conditions, simulate_dyads, simulate_groups
from empdetect.errors import InputError
from empdetect.scores import Scores

QUICK = ("--count", "99", "--max-lag", "3")


def write(folder: Path, name: str, values: np.ndarray, rate: float = 5.0, start: float = 0.0) -> Path:
    """A table of one person."""
    path = folder / f"{name}.csv"
    times = start + np.arange(len(values)) / rate
    pd.DataFrame({"time": times, "valence": values}).round(5).to_csv(path, index=False)
    return path


def pair(folder: Path, coupling: float = 0.6, seed: int = 0, **conditions: float) -> tuple[Path, Path]:
    """Files of two people of whom the second follows by 1 s."""
    made = simulate_dyads(1, coupling, 1.0, conditions=Conditions(seconds=240, rate=5, **conditions), seed=seed)
    one, other = made.values[0]
    return write(folder, "anna", one), write(folder, "ben", other)


def run(out: Path, *arguments: object) -> tuple[int, dict[str, pd.Series]]:
    """Exit code, and the rows of whole recordings by measure."""
    code = main(["contagion", *map(str, arguments), "-o", str(out), *QUICK])
    table = Scores.read(out / "scores.tsv").table if (out / "scores.tsv").is_file() else pd.DataFrame()
    rows = {} if table.empty else {str(row["measure"]): row for _, row in table[::-1].iterrows()}
    return code, rows


def test_from_two_files_to_a_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = run(tmp_path / "out", *pair(tmp_path), "--report")
    assert code == 0
    assert rows["valence.p"]["score"] == pytest.approx(0.01)
    assert rows["valence.lag"]["score"] == pytest.approx(1.0, abs=0.2)
    assert rows["valence.lag"]["low"] <= rows["valence.lag"]["score"] <= rows["valence.lag"]["high"]
    assert [rows[f"valence.{kind}"]["score"] for kind in ("association", "lead", "coupling")] == [1, 1, 0]
    assert "a shared stimulus could have done it" in rows["valence.coupling"]["reason"]
    assert rows["valence.p"]["participant"] == "anna+ben"
    assert "association: yes" in capsys.readouterr().out
    about = json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8"))["about"]
    assert about["settings"]["seed"] == 0
    assert "valence.window_lag" in rows
    assert "Anna" not in (tmp_path / "out" / "reports" / "anna+ben.html").read_text(encoding="utf-8")[:300]


def test_the_page_says_what_was_done(tmp_path: Path) -> None:
    files = pair(tmp_path)
    pages = []
    for name, option in (("out", ()), ("kept", ("--keep-memory",))):
        run(tmp_path / name, *files, "--report", *option)
        pages.append((tmp_path / name / "reports" / "anna+ben.html").read_text(encoding="utf-8"))
    assert "ben&#39;s signal follows anna&#39;s by" in pages[0]
    assert "person&#39;s signal follows" not in pages[0]
    assert "own memory were taken out first" in pages[0]
    assert "each signal&#39;s memory was kept" in pages[1]
    assert "90% block-bootstrap interval" in pages[0]


def test_the_same_seed_gives_the_same_table(tmp_path: Path) -> None:
    files = pair(tmp_path)
    for name in ("one", "two"):
        run(tmp_path / name, *files, "--seed", 3)
    assert (tmp_path / "one" / "scores.tsv").read_bytes() == (tmp_path / "two" / "scores.tsv").read_bytes()


def test_independent_people_are_not_claimed(tmp_path: Path) -> None:
    _, rows = run(tmp_path / "out", *pair(tmp_path, coupling=0.0, seed=5))
    assert rows["valence.association"]["score"] == 0
    assert np.isnan(rows["valence.lag"]["score"])
    assert rows["valence.lag"]["reason"] == "no lead without an association"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.full(1200, 2.0), "all known samples are 2"),
        (np.full(1200, np.nan), "no column of numbers|none of its|have"),
        (np.array([1.0]), "two samples"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_line(
    values: np.ndarray, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anna, _ = pair(tmp_path)
    code, rows = run(tmp_path / "out", anna, write(tmp_path, "carl", values), "--signal", "valence")
    assert code == 1
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("empdetect: ")]
    assert any(word in line for word in said.split("|")), line
    [row] = rows.values()
    assert np.isnan(row["score"])
    assert row["reason"] in line
    assert (tmp_path / "out" / "failures.tsv").is_file()


def test_one_signal_of_two_people_is_no_synchrony(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anna, _ = pair(tmp_path)
    (tmp_path / "copy.csv").write_bytes(anna.read_bytes())
    code, rows = run(tmp_path / "out", anna, tmp_path / "copy.csv")
    assert code == 1
    assert "both have the very same signal" in capsys.readouterr().err
    assert np.isnan(rows["valence.statistic"]["score"])


def test_bursts_get_surrogates_with_the_same_bursts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bursty = [write(tmp_path, name, rng.standard_t(2, 1200)) for name in ("anna", "ben")]
    assert "amplitude-adjusted" in run(tmp_path / "bursty", *bursty)[1]["valence.association"]["reason"]
    calm = [write(tmp_path, name, rng.normal(size=1200)) for name in ("carl", "dan")]
    assert "phase-randomised" in run(tmp_path / "calm", *calm)[1]["valence.association"]["reason"]


def test_reversed_time_is_told_with_the_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anna, ben = pair(tmp_path)
    pd.read_csv(ben)[::-1].to_csv(ben, index=False)
    code, _ = run(tmp_path / "out", anna, ben)
    assert code == 1
    assert "times must grow, but sample 2" in capsys.readouterr().err


def test_gaps_lower_the_quality_and_too_many_stop_the_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anna, ben = pair(tmp_path)
    rng = np.random.default_rng(0)
    for path in (anna, ben):
        table = pd.read_csv(path)
        table.loc[rng.uniform(size=len(table)) < 0.4, "valence"] = np.nan
        table.to_csv(path, index=False)
    code, rows = run(tmp_path / "out", anna, ben, "--measures", "coherence", "--report")
    assert code == 0
    page = (tmp_path / "out" / "reports" / "anna+ben.html").read_text(encoding="utf-8")
    assert "Correlation by lag" not in page, "a peak would look like a finding"
    assert "coherence: not tested, too many gaps" in capsys.readouterr().out
    assert np.isnan(rows["valence.p"]["score"])
    assert 0 < rows["valence.p"]["quality"] < 0.5
    assert re.fullmatch(r"too many gaps: 3\d% of the time is known in both, 50% is needed", rows["valence.p"]["reason"])
    assert np.isnan(rows["valence.association"]["score"]), "not tested is not 0"


@pytest.mark.parametrize(("share", "whose"), [(0.2, ("anna", "ben")), (0.4, ("ben",))])
def test_scattered_gaps_leave_a_test_with_a_lower_quality(share: float, whose: tuple[str, ...], tmp_path: Path) -> None:
    files = {path.stem: path for path in pair(tmp_path)}
    rng = np.random.default_rng(0)
    for name in whose:
        table = pd.read_csv(files[name])
        table.loc[rng.uniform(size=len(table)) < share, "valence"] = np.nan
        table.to_csv(files[name], index=False)
    code, rows = run(tmp_path / "out", *files.values())
    assert code == 0
    assert rows["valence.lag"]["score"] == pytest.approx(1.0, abs=0.2)
    assert rows["valence.p"]["quality"] == pytest.approx((1 - share) ** len(whose), abs=0.05)
    assert "known at" in rows["valence.rate"]["reason"]


def test_different_lengths_and_starts_share_their_time(tmp_path: Path) -> None:
    made = simulate_dyads(1, 0.6, 1.0, conditions=Conditions(seconds=300, rate=5), seed=0).values[0]
    anna, ben = write(tmp_path, "anna", made[0]), write(tmp_path, "ben", made[1, 100:-50], start=20.0)
    _, rows = run(tmp_path / "out", anna, ben)
    assert rows["valence.lag"]["score"] == pytest.approx(1.0, abs=0.2)
    assert rows["valence.p"]["start"] >= 20
    assert rows["valence.p"]["end"] <= 290


def test_three_people_are_three_pairs_with_false_discoveries_controlled(tmp_path: Path) -> None:
    network = np.array([[0, 0.6, 0], [0, 0, 0], [0, 0, 0]])
    made = simulate_groups(1, network, 1.0, Conditions(seconds=240, rate=5), seed=1).values[0]
    files = [write(tmp_path, name, values) for name, values in zip(("anna", "ben", "carl"), made, strict=True)]
    run(tmp_path / "out", *files)
    table = Scores.read(tmp_path / "out" / "scores.tsv").table
    q = table[table["measure"] == "valence.q"].set_index("participant")["score"]
    p = table[table["measure"] == "valence.p"].set_index("participant")["score"]
    assert set(q.index) == {"anna+ben", "anna+carl", "ben+carl"}
    assert (q >= p).all()
    assert q["anna+ben"] == q.min()


def test_strangers_who_saw_the_same_allow_to_claim_coupling(tmp_path: Path) -> None:
    files = pair(tmp_path)
    rng = np.random.default_rng(1)
    conditions = Conditions(seconds=240, rate=5)
    strangers = [
        write(tmp_path, f"s{number}", simulate_dyads(1, 0.0, conditions=conditions, seed=rng).values[0, 0])
        for number in range(25)
    ]
    _, rows = run(tmp_path / "out", *files, "--same-stimulus", "--strangers", *strangers)
    assert rows["valence.coupling"]["score"] == 1
    assert "strangers who saw the same stimulus" in rows["valence.coupling"]["reason"]


def test_a_stimulus_that_both_saw_is_taken_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    seen = rng.normal(size=3000)
    people = [seen + 0.3 * rng.normal(size=3000) for _ in range(2)]
    anna, ben = (write(tmp_path, name, values) for name, values in zip(("anna", "ben"), people, strict=True))
    film = write(tmp_path, "film", seen)
    _, together = run(tmp_path / "plain", anna, ben)
    _, apart = run(tmp_path / "without", anna, ben, "--stimulus", film, "--response", 2)
    assert together["valence.association"]["score"] == 1
    assert apart["valence.association"]["score"] == 0


def test_the_table_of_score_is_a_recording(tmp_path: Path) -> None:
    made = simulate_dyads(1, 0.7, 2.0, conditions=Conditions(seconds=600, rate=1, autocorrelation=0.3), seed=2).values[
        0
    ]
    rows = [
        {"recording": "talk", "participant": name, "start": t, "end": t + 1.0, "measure": "empathy", "score": value}
        for name, values in zip(("anna", "ben"), made, strict=True)
        for t, value in enumerate(values)
    ]
    Scores.of(rows).write(tmp_path / "scores.tsv")
    code, found = run(tmp_path / "out", tmp_path / "scores.tsv")
    assert code == 0
    assert found["empathy.lag"]["score"] == pytest.approx(2.0, abs=1.0)


def test_what_is_asked_wrongly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anna, ben = pair(tmp_path)
    for arguments, said in (
        ((anna, tmp_path / "none.csv"), "no such file"),
        ((anna, ben, "--statistic", "mean"), "peak, windows, lag0"),
        ((anna, ben, "--surrogates", "dreams"), "phase, iaaft"),
        ((anna, ben, "--max-lag", "-1"), "max_lag"),
        ((anna, ben, "--same-stimulus"), "give their files"),
    ):
        assert main(["contagion", *map(str, arguments), "-o", str(tmp_path / "out"), "--count", "99"]) == 2
        assert said in capsys.readouterr().err
    code, _ = run(tmp_path / "out", anna, ben, "--signal", "arousal")
    assert code == 1
    assert "valence" in capsys.readouterr().err
    code, _ = run(tmp_path / "out", anna, ben, "--signal", "a:b:c")
    assert code == 1
    assert "one for each of them between colons" in capsys.readouterr().err


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="'alpha' between 0 and 1"):
        Settings(alpha=1.5)
    with pytest.raises(InputError, match="'window' must be above 0"):
        Settings(window=float("nan"))
