"""Pages that need nothing but a browser: of a comparison, and of what doctor found."""

from otherlight.report.doctor_page import write_diagnosis
from otherlight.report.page import write_report

__all__ = ["write_diagnosis", "write_report"]
