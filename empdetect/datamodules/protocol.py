"""Protocols of datasets whose owners put the same people on both sides of their split."""

from typing import Literal, get_args

from empdetect.errors import InputError

Protocol = Literal["person", "published"]
"""``person``: folds hold people apart, whatever the owners' split says. ``published``: the owners' split, in which
the same people may train and test; for comparison with published figures, not for what a stranger may expect."""


def group_and_split(protocol: Protocol, person: str, unit: str, split: str) -> tuple[str, str | None]:
    """Group and split of a segment under a protocol.

    Args:
        protocol: whose split it is.
        person: who is rated; their segments never cross a ``person`` split.
        unit: what never crosses the ``published`` split, such as a clip or a story.
        split: where the owners put it.
    """
    return (person, None) if protocol == "person" else (unit, split)


def check_protocol(protocol: str) -> None:
    """Make sure that a protocol is one.

    Raises:
        InputError: it is not.
    """
    if protocol not in get_args(Protocol):
        raise InputError(f"Splitting: got protocol '{protocol}', allowed are {', '.join(get_args(Protocol))}")
