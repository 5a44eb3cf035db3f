"""The demo: train, score, reward and compare, end to end in minutes on a laptop."""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from rich.console import Console
from rich.table import Table

from empdetect.comparing import Settings, compare_groups, groups_of
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.epitome import EpitomeDataModule
from empdetect.datamodules.manifest import ManifestDataModule
from empdetect.datamodules.simulation import simulate_corpus
from empdetect.detector import Detector
from empdetect.device import reuse_memory
from empdetect.example import Example
from empdetect.features.audio import LogMel
from empdetect.features.base import Extractor
from empdetect.features.face import Face
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.text import TextEmbeddings
from empdetect.input_files import Input
from empdetect.model_card import figure
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.audiovisual import FaceEncoder
from empdetect.models.encoders.base import Encoder
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.models.heads import level_probabilities
from empdetect.models.metrics import TargetMetrics
from empdetect.rl.baseline import prepare_heads
from empdetect.rl.evaluate import Evaluation, evaluate
from empdetect.rl.intervals import interval_of
from empdetect.rl.listener import mixed_dialogues
from empdetect.rl.policy import small_policy
from empdetect.rl.profiles import read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.detector import DetectorReward
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.empathy import EmpathyReward
from empdetect.rl.trainer import PolicyTrainer
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.warmup import warm_up
from empdetect.scores import Scores
from empdetect.scoring import score_recordings
from empdetect.task import Target, Task
from empdetect.training import finish, progress_callbacks, quieten

MAX_TURNS = 4
"""Replies in a dialogue of the demo's policy."""
SECOND_JUDGE = ("text-ngrams", "empathetic_personas_empathy_score")
"""A detector in the box, and what it tells, that judges replies beside the one trained here: one alone is easily
pleased."""

PLUMBING = (
    "The people, voices, bodies and words of this demo are simulated. It proves that the plumbing works, "
    "from files to scores to reward; it proves nothing about accuracy on real people."
)

SIMULATED_TASK = Task(
    (Target("empathy", "binary"), Target("empathy_level", "regression", range=(0, 1))),
    construct="empathy",
    interaction="dyadic",
    persons=2,
    roles=("observer",),
    window=10.0,
)


@dataclass(frozen=True)
class Material:
    """What a demo runs on.

    Args:
        data: labelled segments.
        encoders: one a modality.
        measure: what the policy is rewarded for.
        epochs: of the training.
        truth: what is known of how the data came about, for the table.
        caveat: what the figures do not show.
    """

    data: EmpathyDataModule
    encoders: dict[str, Encoder]
    measure: str
    epochs: int
    truth: Mapping[str, Any] = field(default_factory=dict)
    caveat: str = ""


def run_demo(out: Path, data_root: Path | None = None, seed: int = 0) -> None:
    """Train a detector, score a held-out recording, reward a small policy with it, and print one table.

    Args:
        out: folder for everything that is made.
        data_root: folder of the real datasets; None simulates a corpus.
        seed: of everything.

    Raises:
        InputError: the real data are not there.
    """
    quieten()
    reuse_memory()
    # Networks this small gain nothing from a second thread, and lose much where another process is busy.
    torch.set_num_threads(1)
    seed_everything(seed, verbose=False)
    seconds: dict[str, float] = {}
    out.mkdir(parents=True, exist_ok=True)
    with timed(seconds, "making the corpus" if data_root is None else "reading the data"):
        material = simulated_material(out, seed) if data_root is None else real_material(data_root, seed)
    with timed(seconds, "training the detector"):
        detector = train(material, out)
    with timed(seconds, "scoring a held-out recording"):
        report = score_held_out(detector, material, out)
    with timed(seconds, "training the policy"):
        rewards = reward_policy(detector, material.measure, out, seed)
    with timed(seconds, "comparing two people"):
        found = compare_simulated(out, seed)
    console = Console(width=110)
    console.print(summary(detector, material, rewards, out, report))
    console.print(found)
    console.print(", ".join(f"{name} {spent:.0f} s" for name, spent in seconds.items()))
    console.print(f"\n{material.caveat}" if material.caveat else "")


