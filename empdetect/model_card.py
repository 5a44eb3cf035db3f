"""The model card: what a detector is, what it was trained on, how well it does and what it must not be used for."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from empdetect.features.base import Extractor, Origin
from empdetect.task import Target, Task

LIMITS = (
    "A score says how much a recording resembles those that raters gave this label, in the data the detector was "
    "trained on. It is not a diagnosis and not a measurement of what a person feels. It must not be used for "
    "decisions about a person: hiring, grading, credit, insurance, policing or care."
)


MINILM = "sentence-transformers/all-MiniLM-L6-v2"
"""What the embedded text model is published as."""


def model_card(task: Task, features: Mapping[str, Extractor], facts: Mapping[str, Any]) -> str:
    """Model card in Markdown with the Hugging Face head.

    Args:
        task: what the detector answers.
        features: its extractors by modality.
        facts: name, data, licence, metrics, versions, as in ``metrics.json``; ``origins`` of adapters behind it;
            ``limits``, sentences on what is known to fail.
    """
    embedded = any(getattr(extractor, "model", None) == "minilm" for extractor in features.values())
    head = {
        **({"language": "en", "base_model": MINILM} if embedded else {}),
        "library_name": "empdetect",
        "license": "other",
        "license_name": " ".join([facts.get("licence") or "unknown", *_bound_by(facts.get("origins", ()))]),
        "tags": ["empathy", "affective-computing", task.construct, *sorted(features)],
    }
    sections = [
        f"---\n{yaml.safe_dump(head, sort_keys=False, width=1000)}---",
        f"# {facts.get('name', 'Detector')}",
        _intended_use(task, features),
        "## What a score is not\n\n" + LIMITS,
        _known_limits(facts.get("limits", ()), embedded),
        _training_data(facts),
        _evaluation(facts),
        _certainty(facts),
        "## Use\n\n```python\nfrom empdetect import Detector\n\n"
        'detector = Detector.from_pretrained("path/to/this/folder")\n```\n\n'
        "`empdetect score INPUT --detector path/to/this/folder -o OUT`",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _known_limits(limits: Sequence[str], embedded: bool) -> str:
    """What is known to fail, of this detector and of the text model it reads with; empty if nothing is."""
    language = f"It reads English, by {MINILM} (Apache-2.0), and knows no other language."
    found = [*limits, *([language] if embedded else [])]
    return "## Known limits\n\n" + "\n".join(f"- {limit}" for limit in found) if found else ""


def _intended_use(task: Task, features: Mapping[str, Extractor]) -> str:
    targets = "\n".join(f"- `{target.name}`: {_target_line(target)}" for target in task.targets)
    window = f"windows of {task.window:g} s" if task.window else f"one {task.unit}"
    return (
        f"## Intended use\n\nResearch on {task.construct} in {task.interaction} recordings ({task.direction}). "
        f"Reads {', '.join(sorted(features))}; answers about {window}:\n\n{targets}"
    )


def _target_line(target: Target) -> str:
    if target.kind == "binary":
        return "probability that the label is 1"
    if target.kind == "nominal":
        return f"probability of each of {', '.join(target.classes)}"
    low, high = target.limits
    return f"{target.kind}, from {low:g} to {high:g}"


def _training_data(facts: Mapping[str, Any]) -> str:
    return (
        "## Training data\n\n"
        f"{facts.get('data') or 'Not stated.'}\n\n"
        f"Licence of the data: {(facts.get('licence') or 'not stated').rstrip('.')}. "
        "The people in it are few and come from few places: expect other results for other ages, languages, "
        f"cultures, cameras and microphones.{_origins(facts.get('origins', ()))}{_kept(facts.get('kept_segments', 0))}"
        f"{_heads(facts.get('heads', {}))}"
    )


def _bound_by(origins: Sequence[Origin]) -> list[str]:
    """``[adapter] licence`` of all that adapters learned from."""
    return [f"[{origin.weights}] {origin.licence or 'not stated'}" for origin in origins]


def _origins(origins: Sequence[Origin]) -> str:
    """A line for each set that adapters behind the features learned from."""
    if not origins:
        return ""
    lines = "\n".join(
        f"- `{origin.weights}` ({origin.licence or 'licence not stated'}): {origin.data or 'not stated'}"
        for origin in origins
    )
    return f"\n\nWhat it sees of a text comes from a network with an adapter, which learned from more:\n\n{lines}"


def _kept(segments: int) -> str:
    """A warning where the folder holds what the training segments look like."""
    if not segments:
        return ""
    return (
        f"\n\nThis detector compares a recording with its {segments} training segments and keeps a vector of each: who "
        "has this folder can tell whether a recording was among them. Share it only where the data may be shared."
    )


def _heads(heads: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each target: what its head was trained on."""
    if not heads:
        return ""
    rows = "\n".join(
        f"| `{name}` | {_in_table(head['data'])} | {_in_table(head['licence'])} "
        f"| {head['segments']} | {head['groups']} | `{head['fingerprint'][:12]}` |"
        for name, head in heads.items()
    )
    return (
        "\n\nWhat each head was trained on:\n\n| target | data | licence | segments | groups | fingerprint |\n"
        f"| --- | --- | --- | --- | --- | --- |\n{rows}"
    )


