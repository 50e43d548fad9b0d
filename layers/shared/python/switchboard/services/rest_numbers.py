"""Numbers come back: pool numbers from threads that are over, and those of sitters who left, after their quarantine."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from aws_lambda_powertools import Logger

from switchboard.domain.numbers import NumberClass
from switchboard.services.keep_house import for_each
from switchboard.services.supply_numbers import supply
from switchboard.store import numbers
from switchboard.store.database import Database

logger = Logger(service="switchboard", child=True)


def release_pool_numbers(*, database: Database, now: datetime) -> int:
    """Takes pool numbers back, each organisation in its own transaction; answers how many."""
    with database.transaction(read_only=True) as tx:
        org_ids = numbers.organizations_with_pool_threads(tx)
    return for_each(org_ids, partial(_fill_pool, numbers.release_pool_numbers, database=database, now=now))


def measure_pool(*, database: Database) -> int:
    """Says how many pool numbers are free where fewest are: an alarm watches it. Answers whether there are any."""
    with database.transaction(read_only=True) as tx:
        found = numbers.fewest_free_pool_numbers(tx)
    if found is None:
        return 0
    org_id, free = found
    logger.info("pool_measured", org_id=org_id, fewest_free=free)
    return 1


def end_quarantines(*, database: Database, now: datetime) -> int:
    """Makes pool numbers of those whose quarantine has ended; answers how many."""
    with database.transaction(read_only=True) as tx:
        org_ids = numbers.organizations_with_ended_quarantines(tx, now=now)
    return for_each(org_ids, partial(_fill_pool, numbers.end_quarantines, database=database, now=now))


def _fill_pool(bring_back: Callable[..., int], org_id: str, *, database: Database, now: datetime) -> int:
    """How many numbers an organisation's pool got back; the bookings that wait for one are due."""
    with database.transaction() as tx:
        count = bring_back(tx, org_id=org_id, now=now)
        if count:
            supply(tx, {NumberClass.POOL}, org_id=org_id, now=now)
    return count
