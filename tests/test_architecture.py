"""The plan of the code (docs/architecture.md), kept by parsing the code."""

import ast
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "empdetect"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "progress"),
    ("components", "device", "streams", "task"),
    ("recording", "roles", "scores", "contagion.series", "contagion.signals"),
    ("features.base", "overall", "windows", "writers", "contagion.simulation"),
    ("features", "file_kinds", "manifest", "speech", "stretches"),
    ("example", "participants"),
    ("batch",),
    ("datamodules", "models"),
    ("model_card", "prediction"),
    ("detector_folder",),
    ("detector",),
    ("held_out", "input_files", "prediction_writer"),
    ("training", "report", "contagion", "rl", "inputs"),
    ("scoring", "doctor", "conformance", "bench", "shipped"),
    ("bench.speed", "comparing"),
    ("contagion_options", "demo", "serve"),
    ("cli",),
)
"""A module imports from its own part and from the layers above this line of the table, never from a neighbour."""

ENGINES = {"trl", "verl", "ray", "vllm", "sglang"}
HEAVY = {"torch", "lightning", "transformers", "pandas", "cv2", "librosa", "neurokit2", "scipy", "sklearn", "plotly"}


def module_name(path: Path) -> str:
    """Dotted name of a file of the package, e.g. ``empdetect.models.heads``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


# The package's own `__init__` stands outside the layers: it names what it offers and loads it when asked.
MODULES = {module_name(path): path for path in FILES if path != PACKAGE / "__init__.py"}


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names of what a file imports, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: write imports in full"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else str(node.module)


def named(tree: ast.AST) -> Iterator[str]:
    """Class paths of this package that a file writes as text, such as a default in a configuration."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("empdetect."):
            module, _, last = node.value.rpartition(".")
            if module in MODULES and last.isidentifier():
                yield module


def part(module: str) -> str:
    """The entry of ``LAYERS`` a module belongs to: the longest that fits."""
    inside = module.removeprefix("empdetect.")
    fitting = [name for name in chain(*LAYERS) if inside == name or inside.startswith(f"{name}.")]
    assert fitting, f"{module} stands in no layer: put it in LAYERS and in docs/architecture.md"
    return max(fitting, key=len)


def layer(module: str) -> int:
    """Number of the layer, lowest first."""
    return next(number for number, names in enumerate(LAYERS) if part(module) in names)


def own_imports(path: Path) -> set[str]:
    """Modules of this package that a file imports."""
    return {name for name in imports(parse(path)) if name.startswith("empdetect.") and name in MODULES}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function of a file."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", int(node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("name", sorted(MODULES))
def test_dependencies_point_one_way(name: str) -> None:
    wrong = [other for other in own_imports(MODULES[name]) if part(other) != part(name) and layer(other) >= layer(name)]
    assert not wrong, f"{name} imports {wrong}: only earlier layers of LAYERS are allowed"


def test_no_import_runs_in_a_circle() -> None:
    def top_level(path: Path) -> set[str]:
        body = [node for node in parse(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
        return {name for name in imports(ast.Module(body, [])) if name in MODULES}

    graph = {name: top_level(path) - {name} for name, path in MODULES.items() if path.name != "__init__.py"}
    done: set[str] = set()
    while ready := {name for name in graph if name not in done and not (graph[name] & graph.keys()) - done}:
        done |= ready
    assert graph.keys() <= done, f"these import each other: {sorted(graph.keys() - done)}"


def test_models_do_not_know_the_data() -> None:
    reached = {name for module, path in MODULES.items() if part(module) == "models" for name in own_imports(path)}
    assert not {name for name in reached if part(name) == "datamodules"}
    assert {part(name) for name in reached} >= {"models", "task"}


def test_reinforcement_learning_core_needs_no_engine() -> None:
    others = ("empdetect.rl.engines", "empdetect.scoring.ray_engine", "empdetect.bench.speed.grpo")
    for module, path in MODULES.items():
        if not module.startswith(others):
            engines = {name.split(".")[0] for name in imports(parse(path))} & ENGINES
            assert not engines, f"{module} imports {engines}: only rl/engines/, scoring on Ray and one bench may"


def test_nothing_imports_the_command_line() -> None:
    allowed = {"empdetect.cli", "empdetect.__main__"}
    callers = {module for module, path in MODULES.items() if "empdetect.cli" in own_imports(path)} - allowed
    assert not callers


def test_streams_stand_alone() -> None:
    for module, path in MODULES.items():
        if part(module) == "streams":
            assert {part(name) for name in own_imports(path)} <= {"streams", "errors"}, module


def test_defaults_named_by_text_respect_the_arrows_too() -> None:
    for module, path in MODULES.items():
        if part(module) in ("streams", "models", "features", "datamodules"):
            late = [name for name in named(parse(path)) if layer(name) > layer(module)]
            assert not late, f"{module} names {late}"


def test_files_are_short() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert not {name: lines for name, lines in long.items() if lines > 500}


def test_functions_are_short() -> None:
    lengths = dict(chain.from_iterable(functions(path) for path in FILES))
    assert not {name: lines for name, lines in lengths.items() if lines > 80}
    assert statistics.median(lengths.values()) <= 15


def test_no_drawer_for_everything() -> None:
    assert not [path for path in FILES if path.stem in ("utils", "util", "helpers", "misc", "common")]


@pytest.mark.parametrize("folder", ["datamodules", "models"])
def test_top_folders_are_links_into_the_package(folder: str) -> None:
    link = ROOT / folder
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == (PACKAGE / folder).resolve()


@pytest.mark.parametrize("folder", ["datamodules", "models"])
def test_the_links_cannot_be_imported_by_their_bare_name(folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {folder}"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert f"ImportError: import empdetect.{folder}" in done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import empdetect",
        "import empdetect.cli; empdetect.cli.parser().format_help()",
        "import empdetect.recording, empdetect.task, empdetect.scores, empdetect.streams, empdetect.components",
    ],
)
def test_start_up_loads_nothing_heavy(code: str) -> None:
    ask = f"import json, sys; {code}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert "empdetect" in loaded
    assert not loaded & HEAVY


def test_nothing_names_a_machine() -> None:
    """No path of a home folder, no package index: the code runs anywhere."""
    texts = [
        *FILES,
        *ROOT.glob("configs/**/*.yaml"),
        ROOT / "Makefile",
        ROOT / "requirements.lock",
        ROOT / ".ci" / "run",
    ]
    wrong = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in texts
        for word in (
            *(f"/{home}/" for home in ("home", "root", "work", "Users")),
            ".".join(("pypi", "org")),
            "index-url =",
            "--extra-index-url",
        )
        if word in path.read_text(encoding="utf-8")
    ]
    assert not wrong
