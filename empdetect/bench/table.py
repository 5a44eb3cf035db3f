"""The table of results: on the terminal, and as Markdown.

``python -m empdetect.bench.table`` puts the headlines of the results in ``docs/results`` into ``README.md``, and all
of them into ``docs/bench.md`` with the protocols.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from empdetect.bench.results import read_results
from empdetect.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

Report = Mapping[str, Any]

WIDE = 180
"""Characters of a line where there is no terminal to ask."""


def terminal_table(reports: Mapping[str, Report], failures: Mapping[str, str]) -> "Table":
    """One line a metric; benchmarks that did not run come last, with the reason.

    Args:
        reports: by benchmark.
        failures: why a benchmark did not run, by benchmark.
    """
    from rich.table import Table

    table = Table(title="95% intervals by group", title_justify="left", show_lines=True)
    for column in ("benchmark", "metric", "ours", "baselines", "floor", "published", "must / aim", "verdict"):
        table.add_column(column, overflow="fold")
    for name, report in reports.items():
        for place, line in enumerate(report["lines"]):
            head = f"{name}\n{_state(report)}" if place == 0 else ""
            table.add_row(head, *_cells(line, report, "\n"))
    for name, reason in failures.items():
        table.add_row(name, reason, *["n/a"] * 6)
    return table


def print_table(reports: Mapping[str, Report], failures: Mapping[str, str]) -> None:
    """Print the table; wide where stdout is no terminal, as files and pipes do not wrap."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDE)
    console.print(terminal_table(reports, failures))


def headlines_table(folder: Path) -> str:
    """Markdown table of the headline, and of what must be reached, of all files of results in a folder.

    Benchmarks without results come last: what was not measured is told, too.
    """
    from empdetect.bench.catalogue import benchmark_names

    head = (
        "| benchmark | metric | ours | best baseline (ours ahead by) | floor | published | must / aim | verdict "
        "| measured |\n"
    )
    rows = [
        f"| {report['title']} (`{name}`) | {line['metric']} | **{with_interval(line)}** | {_best_baseline(line)} "
        f"| {_figure(line['floor'], sources=False)} | {_figure(line['published'], sources=False)} | {_goals(line)} "
        f"| {line['verdict']} | {_measured(name, report)} |\n"
        for _, name, report in _reports(folder)
        for place, line in enumerate(report["lines"])
        if place == 0 or line["must"] is not None
    ]
    measured = {name for _, name, _ in _reports(folder)}
    rows += [f"| `{name}` |" + " |" * 7 + " not measured |\n" for name in benchmark_names() if name not in measured]
    return head + "|---" * 9 + "|\n" + "".join(rows)


def results_table(folder: Path) -> str:
    """Markdown table of all that was measured, of all files of results in a folder."""
    head = "| benchmark | metric | ours | baselines | floor | published | must / aim | verdict | measured |\n"
    return head + "|---" * 9 + "|\n" + "\n".join(_rows(folder)) + "\n"


def _reports(folder: Path) -> Iterator[tuple[Path, str, Report]]:
    """File, name and report of every benchmark in a folder of results; other files have pages of their own."""
    for path in sorted(folder.glob("*.json")):
        # Studies and the summary of the fuzzing have forms of their own.
        reports = read_results(path) if "benchmarks" in json.loads(path.read_text(encoding="utf-8")) else {}
        for name, report in reports.items():
            if "lines" in report:
                yield path, name, report


def _rows(folder: Path) -> Iterator[str]:
    for path, name, report in _reports(folder):
        link = f"[{report['title']}](results/{path.name})"
        for place, line in enumerate(report["lines"]):
            first = [f"{link}, `{name}`"] if place == 0 else [""]
            last = [_measured(name, report)] if place == 0 else [""]
            yield "| " + " | ".join([*first, *_cells(line, report, "; ", sources=True), *last]) + " |"


