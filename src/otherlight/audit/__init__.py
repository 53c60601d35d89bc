"""Audits: did every labelled object survive translation, and was anything invented?"""

from otherlight.audit.auditing import audit
from otherlight.audit.config import AuditConfig
from otherlight.audit.lineage import Lineage, trace
from otherlight.audit.respecting import respect

__all__ = ["AuditConfig", "Lineage", "audit", "respect", "trace"]
