"""What a detector learns from held-out segments: made body signals, the simulated corpus's words and sound."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning import Trainer
from sklearn.metrics import roc_auc_score

from empdetect.batch import Batch
from empdetect.bench.strangers import SOUNDS, TEXTS, strange_segments
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.simulation.dialogue import LISTENER, write_dialogue
from empdetect.datamodules.simulation.plan import plan_dyad
from empdetect.datamodules.simulation.settings import Noise, Settings
from empdetect.detector import Detector
from empdetect.example import Example, featurise
from empdetect.features.audio import LogMel
from empdetect.features.base import Extractor
from empdetect.features.cache import FeatureCache
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.text import TextTokens
from empdetect.held_out import calibrate_across_groups, learn_from_held_out, uncertainty_facts
from empdetect.models.detector_module import DetectorModule
from empdetect.models.doubt import STRANGE
from empdetect.models.encoders.statistics import StatisticsEncoder
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.models.ensemble import Ensemble
from empdetect.models.kernel import KernelMachine
from empdetect.models.novelty import fit_novelty
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.physiology import Physiology, Signal
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task

TASK = Task((Target("tense", "binary"), Target("level", "regression", range=(0, 1))))
RATE = 20.0


def muscle(rng: np.random.Generator, person: int, tension: float) -> Physiology:
    """Four seconds of a muscle, rectified, around a person's own level."""
    own = float(np.random.default_rng(person).uniform(0.8, 1.2))
    return Physiology({"EMG": Signal(own * np.exp(tension) * np.abs(rng.normal(1, 0.3, round(4 * RATE))), RATE)})


class Muscles(EmpathyDataModule):
    """15 people with 16 segments each, in memory."""

    about = "made muscles"
    licence = "CC0"
    source = "tests"

    def __init__(self, features: dict[str, Extractor]) -> None:
        super().__init__(features, folds=3)
        self.task = TASK

    def segments(self) -> list[Segment]:
        rng = np.random.default_rng(0)
        found = []
        for person in range(15):
            for number in range(16):
                level = float(rng.uniform(0, 1))
                who = Participant("a", physiology=muscle(rng, person, level))
                labels = {"level": level, "tense": float(rng.random() < level)}
                recording = Recording(f"{person}_{number}", (who,))
                found.append(Segment(recording, "a", labels=labels, group=f"person {person}"))
        return found


@pytest.fixture(scope="module")
def data() -> Muscles:
    return Muscles({"physiology": PhysiologyFeatures(["EMG"], rate=4.0)})


@pytest.fixture(scope="module")
def detector(data: Muscles) -> Detector:
    made = Detector(module(data, 0), data.features, facts={"name": "muscles"}, device="cpu")
    learn_from_held_out(made, data)
    made.facts |= uncertainty_facts(made, data) | {"heads": {t.name: data.provenance(t.name) for t in TASK.targets}}
    return made


def module(data: Muscles, seed: int) -> DetectorModule:
    torch.manual_seed(seed)
    encoder = TemporalConvEncoder(data.features["physiology"].width, width=8, layers=1)
    made = DetectorModule(TASK, {"physiology": encoder}, 8, 0, dropout=0.0, modality_dropout=0.0, learning_rate=1e-2)
    trainer = Trainer(
        max_epochs=8, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, limit_val_batches=0,
    )  # fmt: skip
    trainer.fit(made, datamodule=data)
    return made


def loose(count: int) -> list[Segment]:
    made = strange_segments("physiology", Path(), count, 4.0, channels=("EMG",))
    return made["loose electrode"]


def test_the_facts_tell_calibration_coverage_and_false_alarms(detector: Detector) -> None:
    tense, level = (detector.facts["calibration"][name] for name in ("tense", "level"))
    assert tense["fitted_on"] == {"cases": 80, "groups": 5}
    assert {"ece_before", "ece_after", "nll_before", "nll_after", "brier_after", "coverage"} <= set(tense)
    assert tense["nll_after"] <= tense["nll_before"] + 0.02
    assert 0.8 <= level["coverage"] <= 1
    assert len(level["by_group"]) == 5
    assert detector.facts["novelty"]["physiology"]["false_alarms"] <= 0.05
    json.dumps(detector.facts, allow_nan=False)


