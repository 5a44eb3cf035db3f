"""Task and Target: contradictions are refused in one sentence, and a task survives YAML."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from empdetect.errors import InputError
from empdetect.task import Target, Task, read_task

EMPATHY = Target("empathy", "ordinal", ("none", "weak", "strong"))
VALENCE = Target("valence", "continuous", range=(-1, 1))
MOOD = Target("mood", "nominal", ("sad", "glad"))
SURE = Target("sure", "binary")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "my empathy", "kind": "binary"}, "a name of letters"),
        ({"name": "empathy", "kind": "bool"}, "got kind 'bool', allowed are binary"),
        ({"name": "empathy", "kind": "ordinal", "classes": ("one",)}, "at least two classes, got 1"),
        ({"name": "empathy", "kind": "regression"}, "needs a 'range'"),
        ({"name": "empathy", "kind": "regression", "range": (2, 1)}, "the range must grow"),
    ],
)
def test_a_target_that_contradicts_itself_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Target(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"targets": ()}, "at least one target"),
        ({"targets": (SURE, SURE)}, "target names must differ, got sure, sure"),
        ({"unit": "minute"}, "got unit 'minute', allowed are utterance"),
        ({"direction": "up"}, "got direction 'up'"),
        ({"interaction": "crowd"}, "got interaction 'crowd'"),
        ({"persons": 0}, "'persons' must be 1 or more"),
        ({"window": 0}, "above 0, got 0"),
        ({"hop": 2.0}, "needs a 'window'"),
        ({"window": 4.0, "hop": -1.0}, "got hop -1"),
    ],
)
def test_a_task_that_contradicts_itself_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Task(**{"targets": (SURE,), **arguments})


def test_heads_measures_and_limits_follow_from_the_kind() -> None:
    targets = (SURE, EMPATHY, MOOD, VALENCE)
    assert [target.outputs for target in targets] == [1, 2, 2, 1]
    assert [target.levels for target in targets] == [2, 3, 2, 0]
    assert [target.limits for target in targets] == [(0, 1), (0, 2), (0, 1), (-1, 1)]
    assert MOOD.measures == ("mood=sad", "mood=glad")
    assert EMPATHY.measures == ("empathy",)


@pytest.mark.parametrize(
    ("target", "allowed", "refused"),
    [(SURE, (0, 1.0), (0.5, 2, -1)), (EMPATHY, (0, 2), (3, 1.5)), (VALENCE, (-1, 0.3, 1), (1.01,))],
)
def test_labels_outside_of_the_scale_are_told(
    target: Target, allowed: tuple[float, ...], refused: tuple[float, ...]
) -> None:
    assert [target.label_problem(value) for value in allowed] == [None] * len(allowed)
    assert all(f"'{target.name}' is {value:g}" in str(target.label_problem(value)) for value in refused)


def test_a_task_survives_yaml() -> None:
    task = Task((SURE, EMPATHY, MOOD, VALENCE), "utterance", "parallel", "distress", "dyadic", 2, ("seeker",), 4.0, 2.0)
    assert Task.from_dict(yaml.safe_load(yaml.safe_dump(task.to_dict()))) == task
    assert task.target("mood") is MOOD
    with pytest.raises(InputError, match="no target 'joy'; it has sure, empathy"):
        task.target("joy")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("data: {init_args: {}}", "no key 'task' in it"),
        ("task: {unit: segment}", "at least one target"),
        ("task: {targets: [{name: empathy}]}", "needs a name and a kind"),
        ("task: {targets: [empathy]}", "needs a name and a kind"),
        ("task: {targets: [{name: empathy, kind: binary, colour: red}]}", "may have a range or classes; got"),
        ("task: {targets: [{name: empathy, kind: regression, range: [1]}]}", "of the wrong type"),
        ("task: {targets: [{name: empathy, kind: binary}], window: long}", "of the wrong type"),
        ("task: {targets: 3}", "of the wrong type"),
        ("task: {target: []}", "unknown target; allowed are targets"),
        ("task: [", "Reading the task from"),
    ],
)
def test_a_file_without_a_proper_task_is_refused_in_one_line(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_task(tmp_path / "task.yaml")
    assert "\n" not in str(caught.value)


def test_the_task_is_found_beside_its_data_module(tmp_path: Path) -> None:
    (tmp_path / "fit.yaml").write_text("data: {init_args: {task: {targets: [{name: sure, kind: binary}]}}}\n")
    assert read_task(tmp_path / "fit.yaml") == Task((SURE,))
