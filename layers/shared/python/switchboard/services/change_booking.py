"""A booking changed: its event is stored and settled, and the booking system is never made to wait for messaging."""

from datetime import datetime

from aws_lambda_powertools import Logger

from switchboard import errors
from switchboard.domain.bookings import BookingEvent, pause_before, to_milliseconds
from switchboard.domain.changes import Answer
from switchboard.domain.desired_state import Outcome
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.services.settle_booking import NewId, Settled, settle
from switchboard.store import bookings
from switchboard.store.database import Database

logger = Logger(service="switchboard", child=True)


def change_booking(
    event: BookingEvent,
    *,
    body: str,
    database: Database,
    queue: SendQueue,
    may_create: bool,
    now: datetime,
    new_id: NewId,
) -> Answer:
    """Stores and settles one authentic event; whatever goes wrong in settling, it is kept and retried.

    Raises InvalidRequest for an unknown organisation, DatabaseUnavailable where not even the event could be stored.
    """
    now = to_milliseconds(now)
    try:
        settled = _receive(event, body=body, database=database, may_create=may_create, now=now, new_id=new_id)
    except (errors.InvalidRequest, errors.DatabaseUnavailable):
        raise
    except (errors.LockNotAvailable, errors.StatementTimedOut) as error:
        logger.warning("booking_change_postponed", booking_id=event.booking.id, error=type(error).__name__)
        settled = _keep_for_later(event, body=body, database=database, now=now)
    except Exception as error:  # noqa: BLE001  trouble inside messaging never makes the booking system fail
        name = type(error).__name__
        logger.error("booking_change_failed", booking_id=event.booking.id, error=name)  # noqa: TRY400  a trace may quote a person
        settled = _keep_for_later(event, body=body, database=database, now=now)
    announce(queue, settled.notices)
    answer = settled.answer
    logger.info("booking_changed", booking_id=event.booking.id, outcome=answer.outcome, reason=answer.reason)
    return answer


def _receive(
    event: BookingEvent, *, body: str, database: Database, may_create: bool, now: datetime, new_id: NewId
) -> Settled:
    with database.transaction() as tx:
        is_known, is_new = bookings.receive(tx, event, body=body, now=now)
        if not is_known:
            raise errors.InvalidRequest(("data.orgId",))
        if not is_new:
            return Settled(bookings.stored_answer(tx, event.webhook_id))
        return settle(tx, event, attempt=1, may_create=may_create, now=now, new_id=new_id)


def _keep_for_later(event: BookingEvent, *, body: str, database: Database, now: datetime) -> Settled:
    with database.transaction() as tx:
        is_known, is_new = bookings.keep(tx, event, body=body, now=now, retry_at=now + pause_before(1))
        if not is_known:
            raise errors.InvalidRequest(("data.orgId",))
        return Settled(Answer(Outcome.DEFERRED) if is_new else bookings.stored_answer(tx, event.webhook_id))