def test_heads_solved_again_know_nothing_of_the_first_time(data: Muscles) -> None:
    data.setup("fit")
    train, known = list(data.train_dataloader()), [*data.train_dataloader(), *data.val_dataloader()]

    def solved(*parts: list[Batch]) -> DetectorModule:
        encoder = StatisticsEncoder(data.features["physiology"].width, layers=0)
        module = DetectorModule(TASK, {"physiology": encoder}, kernel=KernelMachine())
        for part in parts:
            module.solve(part)
        return module

    once, again, first = solved(known).state_dict(), solved(train, known).state_dict(), solved(train).state_dict()
    scale = "encoders.physiology.scale.mean"
    assert torch.equal(once[scale], again[scale]) and not torch.equal(once[scale], first[scale])
    assert again.keys() == once.keys() and all(torch.equal(again[name], value) for name, value in once.items())


def test_solved_heads_are_calibrated_across_all_people_they_learned_from(data: Muscles, detector: Detector) -> None:
    encoder = StatisticsEncoder(data.features["physiology"].width, layers=0)
    solved = DetectorModule(TASK, {"physiology": encoder}, kernel=KernelMachine())
    solved.solve([*data.train_dataloader(), *data.val_dataloader()])
    made = Detector(solved, data.features, device="cpu")
    calibrate_across_groups(made)
    facts = uncertainty_facts(made, data)["calibration"]
    assert facts["tense"]["fitted_on"] == facts["level"]["fitted_on"] == {"cases": 160, "groups": 10}
    assert 0.8 <= facts["tense"]["set_coverage"] <= 1
    assert 0.8 <= facts["level"]["coverage"] <= 1
    [answer] = made.predict(data.parts["test"][:1])
    assert set(answer.labels["tense"]) <= {"no", "yes"} and answer.labels["tense"]
    before = detector.calibration
    calibrate_across_groups(detector)
    assert detector.calibration is before, "heads that are trained keep theirs"


def test_no_name_of_a_group_is_told(detector: Detector) -> None:
    assert "person " not in json.dumps(detector.facts)


def test_every_head_says_what_it_was_trained_on(detector: Detector, data: Muscles, tmp_path: Path) -> None:
    loaded = Detector.from_pretrained(detector.save_pretrained(tmp_path), device="cpu")
    head = loaded.heads["level"]
    assert (head["data"], head["licence"]) == ("made muscles tests", "CC0")
    assert (head["segments"], head["groups"]) == (80, 5)
    assert head["fingerprint"] != loaded.heads["tense"]["fingerprint"]
    assert loaded.about()["heads"] == loaded.heads
    card = (tmp_path / "README.md").read_text()
    assert "| `level` | made muscles tests | CC0 | 80 | 5 |" in card
    assert "| coverage | frequency |" in card
    assert "called doubtful" in card
    assert '"heads"' not in (tmp_path / "config.yaml").read_text()
    assert "heads:" in (tmp_path / "config.yaml").read_text()


def test_a_stranger_widens_the_interval_lowers_the_quality_and_is_named(detector: Detector, data: Muscles) -> None:
    usual, strange = detector.predict(data.parts["test"]), detector.predict(loose(10))
    for measure in detector.measures:
        width = [float(np.mean([np.ptp(p.intervals[measure]) for p in found])) for found in (usual, strange)]
        assert width[1] > 1.3 * width[0]
        assert all(p.intervals[measure][0] <= p.scores[measure] <= p.intervals[measure][1] for p in strange)
    assert max(p.quality["physiology"] for p in strange) < 0.2
    assert {p.reason for p in strange} == {"doubtful: physiology unlike the training data"}
    assert np.mean([bool(p.reason) for p in usual]) <= 0.05
    plain = Detector(detector.module, detector.features, detector.calibration, device="cpu").predict(loose(2))
    assert plain[0].scores == pytest.approx(strange[0].scores, abs=1e-5), "doubt leaves the score"


