"""The verdict on one text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from switchboard.domain.contact_details import redact
from switchboard.domain.contact_details.cues import Cues
from switchboard.domain.contact_details.emails import emails_in
from switchboard.domain.contact_details.handles import (
    HANDLE_TRIGGERS,
    VOCABULARY,
    handles_in,
    names_across,
    signed_names_in,
)
from switchboard.domain.contact_details.parts import may_be_part_of_a_detail
from switchboard.domain.contact_details.phones import Scope, phones_in
from switchboard.domain.contact_details.phrases import phrases_of
from switchboard.domain.contact_details.solicitations import SOLICITATION_TRIGGERS, solicitations_in
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading, read
from switchboard.domain.contact_details.urls import urls_in
from switchboard.domain.contact_details.vanity import vanity_numbers_in
from switchboard.domain.contact_details.verdict import Finding, Verdict, ViolationType

LONGEST_TEXT = 1600
_EARLIER_TEXTS = 5
_EARLIER_TAIL = 160
_NEW_HEAD = 400
_SKIPPED = "…"
_BETWEEN_TEXTS = "\n" + PART_BREAK


class _Found(NamedTuple):
    """A detail at folded[start:end], and what covers it in a preview."""

    start: int
    end: int
    violation_type: ViolationType
    cover: str
    is_held: bool


def judge(
    text: str,
    *,
    earlier: Sequence[str] = (),
    allowed_urls: Sequence[str] = (),
    hotlines: Sequence[str] = (),
) -> Verdict:
    """Finds contact details in the text, read after the same sender's earlier texts (oldest first).

    allowed_urls are the organisation's own addresses, hotlines E.164 numbers: neither is a finding.
    """
    text = text[:LONGEST_TEXT]
    reading = read(text)
    found, read_to = _details(reading, allowed_urls, hotlines)
    addresses = [(one.start, one.end) for one in found if one.violation_type is not ViolationType.PHONE_NUMBER]
    social = _invitations(reading) + signed_names_in(reading)
    found += _social([span for span in social if not _overlaps(*span, addresses)])
    placed = [(_finding(reading, one, 0), one) for one in found]
    joined = [one[-_EARLIER_TAIL:] for one in earlier[-_EARLIER_TEXTS:] if one.strip()]
    if joined and any(may_be_part_of_a_detail(one) for one in (*joined, text[:_NEW_HEAD])):
        placed += _across(joined, text[:_NEW_HEAD], allowed_urls, hotlines)
    shown = text if read_to == len(reading.text) else text[: reading.folded.span(0, read_to)[1]]
    return _verdict(shown, placed, reading.folded.skipped)


def _details(
    reading: Reading, allowed_urls: Sequence[str], hotlines: Sequence[str], boundary: int = 0
) -> tuple[list[_Found], int]:
    """Numbers and addresses, and how far numbers were looked for."""
    urls = urls_in(reading, allowed=allowed_urls)
    emails = [email for email in emails_in(reading) if not any(url.start < email.start < url.end for url in urls)]
    scope = Scope(hotlines, [(url.start, url.end) for url in urls if url.is_allowed], boundary)
    cues = Cues(reading)
    mailed = [(email.start, email.end) for email in emails]
    found = [_Found(*email[:2], ViolationType.EMAIL, redact.email_cover(email.domain), True) for email in emails]
    found += [
        _Found(url.start, url.end, ViolationType.URL, redact.url_cover(url.domain), True)
        for url in urls
        if not url.is_allowed and not _overlaps(url.start, url.end, mailed)
    ]
    phones = phones_in(reading, scope, cues)
    found += [
        _Found(phone.start, phone.end, ViolationType.PHONE_NUMBER, redact.phone_cover(phone.digits), phone.is_held)
        for phone in phones.spans + vanity_numbers_in(reading, scope, cues)
        if not _overlaps(phone.start, phone.end, mailed)
    ]
    return found, phones.read_to


def _invitations(reading: Reading) -> list[tuple[int, int]]:
    has_handle = not HANDLE_TRIGGERS.isdisjoint(reading.known)
    has_solicitation = not SOLICITATION_TRIGGERS.isdisjoint(reading.known)
    if not has_handle and not has_solicitation:
        return []
    phrases = phrases_of(reading, VOCABULARY)
    return handles_in(reading, phrases) + (solicitations_in(reading, phrases) if has_solicitation else [])


def _social(spans: list[tuple[int, int]]) -> list[_Found]:
    return [_Found(start, end, ViolationType.SOCIAL_MEDIA, redact.REDACTED, True) for start, end in spans]


def _across(
    earlier: Sequence[str], text: str, allowed_urls: Sequence[str], hotlines: Sequence[str]
) -> list[tuple[Finding, _Found]]:
    """Details that the earlier texts begin and this one ends."""
    before = _BETWEEN_TEXTS.join(earlier) + _BETWEEN_TEXTS
    reading = read(before + text)
    origin = reading.folded.origin
    boundary = bisect_left(origin, len(before))
    found, _ = _details(reading, allowed_urls, hotlines, boundary)
    if not HANDLE_TRIGGERS.isdisjoint(reading.known):
        found += _social(names_across(reading, phrases_of(reading, VOCABULARY)))
    return [(_finding(reading, one, len(before)), one) for one in found if one.start < boundary < one.end]


def _finding(reading: Reading, one: _Found, offset: int) -> Finding:
    start, end = reading.folded.span(one.start, one.end)
    return Finding(one.violation_type, max(0, start - offset), end - offset)


def _verdict(shown: str, placed: list[tuple[Finding, _Found]], skipped: Sequence[tuple[int, int]]) -> Verdict:
    """The verdict: numbers and addresses first, each kind in the text's order; shown is what a preview may show of."""
    placed.sort(key=lambda pair: (pair[0].violation_type is ViolationType.SOCIAL_MEDIA, pair[0].start, pair[0].end))
    covers = [redact.Cover(finding.start, finding.end, one.cover) for finding, one in placed]
    covers += [redact.Cover(*span, _SKIPPED) for span in skipped]
    return Verdict(
        findings=tuple(dict.fromkeys(finding for finding, one in placed if one.is_held)),
        flagged=tuple(dict.fromkeys(finding for finding, one in placed if not one.is_held)),
        preview=redact.preview(shown, covers),
    )


def _overlaps(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < other_end and end > other_start for other_start, other_end in spans)
