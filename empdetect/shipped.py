"""How the weights that come with the package are made: only data whose licence allows it has a part in them.

``empdetect fit --config configs/text_emotions.yaml``, then ``python -m empdetect.shipped adapter RUN/detector``;
``empdetect fit --config configs/text_empathy.yaml``, then ``python -m empdetect.shipped detector RUN/detector``;
``empdetect fit --config configs/text_reward.yaml``, then ``python -m empdetect.shipped reward RUN/detector``;
``empdetect fit --config configs/text_ngrams.yaml``, then ``python -m empdetect.shipped ngrams RUN/detector``;
``empdetect fit --config configs/simulated_dyads.yaml``, then ``python -m empdetect.shipped dyads RUN/detector``.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from empdetect.detector import Detector
from empdetect.detector_folder import origins
from empdetect.errors import InputError
from empdetect.features.text import ORIGINS, WEIGHTS
from empdetect.model_card import MINILM
from empdetect.models.encoders.text import TransformerTextEncoder
from empdetect.models.kernel_heads import KernelHeads

LARGEST = 5_000_000
"""Bytes that a detector or an adapter in the package may take."""

FREE = ("CC0", "CC BY 4.0", "MIT", "Apache-2.0")
"""Licences under which what was learned from data may be passed on."""

FOLDERS = {
    "adapter": "emotions",
    "detector": "text-empathy",
    "reward": "text-reward",
    "ngrams": "text-ngrams",
    "dyads": "dyads",
}
"""By what is shipped, its folder among the package's weights."""

WRITERS = (
    "What writers themselves feel it tells weakly (Pearson's r below, of 38 writers), and it learned that from essays: "
    "a short utterance is beyond these two heads"
)
KNOWN_LIMITS = {
    "text-empathy": (
        f"{WRITERS}.",
        "Assistance, reappraisal and self-disclosure are rare: it never finds one of them likelier than not.",
        "Its probability of emotional expression is too low where that is frequent: in its data it was rare.",
    ),
    "text-reward": (f"{WRITERS} and may get the end of the scale.", "Of assistance and reappraisal it tells nothing."),
    "text-ngrams": (
        f"{WRITERS} and may get the end of the scale.",
        "Tactics it tells less well than text-empathy. It goes by English words and characters.",
    ),
    "simulated_dyads": ("It learned from simulated signals alone.",),
}
"""By name of a detector in the package, what its card tells of its limits."""


def ship_adapter(folder: Path, out: Path) -> Path:
    """Write the adapter of a detector's text encoder as PEFT does, with the detector's card and the list of its data.

    Raises:
        InputError: the detector has no adapter, its data may not be passed on, or it is too large.
    """
    detector = Detector.from_pretrained(folder, device="cpu")
    _check_licence(folder, detector)
    encoder = dict(detector.module.named_modules()).get("encoders.text")
    if not isinstance(encoder, TransformerTextEncoder) or encoder.adapter_rank is None:
        raise InputError(f"Shipping the adapter of {folder}: it has none; train with 'adapter_rank'")
    network: Any = encoder.backbone
    # Where MiniLM lay on the machine of the training says nothing to others.
    network.peft_config["default"].base_model_name_or_path = MINILM
    network.save_pretrained(str(out), save_embedding_layers=False)
    card = adapter_card((folder / "README.md").read_text(encoding="utf-8"), out.name)
    (out / "README.md").write_text(card, encoding="utf-8")
    (out / ORIGINS).write_text(yaml.safe_dump(_origins_of(detector), sort_keys=False, width=1000), encoding="utf-8")
    return _checked(out)


def adapter_card(card: str, name: str) -> str:
    """The card of the detector that an adapter was trained in, as the adapter's: what it says of use is changed."""
    return card.partition("## Use\n")[0] + (
        "## Use\n\nThis folder holds the adapter alone. The heads above, by which it learned and was measured, are not "
        "in it.\n\n```python\nfrom empdetect.features.text import TextEmbeddings\n\n"
        f'features = TextEmbeddings(adapter="{name}")\n```\n'
    )


def ship_detector(folder: Path, out: Path) -> Path:
    """Copy a detector into the package; one whose heads keep training segments in half precision, to be small.

    Raises:
        InputError: its data may not be passed on, or it is too large.
    """
    detector = Detector.from_pretrained(folder, device="cpu")
    _check_licence(folder, detector)
    detector.facts["limits"] = list(KNOWN_LIMITS.get(str(detector.facts.get("name")), ()))
    keeps = any(isinstance(each, KernelHeads) for each in detector.module.modules())
    return _checked(detector.save_pretrained(out, half=keeps))


def _origins_of(detector: Detector) -> list[dict[str, str]]:
    """Each set that a detector's heads, and adapters before them, learned from, once: what its adapter learned from."""
    heads = [(str(head["data"]), str(head["licence"])) for head in detector.heads.values()]
    before = [(origin.data, origin.licence) for origin in origins(detector.module, detector.features)]
    return [{"data": data, "licence": licence} for data, licence in dict.fromkeys((*heads, *before))]


def _check_licence(folder: Path, detector: Detector) -> None:
    """The data of every head, and of adapters behind it, must be free: what was learned from others is not shipped."""
    bound = {each["licence"] or "unknown terms" for each in _origins_of(detector) if each["licence"] not in FREE}
    if bound or not detector.heads:
        raise InputError(
            f"Shipping {folder}: it learned from data under '{', '.join(sorted(bound)) or 'unknown terms'}'; "
            f"only {', '.join(FREE)} may be passed on"
        )


def _checked(folder: Path) -> Path:
    for path in folder.iterdir():
        path.chmod(0o644)
    size = sum(path.stat().st_size for path in folder.iterdir())
    if size > LARGEST:
        raise InputError(f"Shipping {folder}: {size / 1e6:.1f} MB, at most {LARGEST / 1e6:g} are allowed")
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = argparse.ArgumentParser("python -m empdetect.shipped", description=__doc__)
    parser.add_argument("what", choices=list(FOLDERS))
    parser.add_argument("folder", type=Path, metavar="DETECTOR", help="folder of a trained detector")
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="default: the package's own folder of weights")
    parsed = parser.parse_args(arguments)
    ship = ship_adapter if parsed.what == "adapter" else ship_detector
    try:
        print(ship(parsed.folder, parsed.out or WEIGHTS / FOLDERS[parsed.what]))  # noqa: T201
    except InputError as error:
        print(f"empdetect: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