def test_a_loaded_detector_doubts_the_same(detector: Detector, tmp_path: Path) -> None:
    loaded = Detector.from_pretrained(detector.save_pretrained(tmp_path), device="cpu")
    for first, second in zip(detector.predict(loose(5)), loaded.predict(loose(5))):
        assert first.intervals == second.intervals
        assert first.doubt == second.doubt
        assert first.quality == second.quality


def test_an_ensemble_widens_where_its_members_disagree(data: Muscles) -> None:
    together = Detector(Ensemble([module(data, seed) for seed in range(3)]), data.features, device="cpu")
    learn_from_held_out(together, data)
    assert together.calibration is not None
    typical, limit = together.calibration.targets["level"].spread
    assert 0 < typical < limit
    seen = together.observe(data.examples("test"))
    assert seen.spread is not None
    apart = {name: np.full(len(values), 10 * limit) for name, values in seen.spread.items()}
    agreed, disagreed = (together.judge(type(seen)(seen.outputs, each), {}) for each in (seen.spread, apart))
    for name in ("tense", "level"):
        assert (np.ptp([disagreed[name].low, disagreed[name].high], axis=0) > 0.9).all()
        assert np.mean(agreed[name].high - agreed[name].low) < 0.9


def sound(corpus: Path) -> tuple[list[Example], list[str]]:
    """Two seconds at a time of both people of the simulated corpus."""
    extractor, cache = LogMel(hop=0.02), FeatureCache(enabled=False)
    found: list[Example] = []
    for film in sorted(corpus.parent.glob("dyad-*/*.mp4")):
        recording = Recording(f"{film.parent.name}/{film.stem}", (Participant("a", audio=AudioStream(film)),))
        windows = [Segment(recording, "a", float(start), start + 2.0) for start in range(0, 20, 2)]
        found += [featurise(window, {"audio": extractor}, cache, "missing") for window in windows]
    return found, [example.segment.recording.id for example in found]


def words() -> tuple[list[Example], list[str]]:
    """What the listeners of 40 simulated dyads say in each window."""
    settings = Settings(40, 40.0, 0, 0.9, 2.0, 10.0, Noise(), 0)
    extractor, cache = TextTokens(), FeatureCache(enabled=False)
    found, whose = [], []
    for number in range(40):
        turns = [turn for turn in write_dialogue(plan_dyad(settings, number)) if turn.participant == LISTENER]
        for window in sorted({turn.window for turn in turns}):
            said = Transcript(tuple(Utterance(turn.text, "a") for turn in turns if turn.window == window))
            segment = Segment(Recording(f"{number}_{window}", (Participant("a", transcript=said),)), "a")
            found.append(featurise(segment, {"text": extractor}, cache))
            whose.append(str(number))
    return found, whose


@pytest.mark.parametrize("stream", ["audio", "text"])
def test_strangers_are_told_from_the_simulated_corpus(stream: str, simulated_corpus: Path, tmp_path: Path) -> None:
    examples, whose = sound(simulated_corpus) if stream == "audio" else words()
    held_out = sorted(set(whose))[-len(set(whose)) // 3 :]
    train = [place for place, who in enumerate(whose) if who not in held_out]
    test = [example for example, who in zip(examples, whose) if who in held_out]
    novelty = fit_novelty([examples[place] for place in train], [whose[place] for place in train], [], [])
    usual = novelty.distance([example for example in test if example.inputs[stream][0].observed])[stream]
    assert (novelty.doubt(test)[stream] >= STRANGE).mean() <= 0.1
    extractor: Extractor = LogMel(hop=0.02) if stream == "audio" else TextTokens()
    made = strange_segments(stream, tmp_path, 6, 2.0)
    assert set(made) == set(SOUNDS if stream == "audio" else TEXTS)
    if stream == "audio":
        made.pop("near silence")  # a listener's window is as still
    for kind, segments in made.items():
        strange = [featurise(segment, {stream: extractor}, FeatureCache(enabled=False)) for segment in segments]
        distances = novelty.distance(strange)[stream]
        truth = np.concatenate([np.zeros(len(usual)), np.ones(len(distances))])
        assert roc_auc_score(truth, np.concatenate([usual, distances])) >= 0.95, kind
        assert (novelty.doubt(strange)[stream] >= STRANGE).mean() >= 0.5, kind
