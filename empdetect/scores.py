"""Scores: the long table of a detector's answers. Every other output derives from it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from empdetect.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "recording": "Name of the recording.",
    "participant": "Name of the person the score is about.",
    "start": "Start of the window on the recording's clock, in seconds; n/a if the recording has no clock.",
    "end": "End of the window on the recording's clock, in seconds; n/a if the recording has no clock.",
    "measure": "What is scored: a target of the detector's task, or target=class for a class probability.",
    "score": "The calibrated score; n/a if the window could not be scored.",
    "low": "Lower end of the 90% interval; n/a if the detector is not calibrated.",
    "high": "Upper end of the 90% interval; n/a if the detector is not calibrated.",
    "quality": "Mean signal quality of the modalities the detector reads, 0 (nothing there) to 1.",
    "modalities": "Modalities that were there, each with its signal quality, as in audio:0.98 text:1.00.",
    "reason": "Why there is no score; n/a if there is one.",
}
"""Columns of the table and what they mean."""

NUMBERS = ("start", "end", "score", "low", "high", "quality")


@dataclass(frozen=True)
class Scores:
    """The long table: one row per recording, participant, window and measure.

    Args:
        table: data frame with the columns of ``COLUMNS``; numbers are NaN and texts empty where there is nothing.
        about: what was scored with what: detector, task, settings; goes into the sidecar.
    """

    table: "pd.DataFrame"
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], about: Mapping[str, Any] | None = None) -> "Scores":
        """Scores of rows that name the columns; columns left out are empty."""
        import pandas as pd

        table = pd.DataFrame(list(rows), columns=list(COLUMNS))
        return cls(_typed(table), dict(about or {}))

    def __len__(self) -> int:
        return len(self.table)

    def write(self, path: Path) -> Path:
        """Write the table as ``.tsv`` with its JSON sidecar, or all in one ``.json``.

        Raises:
            InputError: the ending is neither.
        """
        writers = {".tsv": self._write_tsv, ".json": self._write_json}
        if path.suffix not in writers:
            raise InputError(f"Writing scores to {path}: allowed endings are {', '.join(writers)}")
        path.parent.mkdir(parents=True, exist_ok=True)
        writers[path.suffix](path)
        return path

    @classmethod
    def read(cls, path: Path) -> "Scores":
        """Read a table that ``write`` wrote.

        Raises:
            InputError: the file is missing or not a Scores table.
        """
        import pandas as pd

        if not path.is_file():
            raise InputError(f"Reading scores: no file {path}")
        if path.suffix == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls.of(content["rows"], content["about"])
        table = pd.read_csv(path, sep="\t", na_values=["n/a"], keep_default_na=False, dtype=dict.fromkeys(TEXTS, str))
        if list(table.columns) != list(COLUMNS):
            raise InputError(f"Reading scores from {path}: the columns must be {', '.join(COLUMNS)}")
        sidecar = path.with_suffix(".json")
        about = json.loads(sidecar.read_text(encoding="utf-8"))["about"] if sidecar.is_file() else {}
        return cls(_typed(table), about)

    def _write_tsv(self, path: Path) -> None:
        table = self.table.copy()
        table[list(TEXTS)] = table[list(TEXTS)].replace("", None)
        table.to_csv(path, sep="\t", index=False, na_rep="n/a", float_format="%.6g")
        sidecar = {"about": dict(self.about), "columns": COLUMNS}
        path.with_suffix(".json").write_text(json.dumps(sidecar, indent=2) + "\n", encoding="utf-8")

    def _write_json(self, path: Path) -> None:
        rows = json.loads(self.table.to_json(orient="records", double_precision=6))
        content = {"about": dict(self.about), "columns": COLUMNS, "rows": rows}
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


TEXTS = tuple(name for name in COLUMNS if name not in NUMBERS)


def _typed(table: "pd.DataFrame") -> "pd.DataFrame":
    """Numbers as floats, texts as strings, empty texts as ''."""
    table = table.copy()
    for name in NUMBERS:
        table[name] = table[name].astype(float)
    for name in TEXTS:
        table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
    return table
