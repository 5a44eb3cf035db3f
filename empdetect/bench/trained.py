"""Our detector as a system: configurations trained by the path of ``empdetect fit``, their answers averaged."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import yaml

from empdetect.bench.checks import check_learned_from, check_scaling, key_of
from empdetect.bench.configs import only_modalities, read_config
from empdetect.bench.control import shuffled
from empdetect.bench.system import Answers, Fold
from empdetect.datamodules.base import EmpathyDataModule, SegmentDataset
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.held_out import calibrate_across_groups, learn_from_held_out
from empdetect.models.detector_module import DetectorModule
from empdetect.models.ensemble import Ensemble
from empdetect.models.heads import decode, level_probabilities
from empdetect.recording import Segment
from empdetect.streams.files import fingerprint
from empdetect.training import TrainingCLI, heads_of, learn_validation, run, take_best_weights

MEMBER_STEP = 1000
"""Between the seeds of the members of one ensemble, so that ensembles of other seeds share no member."""

FAST = ("--trainer.max_epochs=2", "--trainer.limit_train_batches=50")


class FoldCommand(TrainingCLI):
    """Fits and takes the best weights: no test, no folder, no table."""

    talks: ClassVar[bool] = False

    def after_fit(self) -> None:
        """Load the weights of the best epoch; heads that are solved learn from the validation part too."""
        take_best_weights(self.trainer, self.model)
        learn_validation(self.model, self.datamodule)


class WholeCommand(FoldCommand):
    """Fits on the test part too; the validation part stays out, to choose the epoch and to calibrate."""

    def before_fit(self) -> None:
        """Move the test part to the training part."""
        super().before_fit()
        self.datamodule.train_on_test()

    def after_fit(self) -> None:
        """Load the weights of the best epoch; the validation part has to calibrate first."""
        take_best_weights(self.trainer, self.model)


class ShuffledCommand(FoldCommand):
    """Fits on labels that were dealt out anew among the segments of each part."""

    def before_fit(self) -> None:
        """Deal the labels out."""
        super().before_fit()
        generator = np.random.default_rng(self.config.fit.seed_everything)
        self.datamodule.relabel(lambda segments: shuffled(segments, generator))


@dataclass(frozen=True)
class Member:
    """One trained configuration: its module, and the data module that knows its features."""

    module: DetectorModule
    data: EmpathyDataModule


class TrainedDetector:
    """One or several configurations, each trained with one or several seeds.

    Args:
        configs: names of files in ``configs/``, without their ending, or paths.
        members: so many trainings of each configuration, their probabilities averaged.
        modalities: train with these alone; empty takes those of the configuration.
        name: what the table calls it.
    """

    command: ClassVar[type[FoldCommand]] = FoldCommand

    def __init__(
        self, configs: Sequence[str], members: int = 1, modalities: Sequence[str] = (), name: str = "ours"
    ) -> None:
        self.configs = tuple(configs)
        self.members = members
        self.modalities = tuple(modalities)
        self.name = name
        self._trained: list[Member] = []
        self._fold: Fold | None = None

    @property
    def solved(self) -> bool:
        """Whether every member is solved, so that no seed changes anything."""
        return all(read_config(config)["model"].get("kernel") for config in self.configs)

    def settings(self) -> dict[str, str]:
        """Fingerprint of what each configuration says, comments aside, and how it is taken, by its name."""
        taken = [self.members, *self.modalities]
        return {
            Path(config).stem: fingerprint(json.dumps([read_config(config), taken], sort_keys=True))
            for config in self.configs
        }

    def fit(self, fold: Fold, seed: int) -> None:
        """Train every member on the fold.

        Raises:
            InputError: a configuration is missing or cannot be used.
            ProtocolError: the configuration's data module trained on other segments than the fold's, or
                standardised them by people where the protocol does not.
        """
        self._fold = fold
        self._trained = self._train(fold, seed, self.command)
        for member in self._trained:
            check_scaling(self.name, fold, member.data.zscore_by, member.data.features)
            learned = [*member.data.parts["train"], *member.data.parts["val"]]
            check_learned_from(self.name, fold, learned)

    def answers(self, segments: Sequence[Segment]) -> Answers:
        """Mean of the members' answers."""
        if self._fold is None:
            raise RuntimeError("answers() needs fit() first")
        found = [_answers(member, segments) for member in self._trained]
        return {name: np.mean([answers[name] for answers in found], axis=0) for name in found[0]}

    def trained_on_everything(self, fold: Fold, seed: int, facts: Mapping[str, Any]) -> Detector:
        """A detector that learned from all segments but those of the validation part, and is calibrated on these.

        Heads that are solved learn from the validation part as well, and one such member is calibrated as
        ``calibrate_across_groups`` says.

        Args:
            fold: which fold's validation part.
            seed: of the training.
            facts: what its card is to tell.

        Raises:
            InputError: the members cannot be one detector: other tasks, other features of one modality,
                or one learned from what another was to be calibrated on.
        """
        self.check_joinable()
        trained = self._train(fold, seed, WholeCommand)
        first = trained[0].data
        held_out = {key_of(segment) for segment in first.parts["val"]}
        if any(key_of(segment) in held_out for member in trained for segment in member.data.parts["train"]):
            raise InputError(f"Saving {', '.join(self.configs)}: what calibrates one was trained on by another")
        module = trained[0].module if len(trained) == 1 else Ensemble([member.module for member in trained])
        features = {name: found for member in trained for name, found in member.data.features.items()}
        detector = Detector(module, features, facts=facts)
        learn_from_held_out(detector, first)
        for member in trained:
            learn_validation(member.module, member.data)
        calibrate_across_groups(detector)
        detector.facts["heads"] = heads_of(first, *(member.module for member in trained))
        detector.facts["splits"] = f"{facts['splits']} {_learned_from(trained)}"
        return detector

    def check_joinable(self) -> None:
        """Refuse configurations that cannot be one detector, before a night is spent on training them.

        Raises:
            InputError: two of them compute one modality differently.
        """
        merged: dict[str, Any] = {}
        for config in self.configs:
            for name, features in read_config(config)["data"]["init_args"]["features"].items():
                if merged.setdefault(name, features) != features:
                    raise InputError(
                        f"Saving an ensemble: its members compute '{name}' differently; name one of them anew"
                    )

    def _train(self, fold: Fold, seed: int, command: type[FoldCommand]) -> list[Member]:
        seeds = [seed + MEMBER_STEP * number for number in range(self.members)]
        return [self._member(config, fold, each, command) for config in self.configs for each in seeds]

    def _member(self, config: str, fold: Fold, seed: int, command: type[FoldCommand]) -> Member:
        with tempfile.TemporaryDirectory(prefix="empdetect-bench-") as folder:
            path = Path(folder) / f"{Path(config).stem}.yaml"
            content = only_modalities(read_config(config), self.modalities)
            path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
            done = run(_arguments(path, fold, seed), command)
            return Member(done.model, done.datamodule)


