"""Texts held for their contact details, for the owner to release."""

import json
from datetime import datetime

from switchboard.domain.facts import Person
from switchboard.domain.release import BlockedText
from switchboard.store.database import Row, Transaction


def lock(tx: Transaction, event_id: str, *, org_id: str) -> BlockedText | None:
    """An inbound text of the organisation, whatever its state; its attempt is locked. None: there is none."""
    row = tx.row("blocked_texts.lock", event_id=event_id, org_id=org_id)
    if row is None:
        return None
    return BlockedText(
        event_id=event_id,
        org_id=org_id,
        thread_id=row["thread_id"],
        waits=row["waits"],
        from_sitter=row["actor_type"] == "sitter",
        body=row["body"],
        media_json=row["media"],
        arrived_at=row["arrived_at"],
        metadata=json.loads(row["metadata"] or "{}"),
        number_e164=row["number_e164"],
        client=_client(row),
        sitter=_sitter(row),
        opted_out=frozenset(row["opted_out"] or ()),
    )


def mark_released(tx: Transaction, text: BlockedText, *, reason: str, user_id: str, now: datetime) -> None:
    """The text is held no more: the attempt is a warning, resolved by the user."""
    metadata = dict(text.metadata) | {"release": {"reason": reason}}
    tx.rows(
        "blocked_texts.mark_released",
        event_id=text.event_id,
        metadata=json.dumps(metadata),
        user_id=user_id,
        from_sitter=text.from_sitter,
        thread_id=text.thread_id,
        arrived_at=text.arrived_at,
        now=now,
    )


def _client(row: Row) -> Person | None:
    if row["client_id"] is None:
        return None
    return Person(
        row["client_id"], row["client_first"], row["client_last"], row["client_phone"], guest=bool(row["is_guest"])
    )


def _sitter(row: Row) -> Person | None:
    if row["sitter_id"] is None:
        return None
    return Person(
        row["sitter_id"], row["sitter_first"], row["sitter_last"], row["sitter_phone"], active=row["sitter_active"]
    )
