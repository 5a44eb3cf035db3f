"""A mixture of two small sets, and of the real ones where they are there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_component, check_datamodule
from empdetect.datamodules.text_mixture import TextMixtureDataModule
from empdetect.errors import InputError
from tests.datamodules import test_empathetic_personas as personas
from tests.datamodules import test_esconv as esconv
from tests.datamodules import test_sage as sage
from tests.datamodules.text_sets import FEATURES, everything, said

PATHS = {
    "esconv": "empdetect.datamodules.esconv.EsconvDataModule",
    "personas": "empdetect.datamodules.empathetic_personas.EmpatheticPersonasDataModule",
    "sage": "empdetect.datamodules.sage.SageDataModule",
}


def write(root: Path) -> Path:
    esconv.write(root, esconv.ROWS)
    personas.write(root, [*personas.ROWS, ("what happened", 0, 0, 0, 0), ("Bye", 1, 1, 1, 1)])
    return sage.write(root, sage.DIALOGUES)


def module(root: Path, *members: str, **arguments: object) -> TextMixtureDataModule:
    chosen = {name: PATHS[name] for name in members}
    return TextMixtureDataModule(FEATURES, chosen, data_root=str(root), **arguments)  # type: ignore[arg-type]


def test_targets_are_named_after_their_set_and_labels_of_others_unknown(tmp_path: Path) -> None:
    data = module(write(tmp_path), "esconv", "personas", arguments={"personas": {"folds": 3}})
    assert [target.name for target in data.task.targets] == ["esconv_strategy", "personas_empathy_score"]
    found = data.segments()
    assert {tuple(segment.labels) for segment in found} == {("esconv_strategy",), ("personas_empathy_score",)}
    assert all(segment.recording.id.startswith(str(segment.group).split(":")[0]) for segment in found)
    assert "[esconv] CC BY-NC 4.0" in data.licence
    assert "[personas] MIT" in data.licence
    for target in data.task.targets:
        head = data.provenance(target.name)
        assert head["licence"].startswith("CC BY-NC 4.0" if target.name.startswith("esconv_") else "MIT")
        assert 0 < head["segments"] < len(data.parts["train"])


def test_a_set_whose_name_begins_another_is_not_taken_for_it(tmp_path: Path) -> None:
    paths = {"text": PATHS["esconv"], "text_more": PATHS["personas"]}
    arguments = {"text_more": {"folds": 3}}
    data = TextMixtureDataModule(FEATURES, paths, data_root=str(write(tmp_path)), arguments=arguments)
    assert data.source_of("text_strategy").licence.startswith("CC BY-NC 4.0")
    assert data.source_of("text_more_empathy_score").licence == "MIT"


def test_a_text_in_the_test_part_of_another_set_is_dropped(tmp_path: Path) -> None:
    write(tmp_path)
    found = []
    for fold in range(3):
        data = module(tmp_path, "esconv", "personas", arguments={"personas": {"folds": 3}}, fold=fold)
        summary = data.summary()
        parts = [name for name, part in data.parts.items() for s in part if said(s) == ["what happened"]]
        assert data.dropped["personas"] == (0 if parts else 1)
        assert ("1 of personas" in summary) == (not parts)
        found += parts
    assert found == ["test"]


def test_a_set_that_is_kept_out_leaves_nothing_behind(tmp_path: Path) -> None:
    data = module(write(tmp_path), "esconv", keep_out={"personas": PATHS["personas"]})
    data.summary()
    assert data.dropped == {"esconv": 1}
    assert [said(segment) for segment in data.parts["val"]] == [["It opens at nine."]]
    assert len(data.parts["test"]) == 2


def test_context_is_read_where_a_member_reads_it(tmp_path: Path) -> None:
    data = module(write(tmp_path), "esconv", "sage", arguments={"sage": {"folds": 3}}, batch_size=16)
    assert data.task.persons == 2
    assert {(segment.recording.id.split(":")[0], len(segment.people())) for segment in data.segments()} == {
        ("esconv", 1),
        ("sage", 2),
    }
    alone = module(tmp_path, "esconv", "sage", arguments={"sage": {"folds": 3, "context": False}})
    assert {len(segment.people()) for segment in alone.segments()} == {1}
    check_datamodule(data)


def test_at_most_so_many_of_each_set(tmp_path: Path) -> None:
    data = module(write(tmp_path), "esconv", "personas", arguments={"personas": {"folds": 3}}, at_most=2)
    data.summary()
    names = [segment.recording.id.split(":")[0] for segment in data.parts["train"]]
    assert names == ["esconv"] * 2 + ["personas"] * 2
    assert (
        data.fingerprint()
        == module(tmp_path, "esconv", "personas", arguments={"personas": {"folds": 3}}, at_most=2).fingerprint()
    )


def test_a_member_with_fewer_folds_starts_again(tmp_path: Path) -> None:
    folds = {"personas": {"folds": 3}}
    both = module(write(tmp_path), "personas", "sage", arguments=folds, fold=4)
    alone = module(tmp_path, "personas", arguments=folds, fold=1)
    assert (both.folds, alone.folds) == (5, 3)
    both.summary(), alone.summary()
    own = [segment for segment in both.parts["test"] if segment.recording.id.startswith("personas")]
    assert own == alone.parts["test"]


@pytest.mark.parametrize(
    ("members", "arguments", "reason"),
    [
        ((), {}, "at least one member"),
        (("esconv",), {"keep_out": {"esconv": PATHS["esconv"]}}, "esconv cannot be both"),
        (("esconv",), {"arguments": {"mint": {}}}, "arguments for mint"),
        (("esconv",), {"arguments": {"esconv": {"depth": 3}}}, "no argument depth"),
    ],
)
def test_a_mixture_that_makes_no_sense_is_refused(
    tmp_path: Path, members: tuple[str, ...], arguments: dict[str, object], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        module(tmp_path, *members, **arguments)


def test_it_can_be_described(tmp_path: Path) -> None:
    check_component(module(tmp_path, "esconv", "sage", arguments={"sage": {"context": False}}))


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    members = ("esconv", "personas")
    keep_out = {"mint": "empdetect.datamodules.mint.MintDataModule"}
    data = module(data_root, *members, arguments={"esconv": {"deduplicate": True}}, keep_out=keep_out)
    data.summary()
    assert 0 < data.dropped["esconv"] < 50
    assert len(everything(data.parts)) + sum(data.dropped.values()) == 8778 - 350 + 2905 - 96 + 2959 + 1100
