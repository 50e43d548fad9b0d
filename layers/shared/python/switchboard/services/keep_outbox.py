"""Housekeeping of what leaves: threads whose texts wait, callbacks that came early, texts without a final status."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from switchboard.errors import TwilioUnavailable
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.services.record_status import StatusReport, record_status
from switchboard.store import outbox
from switchboard.store.database import Database
from switchboard.twilio import TwilioSender

THREADS_A_RUN = 500
STATUSES_A_RUN = 200
POLLS_A_RUN, POLLING_S = 20, 10.0
POLL_AFTER = timedelta(hours=12)
EARLY_KEPT = timedelta(days=7)
logger = Logger(service="switchboard", child=True)


def announce_waiting(*, database: Database, queue: SendQueue, now: datetime) -> int:
    """Announces threads with due texts that no worker holds: never announced, put back, unknown, or left by a crash."""
    with database.transaction(read_only=True) as tx:
        thread_ids = outbox.due_threads(tx, now=now, limit=THREADS_A_RUN)
    announce(queue, thread_ids)
    return len(thread_ids)


def apply_early_statuses(
    *, database: Database, queue: SendQueue, now: datetime, new_id: Callable[[], str], fraction: Callable[[], float]
) -> int:
    """Applies the callbacks whose sid an attempt holds by now; forgets those that nobody ever asked for."""
    with database.transaction() as tx:
        found = outbox.early_statuses_of_attempts(tx, limit=STATUSES_A_RUN, forget_before=now - EARLY_KEPT)
    for row in found:
        report = StatusReport(sid=row["sid"], status=row["status"], error_code=row["error_code"])
        record_status(report, database=database, queue=queue, now=now, new_id=new_id, fraction=fraction())
        with database.transaction() as tx:
            outbox.forget_early_status(tx, sid=report.sid, status=report.status)
    return len(found)


def poll_unfinished(
    *,
    database: Database,
    queue: SendQueue,
    twilio: TwilioSender,
    now: datetime,
    new_id: Callable[[], str],
    fraction: Callable[[], float],
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Asks Twilio, once, for texts that have no final status after 12 h; a slow one leaves the rest for later."""
    began_at = clock()
    with database.transaction(read_only=True) as tx:
        sids = outbox.unfinished_sids(tx, sent_before=now - POLL_AFTER, limit=POLLS_A_RUN)
    for done, sid in enumerate(sids):
        if clock() - began_at > POLLING_S:
            return done
        try:
            message = twilio.fetch(sid)
        except TwilioUnavailable as error:
            logger.warning("twilio_not_polled", error=str(error))
            return done
        if message is not None:
            report = StatusReport(sid=sid, status=message.status, error_code=message.error_code)
            record_status(report, database=database, queue=queue, now=now, new_id=new_id, fraction=fraction())
        with database.transaction() as tx:
            outbox.mark_polled(tx, sid=sid, now=now)
    return len(sids)
