"""Whether the owner may release a text that was held for its contact details, and what then leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from switchboard.domain import wording
from switchboard.domain.contact_check import read_media
from switchboard.domain.facts import Person
from switchboard.domain.messages import OutboundText
from switchboard.domain.phone import is_e164
from switchboard.domain.relaying import Passage, relayed
from switchboard.domain.routing import read_inputs, words_said
from switchboard.domain.standing import Standing


@dataclass(frozen=True, slots=True)
class BlockedText:
    """A held text, and its thread with the people on it as they are now; waits: nobody has released it."""

    event_id: str
    org_id: str
    thread_id: str
    waits: bool
    from_sitter: bool
    body: str
    media_json: str | None
    arrived_at: datetime
    metadata: Mapping[str, Any]
    number_e164: str | None
    client: Person | None
    sitter: Person | None
    opted_out: frozenset[str]


def why_not(text: BlockedText) -> str | None:
    """Why the text may not be released; None: it may."""
    standing = _standing(text)
    recipient = text.client if text.from_sitter else text.sitter
    checks = (
        (not text.waits, "the text is not held"),
        (standing is None, "the text had no recipient"),
        (standing and (text.client is None or text.client.id != standing.client_id), "the client has changed"),
        (standing and (text.sitter is None or text.sitter.id != standing.sitter_id), "the sitter has changed"),
        (text.sitter and not text.sitter.active, "the sitter has left"),
        (recipient and not is_e164(recipient.e164 or ""), "the recipient has no phone"),
        (recipient and recipient.e164 in text.opted_out, "the recipient has opted out"),
        (text.number_e164 is None, "the thread has no number"),
    )
    return next((reason for wrong, reason in checks if wrong), None)


def released(text: BlockedText, *, new_id: Callable[[], str]) -> list[OutboundText]:
    """What leaves, as it would have left then; the window's end does not stop what the owner has released."""
    standing = _standing(text)
    recipient = text.client if text.from_sitter else text.sitter
    if standing is None or recipient is None:
        return []
    passage = Passage(
        org_id=text.org_id,
        thread_id=text.thread_id,
        sender_e164=text.number_e164 or "",
        recipient_e164=recipient.e164 or "",
        from_sitter=text.from_sitter,
        client_id=standing.client_id,
        sitter_id=standing.sitter_id,
        window_id=standing.window_id,
        not_after=None,
        inbound_event_id=text.event_id,
        arrived_at=text.arrived_at,
    )
    media_urls = tuple(one.url for one in read_media(text.media_json))
    return relayed(passage, body=_words(text, pictured=bool(media_urls)), media_urls=media_urls, new_id=new_id)


def _words(text: BlockedText, *, pictured: bool) -> str:
    if not text.from_sitter:
        name = text.client.name if text.client else ""
        return wording.relayed(name, text.body, tag=text.metadata.get("tag"))
    return words_said(text.body, rule=text.metadata["route"]["rule"], pictured=pictured)


def _standing(text: BlockedText) -> Standing | None:
    """The window that the text leant on when it came."""
    route = text.metadata.get("route", {})
    if "inputs" not in route:
        return None
    windows = read_inputs(route["inputs"]).standings
    return next((one for one in windows if one.window_id == route.get("windowId")), None)
