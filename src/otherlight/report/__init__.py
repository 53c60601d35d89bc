"""Pages that need nothing but a browser: of a comparison, of what doctor found, of an audit."""

from otherlight.report.audit_page import write_audit
from otherlight.report.doctor_page import write_diagnosis
from otherlight.report.page import write_report

__all__ = ["write_audit", "write_diagnosis", "write_report"]
