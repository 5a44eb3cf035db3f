"""The HTML report: one self-contained file a recording's scores can be read from, offline and for good."""

from empdetect.report.page import Extras, Medium, write_report

__all__ = ["Extras", "Medium", "write_report"]
