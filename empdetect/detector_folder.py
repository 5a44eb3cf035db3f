"""A detector on disk: a folder of plain files that can be read without running its author's code."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from empdetect.components import OWN, build, constructor_arguments, describe
from empdetect.errors import InputError
from empdetect.features.base import Extractor, Origin
from empdetect.features.text import WEIGHTS as WEIGHTS_FOLDER
from empdetect.features.text import adapter_origins
from empdetect.model_card import LIMITS, model_card
from empdetect.models.calibration import Calibration
from empdetect.models.cross_person import CrossPersonAttention
from empdetect.models.encoders.base import Encoder
from empdetect.models.ensemble import Ensemble
from empdetect.models.kernel import KernelMachine
from empdetect.models.network import DetectorNetwork
from empdetect.models.novelty import Novelty
from empdetect.scores import writing
from empdetect.task import Task

CONFIG, WEIGHTS, CALIBRATION, METRICS, CARD = (
    "config.yaml",
    "model.safetensors",
    "calibration.json",
    "metrics.json",
    "README.md",
)
NOVELTY = "novelty/"
"""Before the names of the arrays, among the weights, that say what the training inputs look like."""
KEPT = "kernel_heads.vectors"
"""How the names of the arrays end that hold one row a training segment."""
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".npy")
FORMAT = 1
"""Raised when the files change so that older versions cannot read them."""

__all__ = ["LIMITS", "Parts", "locate", "origins", "packaged_table", "push", "read", "write"]


@dataclass(frozen=True)
class Parts:
    """What a detector consists of.

    Args:
        module: the trained model, or several as one.
        features: extractors by modality.
        calibration: or None.
        facts: what ``metrics.json`` holds.
        novelty: or None; it lies with the weights.
    """

    module: DetectorNetwork | Ensemble
    features: Mapping[str, Extractor]
    calibration: Calibration | None
    facts: Mapping[str, Any]
    novelty: Novelty | None = None


def write(folder: Path, parts: Parts, half: bool = False) -> Path:
    """Write a detector's folder; files of an older detector in it are replaced.

    Args:
        folder: where to.
        parts: what to write.
        half: keep matrices in half precision, which takes about half the space; they are read as single precision
            again. Vectors stay as they are: means and scales of features may need all digits.

    Raises:
        InputError: it cannot be written, or a weight is too large for half precision.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, parts, half)
    return folder


def _write(folder: Path, parts: Parts, half: bool) -> None:
    left_out = parts.module.rebuilt()
    kept = {name: tensor for name, tensor in parts.module.state_dict().items() if name not in left_out}
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in kept.items()}
    if half:
        state = {name: _halved(name, tensor) for name, tensor in state.items()}
    if parts.novelty is not None:
        state |= {
            NOVELTY + name: torch.from_numpy(array).contiguous() for name, array in parts.novelty.arrays().items()
        }
    # Not ``save_file``: its files can be read by their owner alone, and a detector is made to be shared.
    (folder / WEIGHTS).write_bytes(save(state))
    config = {
        "format": FORMAT,
        "task": parts.module.task.to_dict(),
        "features": {name: describe(extractor) for name, extractor in parts.features.items()},
        "model": _module_arguments(parts.module),
        "heads": dict(parts.facts.get("heads", {})),
        "weights": {"file": WEIGHTS, "sha256": _sha256(folder / WEIGHTS)},
    }
    (folder / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    _write_json(folder / METRICS, _defined(parts.facts))
    _write_json(folder / CALIBRATION, parts.calibration.to_dict() if parts.calibration else {})
    facts = {
        **parts.facts,
        "kept_segments": sum(len(state[name]) for name in state if name.endswith(KEPT)),
        "origins": origins(parts.module, parts.features),
    }
    (folder / CARD).write_text(model_card(parts.module.task, parts.features, facts), encoding="utf-8")


def _halved(name: str, tensor: Tensor) -> Tensor:
    if tensor.dtype != torch.float32 or tensor.ndim < 2:
        return tensor
    halved = tensor.half()
    if bool((halved.isinf() & tensor.isfinite()).any()):
        raise InputError(f"Saving a detector in half precision: '{name}' goes beyond 65,504; save it in single")
    # One NaN for all: the bits of a converted one vary, and the same detector is to be the same file.
    return torch.where(halved.isnan(), torch.tensor(torch.nan, dtype=torch.half), halved)


def origins(module: DetectorNetwork | Ensemble, features: Mapping[str, Extractor]) -> list[Origin]:
    """What adapters behind the features, and those that encoders started from, learned from; each once."""
    encoders = [each for each in module.modules() if isinstance(each, Encoder)]
    found = [origin for extractor in features.values() for origin in extractor.learned_from()]
    return list(dict.fromkeys([*found, *(origin for encoder in encoders for origin in encoder.learned_from())]))


def read(folder: Path, trusted: Sequence[str] = OWN) -> Parts:
    """Read a detector's folder.

    Raises:
        InputError: it is not a detector, holds a pickle, was tampered with, or names a class
            outside the trusted packages.
    """
    _refuse_pickles(folder)
    config = _read_config(folder)
    try:
        return _parts(folder, config, trusted)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # what plain but strange content leads to
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"Loading the detector {folder}: it does not describe a detector ({reason[:200]}); "
            "get the folder again from its author"
        ) from None


