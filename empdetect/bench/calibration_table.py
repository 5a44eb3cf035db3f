"""The tables of ``docs/calibration.md``, made from what ``bench.calibration`` measured."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from empdetect.bench.results import read_results
from empdetect.bench.table import update_page

Report = Mapping[str, Any]


def calibration_table(reports: Mapping[str, Report]) -> str:
    """Markdown table of calibration and coverage: a line a target."""
    head = (
        "| configuration, target | cases, groups | ECE before → after | NLL | Brier | coverage of the 90% interval or "
        "label set, by group | the same, calibrated on the other folds | labels in a set | accuracy "
        "| frequency intervals that hold, own → other folds |\n|---|---|---|---|---|---|---|---|---|---|\n"
    )
    lines = [
        f"| {name}, {target} ({found['kind']}) | {found['own']['cases']}, {found['own']['groups']} "
        f"| {_change(found['own'], 'ece')} | {_change(found['own'], 'nll')} | {_change(found['own'], 'brier')} "
        f"| {' | '.join(_coverages(found))} |\n"
        for name, report in reports.items()
        for target, found in report["targets"].items()
    ]
    return head + "".join(lines)


def strangers_table(reports: Mapping[str, Report]) -> str:
    """Markdown table of strangers: a line a kind."""
    head = (
        "| configuration | input | AUROC | called doubtful | interval wider by | not scored |\n"
        "|---|---|---|---|---|---|\n"
    )
    lines = []
    for name, report in reports.items():
        for stream, kinds in report["novelty"]["strangers"].items():
            usual = report["novelty"]["own_data"].get(stream, {})
            lines.append(
                f"| {name} | own test segments ({stream}) | | {_share(usual.get('false_alarms'))} | 1.0 × | |\n"
            )
            lines += [_stranger(name, kind, found) for kind, found in kinds.items()]
    return head + "".join(lines)


def _stranger(name: str, kind: str, found: Report) -> str:
    auroc = "" if found.get("auroc") is None else f"{found['auroc']:.3f}"
    wider = "" if found.get("wider") is None else f"{found['wider']:.1f} ×"
    return (
        f"| {name} | {kind} | {auroc} | {_share(found.get('doubtful'))} | {wider} | {_share(found['not_scored'])} |\n"
    )


def _change(found: Report, name: str) -> str:
    before, after = found.get(f"{name}_before"), found.get(f"{name}_after")
    return "" if before is None or after is None else f"{before:.3f} → {after:.3f}"


def _coverages(found: Report) -> list[str]:
    """Coverage by group, of sets of classes and intervals of numbers; of classes also size, accuracy, frequencies."""
    own, other = found["own"], found.get("other_folds", {})
    if found["kind"] not in ("binary", "nominal"):
        return [_with_error(own, "coverage"), _with_error(other, "coverage"), "", "", ""]
    sizes = " → ".join(f"{part['set_size']:.2f}" for part in (own, other) if "set_size" in part)
    accuracy = f"{own['accuracy']:.1%}" if "accuracy" in own else ""
    held = " → ".join(_with_error(part, "coverage") for part in (own, other) if part)
    return [_with_error(own, "set_coverage"), _with_error(other, "set_coverage"), sizes, accuracy, held]


def _with_error(found: Report, name: str) -> str:
    if found.get(name) is None:
        return ""
    error = found.get(f"{name}_error")
    return f"{found[name]:.1%}" + ("" if error is None else f" ± {error:.1%}")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


if __name__ == "__main__":
    page, measured = Path("docs/calibration.md"), read_results(Path("docs/results/calibration.json"))
    update_page(page, "calibration", calibration_table(measured))
    update_page(page, "strangers", strangers_table(measured))
    sys.stdout.write(f"{page}\n")
