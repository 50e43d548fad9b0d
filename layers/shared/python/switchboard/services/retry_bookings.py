"""Booking events that wait are settled again, with pauses that grow from a minute to an hour."""

from datetime import datetime

from aws_lambda_powertools import Logger

from switchboard.booking_snapshots import read_snapshot
from switchboard.domain.bookings import pause_before, to_milliseconds
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.services.settle_booking import NewId, settle
from switchboard.store import bookings
from switchboard.store.bookings import Waiting
from switchboard.store.database import Database

AT_A_TIME = 100
logger = Logger(service="switchboard", child=True)


def retry_deferred(
    *,
    database: Database,
    queue: SendQueue,
    may_create: bool,
    now: datetime,
    new_id: NewId,
) -> int:
    """Settles due events by the rows as they are stored now, each in its own transaction; answers how many."""
    now = to_milliseconds(now)
    with database.transaction() as tx:
        due = bookings.waiting(tx, now=now, limit=AT_A_TIME)
    done = 0
    for waiting in due:
        try:
            done += _retry(waiting, database=database, queue=queue, may_create=may_create, now=now, new_id=new_id)
        except Exception as error:  # noqa: BLE001  one booking's trouble leaves the others running
            name = type(error).__name__
            logger.error("booking_retry_failed", webhook_id=waiting.webhook_id, error=name)  # noqa: TRY400  a trace may quote a person
            with database.transaction() as tx:
                retry_at = now + pause_before(waiting.attempts + 1)
                bookings.put_back(tx, waiting.webhook_id, retry_at=retry_at, now=now)
    return done


def _retry(
    waiting: Waiting, *, database: Database, queue: SendQueue, may_create: bool, now: datetime, new_id: NewId
) -> bool:
    event, _ = read_snapshot(waiting.body, webhook_id=waiting.webhook_id)
    with database.transaction() as tx:
        if not bookings.take_up(tx, event, now=now):
            return False
        settled = settle(
            tx,
            event,
            attempt=waiting.attempts + 1,
            was_let_through=waiting.is_deferred,
            may_create=may_create,
            now=now,
            new_id=new_id,
        )
    announce(queue, settled.notices)
    logger.info("booking_retried", booking_id=event.booking.id, outcome=settled.answer.outcome)
    return True