def _certainty(facts: Mapping[str, Any]) -> str:
    """Calibration, coverage and false alarms on the test split; empty if they were not measured."""
    figures: Mapping[str, Mapping[str, Any]] = facts.get("calibration", {})
    if not figures:
        return ""
    rows = "\n".join(_certainty_row(name, found) for name, found in figures.items())
    return (
        "## How sure it is\n\nOn test segments, which had no say in the calibration. ECE: expected calibration error "
        "of the top probability in 15 equal bins. Coverage: how often the 90% interval or, of classes, the "
        "90% set of labels held the label, mean over groups; frequency: how often the 90% interval of a probability "
        "held the frequency of the label among segments of like score; ± is one standard error.\n\n"
        "| target | calibrated on | ECE before | after | NLL before | after | coverage | frequency |\n"
        f"| --- | --- | --- | --- | --- | --- | --- | --- |\n{rows}{_alarms(facts.get('novelty', {}))}"
    )


def _certainty_row(name: str, found: Mapping[str, Any]) -> str:
    fitted = found["fitted_on"]
    how = f"{fitted['cases']} segments of {fitted['groups']} groups" + (f", {m}" if (m := found["method"]) else "")
    intervals, sets = _with_error(found, "coverage"), _with_error(found, "set_coverage")
    # Intervals of probabilities are held against the frequency of the label, which is counted in bins.
    coverage = f"{sets} | {intervals}" if "bins" in found else f"{intervals} | "
    values = [found.get(f"{key}_{when}") for key in ("ece", "nll") for when in ("before", "after")]
    return f"| `{name}` | {how} | {' | '.join(figure(value) for value in values)} | {coverage} |"


def _with_error(found: Mapping[str, Any], name: str) -> str:
    if name not in found:
        return ""
    error = found.get(f"{name}_error")
    return figure(found[name]) + ("" if error is None else f" ± {error:.3f}")


def _alarms(novelty: Mapping[str, Mapping[str, float]]) -> str:
    if not novelty:
        return ""
    shares = ", ".join(f"{name} {found['false_alarms']:.1%}" for name, found in novelty.items())
    return (
        "\n\nAn input unlike the training data widens the interval, lowers the quality and is called doubtful. "
        f"Test segments of the detector's own data that are called so: {shares}."
    )


def _evaluation(facts: Mapping[str, Any]) -> str:
    test: Mapping[str, float | None] = facts.get("test", {})
    majority: Mapping[str, float | None] = facts.get("majority", {})
    if not test:
        return "## Evaluation\n\nNot evaluated."
    rows = "\n".join(f"| {name} | {figure(value)} | {figure(majority.get(name))} |" for name, value in test.items())
    table = f"| metric | detector | majority class |\n| --- | --- | --- |\n{rows}"
    return f"## Evaluation\n\n{facts.get('splits', '')}\n\n{table}"


def _in_table(text: str) -> str:
    return text.replace("|", "/") or "not stated"


def figure(value: float | None) -> str:
    """A figure with three digits; empty where it is not defined."""
    return "" if value is None or not math.isfinite(value) else f"{value:.3f}"
