"""What text sets share: ties, copies, and tables without a header."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.datamodules.text import (
    PublishedTextDataModule,
    Text,
    TextDataModule,
    copies_of,
    level,
    linked,
    normalised,
    read_fields,
)
from empdetect.errors import InputError
from empdetect.task import Target, Task
from tests.datamodules.text_sets import said


class Letters(PublishedTextDataModule):
    folder: ClassVar[str] = "."
    task = Task((Target("vowel", "binary"),))

    def texts(self, folder: Path) -> Iterator[Text]:
        for split, letters in (("train", "abcB"), ("val", "de"), ("test", "bea?")):
            for place, letter in enumerate(letters):
                yield Text(f"{split}_{place}", letter, {"vowel": float(letter in "ae")}, (letter,), split=split)


class Dialogues(PublishedTextDataModule):
    folder: ClassVar[str] = "."
    further_tie: ClassVar[str] = "writers"
    task = Task((Target("long", "binary"),))
    rows: tuple[tuple[str, str, str, str], ...] = (
        ("one", "train", "Ann", "a b"), ("two", "train", "Ben", "c"), ("three", "val", "Cid", "d"),
        ("four", "test", "Ann", "e"), ("four", "test", "", "f g"), ("five", "test", "Dan", "h"),
    )  # fmt: skip

    def texts(self, folder: Path) -> Iterator[Text]:
        for place, (dialogue, split, writer, words) in enumerate(self.rows):
            yield Text(f"{split}_{place}", words, {"long": float(" " in words)}, (dialogue, writer), split=split)


def test_links_carry_over() -> None:
    groups = linked([("a", "x"), ("b", "x"), ("b", "y"), ("c", "Y!"), ("d", "z")])
    assert len(set(groups[:4])) == 1
    assert groups[4] != groups[0]


def test_what_is_empty_ties_nothing() -> None:
    assert len(set(linked([("a", ""), ("b", "..."), ("", ""), ("", "")]))) == 4


@given(st.lists(st.tuples(st.sampled_from("abc "), st.sampled_from("uvwxyz ")), max_size=12))
def test_rows_that_share_a_value_share_a_group(rows: list[tuple[str, str]]) -> None:
    groups = linked(rows)
    for column in (0, 1):
        of_value: dict[str, set[str]] = {}
        for row, group in zip(rows, groups, strict=True):
            of_value.setdefault(row[column], set()).add(group)
        assert all(len(found) == 1 for value, found in of_value.items() if value.strip())


def test_texts_are_compared_by_their_words() -> None:
    assert normalised(" I'm  SO sorry... ") == normalised("i'm so sorry!")
    assert normalised("我很难过。") == "我很难过"


def test_copies_count_towards_the_later_split() -> None:
    texts = [Text(str(n), words, split=split) for n, (words, split) in enumerate((
        ("a", "train"), ("b", "train"), ("A!", "val"), ("b", "test"), ("b", "test"), ("!", "train"), ("?", "test")
    ))]  # fmt: skip
    assert copies_of(texts) == {0, 1}


@pytest.mark.parametrize(("deduplicate", "sizes"), [(False, [4, 2, 4]), (True, [1, 1, 4])])
def test_the_published_test_set_stays_whole(tmp_path: Path, deduplicate: bool, sizes: list[int]) -> None:
    data = Letters({}, str(tmp_path), deduplicate=deduplicate)
    summary = data.summary()
    assert [len(part) for part in data.parts.values()] == sizes
    assert data.copies == {"train": 3, "val": 1}
    assert "3 train and 1 val texts that occur in a later split " + ("left out" if deduplicate else "kept") in summary


def test_writers_of_several_published_splits_are_counted(tmp_path: Path) -> None:
    data = Dialogues({}, str(tmp_path))
    assert "; 1 train, 0 val, 1 test texts share their writers with another split" in data.summary()
    assert data.tied == {"train": 1, "val": 0, "test": 1}
    assert [segment.group for segment in data.parts["test"]] == ["test: four", "test: four", "test: five"]
    assert "share their" not in Letters({}, str(tmp_path)).summary()


@pytest.mark.parametrize("deduplicate", [False, True])
def test_a_dialogue_in_two_published_splits_is_refused(tmp_path: Path, deduplicate: bool) -> None:
    data = Dialogues({}, str(tmp_path), deduplicate=deduplicate)
    data.rows = (*Dialogues.rows, ("two", "test", "Eve", "i"))
    with pytest.raises(InputError, match=r"Dialogues: 'two' is in train \(train_1\) and in test \(test_6\)"):
        data.summary()
    data.rows = (*Dialogues.rows, ("two", "test", "Eve", "c"))  # a copy is counted as such
    data.summary()
    assert data.copies == {"train": 1, "val": 0}


def test_the_context_is_the_second_person(tmp_path: Path) -> None:
    class Pairs(TextDataModule):
        folder: ClassVar[str] = "."
        speaker: ClassVar[str] = "supporter"

        def texts(self, folder: Path) -> Iterator[Text]:
            yield Text("one", "oh no", context=("my cat", "it died"))
            yield Text("two", ("well", "well"))

    one, two = Pairs({}, str(tmp_path)).segments()
    assert said(one) == ["oh no", "my cat / it died"]
    assert [person.role for person in one.people()] == ["supporter", "listener"]
    assert said(two) == ["well / well"]


def test_a_label_must_be_one_of_the_classes() -> None:
    assert level(("a", "b"), "b", "x.csv, row 1") == 1.0
    with pytest.raises(InputError, match=r"x.csv, row 1: got the label 'c', allowed are a, b"):
        level(("a", "b"), "c", "x.csv, row 1")


def test_tables_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text('"Hi,\t3\nthere"\t4\n', encoding="utf-8")
    assert [fields for _, fields in read_fields(path, 2, tabs=True)] == [['"Hi,', "3"], ['there"', "4"]]
    with pytest.raises(InputError, match="row 1 has 2 fields and not 3"):
        list(read_fields(path, 3, tabs=True))
    path.write_bytes(b"\xff\t1\n")
    with pytest.raises(InputError, match="download it again"):
        list(read_fields(path, 2, tabs=True))
