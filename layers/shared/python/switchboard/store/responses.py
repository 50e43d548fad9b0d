"""ResponseRecord: answers that are owed to clients."""

from collections.abc import Sequence
from datetime import datetime

from switchboard.domain.facts import Person
from switchboard.domain.responses import KEPT_AFTER_WINDOW, PendingResponse
from switchboard.store.database import Transaction, as_json


def pending(tx: Transaction, *, now: datetime, most: int) -> list[PendingResponse]:
    """Pending records that time may have resolved, locked; those that another run has are left out."""
    return [
        PendingResponse(
            id=row["id"],
            org_id=row["org_id"],
            thread_id=row["thread_id"],
            client_name=Person("", row["first_name"], row["last_name"], None).name,
            inbound_at=row["inbound_at"],
            sla_seconds=row["sla_seconds"],
            window_end=row["window_end"],
        )
        for row in tx.rows("responses.pending", now=now, over_before=now - KEPT_AFTER_WINDOW, most=most)
    ]


def resolve(tx: Transaction, resolved: Sequence[tuple[str, str]], *, now: datetime) -> None:
    """Gives records, by id, their status."""
    if resolved:
        rows = [{"id": record_id, "status": status} for record_id, status in resolved]
        tx.rows("responses.resolve", records=as_json(rows), now=now)


def reply(tx: Transaction, *, thread_id: str, event_id: str, now: datetime) -> None:
    """The owner has answered: all that is pending on the thread is replied."""
    tx.rows("responses.reply", thread_id=thread_id, event_id=event_id, at=now, now=now)
