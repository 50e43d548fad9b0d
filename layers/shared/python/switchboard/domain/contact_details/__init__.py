"""Finds contact details in texts between client and sitter, looking through evasion."""

from switchboard.domain.contact_details.judge import judge, read_ahead
from switchboard.domain.contact_details.verdict import Finding, Verdict, ViolationType

__all__ = ["Finding", "Verdict", "ViolationType", "judge", "read_ahead"]
