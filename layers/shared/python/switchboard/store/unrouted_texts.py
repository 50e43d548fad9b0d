"""Inbound texts that are stored and could not be routed: the owner's, and tried again."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from switchboard.domain.inbound_text import InboundText
from switchboard.domain.routing import ROUTING_ERROR
from switchboard.store import text_rows
from switchboard.store.database import Transaction, as_json


class UnroutedText(NamedTuple):
    """Where the owner finds a text that could not be routed."""

    thread_id: str
    org_id: str


def keep(
    tx: Transaction,
    text: InboundText,
    *,
    form: Sequence[tuple[str, str]],
    first_pause: timedelta,
    longest_pause: timedelta,
    now: datetime,
    new_id: Callable[[], str],
) -> UnroutedText | None:
    """Keeps a text that could not be routed; None: it was settled, nobody's, or the owner has it already."""
    tx.later("unrouted_texts.hold", recipient=text.recipient)
    row = tx.row(
        "unrouted_texts.keep",
        message_sid=text.message_sid,
        sender=text.sender,
        recipient=text.recipient,
        arrived_at=text.arrived_at,
        form=as_json(form),
        body=text.body,
        media=text_rows.media_of(text),
        metadata=json.dumps({"route": {"rule": "routing_error", "reason": ROUTING_ERROR}}),
        event_id=new_id(),
        thread_id=new_id(),
        first_pause_s=int(first_pause.total_seconds()),
        longest_pause_s=int(longest_pause.total_seconds()),
        now=now,
    )
    return UnroutedText(row["thread_id"], row["org_id"]) if row else None


class WaitingText(NamedTuple):
    """A stored text whose next try is due."""

    form: list[tuple[str, str]]
    arrived_at: datetime


def due(tx: Transaction, *, now: datetime, most: int, most_tries: int) -> list[WaitingText]:
    """Texts that are stored and not routed."""
    rows = tx.rows("unrouted_texts.due", now=now, most=most, most_tries=most_tries)
    return [WaitingText([(name, value) for name, value in row["form"]], row["arrived_at"]) for row in rows]
