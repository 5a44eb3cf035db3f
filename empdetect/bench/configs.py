"""Finding and cutting down the configurations that a benchmark trains."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from empdetect.errors import InputError


def read_config(name: str) -> dict[str, Any]:
    """A configuration of ``configs/`` by name, or any by path.

    Raises:
        InputError: there is none, or it is not YAML.
    """
    import yaml

    path = find_config(name)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"Reading the configuration {path}: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise InputError(f"Reading the configuration {path}: it holds no keys")
    return content


def find_config(name: str) -> Path:
    """Path of a configuration: as given, or below ``configs`` of the package or its checkout.

    Raises:
        InputError: there is none.
    """
    package = Path(__file__).resolve().parents[1]
    places = [Path(name), *(folder / "configs" / f"{name}.yaml" for folder in (package, package.parent))]
    for path in places:
        if path.is_file():
            return path
    raise InputError(f"Looking for the configuration '{name}': no file {places[-1]}; give a path to one")


def only_modalities(content: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """A configuration that reads some of its modalities; all of them if none is named.

    Raises:
        InputError: it does not read one that is named.
    """
    if not kept:
        return dict(content)
    data, model = dict(content["data"]), dict(content["model"])
    missing = [name for name in kept if name not in model["encoders"]]
    if missing:
        raise InputError(f"Training with {', '.join(kept)} alone: the configuration has no encoder {missing[0]}")
    arguments = dict(data["init_args"])
    arguments["features"] = {name: arguments["features"][name] for name in kept}
    model["encoders"] = {name: model["encoders"][name] for name in kept}
    if len(kept) == 1:
        model["modality_dropout"] = 0.0
    return {**content, "data": {**data, "init_args": arguments}, "model": model}
