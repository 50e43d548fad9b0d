"""A text between client and sitter as it leaves: from the thread's number, in pieces that Twilio takes."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from switchboard.domain import wording
from switchboard.domain.messages import OutboundText, Purpose

LONGEST = 1_600  # characters that Twilio takes in one text


class Passage(NamedTuple):
    """From whom to whom, over which number, and the window that it leans on."""

    org_id: str
    thread_id: str
    sender_e164: str
    recipient_e164: str
    from_sitter: bool
    client_id: str
    sitter_id: str
    window_id: str | None
    not_after: datetime | None
    inbound_event_id: str
    arrived_at: datetime


def relayed(
    passage: Passage, *, body: str, media_urls: tuple[str, ...], new_id: Callable[[], str]
) -> list[OutboundText]:
    """One text, or several where a name before it makes it too long; pictures travel with the first."""
    whole = body if body.strip() or media_urls else body + wording.NO_WORDS
    pieces = [whole[start : start + LONGEST] for start in range(0, max(len(whole), 1), LONGEST)]
    return [
        OutboundText(
            event_id=new_id(),
            org_id=passage.org_id,
            thread_id=passage.thread_id,
            sender_e164=passage.sender_e164,
            recipient_e164=passage.recipient_e164,
            body=piece,
            purpose=Purpose.RELAY,
            actor_type="sitter" if passage.from_sitter else "client",
            actor_user_id=passage.sitter_id if passage.from_sitter else None,
            actor_client_id=None if passage.from_sitter else passage.client_id,
            media_urls=media_urls if n == 0 else (),
            inbound_event_id=passage.inbound_event_id,
            arrived_at=passage.arrived_at,
            window_id=passage.window_id,
            not_after=passage.not_after,
            responsible_sitter_id=passage.sitter_id,
        )
        for n, piece in enumerate(pieces)
    ]
