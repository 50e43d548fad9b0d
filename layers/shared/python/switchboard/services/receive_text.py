"""Receives a text: stores it once, routes it, and leaves what has to be said in the outbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from aws_lambda_powertools import Logger

from switchboard.domain.contact_check import Mode, Policy
from switchboard.domain.inbound import decide
from switchboard.domain.inbound_text import InboundText, read_text, storable
from switchboard.errors import (
    ConstraintViolated,
    DatabaseUnavailable,
    LockNotAvailable,
    StatementTimedOut,
)
from switchboard.flags import Flags
from switchboard.services.send_text import SendQueue, announce
from switchboard.store import owner_notices, texts
from switchboard.store.database import Database, Transaction

Form = Sequence[tuple[str, str]]
TRIES = 2
logger = Logger(service="switchboard", child=True)


@dataclass(frozen=True, slots=True)
class Receiving:
    """The collaborators."""

    database: Database
    inbound_queue: SendQueue
    send_queue: SendQueue
    flags: Callable[[], Flags]
    now: Callable[[], datetime]
    new_id: Callable[[], str]


def receive_text(form: Form, *, arrived_at: datetime, using: Receiving) -> None:
    """Routes an authentic text; while the database is away it waits on the queue. Raises QueueUnavailable."""
    try:
        route_text(form, arrived_at=arrived_at, using=using)
    except (DatabaseUnavailable, LockNotAvailable, StatementTimedOut) as error:
        logger.warning("text_queued", error=type(error).__name__)
        queue_text(form, arrived_at=arrived_at, queue=using.inbound_queue)


def queue_text(form: Form, *, arrived_at: datetime, queue: SendQueue) -> None:
    """Puts the raw request with its time of arrival on the queue. Raises QueueUnavailable."""
    queue.put({"arrivedAt": arrived_at.isoformat(), "body": urlencode(list(form))})


def route_text(form: Form, *, arrived_at: datetime, using: Receiving) -> None:
    """Stores and routes the text in one transaction, then announces what waits."""
    text = read_text(form, arrived_at=arrived_at)
    for remaining in reversed(range(TRIES)):
        try:
            waiting = _route_once(form, text, using=using)
        except (ConstraintViolated, LockNotAvailable):  # somebody made the same row at the same time
            if not remaining:
                raise
        else:
            break
    announce(using.send_queue, waiting)


def _route_once(form: Form, text: InboundText, *, using: Receiving) -> list[str]:
    now, flags = using.now(), using.flags()
    with using.database.transaction() as tx:
        stored = texts.store(tx, text, form=storable(form), now=now)
        if stored is None:
            return []
        text = replace(text, arrived_at=stored.arrived_at)
        policy = Policy(relay=flags.enable_sms_relay, mode=Mode(flags.anti_poaching_mode.value))
        return _settle(tx, text, known_event_id=stored.event_id, policy=policy, now=now, new_id=using.new_id)


def _settle(
    tx: Transaction,
    text: InboundText,
    *,
    known_event_id: str | None,
    policy: Policy,
    now: datetime,
    new_id: Callable[[], str],
) -> list[str]:
    facts = texts.gather(tx, text, now=now)
    if facts is None:
        logger.error("text_to_unknown_number", message_sid=text.message_sid)
        texts.settle(tx, text.message_sid, state="unknown_number", now=now)
        return []
    decision = decide(facts, text, policy=policy, event_id=known_event_id or new_id(), now=now, new_id=new_id)
    if decision.event is None:
        texts.settle(tx, text.message_sid, state=decision.state, now=now)
        return []
    texts.write(tx, decision, facts=facts, text=text, known_event=known_event_id is not None, now=now, new_id=new_id)
    waiting = [one.thread_id for one in decision.outbound]
    if notice := decision.notice:
        told = owner_notices.tell(
            tx,
            org_id=facts.organisation.id,
            subject=notice.subject,
            body=notice.body,
            now=now,
            new_id=new_id,
            again_after=notice.again_after,
        )
        waiting += [told] if told else []
    return waiting
