"""BIDS: scores as a derivative data set, one ``_events.tsv`` with its ``.json`` a recording.

Names follow the standard's ``beh`` folder and its ``desc`` entity. The proposals for audio and video (BEP047) and
for annotations (BEP044) are not decided: these names are provisional.
"""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from empdetect.scores import COLUMNS, Scores, writing

BIDS_VERSION = "1.10.0"
ENTITIES = ("sub", "ses", "task", "acq", "run")
"""Entities of a recording's name that are passed on, in the order of the standard."""

EVENTS = tuple(name for name in COLUMNS if name not in ("recording", "start", "end"))


def write_events(scores: Scores, path: Path) -> Path | None:
    """Write the scores of one recording as events of a derivative data set; None if no window has times.

    Args:
        scores: of the recording.
        path: of the ``.tsv``, as ``events_paths`` gives it, in the folder of the data set.

    Raises:
        InputError: the files cannot be written.
    """
    timed = scores.table[scores.table["start"].notna() & scores.table["end"].notna()].sort_values(
        ["start", "end"], kind="stable"
    )
    if timed.empty:
        return None
    table = timed[list(EVENTS)].copy()
    table.insert(0, "onset", timed["start"])
    table.insert(1, "duration", (timed["end"] - timed["start"]).round(6))
    texts = table.select_dtypes(exclude="number").columns
    table[texts] = table[texts].replace("", None)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, sep="\t", index=False, na_rep="n/a", quoting=3, lineterminator="\n")
        _write_json(path.with_suffix(".json"), _sidecar(scores))
    return path


def write_description(folder: Path) -> Path:
    """Write what the data set is: ``dataset_description.json`` and a README.

    Raises:
        InputError: the files cannot be written.
    """
    path = folder / "dataset_description.json"
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(
            path,
            {
                "Name": "Scores of empdetect",
                "BIDSVersion": BIDS_VERSION,
                "DatasetType": "derivative",
                "GeneratedBy": [{"Name": "empdetect", "Version": version("empdetect")}],
            },
        )
        (folder / "README").write_text(
            "Scores of recordings by empdetect: one row a window, participant and measure.\n", encoding="utf-8"
        )
    return path


def events_paths(names: Sequence[str]) -> dict[str, Path]:
    """Where the events of recordings lie in the data set, by the recording's name; no two in one place.

    Entities of a name that follows BIDS are kept. Any other name becomes the subject, each byte of it that a label
    cannot hold written as ``x`` and two digits; so does one whose entities another recording has.
    """
    found: dict[str, Path] = {}
    taken: set[str] = set()
    for name in names:
        entities = _entities(name.rpartition("/")[2])
        path = _events_path(entities if "sub" in entities else {"sub": _label(name)})
        if str(path).casefold() in taken:
            path = _events_path({"sub": _label(name)})
        taken.add(str(path).casefold())
        found[name] = path
    return found


def _events_path(entities: Mapping[str, str]) -> Path:
    session = [f"ses-{entities['ses']}"] if "ses" in entities else []
    stem = "_".join(f"{key}-{entities[key]}" for key in ENTITIES if key in entities)
    if "task" not in entities:
        stem += "_task-recorded"
    return Path(f"sub-{entities['sub']}", *session, "beh", f"{stem}_desc-empdetect_events.tsv")


def _entities(stem: str) -> dict[str, str]:
    """Entities of a name such as ``sub-01_task-talk``; none unless all of it is made of them."""
    parts = [re.fullmatch(r"([a-z]+)-([0-9a-zA-Z]+)", part) for part in stem.split("_")]
    pairs = [(part[1], part[2]) for part in parts if part is not None]
    whole = len(pairs) == len(parts) and all(key in ENTITIES for key, _ in pairs)
    in_order = [key for key in ENTITIES if key in dict(pairs)] == [key for key, _ in pairs]
    return dict(pairs) if whole and in_order else {}


def _label(name: str) -> str:
    plain = "abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return "".join(chr(byte) if chr(byte) in plain else f"x{byte:02X}" for byte in name.encode())


def _sidecar(scores: Scores) -> dict[str, Any]:
    about = {
        "onset": {"LongName": "Start of the window", "Description": COLUMNS["start"], "Units": "s"},
        "duration": {"LongName": "Length of the window", "Description": "End less start of the window.", "Units": "s"},
    }
    about |= {name: {"Description": COLUMNS[name]} for name in EVENTS}
    meaning = {key: value for key, value in scores.about.items() if key in ("detector", "fingerprint", "intervals")}
    return {**about, "GeneratedBy": json.loads(json.dumps(meaning, default=str))}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
