"""What the README and the other pages say can be done: their commands, code, links and configurations."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from empdetect.bench.table import headlines_table
from empdetect.cli import TRAINING, parser
from tests.test_architecture import LAYERS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
CONFIGS = sorted(ROOT.glob("configs/**/*.yaml"))
UNTRIED = "<!-- not run"
"""Stands, with the reason, on the line before a block of Python that the test is to leave out."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    left_out: bool

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*pages: Path) -> Iterator[Block]:
    """The fenced blocks of pages, in order."""
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            before = text[: found.start()].rstrip().rpartition("\n")[2]
            line = text.count("\n", 0, found.start()) + 1
            yield Block(page, line, found[1], found[2], before.startswith(UNTRIED))


def commands(name: str) -> list[Any]:
    """All commands of that name on the pages and in the first lines of the configurations."""
    lines = [(str(block), line) for block in blocks(*PAGES) if block.language == "bash" for line in _joined(block.text)]
    lines += [(path.name, path.read_text(encoding="utf-8").split("\n")[0].removeprefix("# ")) for path in CONFIGS]
    return [
        pytest.param(shlex.split(line, comments=True), id=f"{where} {line}")
        for where, line in lines
        if line.startswith(name)
    ]


def _joined(text: str) -> list[str]:
    """Lines of shell, those that a backslash breaks put together."""
    return text.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("command", commands("empdetect"))
def test_commands_are_understood(command: list[str]) -> None:
    arguments = command[1:]
    if arguments[0] not in TRAINING:
        assert callable(parser().parse_args(arguments).job)
    for place, word in enumerate(arguments[:-1]):
        if word == "--config" and arguments[place + 1].startswith("configs/"):
            assert (ROOT / arguments[place + 1]).is_file()


@pytest.mark.parametrize("command", commands("make"))
def test_make_has_the_targets(command: list[str]) -> None:
    assert _targets() >= {word for word in command[1:] if "=" not in word}


def test_contributing_names_targets_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert _targets() >= set(re.findall(r"`make ([a-z]+)`", text)) != set()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_configurations_open_with_their_command(config: Path) -> None:
    first = config.read_text(encoding="utf-8").split("\n")[0]
    assert re.match(
        rf"# empdetect (fit|rl train|rl evaluate|bench \w+) --config {config.relative_to(ROOT)}( |$)", first
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)}
    dead = [link for link in links if link and "://" not in link and not (page.parent / link).exists()]
    assert not dead


@pytest.mark.parametrize("page", [page for page in PAGES if page.name in ("README.md", "architecture.md")], ids=str)
def test_trees_are_those_of_the_code(page: Path) -> None:
    """What a tree on a page names exists, and all of the package's first level is in it."""
    trees = [block.text for block in blocks(page) if block.text.startswith("empdetect/\n")]
    assert trees
    for tree in trees:
        named = {line.split()[0] for line in tree.split("\ndatamodules")[0].splitlines()[1:]}
        files = [path.relative_to(ROOT / "empdetect") for path in (ROOT / "empdetect").rglob("*.py")]
        inside = {f"{path.parts[0]}/" if len(path.parts) > 1 else path.name for path in files}
        assert named == inside - {"__init__.py", "__main__.py"}


def test_the_results_on_the_page_are_those_measured() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = text.partition("<!-- results -->\n")[2].partition("<!-- end of results -->")[0]
    assert shown == headlines_table(ROOT / "docs" / "results")


def test_the_layers_on_the_page_are_those_that_are_tested() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = tuple(tuple(re.findall(r"`([\w.]+)`", line)) for line in re.findall(r"^\d+\. (.*)$", text, re.MULTILINE))
    assert tuple(map(set, told)) == tuple(map(set, LAYERS))


def test_the_code_of_the_readme_runs(simulated_corpus: Path, tmp_path: Path) -> None:
    """In order and in one interpreter, with a simulated corpus, a transcript, ``recordings`` and ``dialogues``."""
    folder = tmp_path / "work"
    shutil.copytree(simulated_corpus.parent, folder)
    pages = (ROOT / "README.md", ROOT / "docs" / "architecture.md")
    tried = [block for block in blocks(*pages) if block.language == "python" and not block.left_out]
    assert {block.page for block in tried} == set(pages)
    code = "\n".join(f"print('{block}', flush=True)\n{block.text}" for block in tried)
    (tmp_path / "readme.py").write_text(SETTING + code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, tmp_path / "readme.py"], check=False, cwd=folder, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, f"after {done.stdout.splitlines()[-1:]}: {done.stderr[-3000:]}"


SETTING = """
from pathlib import Path
from empdetect import Detector, Target, Task
from empdetect.features.text import TextEmbeddings
from empdetect.manifest.segments import read_manifest
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.profiles import read_profiles

_task = Task((Target("empathy", "binary"),), window=10.0)
_module = DetectorModule(_task, {"text": TemporalConvEncoder(features=384)})
Detector(_module, {"text": TextEmbeddings()}).save_pretrained("detector")
recordings = [segment.recording for segment in read_manifest(Path("manifest.tsv"))][:1]
Path("interview.vtt").write_text("WEBVTT\\n\\n00:01.000 --> 00:03.000\\n<v Ann>That must hurt.\\n")
_turns = (Turn("user", "I failed the exam."), Turn("assistant", "That must hurt. Do you want to tell me more?"))
dialogues = [Dialogue(read_profiles()[0], 0, _turns, (30.0, 35.0), (("kind",),), done=True)]
del Detector, Target, Task, TextEmbeddings, DetectorModule, TemporalConvEncoder, Path, read_manifest, Dialogue, Turn
"""
