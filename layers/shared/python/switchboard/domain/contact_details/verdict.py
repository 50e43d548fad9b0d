"""What the reading of a text says about contact details in it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ViolationType(StrEnum):
    """The kinds of contact detail, as stored with an attempt."""

    PHONE_NUMBER = "phone_number"
    EMAIL = "email"
    URL = "url"
    SOCIAL_MEDIA = "social_media"


class Finding(NamedTuple):
    """One contact detail and the span of the original text that carries it."""

    violation_type: ViolationType
    start: int
    end: int


class Verdict(NamedTuple):
    """The outcome for one text.

    findings hold the text back; flagged ones (a ten-digit number in a harmless context, without a cue to
    call or keep it) are recorded and the text delivered. preview is safe to show: nothing of what was found
    remains beyond the last four digits of a phone and the domain of an address.
    """

    findings: tuple[Finding, ...]
    flagged: tuple[Finding, ...]
    preview: str

    @property
    def types(self) -> tuple[ViolationType, ...]:
        """The kinds found, each once, the first found first."""
        return tuple(dict.fromkeys(finding.violation_type for finding in self.findings))

    @property
    def is_leak(self) -> bool:
        """Whether the text must be held."""
        return bool(self.findings)
