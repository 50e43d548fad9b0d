"""Sends the texts that wait in the outbox, thread by thread: claim, call Twilio with no transaction open, record."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aws_lambda_powertools import Logger

from switchboard.domain import attempts
from switchboard.domain.attempts import QueuedText, Settled
from switchboard.domain.delivery import (
    Accepted,
    NotSent,
    SendOutcome,
    SentMessage,
    Unknown,
    after_look,
    match_sent,
    validity_period_s,
)
from switchboard.domain.sending import LEASE, LONGEST_CALL, Look, Rest, Send, Step, plan
from switchboard.errors import DatabaseUnavailable, LockNotAvailable, TwilioUnavailable
from switchboard.metrics import Metric, measure
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.services.settle_texts import settle
from switchboard.store import sending
from switchboard.store.database import Database, Transaction
from switchboard.store.sending import Lease
from switchboard.twilio import TwilioSender

STATUS_PATH = "/webhooks/twilio/status"
logger = Logger(service="switchboard", child=True)


@dataclass(frozen=True, slots=True)
class Sending:
    """The collaborators of a worker. holder names it; fraction is random in [0, 1)."""

    database: Database
    twilio: TwilioSender
    queue: SendQueue
    public_base_url: str
    holder: str
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    fraction: Callable[[], float]


Report = SendOutcome | list[SentMessage] | TwilioUnavailable


def send_thread(thread_id: str, *, using: Sending, out_of_time: Callable[[], bool] = lambda: False) -> None:
    """Sends what is due on the thread, in order; nothing while another worker holds its lease."""
    if out_of_time():
        announce(using.queue, [thread_id])
        return
    now = using.now()
    with using.database.transaction() as tx:
        taken = sending.take_lease(tx, thread_id, holder=using.holder, now=now)
        if taken is None:
            return
        lease, texts = taken
        step, told = _next(tx, lease, texts, using=using, now=now)
    announce(using.queue, told)
    while not isinstance(step, Rest):
        report = _act(step, using=using, began_at=now)
        now = using.now()
        step = _record_surely(lease, step, report, using=using, now=now, stop=out_of_time())
    _come_back(thread_id, step, using=using, now=now)


def _next(
    tx: Transaction, lease: Lease, texts: list[QueuedText], *, using: Sending, now: datetime, stop: bool = False
) -> tuple[Step, tuple[str, ...]]:
    """Decides the next step, and claims its text or gives the lease back. Answers with the threads to announce too."""
    planned = plan(texts, now=now, fraction=using.fraction())
    told = settle(tx, planned.settled, now=now, new_id=using.new_id)
    if any(one.opt_out_code for one in planned.settled):
        step, more = _next(tx, lease, sending.keep_lease(tx, lease, now=now) or [], using=using, now=now, stop=stop)
        return step, (*told, *more)
    step = planned.step
    if stop and not isinstance(step, Rest):
        step = Rest(now)
    if isinstance(step, Rest):
        sending.release_lease(tx, lease, now=now)
    elif isinstance(step, Send):
        step = Send(sending.claim(tx, step.text, holder=lease.holder, now=now))
    return step, told


def _act(step: Send | Look, *, using: Sending, began_at: datetime) -> Report:
    """Calls Twilio; no transaction is open."""
    text = step.text
    if using.now() > began_at + LEASE - LONGEST_CALL:
        return NotSent("lease_too_old") if isinstance(step, Send) else TwilioUnavailable("lease_too_old")
    if isinstance(step, Look):
        try:
            return using.twilio.list_sent(
                sender=text.sender_e164, recipient=text.recipient_e164, since=text.newest.claimed_at
            )
        except TwilioUnavailable as error:
            return error
    outcome = using.twilio.send(
        sender=text.sender_e164,
        recipient=text.recipient_e164,
        body=text.body,
        media_urls=text.media_urls,
        status_callback=f"{using.public_base_url}{STATUS_PATH}?event={text.event_id}&attempt={text.newest.number}",
        validity_period_s=validity_period_s(using.now(), text.retry_end),
    )
    if isinstance(outcome, Accepted):
        measure(Metric.TEXTS_OUT)
    return outcome


def _record_surely(
    lease: Lease, step: Send | Look, report: Report, *, using: Sending, now: datetime, stop: bool
) -> Step:
    """What Twilio said is worth a second try at once; without it the text would have to be looked for."""
    try:
        return _record(lease, step, report, using=using, now=now, stop=stop)
    except (DatabaseUnavailable, LockNotAvailable) as error:
        logger.warning("outcome_not_recorded", event_id=step.text.event_id, error=type(error).__name__)
        return _record(lease, step, report, using=using, now=now, stop=stop)


def _record(lease: Lease, step: Send | Look, report: Report, *, using: Sending, now: datetime, stop: bool) -> Step:
    """Records what Twilio said, and takes the next step in the same transaction."""
    with using.database.transaction() as tx:
        texts = sending.keep_lease(tx, lease, now=now)
        if texts is None:
            following: Step = Rest()
            told = _report_late(tx, step, report, using=using, now=now)
        else:
            texts, told = _settle_step(tx, lease, texts, step, report, using=using, now=now)
            following, more = _next(tx, lease, texts, using=using, now=now, stop=stop)
            told = (*told, *more)
    announce(using.queue, told)
    return following


def _settle_step(
    tx: Transaction,
    lease: Lease,
    texts: list[QueuedText],
    step: Send | Look,
    report: Report,
    *,
    using: Sending,
    now: datetime,
) -> tuple[list[QueuedText], tuple[str, ...]]:
    """Settles the step's text; a callback may have done it. Answers with the texts as they are then."""
    text = next((text for text in texts if text.event_id == step.text.event_id), None)
    if text is None:
        return texts, ()
    settled = _settled(tx, text, report, using=using, now=now)
    told = settle(tx, [settled], now=now, new_id=using.new_id)
    if settled.opt_out_code:  # what claiming checks has changed for the other texts
        return sending.keep_lease(tx, lease, now=now) or [], told
    return [settled.text if other is text else other for other in texts], told


