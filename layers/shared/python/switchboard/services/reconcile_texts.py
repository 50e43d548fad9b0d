"""Compares Twilio's list of messages with ours: lost texts come in, lost statuses are learnt, strays are counted."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from switchboard.domain.delivery import SentMessage, moves_forward
from switchboard.domain.inbound_text import FOUND_AT, Media
from switchboard.errors import ReconciliationIncomplete
from switchboard.metrics import Metric, measure
from switchboard.services.keep_outbox import poll_unfinished
from switchboard.services.receive_text import Receiving, route_text
from switchboard.services.record_status import StatusReport, record_status
from switchboard.store import reconciliation
from switchboard.store.reconciliation import Compared, Finding
from switchboard.twilio import MessagePage, TwilioSender

LOOK_BACK = timedelta(hours=36)
SETTLING = timedelta(minutes=15)  # webhooks may be on their way, and texts in the middle of being sent
LONGEST_STRETCH, SHORTEST_STRETCH = timedelta(hours=12), timedelta(seconds=1)
PAGE_SIZE = 1_000
_ARRIVED = "received"  # of an inbound text whose media is still coming Twilio says "receiving"
logger = Logger(service="switchboard", child=True)


@dataclass(frozen=True, slots=True)
class Reconciling:
    """The collaborators; out_of_time says when to stop."""

    receiving: Receiving
    twilio: TwilioSender
    fraction: Callable[[], float]
    out_of_time: Callable[[], bool]
    page_size: int = PAGE_SIZE


def reconcile_texts(*, using: Reconciling) -> dict[str, int]:
    """Compares everything up to a quarter of an hour ago, and answers with what it found and did.

    Safe to run twice at once: both go on from where either is. Raises ReconciliationIncomplete, and TwilioUnavailable
    or a DatabaseError when one of them is away; what has been compared stays so.
    """
    done: Counter[str] = Counter(compared=0, found=0, moved=0, strays=0, polled=0)
    try:
        _compare_all(done, using=using)
        _poll_all(done, using=using)
    finally:
        logger.info("texts_reconciled", done=dict(done))
        _measure(done)
    return dict(done)


def _measure(done: Counter[str]) -> None:
    for metric, what in ((Metric.TEXTS_FOUND, "found"), (Metric.STRAY_TEXTS, "strays")):
        measure(metric, done[what])


def _compare_all(done: Counter[str], *, using: Reconciling) -> None:
    """Stretch by stretch, the oldest first, so that texts come in in their order; a stretch is a page at most."""
    now, database = using.receiving.now(), using.receiving.database
    goal = (now - SETTLING).replace(microsecond=0)
    with database.transaction() as tx:
        progress = reconciliation.begin(tx, look_back=now - LOOK_BACK, goal=goal, now=now)
    since, length = progress.compared_until, LONGEST_STRETCH
    while since < progress.goal:
        until = min(since + length, progress.goal)
        _stop_when_late(using)
        page = using.twilio.page_of_messages(since=since, until=until, size=using.page_size)
        if page.next_url and until - since > SHORTEST_STRETCH:
            length = max((until - since) / 2, SHORTEST_STRETCH)
            continue
        _compare_stretch(page, done, using=using)
        with database.transaction() as tx:
            since = reconciliation.advance(tx, since=since, until=until, now=using.receiving.now())
        length = min(length * 2, LONGEST_STRETCH)


def _compare_stretch(page: MessagePage, done: Counter[str], *, using: Reconciling) -> None:
    """The stretch's page; there are more only of a second that has more texts than a page holds."""
    _settle(page.messages, done, using=using)
    while page.next_url:
        page = using.twilio.following_page(page.next_url)
        _settle(page.messages, done, using=using)


def _settle(messages: Sequence[SentMessage], done: Counter[str], *, using: Reconciling) -> None:
    oldest_first = messages[::-1]
    with using.receiving.database.transaction(read_only=True) as tx:
        compared = reconciliation.compare(tx, oldest_first)
    done["compared"] += len(messages)
    for one in compared:
        _stop_when_late(using)
        if one.finding is Finding.MISSING and one.message.status == _ARRIVED:
            _bring_in(one.message, using=using)
            done["found"] += 1
        elif one.finding is Finding.SENT and moves_forward(one.status, one.message.status):
            _move_forward(one.message, using=using)
            done["moved"] += 1
    done["strays"] += _note_strays([one for one in compared if one.finding is Finding.STRAY], using=using)


def _bring_in(message: SentMessage, *, using: Reconciling) -> None:
    """The way of every text, with its own time; what is too late to be passed on is decided there."""
    logger.warning("lost_text_found", message_sid=message.sid)
    media = using.twilio.media_of(message.sid) if message.media_count else ()
    now = using.receiving.now()
    form = _form(message, media, found_at=now)
    route_text(form, arrived_at=min(message.created_at, now), using=using.receiving)


def _form(message: SentMessage, media: Sequence[Media], *, found_at: datetime) -> list[tuple[str, str]]:
    """What the webhook would have brought."""
    fields = [
        ("MessageSid", message.sid),
        ("From", message.sender),
        ("To", message.recipient),
        ("Body", message.body),
        ("NumMedia", str(len(media))),
        (FOUND_AT, found_at.isoformat()),
    ]
    for n, one in enumerate(media):
        fields += [(f"MediaUrl{n}", one.url), (f"MediaContentType{n}", one.content_type)]
    return fields


def _move_forward(message: SentMessage, *, using: Reconciling) -> None:
    receiving = using.receiving
    record_status(
        StatusReport(sid=message.sid, status=message.status, error_code=message.error_code),
        database=receiving.database,
        queue=receiving.send_queue,
        now=receiving.now(),
        new_id=receiving.new_id,
        fraction=using.fraction(),
    )


def _note_strays(strays: Sequence[Compared], *, using: Reconciling) -> int:
    """Nothing is done about them: who sent them, and why, only a person can find out."""
    if not strays:
        return 0
    with using.receiving.database.transaction() as tx:
        return reconciliation.note_strays(tx, strays, now=using.receiving.now())


def _poll_all(done: Counter[str], *, using: Reconciling) -> None:
    """Those without a final status after 12 h that housekeeping has not come to."""
    receiving = using.receiving
    while not using.out_of_time():
        polled = poll_unfinished(
            database=receiving.database,
            queue=receiving.send_queue,
            twilio=using.twilio,
            now=receiving.now(),
            new_id=receiving.new_id,
            fraction=using.fraction,
        )
        done["polled"] += polled
        if not polled:
            return


def _stop_when_late(using: Reconciling) -> None:
    if using.out_of_time():
        raise ReconciliationIncomplete
