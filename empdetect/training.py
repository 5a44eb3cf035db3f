"""Training from a configuration: LightningCLI, and a detector's folder out of every fit."""

import logging
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import torch
from jsonargparse import ArgumentError
from lightning import Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, RichProgressBar
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI

from empdetect.datamodules.base import EmpathyDataModule
from empdetect.detector import Detector
from empdetect.device import explain_device, reuse_memory
from empdetect.errors import InputError
from empdetect.held_out import calibrate_across_groups, learn_from_held_out, uncertainty_facts
from empdetect.model_card import figure
from empdetect.models.detector_module import DetectorModule
from empdetect.models.ensemble import Ensemble
from empdetect.models.metrics import TargetMetrics
from empdetect.prediction_writer import PredictionWriter
from empdetect.recording import Split
from empdetect.task import Target

SUBCOMMANDS = ("fit", "validate", "test", "predict")


class TrainingCLI(LightningCLI):
    """``fit``, ``validate``, ``test`` and ``predict``: the task of the data sizes the model.

    Attributes:
        talks: whether ``run`` says on which device it works.
    """

    talks: ClassVar[bool] = True

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Link the task, and put the usual callbacks in their usual places."""
        parser.link_arguments("data.task", "model.task", apply_on="instantiate")
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.set_defaults({"checkpoint.monitor": "val/main", "checkpoint.mode": "max", "checkpoint.save_last": True})
        parser.add_lightning_class_args(EarlyStopping, "early_stopping")
        parser.set_defaults({"early_stopping.monitor": "val/main", "early_stopping.mode": "max"})
        parser.add_argument("--name", default="detector", help="name of the detector, for its card")
        parser.add_argument("--start_from", default=None, help="detector whose encoders' weights training starts from")

    def before_instantiate_classes(self) -> None:
        """Name the run's folder after the detector, unless the configuration names it; ask for weights.

        Raises:
            InputError: there is no checkpoint to evaluate or to answer with.
        """
        config = self.config[self.subcommand]
        if self.subcommand != "fit" and config.ckpt_path is None:
            raise InputError(
                f"Reading what to {self.subcommand}: no checkpoint, so the weights would be random; add --ckpt_path "
                "RUN/checkpoints/NAME.ckpt of an earlier `empdetect fit`"
            )
        logger = getattr(config.trainer.logger, "init_args", None)
        if logger is not None and getattr(logger, "name", None) == "lightning_logs":
            logger.name = config.name

    def before_validate(self) -> None:
        """Find out that model and features do not fit before hours of feature extraction, not after."""
        self.model.check_features(self.datamodule.features)

    before_test = before_predict = before_validate

    def before_fit(self) -> None:
        """The same, and start from the weights that were asked for."""
        self.before_validate()
        if self.config.fit.start_from is not None:
            started = start_from(self.model, self.config.fit.start_from)
            self.datamodule.may_be_missing = (*self.datamodule.may_be_missing, *started)

    def after_fit(self) -> None:
        """Evaluate the best weights, calibrate them and write the detector's folder."""
        folder = Path(self.trainer.log_dir or self.trainer.default_root_dir) / "detector"
        detector = finish(self.trainer, self.model, self.datamodule, folder, self.config.fit.name)
        if self.trainer.is_global_zero:
            print_results(detector.facts, folder if self.datamodule.zscore_by is None else None)


def start_from(module: DetectorModule, folder: str | Path) -> tuple[str, ...]:
    """Give a module's encoders the weights of those of a trained detector, by modality; fusion and heads start anew.

    Returns:
        The modalities that have them.

    Raises:
        InputError: the folder is no detector, or has no encoder of the same kind and shape.
    """
    trained = Detector.from_pretrained(folder, device="cpu").module
    if isinstance(trained, Ensemble):
        raise InputError(f"Starting from {folder}: it is an ensemble; name one of its members")
    shared = [name for name in module.modalities if name in trained.encoders]
    for name in shared:
        try:
            module.encoders[name].load_state_dict(trained.encoders[name].state_dict())
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"Starting from {folder}: its {name} encoder differs ({reason}); use the same encoder"
            ) from None
    if not shared:
        theirs, ours = ", ".join(trained.modalities), ", ".join(module.modalities)
        raise InputError(
            f"Starting from {folder}: it reads {theirs}, the model {ours}; name a detector that shares some"
        )
    return tuple(shared)


