"""Stores what became of texts, and all that follows: the owner sees failures, opt-outs are recorded, alarms raised."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from switchboard.domain import wording
from switchboard.domain.attempts import FAILED_STATUSES, REASONS, Settled, Unsendable
from switchboard.domain.messages import NOTICE_AGAIN_AFTER, Purpose
from switchboard.metrics import Metric, measure
from switchboard.store import owner_notices, sending
from switchboard.store.database import Transaction

logger = Logger(service="switchboard", child=True)


def settle(tx: Transaction, settled: Sequence[Settled], *, now: datetime, new_id: Callable[[], str]) -> tuple[str, ...]:
    """Stores the texts, all of one thread, and answers with the threads to announce after commit."""
    settled = [_with_opt_out(tx, one, now=now, new_id=new_id) for one in settled]
    seen = [one for one in settled if one.owner_sees and _concerns_owner(one)]
    if seen:
        sending.raise_unread(tx, seen[0].text.thread_id, count=len(seen), now=now)
    sending.store(tx, settled, now=now)
    for one in settled:
        _log(one)
        _count_error(one)
    return _tell_owner(tx, seen[-1], now=now, new_id=new_id) if seen else ()


def _concerns_owner(settled: Settled) -> bool:
    """A notice that fails makes no further notice; that a STOP is in force at Twilio already is no news."""
    purpose = settled.text.purpose
    return purpose is not Purpose.OWNER_NOTICE and not (purpose is Purpose.CONFIRMATION and settled.opt_out_code)


def _with_opt_out(tx: Transaction, settled: Settled, *, now: datetime, new_id: Callable[[], str]) -> Settled:
    if settled.opt_out_code is None:
        return settled
    pair_only = sending.opt_out(tx, settled.text, code=settled.opt_out_code, row_id=new_id(), now=now)
    return settled.because(REASONS[Unsendable.PAIR_BLOCKED]) if pair_only else settled


def _tell_owner(tx: Transaction, settled: Settled, *, now: datetime, new_id: Callable[[], str]) -> tuple[str, ...]:
    text = settled.text
    thread_id = owner_notices.tell(
        tx,
        org_id=text.org_id,
        subject=f"thread:{text.thread_id}",
        body=wording.owner_not_delivered(text.failure_detail or ""),
        now=now,
        new_id=new_id,
        again_after=NOTICE_AGAIN_AFTER,
    )
    return (thread_id,) if thread_id else ()


def _count_error(settled: Settled) -> None:
    """Each attempt fails once: an attempt without a change is one that was told of before."""
    attempt = settled.attempt
    if attempt and attempt.status in ("not_sent", "refused", *FAILED_STATUSES):
        measure(Metric.SEND_ERRORS, code=str(attempt.error_code or attempt.status))


def _log(settled: Settled) -> None:
    text = settled.text
    facts: dict[str, Any] = {"event_id": text.event_id, "thread_id": text.thread_id, "attempt": len(text.attempts)}
    if settled.alarm_code:
        logger.error("text_refused_with_alarm", code=settled.alarm_code, **facts)
    elif settled.owner_sees and text.purpose is Purpose.OWNER_NOTICE:
        logger.error("owner_not_reached", code=text.failure_code, **facts)
    elif settled.owner_sees:
        logger.warning("text_not_delivered", code=text.failure_code, **facts)
    else:
        logger.info("text_settled", state=text.state.value, status=text.delivery_status, **facts)
