"""EmpatheticDialogues: tiny files of the same layout, and the real ones where they are there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.empathetic_dialogues import EMOTIONS, SPLITS_FILE, EmpatheticDialoguesDataModule
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, everything, levels, said, write_table

HEADER = ("Dialog_ID", "Type", "Actor", "Text", "Label")


def dialogue(name: str, topic: str) -> list[tuple[str, ...]]:
    return [
        (name, "situation", "none", f"When {topic} happened", "afraid"),
        (name, "utterance", "speaker", f"You know, {topic}!", "neutral"),
        (name, "utterance", "listener", "Oh.", "acknowledging"),
        (name, "utterance", "speaker", "Yes.", "agreeing"),
    ]


def write(root: Path) -> Path:
    folder = root / "empathetic_dialogues"
    for number, emotion in enumerate(EMOTIONS):
        lines = [line for part in ("a", "b") for line in dialogue(f"hit:{number}_{part}", f"{part} {number % 31}")]
        write_table(folder / f"{emotion}.csv", [HEADER, *lines])
    ids = [(f"hit:{number}_b", "dev" if number % 2 else "test") for number in range(len(EMOTIONS))]
    write_table(folder / SPLITS_FILE, [("Dialog_ID", "ed_split"), *ids])
    return root


def module(root: Path, **arguments: object) -> EmpatheticDialoguesDataModule:
    return EmpatheticDialoguesDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def test_situation_or_what_the_speaker_said(tmp_path: Path) -> None:
    situation = module(write(tmp_path)).segments()[2]
    speaker = module(tmp_path, words="speaker").segments()[2]
    assert (said(situation), situation.labels) == (["When a 1 happened"], {"emotion": 1.0})
    assert said(speaker) == ["You know, a 1! / Yes."]
    with pytest.raises(InputError, match="allowed are situation, speaker"):
        module(tmp_path, words="listener")


def test_copies_can_be_left_out(tmp_path: Path) -> None:
    data = module(write(tmp_path), deduplicate=True)
    assert apart(data) == {"train": 32, "val": 15, "test": 16}
    assert data.tied == {"train": 31, "val": 15, "test": 16}  # the other dialogue of the same two people


def test_it_keeps_what_a_data_module_promises(tmp_path: Path) -> None:
    check_datamodule(module(write(tmp_path), batch_size=2))


def test_a_dialogue_without_a_situation_is_named(tmp_path: Path) -> None:
    lines = dialogue("hit:1_a", "it")[1:]
    write_table(write(tmp_path) / "empathetic_dialogues" / "afraid.csv", [HEADER, *lines])
    with pytest.raises(InputError, match=r"afraid.csv, hit:1_a: no words of the situation"):
        module(tmp_path).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root, deduplicate=True)
    assert apart(data) == {"train": 19552 - 25, "val": 2731 - 1, "test": 2523}
    assert levels(everything(data.parts), "emotion") == set(map(float, range(32)))
    assert data.tied == {"train": 3936, "val": 2400, "test": 2268}


def test_somebody_who_is_neither_of_the_two_is_named(tmp_path: Path) -> None:
    lines = [*dialogue("hit:1_a", "it"), ("hit:1_a", "utterance", "host", "Well.", "neutral")]
    write_table(write(tmp_path) / "empathetic_dialogues" / "afraid.csv", [HEADER, *lines])
    with pytest.raises(InputError, match=r"hit:1_a: said by host, known are speaker, listener"):
        module(tmp_path).segments()
