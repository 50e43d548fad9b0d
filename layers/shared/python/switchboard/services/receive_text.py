"""Receives a text: stores it once, routes it, and leaves what has to be said in the outbox."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from aws_lambda_powertools import Logger

from switchboard.domain import wording
from switchboard.domain.contact_check import Policy
from switchboard.domain.inbound import decide, read_ahead
from switchboard.domain.inbound_text import InboundText, read_text, storable_form
from switchboard.domain.messages import NOTICE_AGAIN_AFTER
from switchboard.errors import (
    ConstraintViolated,
    DatabaseUnavailable,
    LockNotAvailable,
    SecretUnavailable,
    StatementTimedOut,
)
from switchboard.flags import Flags
from switchboard.metrics import Metric, measure
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.services.queue_text import InboundQueue, queue_text
from switchboard.store import owner_notices, texts, unrouted_texts
from switchboard.store.database import Database
from switchboard.webhooks import Form

TRIES = 2
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
UNAVAILABLE = (DatabaseUnavailable, LockNotAvailable, StatementTimedOut, SecretUnavailable)
logger = Logger(service="switchboard", child=True)


class Receiving(NamedTuple):
    """The collaborators."""

    database: Database
    send_queue: SendQueue
    flags: Callable[[], Flags]
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def policy(self) -> Policy:
        """What the flags say now."""
        flags = self.flags()
        return Policy(relay=flags.enable_sms_relay, mode=flags.anti_poaching_mode)


def receive_text(form: Form, *, arrived_at: datetime, queue: InboundQueue, using: Receiving) -> None:
    """Routes an authentic text; one that cannot be stored now waits on the queue. Raises QueueUnavailable."""
    try:
        route_text(form, arrived_at=arrived_at, using=using)
    except UNAVAILABLE as error:
        logger.warning("text_queued", error=type(error).__name__)
    except Exception as error:  # noqa: BLE001  whatever went wrong, the text must not be lost
        logger.error("text_not_stored", error=type(error).__name__)  # noqa: TRY400  no traceback: it may quote the text
    else:
        return
    queue_text(form, arrived_at=arrived_at, queue=queue)


def route_text(form: Form, *, arrived_at: datetime, using: Receiving) -> None:
    """Stores and routes the text; one that cannot be routed is the owner's. Raises when it could not be stored."""
    text = read_text(form, arrived_at=arrived_at)
    try:
        waiting = _route(form, text, using=using)
    except UNAVAILABLE:
        raise
    except Exception as error:  # noqa: BLE001  whatever went wrong, the text must not be lost
        logger.error("text_not_routed", message_sid=text.message_sid, error=type(error).__name__)  # noqa: TRY400  no traceback: it may quote the text
        waiting = _keep_unrouted(form, text, using=using)
    announce(using.send_queue, waiting)


def _route(form: Form, text: InboundText, *, using: Receiving) -> list[str]:
    for _ in range(TRIES - 1):
        try:
            return _route_once(form, text, using=using)
        except (ConstraintViolated, LockNotAvailable):  # somebody made the same row at the same time
            continue
    return _route_once(form, text, using=using)


def _route_once(form: Form, text: InboundText, *, using: Receiving) -> list[str]:
    now, policy = using.now(), using.policy()
    with using.database.transaction() as tx:
        stored = texts.store(
            tx, text, form=storable_form(form), event_id=using.new_id(), now=now, meanwhile=partial(read_ahead, text)
        )
        if stored is None:
            return []
        text = text._replace(arrived_at=stored.arrived_at)
        facts = stored.facts
        if facts is None:
            logger.error("text_to_unknown_number", message_sid=text.message_sid)
            return []
        decision = decide(facts, text, policy=policy, event_id=stored.event_id, now=now, new_id=using.new_id)
        known = stored.known_event
        if decision.event is None:
            event_id = stored.event_id if known else None
            texts.settle(tx, text.message_sid, state=decision.state, event_id=event_id, now=now)
            return []
        texts.write(tx, decision, facts=facts, text=text, known_event=known, now=now, new_id=using.new_id)
    measure(Metric.TEXTS_IN)
    if decision.is_held:
        measure(Metric.TEXTS_HELD)
    return [one.thread_id for one in decision.outbound]


def _keep_unrouted(form: Form, text: InboundText, *, using: Receiving) -> list[str]:
    """Stores the text for the owner, to be routed again later, when routing it failed."""
    now = using.now()
    with using.database.transaction() as tx:
        kept = unrouted_texts.keep(
            tx,
            text,
            form=storable_form(form),
            first_pause=FIRST_PAUSE,
            longest_pause=LONGEST_PAUSE,
            now=now,
            new_id=using.new_id,
        )
        if kept is None:
            return []
        told = owner_notices.tell(
            tx,
            org_id=kept.org_id,
            subject=f"thread:{kept.thread_id}",
            body=wording.OWNER_UNROUTED,
            now=now,
            new_id=using.new_id,
            again_after=NOTICE_AGAIN_AFTER,
        )
        return [told] if told else []
