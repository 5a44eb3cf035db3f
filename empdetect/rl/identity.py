"""What makes a run the run it is: its settings, and the files that they name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from empdetect.components import class_path
from empdetect.rl.users.endpoint import Endpoint
from empdetect.streams.files import file_fingerprint, fingerprint

REACHED = (
    "base_url", "key_variable", "timeout", "attempts", "longest_wait", "shortest_wait", "concurrency",
    "prompt_price", "completion_price",
)  # fmt: skip
"""How an endpoint is reached and what it costs: the same model may come back at another address."""
FREE = ("out", "accelerator", "record")
"""Where a run lies, on what it runs and what it keeps: it may go on with others."""


def identity_of(settings: str) -> str:
    """The settings as text, with a fingerprint of each file and folder that one of them names.

    How long a run goes on, how its endpoints are ``REACHED`` and what is in ``FREE`` are left out. A profile or a
    detector that was changed in the meantime makes another run, although its path is the same.

    Args:
        settings: all settings of a run, as YAML.
    """
    told: dict[str, Any] = yaml.safe_load(settings)
    for name in FREE:
        told.pop(name, None)
    told["trainer"].pop("steps", None)
    told = however_reached(told)
    files = {value: _content(Path(value)) for value in sorted(set(_texts(told))) if _names_something(value)}
    return str(yaml.safe_dump({**told, "files": files} if files else told))


def however_reached(told: Any) -> Any:
    """Nested lists and dictionaries in which no ``Endpoint`` says how it is ``REACHED``."""
    if isinstance(told, list):
        return [however_reached(value) for value in told]
    if not isinstance(told, dict):
        return told
    if told.get("class_path") == class_path(Endpoint):
        arguments = told.get("init_args") or {}
        told = {**told, "init_args": {name: value for name, value in arguments.items() if name not in REACHED}}
    return {name: however_reached(value) for name, value in told.items()}


def _texts(told: Any) -> Iterator[str]:
    """All texts in nested lists and dictionaries."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict | list):
        for value in told.values() if isinstance(told, dict) else told:
            yield from _texts(value)


def _names_something(value: str) -> bool:
    """Whether a text is the path of a file, or of a folder with a slash: the name of a detector in the box is none."""
    if "\n" in value or len(value) >= 1000:
        return False
    return Path(value).is_file() or ("/" in value and Path(value).exists())


def _content(path: Path) -> str:
    files = [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())
    return fingerprint(*(part for file in files for part in (str(file.relative_to(path)), file_fingerprint(file))))
