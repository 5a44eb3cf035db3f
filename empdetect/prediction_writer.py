"""What `empdetect predict` leaves behind: the test split's answers as a Scores table."""

from pathlib import Path
from typing import Any, cast

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from empdetect.batch import Batch
from empdetect.models.detector_module import DetectorModule
from empdetect.prediction import Prediction
from empdetect.scores import Scores
from empdetect.task import Task


class PredictionWriter(Callback):
    """Writes ``predictions.tsv`` into the run's folder.

    The scores are the checkpoint's own: calibration belongs to the detector that ``fit`` saves, so
    the intervals are empty, and so is the quality, which a batch does not carry.
    """

    def __init__(self) -> None:
        self.found: list[Prediction] = []

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the answers of a batch."""
        for row, segment in enumerate(batch.segments):
            scores = {
                measure: float(score)
                for target in _task(pl_module).targets
                for measure, score in zip(target.measures, outputs[target.name][row], strict=True)
            }
            self.found.append(Prediction(segment, scores))

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the table and say where it is."""
        measures = [measure for target in _task(pl_module).targets for measure in target.measures]
        rows = [row for prediction in self.found for row in prediction.rows(measures)]
        folder = Path(trainer.log_dir or trainer.default_root_dir)
        path = Scores.of(rows, {"calibrated": False}).write(folder / "predictions.tsv")
        print(f"predictions: {path}")  # noqa: T201
        self.found = []


def _task(module: LightningModule) -> Task:
    """The task of the model that predicts, which is always ours."""
    return cast(DetectorModule, module).task
