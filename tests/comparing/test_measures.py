"""Further measures of a pair: each beside its surrogates, all corrected for each other."""

import json
from collections.abc import Iterator
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from empdetect.comparing import Settings, compare_groups, groups_of
from empdetect.comparing.measures import FURTHER_MEASURES, band_of, further_measures, normal_scores
from empdetect.comparing.settings import FURTHER
from empdetect.comparing.tested import windows_named
from empdetect.contagion.false_discovery import WindowTests
from empdetect.contagion.measures.cross_correlation import Peaks
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.errors import InputError
from empdetect.report.dyad_measures import Measured, figure_of_measures, rows_of_measures
from empdetect.scores import Scores

RATE = 4.0
NAMES = [
    measure.name for name in FURTHER_MEASURES if name != "peak" for measure in FURTHER_MEASURES[name](Settings(), RATE)
]


def table(folder: Path, couplings: dict[str, float], seconds: float = 150) -> Path:
    """A Scores table of recordings of two people, of whom the second follows by 1 s."""
    rows = []
    for seed, (recording, coupling) in enumerate(couplings.items()):
        made = simulate_dyads(1, coupling, 1.0, conditions=Conditions(seconds=seconds, rate=RATE), seed=seed).values[0]
        rows += [
            {"recording": recording, "participant": name, "start": t / RATE, "end": (t + 1) / RATE, "measure": "joy",
             "score": value}
            for name, values in zip(("ann", "ben"), made, strict=True)
            for t, value in enumerate(values)
        ]  # fmt: skip
    Scores.of(rows).write(folder / "in.tsv")
    return folder / "in.tsv"