def _cells(line: Report, report: Report, between: str, sources: bool = False) -> Sequence[str]:
    """Metric, ours, baselines, floor, published, must and aim, verdict."""
    ours = with_interval(line)
    baselines = [f"{name} {with_interval(found)}" for name, found in line["baselines"].items()]
    baselines += [f"{name}: {reason}" for name, reason in report["missing"].items()]
    return (
        line["metric"],
        f"**{ours}**" if sources else ours,
        between.join(baselines),
        _figure(line["floor"], sources),
        _figure(line["published"], sources),
        _goals(line),
        line["verdict"],
    )


def _goals(line: Report) -> str:
    """``.67 / .70``; empty if there are none."""
    if line["must"] is None and line["aim"] is None:
        return ""
    return " / ".join("–" if line[goal] is None else _short(line[goal]).removesuffix("0") for goal in ("must", "aim"))


def _best_baseline(line: Report) -> str:
    """Name and figure of the best baseline of the same call, and by how much ours is ahead of it."""
    lead = line["ahead_of_best_baseline"]
    if lead is None or lead["value"] is None:
        return ""
    return f"{lead['baseline']} {_short(line['baselines'][lead['baseline']]['value'])} ({with_interval(lead)})"


def with_interval(found: Report) -> str:
    """``.654 [.631, .677]``, or the figure alone where there is no interval."""
    if found["value"] is None:
        return "n/a"
    if found["low"] is None:
        return _short(found["value"])
    return f"{_short(found['value'])} [{_short(found['low'])}, {_short(found['high'])}]"


def _figure(figure: Report | None, sources: bool) -> str:
    if figure is None:
        return ""
    return f"{_short(figure['value'])} ({figure['source']})" if sources else _short(figure["value"])


def _short(value: float) -> str:
    """Three digits without the leading 0, also behind a minus."""
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"


def _state(report: Report) -> str:
    """How much of it was run."""
    if report["fast"]:
        return "(fast: 1 fold)"
    seeds = len(report["seeds"])
    folds = f"{report['folds_done']} of {report['folds']} folds"
    return f"({folds}{f', median of {seeds} seeds' if seeds > 1 else ''})"


def _measured(name: str, report: Report) -> str:
    """Date, machine and how much was run."""
    from empdetect.bench.catalogue import benchmark_names, load_benchmark

    there = report["machine"]
    where = there["gpu"] or f"{there['cpus']} CPU cores"
    seeds = len(report["seeds"])
    ours = load_benchmark(name).ours if name in benchmark_names() else None
    how = "solved" if getattr(ours, "solved", False) else "one seed"
    return f"{report['date']}, {where}, {f'median of {seeds} seeds' if seeds > 1 else how}"


def protocols_table() -> str:
    """Markdown table of all benchmarks: name, protocol, data, configurations."""
    from empdetect.bench.catalogue import benchmark_names, load_benchmark

    rows = []
    for name in benchmark_names():
        benchmark = load_benchmark(name)
        rows.append(f"| `{name}` | {benchmark.protocol} | {', '.join(line.shown for line in benchmark.lines)} |\n")
    return "| benchmark | protocol | metrics |\n|---|---|---|\n" + "".join(rows)


def update_page(page: Path, what: str, table: str) -> None:
    """Put a table between a page's markers ``<!-- what -->`` and ``<!-- end of what -->``.

    Raises:
        InputError: the page lacks them.
    """
    text = page.read_text(encoding="utf-8")
    before, start, rest = text.partition(f"<!-- {what} -->\n")
    _, end, after = rest.partition(f"<!-- end of {what} -->")
    if not start or not end:
        raise InputError(f"Writing a table into {page}: it lacks the lines <!-- {what} --> and <!-- end of {what} -->")
    page.write_text(before + start + table + end + after, encoding="utf-8")


if __name__ == "__main__":
    update_page(Path("README.md"), "results", headlines_table(Path("docs/results")))
    update_page(Path("docs/bench.md"), "results", results_table(Path("docs/results")))
    update_page(Path("docs/bench.md"), "protocols", protocols_table())