def finish(trainer: Trainer, module: DetectorModule, data: EmpathyDataModule, folder: Path, name: str) -> Detector:
    """Make a detector of the best weights of a fit: calibrate it on held-out people, test it, save it.

    Heads that are trained are calibrated on the validation split; those that are solved on all that they learn from,
    each person answered by heads that did not.

    It is not saved where features are standardised by all recordings of a person: a recording to be scored comes
    without the others, and would get scores of features that the detector has never seen.

    Args:
        trainer: that fitted the module.
        module: the module.
        data: it was fitted on.
        folder: where the detector goes.
        name: of the detector.
    """
    take_best_weights(trainer, module)
    detector = Detector(module, data.features, device="cpu")
    learn_from_held_out(detector, data)
    learn_validation(module, data)
    calibrate_across_groups(detector)
    measured = trainer.test(module, datamodule=data, verbose=False)[0]
    detector.facts = facts_of(data, module, measured, name)
    detector.facts |= uncertainty_facts(detector, data)
    if data.zscore_by is None:
        detector.save_pretrained(folder)
    return detector


def take_best_weights(trainer: Trainer, module: DetectorModule) -> None:
    """Load the weights of the best epoch of a fit; they stay as they are if no epoch was kept."""
    best = getattr(trainer.checkpoint_callback, "best_model_path", "")
    if best:
        module.load_state_dict(torch.load(best, weights_only=True)["state_dict"])


def learn_validation(module: DetectorModule, data: EmpathyDataModule) -> None:
    """Let heads that are solved learn from the validation split too, once it has calibrated them.

    Heads that are trained cannot: without a split that tells when to stop they would learn it by heart.
    """
    if module.kernel is not None:
        module.solve([*data.train_dataloader(), *data.val_dataloader()])


def facts_of(
    data: EmpathyDataModule, module: DetectorModule, measured: Mapping[str, float], name: str
) -> dict[str, Any]:
    """What ``metrics.json`` and the model card tell of a training."""
    test = {key.removeprefix("test/"): value for key, value in measured.items() if key.count("/") == 2}
    return {
        "name": name,
        "data": f"{data.about} {data.source}".strip(),
        "licence": data.licence,
        "heads": heads_of(data, module),
        "splits": data.summary(),
        "fingerprint": data.fingerprint(),
        "test": test,
        "majority": majority_metrics(data),
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "versions": versions(),
        "seed": data.seed,
        "fold": data.fold,
    }


def heads_of(data: EmpathyDataModule, *members: DetectorModule) -> dict[str, Any]:
    """By target, what its head was trained on; where one that is solved is among them, the validation split too."""
    splits: tuple[Split, ...] = ("train",) if all(member.kernel is None for member in members) else ("train", "val")
    return {target.name: data.provenance(target.name, splits) for target in data.task.targets}


def majority_metrics(data: EmpathyDataModule) -> dict[str, float]:
    """Metrics on the test split of always giving the training split's most frequent level, or its mean."""
    found: dict[str, float] = {}
    for target in data.task.targets:
        train = torch.from_numpy(data.labels("train", target.name))
        labels = torch.from_numpy(data.labels("test", target.name)).float()
        metric = TargetMetrics(target)
        metric.update(_constant(target, train[torch.isfinite(train)]).expand(len(labels), -1), labels)
        found |= {f"{target.name}/{name}": float(value) for name, value in metric.compute().items()}
    return found


