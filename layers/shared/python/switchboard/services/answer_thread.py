"""The owner answers on a thread, the client or the sitter, from the thread's number; and marks it read."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from switchboard.domain.messages import OutboundText, Purpose
from switchboard.domain.phone import is_e164
from switchboard.errors import NotFound, Refused
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.services.read_inbox import shown_message
from switchboard.store import inbox, outbox, responses
from switchboard.store.database import Database, Row


def answer_thread(
    thread_id: str,
    *,
    org_id: str,
    user_id: str,
    body: str,
    recipient: str,
    database: Database,
    queue: SendQueue,
    now: datetime,
    new_id: Callable[[], str],
) -> dict[str, Any]:
    """Queues the owner's words to the recipient (client or sitter). Raises NotFound, Refused: nobody can be texted."""
    with database.transaction() as tx:
        row = inbox.recipients(tx, thread_id, org_id=org_id)
        if row is None:
            raise NotFound
        if why := _why_not(row, recipient):
            raise Refused(why)
        text = OutboundText(
            event_id=new_id(),
            org_id=org_id,
            thread_id=thread_id,
            sender_e164=row["number_e164"],
            recipient_e164=row[f"{recipient}_e164"],
            body=body,
            purpose=Purpose.OWNER_REPLY,
            actor_type="owner",
            actor_user_id=user_id,
            metadata={"to": recipient, "reason": f"The owner's words to the {recipient}"},
        )
        outbox.add(tx, [text], now=now)
        if recipient == "client":
            responses.reply(tx, thread_id=thread_id, event_id=text.event_id, now=now)
        message = inbox.message(tx, text.event_id, thread_id=thread_id, org_id=org_id)
    announce(queue, [thread_id])
    return shown_message(message)


def _why_not(row: Row, recipient: str) -> str | None:
    e164 = row[f"{recipient}_e164"]
    checks = (
        (row[f"{recipient}_id"] is None, f"this conversation has no {recipient}"),
        (recipient == "sitter" and row["sitter_active"] is False, "the sitter has left"),
        (not is_e164(e164 or ""), f"the {recipient} has no phone that can be texted"),
        (e164 in (row["opted_out"] or ()), f"the {recipient} has opted out of texts"),
        (row["number_e164"] is None, "this conversation has no number to text from"),
    )
    return next((reason for wrong, reason in checks if wrong), None)


def mark_read(thread_id: str, *, org_id: str, database: Database, now: datetime) -> None:
    """Nothing of the thread is unread any more. Raises NotFound."""
    with database.transaction() as tx:
        if not inbox.mark_read(tx, thread_id, org_id=org_id, now=now):
            raise NotFound
