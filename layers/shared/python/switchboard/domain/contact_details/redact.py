"""The preview of a text with what was found in it blacked out."""

from __future__ import annotations

from typing import NamedTuple

LONGEST_PREVIEW = 200
# Covers have seven characters or more: behind this many of them a preview is full.
MOST_FINDINGS = 32


class Cover(NamedTuple):
    """What to write over original[start:end]."""

    start: int
    end: int
    text: str


def phone_cover(digits: str) -> str:
    """Leaves the last four digits."""
    return f"***-***-{digits[-4:]}"


def email_cover(domain: str) -> str:
    """Leaves the domain."""
    return f"***@{domain}" if domain else "[REDACTED]"


def url_cover(domain: str) -> str:
    """Leaves the registered domain."""
    return f"***{domain}"


REDACTED = "[REDACTED]"


def preview(text: str, covers: list[Cover]) -> str:
    """The text under its covers, cut to 200 characters; where covers overlap the first one's text stands."""
    parts: list[str] = []
    at = 0
    for cover in sorted(covers, key=lambda one: (one.start, -one.end)):
        if cover.start >= at:
            parts.append(text[at : cover.start])
            parts.append(cover.text)
        at = max(at, cover.end)
    parts.append(text[at:])
    return "".join(parts)[:LONGEST_PREVIEW]
