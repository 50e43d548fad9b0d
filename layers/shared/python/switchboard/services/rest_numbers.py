"""Numbers come back: pool numbers from threads that are over, and those of sitters who left, after their quarantine."""

from datetime import datetime

from switchboard.services.settle_booking import POOL_EXHAUSTED
from switchboard.store import numbers, owner_notices
from switchboard.store.database import Database


def release_pool_numbers(*, database: Database, now: datetime) -> int:
    """Takes pool numbers back, each organisation in its own transaction; answers how many."""
    with database.transaction(read_only=True) as tx:
        org_ids = numbers.organizations_with_pool_threads(tx)
    freed = 0
    for org_id in org_ids:
        with database.transaction() as tx:
            count = numbers.release_pool_numbers(tx, org_id=org_id, now=now)
            if count:
                owner_notices.clear(tx, org_id=org_id, subject=POOL_EXHAUSTED)
        freed += count
    return freed


def end_quarantines(*, database: Database, now: datetime) -> int:
    """Makes pool numbers of those whose quarantine has ended; answers how many."""
    with database.transaction(read_only=True) as tx:
        org_ids = numbers.organizations_with_ended_quarantines(tx, now=now)
    ended = 0
    for org_id in org_ids:
        with database.transaction() as tx:
            count = numbers.end_quarantines(tx, org_id=org_id, now=now)
            if count:
                owner_notices.clear(tx, org_id=org_id, subject=POOL_EXHAUSTED)
        ended += count
    return ended