def compared(out: Path, path: Path, **settings: object) -> pd.DataFrame:
    """Rows of what was found, by recording and measure."""
    chosen = Settings(rate=RATE, max_lag=3.0, window=15.0, count=99, **settings)  # type: ignore[arg-type]
    compare_groups(groups_of([path], chosen), chosen, out, report=True)
    return Scores.read(out / "scores.tsv").table


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Two recordings, a coupled pair and an independent one, by all measures."""
    folder = tmp_path_factory.mktemp("two")
    rows = compared(folder / "out", table(folder, {"together": 0.8, "apart": 0.0}), measures=("all",))
    yield folder / "out", rows


def test_every_measure_has_its_rows(two: tuple[Path, pd.DataFrame]) -> None:
    rows = two[1][two[1]["recording"] == "together"].drop_duplicates("measure").set_index("measure")
    for name in NAMES:
        for part in ("statistic", "p", "q", "effect"):
            assert np.isfinite(rows.loc[f"joy.{name}.{part}", "score"]), (name, part)
        assert rows.loc[f"joy.{name}.q", "score"] >= rows.loc[f"joy.{name}.p", "score"]
    for name in ("coherence", "granger_first_leads", "transfer_entropy_first_leads", "recurrence", "warping"):
        assert rows.loc[f"joy.{name}.p", "score"] == pytest.approx(0.01), name
    for name in ("granger_second_leads", "transfer_entropy_second_leads"):
        assert rows.loc[f"joy.{name}.p", "score"] > 0.05, "who follows does not lead"


def test_all_recordings_and_measures_are_one_family(two: tuple[Path, pd.DataFrame]) -> None:
    from empdetect.contagion.false_discovery import false_discovery

    rows = two[1]
    p = rows[rows["measure"].str.endswith((".p",))]["score"].to_numpy()
    q = rows[rows["measure"].str.endswith((".q",))]["score"].to_numpy()
    assert len(p) == 2 * (1 + len(NAMES))
    assert q == pytest.approx(false_discovery(p), abs=1e-6)


def test_windows_are_looked_into_only_where_the_whole_was_found(two: tuple[Path, pd.DataFrame]) -> None:
    windows = two[1][two[1]["measure"] == "joy.window_q"]
    apart = windows[windows["recording"] == "apart"]
    assert apart["score"].isna().all()
    assert apart["reason"].str.contains("the whole was not found").all()


def test_the_page_and_the_sidecar_name_the_measures(two: tuple[Path, pd.DataFrame]) -> None:
    out, _ = two
    page = (out / "reports" / "together.html").read_text(encoding="utf-8")
    assert "Measures side by side" in page
    assert "phase-locking value from" in page
    about = json.loads((out / "scores.json").read_text(encoding="utf-8"))["about"]
    assert about["further"]["warping"] == "Minus the mean distance after time warping, of normal scores."


def test_too_few_surrogates_for_so_many_tests_are_told(tmp_path: Path) -> None:
    settings = Settings(rate=RATE, max_lag=3.0, count=99, measures=("lag0", "windows", "coherence"), window=15.0)
    path = table(tmp_path, {"one": 0.5})
    [note] = compare_groups(groups_of([path], settings), settings, tmp_path / "out").notes
    assert "4 tests were made, each beside 99 surrogates" in note
    assert "--count 167" in note


def test_a_measure_that_cannot_be_had_says_why_and_others_go_on(tmp_path: Path) -> None:
    rows = compared(tmp_path / "out", table(tmp_path, {"one": 0.7}), measures=("phase", "coherence"), band=(1.0, 3.0))
    found = rows.drop_duplicates("measure").set_index("measure")
    assert np.isnan(found.loc["joy.phase.p", "score"])
    assert "a band above 0 and below 2 Hz is needed" in found.loc["joy.phase.p", "reason"]
    assert np.isfinite(found.loc["joy.coherence.p", "score"])


def test_what_is_asked_wrongly() -> None:
    with pytest.raises(InputError, match="transfer_entropy or all, got 'love'"):
        Settings(measures=("love",))
    with pytest.raises(InputError, match="from a low to a high frequency, got 2 1"):
        Settings(band=(2.0, 1.0))


def test_the_statistic_is_not_asked_twice() -> None:
    assert [one.name for one in further_measures(Settings(measures=("peak", "lag0", "lag0")), RATE)] == ["lag0"]


def test_the_band_of_phases_fits_below_half_the_rate() -> None:
    assert band_of(Settings(), 10.0) == pytest.approx((4 / 30, 8 / 30))
    assert band_of(Settings(), 0.5)[1] == pytest.approx(0.2)
    assert band_of(Settings(band=(1.0, 2.0)), 10.0) == (1.0, 2.0)


def test_normal_scores_keep_the_order_and_the_gaps() -> None:
    x = np.array([[1e6, -3.0, nan, 0.0, 2.0]])
    scores = normal_scores(x)
    assert np.isnan(scores[0, 2])
    assert (np.argsort(scores[0, [0, 1, 3, 4]]) == np.argsort(x[0, [0, 1, 3, 4]])).all()
    assert np.nansum(scores) == pytest.approx(0.0)


def test_windows_are_named_the_more_strictly_the_fewer_pairs_were_found() -> None:
    q = np.array([0.01, 0.04, nan])
    tests = WindowTests(np.arange(3.0), Peaks(np.zeros(3), np.zeros(3)), q, q, q <= 0.05)
    assert windows_named(tests, True, 1.0, 0.05).found.tolist() == [True, True, False]
    assert windows_named(tests, True, 0.5, 0.05).found.tolist() == [True, False, False]
    assert not windows_named(tests, False, 0.5, 0.05).found.any()


def test_measures_that_were_not_tested_are_not_drawn() -> None:
    untested = Measured("phase", "locking", nan, nan, nan, nan, False, np.zeros(0), "no such band")
    assert figure_of_measures([untested]) is None
    assert rows_of_measures([untested])[0]["p"] == "–"


def test_each_name_has_its_measure() -> None:
    assert tuple(FURTHER_MEASURES) == FURTHER
