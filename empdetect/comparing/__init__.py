"""The contagion job: two or more people's signals in, one folder out that says what may be claimed of them."""

from empdetect.comparing.job import Outcome, compare_groups
from empdetect.comparing.people import Group, groups_of
from empdetect.comparing.settings import Settings

__all__ = ["Group", "Outcome", "Settings", "compare_groups", "groups_of"]