def simulated_material(out: Path, seed: int) -> Material:
    """A small simulated dyadic corpus and a four-modality model for it."""
    # 24 filmed pairs are few to learn words from; like most real corpora, this one has more transcripts than films.
    manifest = simulate_corpus(out / "corpus", dyads=24, seconds=40.0, seed=seed, transcripts=150)
    features: dict[str, Extractor] = {
        "audio": LogMel(hop=0.02),
        "physiology": PhysiologyFeatures(channels=("ECG", "EDA", "RSP")),
        "text": TextEmbeddings(),
        "video": Face(rate=2.5, size=32, detect_every=0.4),
    }
    encoders: dict[str, Encoder] = {
        "audio": TemporalConvEncoder(features["audio"].width, width=32, layers=1),
        "physiology": TemporalConvEncoder(features["physiology"].width, width=32, layers=2),
        "text": TemporalConvEncoder(features["text"].width, width=32, layers=0),
        "video": FaceEncoder(size=32, width=16, layers=0),
    }
    truth = json.loads((manifest.parent / "truth.json").read_text(encoding="utf-8"))
    known = {name: truth[name] for name in ("coupling", "lag")}
    data = ManifestDataModule(str(manifest), features, SIMULATED_TASK, batch_size=8, seed=seed)
    return Material(data, encoders, "empathy", epochs=14, truth=known, caveat=PLUMBING)


def real_material(data_root: Path, seed: int) -> Material:
    """EPITOME with frozen sentence embeddings: the one real set whose detector can judge a dialogue's replies."""
    features: dict[str, Extractor] = {"text": TextEmbeddings()}
    data = EpitomeDataModule(features, data_root=str(data_root), batch_size=32, seed=seed)
    encoders: dict[str, Encoder] = {"text": TemporalConvEncoder(features["text"].width, width=64, layers=0)}
    return Material(data, encoders, "emotional_reactions", epochs=8)


def train(material: Material, out: Path) -> Detector:
    """Train, test, calibrate and save the detector."""
    module = DetectorModule(material.data.task, material.encoders, width=32, fusion_layers=1, learning_rate=2e-3)
    best = ModelCheckpoint(out / "checkpoints", monitor="val/loss", mode="min", enable_version_counter=False)
    trainer = Trainer(
        max_epochs=material.epochs,
        accelerator="auto",
        devices=1,
        logger=False,
        callbacks=[best, *progress_callbacks()],
        enable_model_summary=False,
        enable_progress_bar=bool(progress_callbacks()),
    )
    trainer.fit(module, datamodule=material.data)
    return finish(trainer, module, material.data, out / "detector", "demo")


def score_held_out(detector: Detector, material: Material, out: Path) -> Path:
    """Score the first recording of the test split as ``empdetect score`` would, and return its report."""
    segments = material.data.parts["test"]
    name = segments[0].recording.id
    held_out = Input(name, out, segments=tuple(segment for segment in segments if segment.recording.id == name))
    outcome = score_recordings([held_out], detector, out / "scores", report=True, cache=material.data.cache)
    return outcome.reports[0]


@dataclass(frozen=True)
class Rewarded:
    """How the policy did on held-out profiles, before and after it was rewarded."""

    before: Evaluation
    after: Evaluation


def reward_policy(detector: Detector, measure: str, out: Path, seed: int) -> Rewarded:
    """Warm up a small policy, reward it by the user's emotion and by two detectors, judge it before and after.

    Profiles for judging are of other personas than those for learning.
    """
    user = AppraisalUser()
    train, held_out = read_profiles(split="train"), read_profiles(split="test")
    lessons = mixed_dialogues(train, user, rounds=2, max_turns=MAX_TURNS, seed=seed)
    policy = small_policy((turn.text for dialogue in lessons for turn in dialogue.turns), seed=seed)
    warm_up(policy, lessons, steps=150, seed=seed)
    judges = [DetectorReward(detector, measure), DetectorReward(*SECOND_JUDGE)]
    rewards: dict[str, Reward] = {"emotion": EmotionReward(), "empathy": EmpathyReward(judges)}
    weights = {"emotion": 1.0, "empathy": 0.3}
    prepare_heads(rewards.values(), policy, train, user, samples=1, max_turns=MAX_TURNS, seed=seed)
    before = evaluate(policy, held_out, user, rewards, samples=1, max_turns=MAX_TURNS)
    # Eight steps are too few to tell gaming from chance, so nothing watches here.
    trainer = PolicyTrainer(
        policy,
        user,
        rewards,
        weights,
        steps=8,
        profiles_per_step=4,
        group_size=8,
        max_turns=MAX_TURNS,
        credit="reply",
        monitor=None,
        checkpoint_every=0,
        seed=seed,
    )
    trainer.fit(train, out / "policy")
    after = evaluate(policy, held_out, user, rewards, samples=1, max_turns=MAX_TURNS)
    policy.save(out / "policy")
    return Rewarded(before, after)