class ShuffledDetector(TrainedDetector):
    """The same, but learning from shuffled labels: what it then knows leaked."""

    command: ClassVar[type[FoldCommand]] = ShuffledCommand

    @classmethod
    def of(cls, ours: TrainedDetector) -> "ShuffledDetector":
        """With the configurations of a detector of ours."""
        return cls(ours.configs, ours.members, ours.modalities, f"{ours.name}, shuffled labels")


def _learned_from(members: Sequence[Member]) -> str:
    """What the members of a detector learned from, and what calibrated it, for its card."""
    trained, held_out = (len(members[0].data.parts[part]) for part in ("train", "val"))
    solved = [member.module.kernel is not None for member in members]
    if not any(solved):
        return f"This detector learned from {trained} segments; {held_out} more chose its epoch and calibrated it."
    if all(solved) and len(members) == 1:
        return (
            f"This detector learned from {trained + held_out} segments; each group's answers by heads that had not "
            "learned from that group calibrated it."
        )
    then = "it learned from them, too" if all(solved) else "those of its members that are solved learned from them, too"
    return f"This detector learned from {trained} segments; {held_out} more calibrated it, then {then}."


def _arguments(path: Path, fold: Fold, seed: int) -> list[str]:
    given = {"fold": fold.number, **fold.data_args}
    if fold.data_root is not None:
        given["data_root"] = fold.data_root
    if fold.zscore_by is not None:
        given["zscore_by"] = fold.zscore_by
    return [
        "fit",
        f"--config={path}",
        f"--seed_everything={seed}",
        f"--trainer.logger.init_args.save_dir={path.parent}",
        *(f"--data.init_args.{name}={value}" for name, value in given.items()),
        *(FAST if fold.fast else ()),
    ]


@torch.inference_mode()
def _answers(member: Member, segments: Sequence[Segment]) -> dict[str, Any]:
    """Probabilities ``(n, levels)`` or numbers ``(n, 1)`` by target."""
    data = member.data
    detector = Detector(member.module, data.features)
    dataset = SegmentDataset(segments, data.features, data.cache, data.task.persons, data.zscore_by)
    outputs = detector.outputs([dataset[place] for place in range(len(dataset))], data.batch_size)
    return {
        target.name: (
            level_probabilities(target, outputs[target.name].double())
            if target.is_categorical
            else decode(target, outputs[target.name].double())
        ).numpy()
        for target in data.task.targets
    }
