"""Reports: results to one self-contained page."""

from otherlight.report.page import write_report

__all__ = ["write_report"]