def summary(detector: Detector, material: Material, rewarded: Rewarded, out: Path, report: Path) -> Table:
    """The one table: held-out metrics, what is known of the truth, the reward, and where the files are."""
    table = Table(title=f"empdetect demo: {material.data.summary()}", show_header=False, title_justify="left")
    target = next(t for t in detector.task.targets if t.name == material.measure)
    majority = detector.facts["majority"]
    for name, value in detector.facts["test"].items():
        baseline = figure(majority.get(name))
        table.add_row("held-out", name, figure(value), baseline and f"majority {baseline}")
    table.add_section()
    for name, value in alone(detector, material.data, target).items():
        table.add_row(
            "held-out", f"{target.name}/auroc", f"{value:.3f}", f"only {name}" if name != "all" else "all modalities"
        )
    table.add_section()
    for name, value in material.truth.items():
        table.add_row("truth", name, str(value), "as simulated")
    for name, before, after in _rewards(rewarded):
        table.add_row("reward", name, f"{before:.3f} -> {after:.3f}", "on held-out profiles, before -> after")
    table.add_section()
    table.add_row("file", "report", str(report), "")
    for name in ("detector", "scores", "policy"):
        table.add_row("file", name, str(out / name), "")
    return table


def _rewards(rewarded: Rewarded) -> Iterator[tuple[str, float, float]]:
    for name, before in rewarded.before.heads.items():
        yield name, interval_of(before).value, interval_of(rewarded.after.heads[name]).value


def alone(detector: Detector, data: EmpathyDataModule, target: Target) -> dict[str, float]:
    """AUROC on the test split with all modalities, and with each one as the only one there."""
    dataset = data.test_dataloader().dataset
    examples = [dataset[index] for index in range(len(data.parts["test"]))]
    labels = torch.from_numpy(data.labels("test", target.name)).float()
    modalities = detector.module.modalities
    kept = {"all": list(modalities), **({name: [name] for name in modalities} if len(modalities) > 1 else {})}
    return {
        name: auroc(detector, [e.without(*(m for m in modalities if m not in only)) for e in examples], target, labels)
        for name, only in kept.items()
    }


def auroc(detector: Detector, examples: Sequence[Example], target: Target, labels: torch.Tensor) -> float:
    """AUROC of a categorical target on examples with labels ``(n,)``; NaN if it is not defined."""
    metric = TargetMetrics(target)
    metric.update(level_probabilities(target, detector.outputs(examples)[target.name]), labels)
    return float(metric.compute().get("auroc", math.nan))


def compare_simulated(out: Path, seed: int) -> Table:
    """Compare two simulated people of whom one follows the other, and say what was found beside what is true."""
    conditions = Conditions(seconds=300.0, rate=10.0, trend=1.0, noise=0.1)
    simulated = simulate_dyads(1, coupling=0.5, lag=1.5, conditions=conditions, seed=seed)
    files = [out / "dyad" / f"{series.person}.csv" for series in simulated.series(0)]
    files[0].parent.mkdir(exist_ok=True)
    for path, series in zip(files, simulated.series(0), strict=True):
        rows = zip(series.times.tolist(), series.values.tolist(), strict=True)
        path.write_text("time,valence\n" + "".join(f"{time:.1f},{value:.5f}\n" for time, value in rows))
    settings = Settings(count=199, seed=seed)
    outcome = compare_groups(groups_of(files, settings), settings, out / "contagion", report=True)
    scores = {row["measure"]: row for row in Scores.read(outcome.table).rows()}
    lag, p = scores["valence.lag"], scores["valence.p"]["score"]
    truth = simulated.truth
    table = Table(title="two simulated people, one follows the other", title_justify="left")
    for heading in ("", "truth", "found"):
        table.add_column(heading)
    claimed = "yes" if scores["valence.association"]["score"] == 1 else "not claimed"
    table.add_row("go together", "yes" if truth.present[0] else "no", f"{claimed} (p = {p:.3f})")
    found = f"{lag['score']:.2f} s ({lag['low']:.2f} to {lag['high']:.2f})"
    table.add_row("b follows a by", f"{truth.signed_lag[0]:.2f} s", found)
    table.add_row("file", "", str(outcome.reports[0]))
    return table


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Note how long a stage took, in seconds."""
    began = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - began