def print_results(facts: Mapping[str, Any], folder: Path | None) -> None:
    """Print a table of test metrics beside the majority baseline, and where the detector is, if it was saved."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{facts['name']}: test split ({facts['splits']})")
    for column in ("metric", "detector", "majority"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for name, value in facts["test"].items():
        table.add_row(name, figure(value), figure(facts["majority"].get(name)))
    console = Console()
    console.print(table)
    none = "none is written, as zscore_by needs all recordings of a person; leave it out for one that can score"
    console.print(f"detector: {folder or none}")


def run(arguments: Sequence[str], command: type[TrainingCLI] = TrainingCLI) -> TrainingCLI:
    """Run a training command, and return the command with its trainer, model and data.

    Args:
        arguments: what follows ``empdetect`` on the command line, e.g. ``["fit", "--config", "x.yaml"]``.
        command: what runs it; one of a benchmark does other things before and after a fit.
    """
    quieten()
    reuse_memory()
    if command.talks:
        print(explain_device(), file=sys.stderr)  # noqa: T201
    # LightningCLI warns of arguments that are given although there are some on the command line.
    args: ArgsType = None if list(arguments) == sys.argv[1:] else list(arguments)
    try:
        return _cli(args, command)
    except ArgumentError as error:
        # By itself jsonargparse prints pages of options before the one line that matters.
        reason = " ".join(str(error).split())
        raise InputError(f"Reading what to {arguments[0]}: {reason}; see `empdetect {arguments[0]} --help`") from None


def _cli(args: ArgsType, command: type[TrainingCLI]) -> TrainingCLI:
    return command(
        DetectorModule,
        EmpathyDataModule,
        subclass_mode_data=True,
        args=args,
        seed_everything_default=0,
        save_config_kwargs={"overwrite": True},
        parser_kwargs={"exit_on_error": False} | {name: {"exit_on_error": False} for name in SUBCOMMANDS},
        trainer_defaults={
            "max_epochs": 30,
            "callbacks": [PredictionWriter(), *progress_callbacks()],
            "logger": {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": "runs"}},
            "log_every_n_steps": 10,
            "enable_model_summary": False,
            "enable_progress_bar": sys.stderr.isatty(),
        },
    )


def quieten() -> None:
    """Keep Lightning's tips and the warnings that no user of ours can act on off the terminal."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*treespec")
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
    warnings.filterwarnings("ignore", message="The number of training batches")
    warnings.filterwarnings("ignore", message=".*configure_optimizers` returned `None`")  # heads that are solved
    warnings.filterwarnings("ignore", message="The '.*_dataloader' does not have many workers")
    warnings.filterwarnings("ignore", message="The variance of predictions or target is close to zero")  # of majorities


def progress_callbacks() -> list[Any]:
    """A progress bar where there is a terminal."""
    return [RichProgressBar()] if sys.stderr.isatty() else []


def _constant(target: Target, known: torch.Tensor) -> torch.Tensor:
    """The answer ``(1, levels)`` or ``(1, 1)`` that needs no input: the commonest level, or the mean."""
    if not target.is_categorical:
        return known.mean().float().view(1, 1)
    commonest = torch.bincount(known.long(), minlength=target.levels).argmax()
    return torch.nn.functional.one_hot(commonest, target.levels).float().unsqueeze(0)


def versions() -> dict[str, str]:
    """Versions of the packages that bear on the figures and are installed; numpy and scikit-learn deal the folds."""
    packages = ("empdetect", "torch", "lightning", "transformers", "numpy", "scikit-learn")
    optional = ("opensmile",) if find_spec("opensmile") else ()
    return {package: version(package) for package in (*packages, *optional)}


def commit(package: Path = Path(__file__).parent) -> str | None:
    """The commit the package stands at, if it runs from a checkout of its own; ``-dirty`` if it was changed since.

    Args:
        package: folder of the package; ``configs`` beside it counts as well. Installed into an environment that lies
            in somebody's checkout, it is no part of that checkout, whose commit would say nothing of it.
    """
    try:
        head = _git(package, "rev-parse", "HEAD:./__init__.py", "HEAD").split()[1]
        changed = _git(package, "status", "--porcelain", "--", ".", "../configs")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{head}-dirty" if changed else head


def _git(folder: Path, *arguments: str) -> str:
    """What git prints of a folder. It takes no locks: somebody may be committing there."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
