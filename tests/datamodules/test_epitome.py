"""EPITOME: a tiny file of the same layout, and the real one where it is there."""

import csv
import math
from collections import Counter
from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.epitome import LEVELS, MECHANISMS, EpitomeDataModule
from empdetect.errors import InputError
from empdetect.features.text import TextTokens
from empdetect.recording import SPLITS

Row = tuple[str, str, str, str, int]

ROWS: list[Row] = [(f"s{i}", f"r{i}", f"seeker says {i}", f"supporter answers {i}", i % 3) for i in range(9)]
ROWS += [ROWS[0], (*ROWS[1][:4], 2)]  # a plain duplicate, and one that disagrees about the level
ROWS += [("s9", "r9", "Seeker  says 2", "another answer", 1)]  # the post of s2 under another name


def write(root: Path, rows: list[Row] = ROWS, columns: str = "sp_id,rp_id,seeker_post,response_post,level") -> Path:
    folder = root / "epitome"
    folder.mkdir()
    for name in MECHANISMS:
        with (folder / f"{name.replace('_', '-')}-reddit.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*columns.split(","), "rationales"])
            writer.writerows([*row, "|"] for row in rows)
    return root


def module(root: Path, **arguments: object) -> EpitomeDataModule:
    return EpitomeDataModule({"text": TextTokens(max_tokens=16)}, str(root), **arguments)  # type: ignore[arg-type]


def test_duplicates_are_dropped_and_conflicting_levels_unknown(tmp_path: Path) -> None:
    segments = {s.recording.id: s for s in module(write(tmp_path)).segments()}
    assert len(segments) == 10
    assert segments["s0_r0"].labels == dict.fromkeys(MECHANISMS, 0.0)
    assert all(math.isnan(level) for level in segments["s1_r1"].labels.values())


def test_the_supporter_is_scored_and_the_seeker_is_context(tmp_path: Path) -> None:
    segment = module(write(tmp_path)).segments()[3]
    texts = [person.transcript.read().utterances[0].text for person in segment.people() if person.transcript]
    assert [person.role for person in segment.people()] == ["supporter", "seeker"]
    assert texts == ["supporter answers 3", "seeker says 3"]


def test_the_same_post_under_two_names_is_one_group(tmp_path: Path) -> None:
    groups = {s.recording.id: s.group for s in module(write(tmp_path)).segments()}
    assert groups["s2_r2"] == groups["s9_r9"]
    assert len(set(groups.values())) == 9


@pytest.mark.parametrize("context", [True, False])
def test_it_keeps_what_a_data_module_promises(tmp_path: Path, context: bool) -> None:
    data = module(write(tmp_path), context=context, folds=3, batch_size=3)
    check_datamodule(data)
    batch = next(iter(data.train_dataloader()))
    assert batch.inputs["text"].shape[:2] == (3, 2 if context else 1)


def test_without_a_data_root_it_says_where_to_get_the_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EMPDETECT_DATA", raising=False)
    with pytest.raises(InputError, match="data_root"):
        EpitomeDataModule({}).segments()
    with pytest.raises(InputError, match="epitome"):
        module(tmp_path).segments()


def test_a_file_without_levels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lacks the columns level"):
        module(write(tmp_path, columns="sp_id,rp_id,seeker_post,response_post,grade")).segments()


def test_a_level_that_is_none_is_refused_by_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 13: got the label '5', allowed are 0, 1, 2"):
        module(write(tmp_path, [*ROWS, ("s11", "r11", "a post", "an answer", 5)])).segments()


def test_a_post_of_the_word_none_is_no_missing_one(tmp_path: Path) -> None:
    segments = module(write(tmp_path, [*ROWS, ("s11", "r11", "None", "NA", 1)])).segments()
    people = next(s for s in segments if s.recording.id == "s11_r11").people()
    assert [person.transcript.read().utterances[0].text for person in people if person.transcript] == ["NA", "None"]


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root, fold=1)
    parts = {name: data.parts[name] for name in SPLITS if data.summary()}
    everything = [segment for part in parts.values() for segment in part]
    assert len(everything) == 2973
    unknown = Counter(name for s in everything for name in MECHANISMS if math.isnan(s.labels[name]))
    assert unknown == {"emotional_reactions": 9, "interpretations": 9, "explorations": 3}
    assert {s.labels["explorations"] for s in everything} >= set(map(float, range(len(LEVELS))))
    posts = [{s.recording.participant("seeker").transcript.fingerprint() for s in part} for part in parts.values()]  # type: ignore[union-attr]
    assert not (posts[0] & posts[1] or posts[0] & posts[2] or posts[1] & posts[2])
