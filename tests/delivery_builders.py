"""An organisation with a conversation, for the tests of what leaves."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from switchboard.domain.messages import OutboundText, Purpose
from switchboard.store import outbox
from switchboard.store.database import Database

Sql = Callable[..., list[list[object]]]

NOW = datetime(2025, 1, 15, 11, tzinfo=UTC)
WINDOW_END = NOW + timedelta(hours=2)
ORG, THREAD, WINDOW, SITTER, CLIENT = "org-1", "thread-1", "window-1", "sitter-1", "client-1"
FRONT_DESK, MASKED, OWNER = "+15550100000", "+15550100011", "+15550109999"
CLIENT_PHONE, SITTER_PHONE = "+15555550101", "+15555550102"
_ids = itertools.count(1)


def next_id() -> str:
    """An id that no other row of the test run has."""
    return f"id-{next(_ids)}"


def arrange_conversation(sql: Sql) -> None:
    """One client and one sitter who may talk from an hour ago until WINDOW_END, under one masked number."""
    sql(f"""
    INSERT INTO messaging."Organization" (id, name, "ownerPhone") VALUES ('{ORG}', 'Org', '{OWNER}');
    INSERT INTO messaging."MessageNumber" (id, "orgId", e164, "numberClass", "assignedSitterId") VALUES
        ('number-desk', '{ORG}', '{FRONT_DESK}', 'front_desk', NULL),
        ('number-sitter', '{ORG}', '{MASKED}', 'sitter', '{SITTER}');
    INSERT INTO messaging."Client" ("orgId", id, "firstName", phone)
    VALUES ('{ORG}', '{CLIENT}', 'Jane', '{CLIENT_PHONE}');
    INSERT INTO messaging."Sitter" ("orgId", id, "firstName", phone)
    VALUES ('{ORG}', '{SITTER}', 'Sam', '{SITTER_PHONE}');
    """)
    arrange_thread(sql, THREAD)


def arrange_thread(sql: Sql, thread_id: str) -> None:
    """A thread of the client and the sitter, with its window."""
    sql(f"""
    INSERT INTO messaging."MessageThread"
        (id, "orgId", scope, "bookingId", "clientId", "assignedSitterId", "messageNumberId", "numberClass",
         "maskedNumberE164")
    VALUES ('{thread_id}', '{ORG}', 'client_booking', 'booking-{thread_id}', '{CLIENT}', '{SITTER}', 'number-sitter',
            'sitter', '{MASKED}');
    INSERT INTO messaging."AssignmentWindow" (id, "orgId", "threadId", "bookingId", "sitterId", "startAt", "endAt")
    VALUES ('window-{thread_id.removeprefix("thread-")}', '{ORG}', '{thread_id}', 'booking-{thread_id}', '{SITTER}',
            '{NOW - timedelta(hours=1)}', '{WINDOW_END}');
    """)


def a_relay(body: str = "hello", **changes: object) -> OutboundText:
    """A client's text on its way to the sitter."""
    text = OutboundText(
        event_id=next_id(),
        org_id=ORG,
        thread_id=THREAD,
        sender_e164=MASKED,
        recipient_e164=SITTER_PHONE,
        body=body,
        purpose=Purpose.RELAY,
        actor_type="client",
        actor_client_id=CLIENT,
        inbound_event_id=None,
        arrived_at=NOW,
        window_id=WINDOW,
        not_after=WINDOW_END,
        responsible_sitter_id=SITTER,
    )
    return text._replace(**changes)  # type: ignore[arg-type]  # fields by name, as _replace takes them


def queue_texts(database: Database, *texts: OutboundText, now: datetime = NOW) -> list[str]:
    """Puts the texts into the outbox; answers with their event ids."""
    with database.transaction() as tx:
        outbox.add(tx, texts, now=now)
    return [text.event_id for text in texts]
