"""A stream that is not there, and why: its reason reaches the row of the score it would have carried."""

from dataclasses import dataclass
from typing import NoReturn

from empdetect.errors import InputError


@dataclass(frozen=True)
class Absent:
    """What stands where a stream would stand.

    Args:
        reason: why it is not there, and what to do about it.
    """

    reason: str

    def read(self) -> NoReturn:
        """There is nothing to read.

        Raises:
            InputError: always, with the reason.
        """
        raise InputError(self.reason)

    def end(self) -> float:
        """There is no end.

        Raises:
            InputError: always, with the reason.
        """
        raise InputError(self.reason)

    def fingerprint(self) -> str:
        """There is no content.

        Raises:
            InputError: always, with the reason.
        """
        raise InputError(self.reason)
