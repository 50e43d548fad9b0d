"""The verdict on one text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from switchboard.domain.contact_details import redact
from switchboard.domain.contact_details.counted import counted_numbers_in
from switchboard.domain.contact_details.cues import Cues
from switchboard.domain.contact_details.dealings import dealings_in, may_be_deal
from switchboard.domain.contact_details.emails import emails_in
from switchboard.domain.contact_details.handles import (
    HANDLE_TRIGGERS,
    handles_in,
    names_across,
    services_in,
    signed_names_in,
)
from switchboard.domain.contact_details.parts import may_be_part_of_a_detail
from switchboard.domain.contact_details.phones import PhoneSpan, Scope, phones_in
from switchboard.domain.contact_details.phrases import phrases_of
from switchboard.domain.contact_details.services import VOCABULARY
from switchboard.domain.contact_details.solicitations import SOLICITATION_TRIGGERS, solicitations_in
from switchboard.domain.contact_details.tokens import PART_BREAK, Reading, read
from switchboard.domain.contact_details.urls import UrlSpan, urls_in
from switchboard.domain.contact_details.vanity import vanity_numbers_in
from switchboard.domain.contact_details.verdict import Finding, Verdict, ViolationType

LONGEST_TEXT = 1600
_EARLIER_TEXTS = 5
# No more words than these hold may stand between the parts of one detail.
_EARLIER_TAIL = 80
_NEW_HEAD = 120
_ENOUGH = redact.LONGEST_PREVIEW + 60
_FIRST_LOOK = 3 * redact.LONGEST_PREVIEW
_SKIPPED = "…"
_BETWEEN_TEXTS = "\n" + PART_BREAK


class _Found(NamedTuple):
    """A detail at folded[start:end], and what covers it in a preview."""

    start: int
    end: int
    violation_type: ViolationType
    cover: str
    is_held: bool


class _Horizon:
    """How far into a text its preview reaches, with what has been found so far; endless where nothing is held."""

    __slots__ = ("_end", "_found", "_is_held")

    def __init__(self, found: list[_Found]) -> None:
        self._found = found
        self._is_held = any(one.is_held for one in found)
        self._end = 0

    def add(self, one: _Found) -> None:
        self._found.append(one)
        self._is_held = self._is_held or one.is_held
        if self._end > one.end + _ENOUGH:
            self._end = 0  # it may have come nearer

    def is_before(self, start: int) -> bool:
        """Whether what begins there is not shown any more."""
        if not self._is_held or start <= self._end:
            return False
        self._end = _reach(self._found)
        return start > self._end


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
    whole = read(text)
    found, shown = _found_in(whole, allowed_urls, hotlines)
    placed = [(_finding(whole, one, 0), one) for one in found]
    is_held = any(one.is_held for one in found)
    joined = [one[-_EARLIER_TAIL:] for one in earlier[-_EARLIER_TEXTS:] if one.strip() and not is_held]
    if joined and any(may_be_part_of_a_detail(one) for one in (*joined, text[:_NEW_HEAD])):
        placed += _across(joined, text[:_NEW_HEAD], allowed_urls, hotlines)
    if shown is not whole:
        text = text[: shown.folded.span(0, len(shown.text))[1]]
    return _verdict(text, placed, whole.folded.skipped)


def read_ahead(text: str) -> None:
    """Folds and cuts the text that will be judged next: the reading is kept."""
    read(text[:LONGEST_TEXT])


def _found_in(reading: Reading, allowed_urls: Sequence[str], hotlines: Sequence[str]) -> tuple[list[_Found], Reading]:
    """What is in a text, and as much of it as all was looked for in: behind something held, what a preview shows."""
    urls, found = _addresses_shown(reading, allowed_urls)
    shown = _shown(reading, found)
    taken = [(one.start, one.end) for one in found]
    horizon = _Horizon(found)
    scope = Scope(hotlines, _allowed(urls), is_beyond=horizon.is_before)
    cues = Cues(shown)
    for phone in _phones(phones_in(shown, scope, cues), taken):
        horizon.add(phone)
    shown = _shown(shown, found)
    known = [(one.start, one.end) for one in found]
    for phone in _phones(chain(vanity_numbers_in(shown, scope, cues), counted_numbers_in(shown, scope, cues)), known):
        if horizon.is_before(phone.start):
            break
        horizon.add(phone)
    shown = _shown(shown, found)
    found += _social_shown(shown, found, taken)
    return found, _shown(shown, found)


def _addresses_shown(reading: Reading, allowed_urls: Sequence[str]) -> tuple[list[UrlSpan], list[_Found]]:
    """The addresses of a text: all, or those that fill its preview."""
    head = reading.head(_FIRST_LOOK)
    urls = urls_in(head, allowed=allowed_urls)
    found = _addresses(head, urls)
    if head is not reading and not (found and _reach(found) < _FIRST_LOOK):
        urls = urls_in(reading, allowed=allowed_urls)
        found = _addresses(reading, urls)
    return urls, found


def _social_shown(reading: Reading, found: list[_Found], taken: list[tuple[int, int]]) -> list[_Found]:
    """Names on services and invitations: all, or those that fill the preview together with what else was found."""
    head = reading.head(_FIRST_LOOK)
    social = _social(head, found, taken)
    if head is not reading and not (social and _reach([*found, *social]) < _FIRST_LOOK):
        social = _social(reading, found, taken)
    return social


def _addresses(reading: Reading, urls: Sequence[UrlSpan]) -> list[_Found]:
    emails = [email for email in emails_in(reading) if not any(url.start < email.start < url.end for url in urls)]
    mailed = [(email.start, email.end) for email in emails]
    return [_Found(*email[:2], ViolationType.EMAIL, redact.email_cover(email.domain), True) for email in emails] + [
        _Found(url.start, url.end, ViolationType.URL, redact.url_cover(url.domain), True)
        for url in urls
        if not url.is_allowed and not _overlaps(url.start, url.end, mailed)
    ]


def _allowed(urls: Sequence[UrlSpan]) -> list[tuple[int, int]]:
    return [(url.start, url.end) for url in urls if url.is_allowed]


def _phones(phones: Iterable[PhoneSpan], taken: list[tuple[int, int]]) -> Iterator[_Found]:
    for start, end, digits, is_held in phones:
        if not (taken and _overlaps(start, end, taken)):
            yield _Found(start, end, ViolationType.PHONE_NUMBER, redact.phone_cover(digits), is_held)


def _social(reading: Reading, found: list[_Found], taken: list[tuple[int, int]]) -> list[_Found]:
    social: list[_Found] = []
    horizon = _Horizon([*found])
    for spans in _social_spans(reading, horizon.is_before):
        for start, end in spans:
            if horizon.is_before(start):
                break
            if not _overlaps(start, end, taken):
                social.append(_Found(start, end, ViolationType.SOCIAL_MEDIA, redact.REDACTED, True))
                horizon.add(social[-1])
    return social


def _social_spans(reading: Reading, is_beyond: Callable[[int], bool]) -> Iterator[Iterable[tuple[int, int]]]:
    """Names on services and invitations, each kind in the text's order, found as they are asked for."""
    names_services = not HANDLE_TRIGGERS.isdisjoint(reading.known)
    invites, deals = not SOLICITATION_TRIGGERS.isdisjoint(reading.known), may_be_deal(reading.known)
    if names_services or invites or deals:
        phrases = phrases_of(reading, VOCABULARY)
        if names_services:
            yield from (*services_in(reading, phrases), handles_in(reading, phrases, is_beyond))
        if invites:
            yield solicitations_in(reading, phrases)
        if deals:
            yield dealings_in(reading, phrases)
    yield signed_names_in(reading)


