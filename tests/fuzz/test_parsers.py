"""A few hundred hostile inputs for each parser; ``python -m tests.fuzz`` runs the same for as long as you like."""

import pytest

from tests.fuzz.parsers import PARSERS
from tests.fuzz.run import Found, attack


@pytest.mark.parametrize("name", PARSERS)
def test_hostile_inputs_are_read_or_refused_with_a_reason(name: str) -> None:
    found = attack(PARSERS[name], seconds=1.0)
    assert found.inputs
    assert found.inputs == found.accepted + found.refused
    assert not found.bugs


def test_of_two_inputs_of_one_bug_the_smaller_is_kept() -> None:
    found = Found()
    for content in (b"long", b"s", b"mid"):
        found.add("KeyError at a.py:1", {"a.txt": content})
    assert found.summary()["bugs"] == [{"error": "KeyError at a.py:1", "input": {"a.txt": "b's'"}}]