def _parts(folder: Path, config: Mapping[str, Any], trusted: Sequence[str]) -> Parts:
    found = _sha256(folder / WEIGHTS)
    if found != config["weights"]["sha256"]:
        raise InputError(
            f"Loading the detector {folder}: {WEIGHTS} is not the file that was saved (its SHA-256 differs from "
            f"{CONFIG}); get the folder again from its author"
        )
    features = {name: build(spec, Extractor, trusted) for name, spec in config["features"].items()}
    module = _build_module(Task.from_dict(config["task"]), config["model"], trusted)
    try:
        state = load_file(folder / WEIGHTS)
        arrays = {name: state.pop(name).numpy() for name in sorted(state) if name.startswith(NOVELTY)}
        _load_weights(module, state)
    except (SafetensorError, RuntimeError) as error:
        raise InputError(
            f"Loading the detector {folder}: {WEIGHTS} does not fit {CONFIG} ({str(error).splitlines()[0]})"
        ) from None
    calibration = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    facts = dict(json.loads((folder / METRICS).read_text(encoding="utf-8")))
    novelty = Novelty.from_arrays({name.removeprefix(NOVELTY): array for name, array in arrays.items()})
    fitted = Calibration.from_dict(calibration) if calibration else None
    return Parts(module, features, fitted, facts, novelty if arrays else None)


def locate(name: str | Path) -> Path:
    """The folder of a detector: a local one, one in the package (``text-empathy``), or a hub name to be downloaded.

    Raises:
        InputError: there is neither.
    """
    folder = Path(name)
    if folder.is_dir():
        return folder
    if (WEIGHTS_FOLDER / str(name) / CONFIG).is_file():
        return WEIGHTS_FOLDER / str(name)
    if str(name).count("/") != 1 or str(name).startswith((".", "/")):
        raise InputError(
            f"Loading the detector '{name}': no such folder; give one, 'text-empathy', or a hub name like owner/name"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        wanted = [CONFIG, WEIGHTS, CALIBRATION, METRICS, CARD]
        return Path(snapshot_download(str(name), allow_patterns=wanted))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"Loading the detector '{name}': no such folder, and the hub says: {reason}") from None


def packaged_table() -> str:
    """The detectors in the package, a paragraph each: what it answers about what, and what it learned from."""
    folders = sorted(path.parent for path in WEIGHTS_FOLDER.glob(f"*/{CONFIG}"))
    return "\n\n".join(map(_paragraph, folders))


def _paragraph(folder: Path) -> str:
    config = _read_config(folder)
    facts = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    task, size = config["task"], sum(path.stat().st_size for path in folder.iterdir())
    about = {
        "reads": ", ".join(config["features"]),
        "answers": f"about each {task['unit']}: {', '.join(target['name'] for target in task['targets'])}",
        "learned from": facts.get("data"),
        "licences": facts.get("licence"),
        "with the adapter": "; ".join(_adapters(config["features"])),
        "size": f"{size / 1e6:.1f} MB",
    }
    return "\n".join([folder.name, *(f"  {name}: {told}" for name, told in about.items() if told)])