def _shown(reading: Reading, found: list[_Found]) -> Reading:
    """All of a text, or what a preview may show of one that is held."""
    return reading.head(_reach(found)) if any(one.is_held for one in found) else reading


def _reach(found: list[_Found]) -> int:
    """How far into a text its preview reaches, with room for more covers."""
    shown = at = 0
    for one in sorted(found):
        shown += max(0, one.start - at) + len(one.cover)
        at = max(at, one.end)
        if shown >= _ENOUGH:
            return at
    return at + _ENOUGH - shown


def _across(
    earlier: Sequence[str], text: str, allowed_urls: Sequence[str], hotlines: Sequence[str]
) -> list[tuple[Finding, _Found]]:
    """Details that the earlier texts begin and this one ends."""
    before = _BETWEEN_TEXTS.join(earlier) + _BETWEEN_TEXTS
    reading = read(before + text)
    origin = reading.folded.origin
    boundary = bisect_left(origin, len(before))
    urls = urls_in(reading, allowed=allowed_urls)
    found = _addresses(reading, urls)
    scope = Scope(hotlines, _allowed(urls), boundary, lambda start: start >= boundary)
    found += _phones(phones_in(reading, scope, Cues(reading)), [])
    if not HANDLE_TRIGGERS.isdisjoint(reading.known):
        found += [
            _Found(start, end, ViolationType.SOCIAL_MEDIA, redact.REDACTED, True)
            for start, end in names_across(reading, phrases_of(reading, VOCABULARY))
        ]
    return [(_finding(reading, one, len(before)), one) for one in found if one.start < boundary < one.end]


def _finding(reading: Reading, one: _Found, offset: int) -> Finding:
    start, end = reading.folded.span(one.start, one.end)
    return Finding(one.violation_type, max(0, start - offset), end - offset)


def _verdict(text: str, placed: list[tuple[Finding, _Found]], skipped: Sequence[tuple[int, int]]) -> Verdict:
    """The verdict: numbers and addresses first, each kind in the text's order."""
    if not placed and not skipped:
        return Verdict(findings=(), flagged=(), preview=redact.preview(text, []))
    placed.sort(key=lambda pair: (pair[0].violation_type is ViolationType.SOCIAL_MEDIA, pair[0].start, pair[0].end))
    covers = [redact.Cover(finding.start, finding.end, one.cover) for finding, one in placed]
    covers += [redact.Cover(*span, _SKIPPED) for span in skipped]
    return Verdict(
        findings=tuple(dict.fromkeys(finding for finding, one in placed if one.is_held)),
        flagged=tuple(dict.fromkeys(finding for finding, one in placed if not one.is_held)),
        preview=redact.preview(text, covers),
    )


def _overlaps(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < other_end and end > other_start for other_start, other_end in spans)
