"""The outbox: texts that have to leave, each a queued outbound MessageEvent and its row in ops.outbound_text."""

import json
from collections.abc import Sequence
from datetime import datetime

from switchboard.domain.messages import OutboundText
from switchboard.domain.storable import storable
from switchboard.store.database import Row, Transaction


def add(tx: Transaction, texts: Sequence[OutboundText], *, now: datetime) -> None:
    """Queues texts in their order; their threads' times follow. Waits for no answer."""
    if texts:
        tx.later("outbox.touch_threads", thread_ids=sorted({text.thread_id for text in texts}), now=now)
    for text in texts:
        queue(tx, text, now=now)


def queue(tx: Transaction, text: OutboundText, *, now: datetime) -> None:
    """Queues one text, whose thread is locked and has its times already. Waits for no answer."""
    tx.later(
        "outbox.add",
        event_id=text.event_id,
        org_id=text.org_id,
        thread_id=text.thread_id,
        sender_e164=text.sender_e164,
        recipient_e164=text.recipient_e164,
        body=storable(text.body),
        purpose=text.purpose.value,
        actor_type=text.actor_type,
        actor_user_id=text.actor_user_id,
        actor_client_id=text.actor_client_id,
        media=json.dumps([{"url": url, "contentType": None} for url in text.media_urls]) if text.media_urls else None,
        inbound_event_id=text.inbound_event_id,
        arrived_at=text.arrived_at,
        window_id=text.window_id,
        not_after=text.not_after,
        responsible_sitter_id=text.responsible_sitter_id,
        metadata=json.dumps(dict(text.metadata)) if text.metadata else None,
        now=now,
    )


def due_threads(tx: Transaction, *, now: datetime, limit: int) -> list[str]:
    """Threads with texts to work on now that no worker holds, those waiting longest first."""
    return [row["thread_id"] for row in tx.rows("outbox.due_threads", now=now, limit=limit)]


def early_statuses_of_attempts(tx: Transaction, *, limit: int, forget_before: datetime) -> list[Row]:
    """Early callbacks (sid, status, error_code) whose sid an attempt holds; deletes those from before forget_before."""
    tx.rows("outbox.forget_early_statuses", before=forget_before)
    return tx.rows("outbox.early_statuses_of_attempts", limit=limit)


def forget_early_status(tx: Transaction, *, sid: str, status: str) -> None:
    """The early callback is used up."""
    tx.rows("outbox.forget_early_status", sid=sid, status=status)


def unfinished_sids(tx: Transaction, *, sent_before: datetime, limit: int) -> list[str]:
    """Messages without a final status that were not yet asked for, oldest first."""
    return [row["sid"] for row in tx.rows("outbox.unfinished_sids", before=sent_before, limit=limit)]


def mark_polled(tx: Transaction, *, sid: str, now: datetime) -> None:
    """Twilio was asked for the message."""
    tx.rows("outbox.mark_polled", sid=sid, now=now)