def _adapters(features: Mapping[str, Any]) -> list[str]:
    """Adapters that a configuration's extractors name, and what they learned from."""
    named = {spec["init_args"].get("adapter") for spec in features.values()} - {None}
    found = [origin for adapter in sorted(named) for origin in adapter_origins(adapter)]
    return [f"{origin.weights}: {origin.data} ({origin.licence})" for origin in found]


def push(parts: Parts, name: str, private: bool, token: str | None) -> str:
    """Upload a detector to the hub and return its address.

    Raises:
        InputError: its card names no training data.
    """
    from tempfile import TemporaryDirectory

    from huggingface_hub import HfApi

    if not parts.facts.get("data"):
        raise InputError(f"Publishing '{name}': the card names no training data; set facts['data'] and ['licence']")
    api = HfApi(token=token)
    with TemporaryDirectory() as folder:
        write(Path(folder), parts)
        address = str(api.create_repo(name, private=private, exist_ok=True))
        api.upload_folder(repo_id=name, folder_path=folder)
    return address


def _load_weights(module: DetectorNetwork | Ensemble, state: Mapping[str, Tensor]) -> None:
    """Load weights that may leave out only what building the module has restored; RuntimeError if they do not fit."""
    lacking = sorted(set(module.state_dict()) - set(state) - module.rebuilt())
    if lacking:
        raise RuntimeError(f"it lacks {', '.join(lacking[:3])}")
    unknown = module.load_state_dict(state, strict=False).unexpected_keys
    if unknown:
        raise RuntimeError(f"it holds {', '.join(sorted(unknown)[:3])}")


def _module_arguments(module: DetectorNetwork | Ensemble) -> dict[str, Any]:
    """Arguments of the module, encoders described; the task has a place of its own. Of an ensemble, each member's."""
    if isinstance(module, Ensemble):
        return {"members": [_module_arguments(member) for member in module.members]}
    names = [name for name in constructor_arguments(DetectorNetwork) if name not in ("task", "encoders")]
    encoders = {name: describe(module.encoders[name]) for name in module.modalities}
    given = {name: getattr(module, name) for name in names}
    given |= {name: describe(given[name]) for name in ("kernel", "cross") if given[name] is not None}
    return {"encoders": encoders, **given}


def _build_module(task: Task, arguments: Mapping[str, Any], trusted: Sequence[str]) -> DetectorNetwork | Ensemble:
    if "members" in arguments:
        return Ensemble([_build_member(task, member, trusted) for member in arguments["members"]])
    return _build_member(task, arguments, trusted)


def _build_member(task: Task, arguments: Mapping[str, Any], trusted: Sequence[str]) -> DetectorNetwork:
    encoders = {name: build(spec, Encoder, trusted) for name, spec in arguments["encoders"].items()}
    others = {name: value for name, value in arguments.items() if name != "encoders"}
    if others.get("kernel") is not None:
        others["kernel"] = build(others["kernel"], KernelMachine, trusted)
    if others.get("cross") is not None:
        others["cross"] = build(others["cross"], CrossPersonAttention, trusted)
    return DetectorNetwork(task, encoders, **others)


def _read_config(folder: Path) -> dict[str, Any]:
    missing = [name for name in (CONFIG, WEIGHTS, CALIBRATION, METRICS) if not (folder / name).is_file()]
    if missing:
        raise InputError(f"Loading the detector {folder}: it lacks {', '.join(missing)}; `empdetect fit` writes them")
    try:
        config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"Loading the detector {folder}: {CONFIG} is not plain YAML ({reason})") from None
    needed = ("format", "task", "features", "model", "weights")
    if not isinstance(config, dict) or any(key not in config for key in needed):
        raise InputError(f"Loading the detector {folder}: {CONFIG} must hold {', '.join(needed)}")
    if config["format"] != FORMAT:
        raise InputError(
            f"Loading the detector {folder}: format {config['format']}, this version reads {FORMAT}; train it again"
        )
    return config


def _refuse_pickles(folder: Path) -> None:
    pickles = [path.name for path in folder.iterdir() if path.suffix.lower() in PICKLES]
    if pickles:
        raise InputError(
            f"Loading the detector {folder}: it holds {', '.join(sorted(pickles))}, which can run code when loaded; "
            "a detector has only plain files: delete it if you trust the rest"
        )


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _defined(value: Any) -> Any:
    """The value with None in the place of figures that are not defined: JSON knows no NaN."""
    if isinstance(value, Mapping):
        return {name: _defined(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
