"""The owner says whether a client is recurring, or leaves it to the bookings again."""

from datetime import datetime

from switchboard.domain.classification import is_one_time
from switchboard.errors import NotFound
from switchboard.store import inbox
from switchboard.store.database import Database


def mark_client(client_id: str, *, org_id: str, override: bool | None, database: Database, now: datetime) -> None:
    """Stores the mark, and what follows on each of the client's threads at once; numbers wait. Raises NotFound."""
    with database.transaction() as tx:
        if not inbox.set_override(tx, client_id, org_id=org_id, override=override, now=now):
            raise NotFound
        found = inbox.signals(tx, client_id, org_id=org_id)
        one_time = {
            row["thread_id"]: is_one_time(
                says_recurring=row["says_recurring"], has_weekly_plan=row["has_weekly_plan"], owner_override=override
            )
            for row in found
        }
        inbox.classify(tx, one_time, now=now)
