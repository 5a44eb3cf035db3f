"""Fusion against peers: preparation, training and figures on drawn data; MMSA's own networks only where it is there."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from empdetect.bench import peers
from empdetect.bench.peer_figures import ABSENT, HeldOut, peers_table, report
from empdetect.bench.peer_networks import (
    CHOSEN,
    FACE,
    KERNEL,
    OURS,
    VOICE,
    Contender,
    kernel_machine,
    mmsa_classes,
)
from empdetect.bench.peer_settings import GRIDS, SEEDS, best, search
from empdetect.bench.results import read_results
from empdetect.bench.system import NotAvailable
from empdetect.errors import InputError
from empdetect.recording import Participant, Recording, Segment, Split
from empdetect.task import Target, Task

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results"
TASK = Task((Target("emotion", "nominal", ("sad", "happy", "angry")),), unit="recording", construct="emotion")
SPLIT_OF: tuple[Split, ...] = ("train", "train", "train", "train", "val", "test")


def a_fold(number: int = 0) -> dict[Split, peers.Part]:
    """Six actors; both modalities tell the emotion, with noise."""
    generator = np.random.default_rng(number)
    parts: dict[Split, list[Segment]] = {"train": [], "val": [], "test": []}
    rows = {}
    for actor, split in enumerate(SPLIT_OF):
        for clip in range(12):
            name, label = f"{number}-{actor}-{clip}", clip % 3
            told = np.eye(3)[label]
            rows[name] = {
                VOICE: np.r_[told + generator.normal(0, 0.5, 3), [np.nan if clip == 0 else 1.0]].astype(np.float32),
                FACE: (told + generator.normal(0, 0.5, 3)).astype(np.float32),
            }
            recording = Recording(name, (Participant("speaker"),))
            parts[split].append(Segment(recording, "speaker", labels={"emotion": float(label)}, group=f"a{actor}"))
    return peers.prepared(parts, rows, TASK)


@pytest.fixture(scope="module")
def folds() -> list[dict[Split, peers.Part]]:
    return [a_fold(0), a_fold(1)]


def test_preparation_learns_from_the_training_part_alone() -> None:
    each = {
        "train": np.array([[0.0, 5.0], [2.0, 5.0]]),
        "val": np.array([[9.0, 5.0]]),
        "test": np.array([[np.nan, 6.0]]),
    }
    done = peers.standardised(each)  # type: ignore[arg-type]
    assert done["train"].tolist() == [[-1, 0], [1, 0]]
    assert done["val"].tolist() == [[4, 0]]  # 8, cut
    assert done["test"].tolist() == [[0, 1]]  # unknown is the mean; what never varies is not blown up


def test_everyone_learns_and_the_figures_are_whole(folds: list[dict[Split, peers.Part]]) -> None:
    other = Contender("other", OURS.build, learning_rate=1e-3, weight_decay=0.0, clip=0.5)
    measured = peers.compare(TASK, folds, [other], seeds=3, epochs=12)
    tests = [HeldOut(fold["test"].labels.numpy(), fold["test"].groups) for fold in folds]
    found = report(measured, tests)
    assert list(found["systems"]) == [OURS.name, KERNEL, "other"]
    for figures in found["systems"].values():
        assert figures["all"]["accuracy"]["value"] > 0.45  # a third by chance
        assert figures["seconds_an_epoch"] > 0 and figures["parameters"] > 0
        for kind in ("no voice", "no face"):
            lost = figures["all"]["accuracy"]["value"] - figures[kind]["accuracy"]["value"]
            assert figures["lost"][kind]["value"] == pytest.approx(lost)
    assert len(found["systems"][OURS.name]["runs"]) == 6
    by_seed = found["systems"][OURS.name]["by_seed"]
    assert found["systems"][OURS.name]["all"]["accuracy"]["value"] == pytest.approx(sorted(by_seed)[1]), "the median"
    assert found["ahead"]["best"] == "other"
    for kind, missing in found["ahead"]["missing"].items():
        ours, theirs = (found["systems"][name]["lost"][kind]["value"] for name in (OURS.name, missing["least"]))
        assert missing["less"]["value"] == pytest.approx(theirs - ours)
        assert missing["less"]["low"] <= missing["less"]["value"] <= missing["less"]["high"]
    assert set(found["ahead"]["missing"]) == set(ABSENT) - {"all"}
    json.dumps(peers.digits(found), allow_nan=False)
    assert peers_table(found).count("\n") == 2 + 3


def test_a_missing_modality_is_not_looked_at(folds: list[dict[Split, peers.Part]]) -> None:
    test = folds[0]["test"]
    spoilt = {**test.inputs, VOICE: test.inputs[VOICE] + 100}
    solved = kernel_machine({name: x.shape[1] for name, x in test.inputs.items()}, TASK)
    peers.solve(solved, folds[0]["train"])
    trained = OURS.build({name: x.shape[1] for name, x in test.inputs.items()}, TASK)
    for network in (solved.eval(), trained.eval()):
        assert torch.equal(network(test.inputs, (VOICE,)), network(spoilt, (VOICE,)))
        assert not torch.equal(network(test.inputs), network(spoilt))


def test_without_mmsa_the_command_says_how_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        mmsa_classes()
    except NotAvailable:
        with pytest.raises(InputError, match="pip install"):
            peers.run(None, 1)
        assert peers.main(["-o", str(tmp_path / "peers.json")]) == 2
        assert "MMSA" in capsys.readouterr().err
    else:
        pytest.skip("MMSA is installed")


def test_mmsa_networks_learn(folds: list[dict[Split, peers.Part]]) -> None:
    try:
        others = peers.peers()
    except NotAvailable as error:
        pytest.skip(str(error))
    for contender in others:
        torch.manual_seed(0)
        network = contender.build({name: x.shape[1] for name, x in folds[0]["test"].inputs.items()}, TASK)
        assert len(peers.fit(network, contender, folds[0]["train"], folds[0]["val"], 0, epochs=1)) == 1
        outputs = network.eval()(folds[0]["test"].inputs, (FACE,))
        assert outputs.shape == (12, 3) and outputs.isfinite().all()


def test_settings_are_those_of_the_best_validation(folds: list[dict[Split, peers.Part]]) -> None:
    grid = {"ours": {"width": (2, 16), "modality_dropout": (0.3,), "learning_rate": (1e-2,)}}
    told: list[str] = []
    found = search(TASK, folds, grid, 8, told.append)
    assert len(told) == len(found["ours"]) == 2
    assert found["ours"][0]["accuracy"] >= found["ours"][1]["accuracy"]
    assert len(found["ours"][0]["runs"]) == 2 * SEEDS
    assert best(found) == {"ours": {key: found["ours"][0][key] for key in sorted(grid["ours"])}}
    again = search(TASK, folds, grid, 8)
    assert again == found, "the same seeds give the same figures"


def test_the_search_looks_at_no_test_part(folds: list[dict[Split, peers.Part]]) -> None:
    grid = {"ours": {"width": (8,), "modality_dropout": (0.3,), "learning_rate": (1e-2,)}}
    without: list[dict[Split, peers.Part]] = [{"train": fold["train"], "val": fold["val"]} for fold in folds]
    assert search(TASK, without, grid, 4) == search(TASK, folds, grid, 4)


def test_the_settings_compared_are_those_found() -> None:
    kept = read_results(RESULTS / "peer_settings.json")["peer_settings"]["tried"]
    assert best(kept) == CHOSEN
    assert {name: len(tried) for name, tried in kept.items()} == {
        name: int(np.prod([len(values) for values in grid.values()])) for name, grid in GRIDS.items()
    }