def _report_late(
    tx: Transaction, step: Send | Look, report: Report, *, using: Sending, now: datetime
) -> tuple[str, ...]:
    """The lease was lost during the call. That Twilio took the text is as true as if a callback had said it."""
    logger.warning("lease_lost", event_id=step.text.event_id)
    if not isinstance(report, Accepted):
        return ()
    text = sending.lock_text(tx, event_id=step.text.event_id, sid=report.sid)
    moved = text and attempts.record_status(
        text,
        number=step.text.newest.number,
        sid=report.sid,
        status=report.status,
        error_code=None,
        now=now,
        fraction=using.fraction(),
    )
    return settle(tx, [moved], now=now, new_id=using.new_id) if moved else ()


def _come_back(thread_id: str, rest: Rest, *, using: Sending, now: datetime) -> None:
    """A text that holds the others is announced for when it is due; housekeeping finds those that wait longer."""
    if rest.until is not None:
        announce(using.queue, [thread_id], delay_s=max(0, math.ceil((rest.until - now).total_seconds())))


def _settled(tx: Transaction, text: QueuedText, report: Report, *, using: Sending, now: datetime) -> Settled:
    fraction = using.fraction()
    if isinstance(report, TwilioUnavailable):
        logger.warning("unknown_text_not_looked_for", event_id=text.event_id, error=str(report))
        return attempts.put_off_look(text, now=now)
    if isinstance(report, list):
        return _looked(tx, text, report, now=now, fraction=fraction)
    if isinstance(report, NotSent | Unknown):
        logger.warning("twilio_not_reached", event_id=text.event_id, reason=report.reason)
    settled = attempts.record_outcome(text, report, now=now, fraction=fraction)
    if isinstance(report, Accepted):
        settled = _with_early(tx, settled, report.sid, now=now, fraction=fraction)
    return settled


def _with_early(tx: Transaction, settled: Settled, sid: str, *, now: datetime, fraction: float) -> Settled:
    """Statuses that came before the sid was known, and named nothing else."""
    for status, error_code in sending.early_statuses(tx, sid):
        moved = attempts.record_status(
            settled.text,
            number=settled.text.newest.number,
            sid=sid,
            status=status,
            error_code=error_code,
            now=now,
            fraction=fraction,
        )
        settled = moved or settled
    return settled


def _looked(tx: Transaction, text: QueuedText, found: list[SentMessage], *, now: datetime, fraction: float) -> Settled:
    newest = text.newest
    match = match_sent(
        found,
        body=text.body,
        sent_after=newest.claimed_at,
        sent_before=newest.ended_at or newest.claimed_at + LEASE,
        known_sids=sending.sids_of_others(tx, [one.sid for one in found], event_id=text.event_id),
    )
    result = after_look(
        match,
        empty_looks=newest.looks + 1,
        empty_looks_needed=newest.looks_needed,
        now=now,
        window_end=text.retry_end,
    )
    message = next((one for one in found if one.sid == match.only_sid), None)
    return attempts.record_look(text, result, message, now=now, fraction=fraction)
