import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.streams.physiology import Physiology, PhysiologyFile, Signal


def write_bids(folder: Path, rows: str, **about: Any) -> Path:
    path = folder / "sub-01_task-talk.v2_physio.tsv.gz"
    with gzip.open(path, "wt") as file:
        file.write(rows)
    if about:
        (folder / "sub-01_task-talk.v2_physio.json").write_text(json.dumps(about))
    return path


def test_bids_brings_rate_start_and_columns(tmp_path: Path) -> None:
    path = write_bids(
        tmp_path, "1\t5\n2\tn/a\n", SamplingFrequency=4, StartTime=-1.5, Columns=["cardiac", "skinconductance"]
    )
    signals = PhysiologyFile(path, offset=2.0).read().signals
    assert set(signals) == {"ECG", "EDA"}
    np.testing.assert_array_equal(signals["EDA"].values, [5, np.nan])
    assert (signals["ECG"].rate, signals["ECG"].start, signals["ECG"].end) == (4, 0.5, 1.0)


def test_bids_faults(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no sub-01_task-talk\.v2_physio\.json beside it; write one"):
        PhysiologyFile(write_bids(tmp_path, "1\n")).read()
    with pytest.raises(InputError, match="lacks StartTime, Columns; add it"):
        PhysiologyFile(write_bids(tmp_path, "1\n", SamplingFrequency=4)).read()


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (["cardiac"], "1\t2\n", r"2 columns, .*json names 1"),
        (["EDA", "EDA"], "1\t2\n", r"several columns mean EDA \(EDA, EDA\); keep one"),
        (["EDA", "TEMP"], "1\t\n\t\n2\thigh\n", "line 3, column TEMP: 'high' is no number; write one"),
    ],
)
def test_faults_of_a_bids_table(columns: list[str], rows: str, message: str, tmp_path: Path) -> None:
    path = write_bids(tmp_path, rows, SamplingFrequency=4, StartTime=0, Columns=columns)
    with pytest.raises(InputError, match=message):
        PhysiologyFile(path).read()


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "b.csv"])
def test_table_needs_a_rate(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    mark = {"a.csv": ",", "a.tsv": "\t", "b.csv": ";"}[name]
    path.write_text(mark.join(("EDA", "zyg", "note")) + "\n" + mark.join(("1.5", "n/a", "9")) + "\n")
    with pytest.raises(InputError, match=r"no sampling rate; give it in Hz .* there is no default"):
        PhysiologyFile(path).read()
    signals = PhysiologyFile(path, rate=4.0, offset=1.0).read().signals
    assert set(signals) == {"EDA", "EMG_zygomatic"}
    assert np.isnan(signals["EMG_zygomatic"].values).all()
    assert PhysiologyFile(path, rate=4.0, offset=1.0).end() == 1.25


def test_table_of_one_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("EDA\n1\n2\n")
    np.testing.assert_array_equal(PhysiologyFile(path, rate=4).read().signals["EDA"].values, [1, 2])


def test_table_faults(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for text, message in {
        "pulse,mood\n1,2\n": "no known channel among pulse, mood; name the columns ECG",
        "scr,gsr\n1,2\n": r"mean EDA \(scr, gsr\); keep one, call one of them EDA, or give each a site, as in EDA_left",
        "Eda,eda\n1,2\n": r"several columns mean EDA \(Eda, eda\); keep one",
        "EDA\nhigh\n": "line 2, column EDA: 'high' is no number; write one, with a point and not a comma, or n/a",
        "HR,EDA\n\n70,1\n \n71,2\n72,lost\n": "line 6, column EDA: 'lost' is no number",
        "HR;EDA\n70;0,5\n": "line 2, column EDA: '0,5' is no number; write one, with a point and not a comma",
        "EDA\n1\n1,2\n": r"not a valid table \(.*line 3, saw 2\); give every line as many cells",
        "\n": r"not a valid table \(No columns .*\); give every line",
    }.items():
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            PhysiologyFile(path, rate=4).read()
    with pytest.raises(InputError, match="no such file"):
        PhysiologyFile(tmp_path / "gone.csv", rate=4).read()


def test_a_copy_is_advised_where_a_copy_helps(tmp_path: Path) -> None:
    about = {"SamplingFrequency": 4, "StartTime": 0, "Columns": ["EDA", "TEMP"]}
    path = write_bids(tmp_path, "1\t2\n" * 1000, **about)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"not a valid table \(.*\); export or copy it again"):
        PhysiologyFile(path).read()
    path.write_bytes(gzip.compress(b"\xff\xfe1\t2\n"))
    with pytest.raises(InputError, match=r"not a valid table \('utf-8' codec .*\); give .* in UTF-8"):
        PhysiologyFile(path).read()


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ('{"SamplingFrequency": "fast"}', "a.json states SamplingFrequency as 'fast', which is no number; correct it"),
        ('{"SamplingFrequency": 4, "StartTime": null}', "a.json states StartTime as 'None', which is no number"),
        ('{"SamplingFrequency": 4', r"a.json is not valid JSON \(.*\); correct it"),
    ],
)
def test_what_the_json_beside_it_lacks_is_told_of_the_json(about: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("EDA\n1\n")
    path.with_suffix(".json").write_text(about)
    with pytest.raises(InputError, match=f"a.csv: {message}"):
        PhysiologyFile(path).read()
    if "fast" not in about:
        with pytest.raises(InputError, match=f"a.csv: {message}"):
            PhysiologyFile(path).start()


@pytest.mark.parametrize("names", ["ECG,HR,heart_rate", "ECG,hr,heartrate", "ecg,heart_rate,HR", "ECG,HR,hr"])
def test_of_columns_that_mean_one_channel_the_one_of_its_name_is_taken(names: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{names},hr_confidence\n1,72,73,0.9\n")
    signals = PhysiologyFile(path, rate=1).read().signals
    expected = 73 if names.endswith("HR") else 72
    assert {name: signal.values.tolist() for name, signal in signals.items()} == {"ECG": [1], "HR": [expected]}


def test_unknown_channels_and_rates_are_refused() -> None:
    with pytest.raises(InputError, match="unknown channel EEG; allowed are"):
        Physiology({"EEG": Signal(np.zeros(4), 4)})
    with pytest.raises(InputError, match="above 0 Hz, got 0"):
        Signal(np.zeros(4), 0)


def test_fingerprint_follows_values_rate_and_start(tmp_path: Path) -> None:
    values = np.arange(4.0)
    kinds = [Signal(values, 4), Signal(values + 1, 4), Signal(values, 8), Signal(values, 4, 1.0)]
    prints = {Physiology({"EDA": signal}).fingerprint() for signal in kinds}
    assert len(prints | {Physiology({"ECG": kinds[0]}).fingerprint()}) == 5
    path = write_bids(tmp_path, "1\n", SamplingFrequency=4, StartTime=0, Columns=["cardiac"])
    before = PhysiologyFile(path).fingerprint()
    write_bids(tmp_path, "1\n", SamplingFrequency=40, StartTime=0, Columns=["cardiac"])
    assert PhysiologyFile(path).fingerprint() != before
