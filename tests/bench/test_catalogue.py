"""The benchmarks of the package: found by their files, each complete, and true to the data where there are any."""

import subprocess
import sys
from pathlib import Path

import pytest
from jsonargparse import ArgumentParser

from empdetect.bench.catalogue import benchmark_names, check_names, load_benchmark
from empdetect.bench.checks import FoldChecks, check_named
from empdetect.bench.configs import find_config, only_modalities, read_config
from empdetect.bench.run import fold_count, fold_data, fold_of
from empdetect.bench.trained import TrainedDetector
from empdetect.cli import main
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.errors import InputError


@pytest.mark.parametrize("name", benchmark_names())
def test_a_benchmark_is_complete(name: str) -> None:
    benchmark = load_benchmark(name)
    check_named(benchmark.name, benchmark.zscore_by)
    assert benchmark.protocol
    assert benchmark.control is not None
    names = [system.name for system in (benchmark.ours, *benchmark.baselines)]
    assert len(set(names)) == len(names)
    assert "majority" in names
    assert all(line.ahead_of is None or line.ahead_of[0] in names for line in benchmark.lines)
    for system in (benchmark.ours, *benchmark.baselines):
        if isinstance(system, TrainedDetector):
            assert all(find_config(config).is_file() for config in system.configs)


@pytest.mark.data
@pytest.mark.parametrize("name", benchmark_names())
def test_its_folds_keep_groups_and_texts_apart(name: str, data_root: Path) -> None:
    benchmark = load_benchmark(name)
    checks = FoldChecks(benchmark.name, benchmark.shortest_text)
    try:
        data = fold_data(benchmark, str(data_root), 0)
    except InputError as error:
        if "nothing at" not in str(error):
            raise
        pytest.skip(str(error))
    checks.check(data.parts, 0)
    for number in range(1, min(fold_count(data), 2)):
        checks.check(fold_data(benchmark, str(data_root), number).parts, number)


@pytest.mark.data
@pytest.mark.parametrize("name", benchmark_names())
def test_its_configurations_have_something_of_each_modality_to_train_on(name: str, data_root: Path) -> None:
    benchmark = load_benchmark(name)
    try:
        fold = fold_of(benchmark, fold_data(benchmark, str(data_root), 0), 0, str(data_root), fast=True)
    except InputError as error:
        if "nothing at" not in str(error):
            raise
        pytest.skip(str(error))
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--data", type=EmpathyDataModule)
    for system in (benchmark.ours, *benchmark.baselines):
        for config in system.configs if isinstance(system, TrainedDetector) else ():
            given = only_modalities(read_config(config), system.modalities)["data"]
            arguments = {**given["init_args"], "data_root": str(data_root), **fold.data_args}
            data = parser.instantiate(parser.parse_object({"data": {**given, "init_args": arguments}})).data
            data.setup("fit")
            data.check_modalities()


def test_unknown_names_are_told_with_the_nearest_and_all_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "epitom"]) == 2
    message = capsys.readouterr().err
    assert len(message.strip().splitlines()) == 1
    assert "no benchmark 'epitom'; did you mean 'epitome'? there are" in message
    assert all(name in message for name in benchmark_names())
    with pytest.raises(InputError, match="no benchmark 'qqqq'; there are"):
        check_names(["qqqq"])


def test_each_is_run_once_and_all_if_none_is_named() -> None:
    assert check_names(["epitome", "contagion_emg", "epitome"]) == ["epitome", "contagion_emg"]
    assert check_names([]) == benchmark_names()


def test_a_name_that_is_wrong_is_told_without_loading_anything_heavy() -> None:
    code = (
        "import sys; from empdetect.cli import main; assert main(['bench', 'nothing']) == 2; "
        "assert not {'torch', 'sklearn', 'numpy', 'rich'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.data
def test_a_real_benchmark_runs_in_a_hurry(data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "results.json"
    assert main(["bench", "contagion_emg", "--data-root", str(data_root), "-o", str(out), "--fast"]) == 0
    assert "functionals + logistic" in capsys.readouterr().out
