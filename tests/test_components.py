"""Components: described in plain types, built again, and never built of what is not trusted."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from empdetect.components import build, class_path, constructor_arguments, describe
from empdetect.errors import InputError
from empdetect.features.audio import LogMel
from empdetect.features.base import Extractor
from empdetect.models.encoders.base import Encoder
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.task import Target


class Holder:
    """Holds another component, a list and a mapping."""

    def __init__(self, inner: Any, names: tuple[str, ...] = (), more: dict[str, Any] | None = None) -> None:
        self.inner = inner
        self.names = names
        self.more = more


class Forgetful:
    def __init__(self, kept: int) -> None:
        self.other = kept


class Plain:
    pass


TRUSTED = ("empdetect", "tests")


def test_a_component_is_built_again_from_yaml() -> None:
    first = LogMel(rate=8000, mels=20, prosody=False)
    spec = yaml.safe_load(yaml.safe_dump(describe(first)))
    assert spec["class_path"] == "empdetect.features.audio.LogMel"
    assert describe(build(spec, Extractor)) == describe(first)


def test_components_within_components() -> None:
    first = Holder(LogMel(mels=12), ("a", "b"), {"deep": [LogMel(mels=13)]})
    again = build(describe(first), Holder, TRUSTED)
    assert (again.inner.mels, list(again.names), again.more["deep"][0].mels) == (12, ["a", "b"], 13)


def test_a_path_is_written_as_text() -> None:
    assert describe(Holder(Path("a/b")))["init_args"]["inner"] == "a/b"


def test_a_component_without_arguments() -> None:
    assert describe(Plain()) == {"class_path": class_path(Plain), "init_args": {}}
    assert isinstance(build({"class_path": class_path(Plain)}, Plain, TRUSTED), Plain)
    assert constructor_arguments(Plain) == []


def test_an_argument_that_is_not_kept_is_the_authors_mistake() -> None:
    with pytest.raises(TypeError, match="must keep its argument 'kept'"):
        describe(Forgetful(1))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"class_path": "os.system", "init_args": {}}, "outside the trusted packages"),
        ({"class_path": "subprocess.Popen", "init_args": {"args": "true"}}, "outside the trusted packages"),
        ({"class_path": "empdetectevil.Thing"}, "outside the trusted packages"),
        ({}, "outside the trusted packages"),
        ({"class_path": "empdetect.features.audio.Nothing"}, "cannot find"),
        ({"class_path": "empdetect.nothing.Thing"}, "cannot find"),
        ({"class_path": "empdetect.task.Target", "init_args": {}}, "is not a Extractor"),
        ({"class_path": "empdetect.components.import_module", "init_args": {"name": "os"}}, "is not a Extractor"),
        (
            {"class_path": "empdetect.features.audio.LogMel", "init_args": {"loud": 1}},
            "no argument loud; it takes rate",
        ),
        (
            {"class_path": "empdetect.features.table.TableFeatures", "init_args": {"table": "face"}},
            "it lacks columns; it takes columns, modality",
        ),
        (
            {
                "class_path": "empdetect.features.audio.LogMel",
                "init_args": {"rate": {"class_path": "empdetect.components.import_module"}},
            },
            "is not a object",
        ),
        (
            {
                "class_path": "empdetect.features.audio.LogMel",
                "init_args": {"rate": {"class_path": "empdetect.features.text.Path"}},
            },
            "is a class of pathlib, no trusted package",
        ),
        (
            {"class_path": "empdetect.features.audio.LogMel", "init_args": {"rate": {"class_path": "os.getcwd"}}},
            "outside the trusted packages",
        ),
    ],
)
def test_what_must_not_be_built(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(spec, Extractor)


def test_a_class_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="is not a Encoder"):
        build(describe(LogMel()), Encoder)
    assert isinstance(build(describe(TemporalConvEncoder(4)), Encoder), TemporalConvEncoder)
    assert Target("a", "binary").name == "a"


def test_an_untrusted_package_is_not_even_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strangers.py").write_text("class Thing: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match="name its package in 'trusted'"):
        build({"class_path": "strangers.Thing"}, object)
    assert "strangers" not in sys.modules
    assert type(build({"class_path": "strangers.Thing"}, object, (*TRUSTED, "strangers"))).__name__ == "Thing"
    del sys.modules["strangers"]
