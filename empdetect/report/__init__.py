"""HTML reports: a page a recording and one on all of them, to be read offline and for good."""

from empdetect.report.dataset import Overview
from empdetect.report.page import Extras, Medium, write_report

__all__ = ["Extras", "Medium", "Overview", "write_report"]
