"""SAGE: tiny logs of the same layout, and the real ones where they are there."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.sage import SageDataModule
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, everything, said


def dialogue(scenario: int, persona: str, points: tuple[int, ...] = (40, 50, 45, 45)) -> dict[str, Any]:
    history: list[dict[str, Any]] = []
    for turn, point in enumerate(points):
        history += [
            {"role": "user", "content": f"用户{scenario}说{turn}", "emotion-point": point},
            {"role": "assistant", "content": f"回复{scenario}第{turn}"},
        ]
    return {"id": f"s{scenario}", "player": persona, "history": history}


LOG = {turns: pytest.approx(math.log(1 + turns)) for turns in (1, 3, 5)}
DIALOGUES = [dialogue(n, f"persona {n}") for n in range(6)] + [dialogue(6, "persona 5")]


def module(root: Path, **arguments: object) -> SageDataModule:
    return SageDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def write(root: Path, dialogues: list[dict[str, Any]]) -> Path:
    folder = root / "rlver" / "sage_logs_deepseek_v3"
    folder.mkdir(parents=True)
    with gzip.open(folder / "some-model.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in dialogues)
    return root


def test_a_reply_is_judged_by_the_next_emotion(tmp_path: Path) -> None:
    segments = module(write(tmp_path, DIALOGUES)).segments()
    assert [segment.labels for segment in segments[:3]] == [
        {"better": 1.0, "change": 10.0, "emotion": 40.0, "log_turns_before": LOG[1]},
        {"better": 0.0, "change": -5.0, "emotion": 50.0, "last_change": 10.0, "log_turns_before": LOG[3]},
        {"change": 0.0, "emotion": 45.0, "last_change": -5.0, "log_turns_before": LOG[5]},
    ]
    assert said(segments[1]) == ["回复0第1", "用户0说1"]
    assert [person.name for person in segments[1].people()] == ["supporter", "user"]
    assert segments[1].recording.id == "some-model_s0_1"
    assert len(segments) == 7 * 3


def test_the_turns_before_can_be_read_too(tmp_path: Path) -> None:
    segment = module(write(tmp_path, DIALOGUES), history=True).segments()[1]
    (transcript,) = {person.transcript for person in segment.people()}
    assert transcript is not None
    assert [(turn.speaker, turn.text) for turn in transcript.read().utterances] == [
        ("user", "用户0说0"),
        ("supporter", "回复0第0"),
        ("user", "用户0说1"),
        ("supporter", "回复0第1"),
    ]


def test_scenarios_and_personas_stay_together(tmp_path: Path) -> None:
    data = module(write(tmp_path, DIALOGUES), folds=3)
    assert sum(apart(data).values()) == 7 * 3
    assert len({segment.group for segment in data.segments()}) == 6


@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("context", [True, False])
def test_it_keeps_what_a_data_module_promises(tmp_path: Path, context: bool, history: bool) -> None:
    check_datamodule(module(write(tmp_path, DIALOGUES), context=context, history=history, folds=3, batch_size=2))


def test_broken_logs_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rlver"):
        module(tmp_path).segments()
    with pytest.raises(InputError, match=r"some-model.jsonl.gz lacks 'player'"):
        module(write(tmp_path, [{"id": "s", "history": []}])).segments()
    (path,) = (tmp_path / "rlver" / "sage_logs_deepseek_v3").iterdir()
    path.write_bytes(b"not gzip")
    with pytest.raises(InputError, match=r"some-model.jsonl.gz cannot be read"):
        module(tmp_path).segments()
    path.unlink()
    with pytest.raises(InputError, match="no log at"):
        module(tmp_path).segments()


def test_people_must_take_turns(tmp_path: Path) -> None:
    wrong = dialogue(0, "x")
    del wrong["history"][1]
    with pytest.raises(InputError, match=r"turns 0 to 2 do not take turns"):
        module(write(tmp_path, [wrong])).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root, fold=1)
    assert sum(apart(data, shortest=2).values()) == 6189
    assert len({segment.group for segment in everything(data.parts)}) == 91
    known = [segment.labels["better"] for segment in everything(data.parts) if "better" in segment.labels]
    assert (len(known), sum(known)) == (6184, 3119)
