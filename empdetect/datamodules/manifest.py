"""Anyone's data: a manifest is one table that names recordings, segments and labels (see docs/manifest.md)."""

import logging
from pathlib import Path
from typing import ClassVar, Literal

from empdetect.datamodules.base import EmpathyDataModule
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.manifest.faults import report_faults
from empdetect.manifest.segments import read_manifest, refuse, usable_recordings, usable_segments
from empdetect.recording import Segment
from empdetect.task import Task

__all__ = ["ManifestDataModule", "read_manifest", "usable_recordings", "usable_segments"]

log = logging.getLogger(__name__)


class ManifestDataModule(EmpathyDataModule):
    """The segments of a manifest.

    The manifest's own splits are used where every labelled row has one, else folds by ``group``.

    Args:
        manifest: path of the ``.tsv`` or ``.jsonl`` file.
        features: one extractor for each modality the model is to see, by modality.
        task: what the detector is to say; its targets are the label columns.
        on_fault: what to do about faulty rows: ``refuse`` the manifest, or ``skip`` them with a message.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.

    Raises:
        InputError: ``on_fault`` is neither.
    """

    about: ClassVar[str] = "Your own recordings, listed in a manifest: one row a segment."
    licence: ClassVar[str] = "That of your data."
    source: ClassVar[str] = "Your own."

    def __init__(
        self,
        manifest: str,
        features: dict[str, Extractor],
        task: Task,
        on_fault: Literal["refuse", "skip"] = "refuse",
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        if on_fault not in ("refuse", "skip"):
            raise InputError(f"Reading a manifest: got on_fault '{on_fault}', allowed are refuse, skip")
        self.manifest = manifest
        self.task = task
        self.on_fault = on_fault

    def segments(self) -> list[Segment]:
        """The labelled segments.

        Raises:
            InputError: the manifest cannot be read, has a faulty row and is to be refused for it, or has
                no other rows.
        """
        path = Path(self.manifest)
        found, faults = usable_segments(path, self.task.targets)
        if self.on_fault == "refuse":
            refuse(path, faults)
        if faults:
            log.warning("Manifest %s:\n%s", path, report_faults(faults))
        if not found:
            raise InputError(f"Reading the manifest {path}: no labelled row is left; `empdetect data check` lists why")
        return self._scored(found)

    def _scored(self, found: list[Segment]) -> list[Segment]:
        """The segments of people whose role the task scores, or whose role nobody said, as when recordings are scored.

        Raises:
            InputError: there are none.
        """
        roles = [_role(segment) for segment in found]
        kept = [segment for segment, role in zip(found, roles) if self.task.scores(role)]
        if not kept:
            raise InputError(
                f"Reading the manifest {self.manifest}: the task scores the role {', '.join(self.task.roles)}, the "
                f"labelled rows have {', '.join(sorted({str(role) for role in roles}))}; change the one or the other"
            )
        return kept


def _role(segment: Segment) -> str | None:
    return next(person.role for person in segment.recording.participants if person.name == segment.participant)
