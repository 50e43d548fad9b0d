"""Records what Twilio says became of a text: forward only, for the attempt that the callback names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from aws_lambda_powertools import Logger

from switchboard.domain import attempts
from switchboard.domain.attempts import QueuedText, Settled, State
from switchboard.domain.delivery import is_known_status
from switchboard.errors import ConstraintViolated
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.services.settle_texts import settle
from switchboard.store import sending
from switchboard.store.database import Database, Transaction
from switchboard.webhooks import Form

logger = Logger(service="switchboard", child=True)
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What a callback, or Twilio asked, says of a message; event and attempt where the address named them."""

    sid: str
    status: str
    error_code: int | None = None
    event_id: str | None = None
    attempt: int | None = None


def read_status(form: Form, query: str) -> StatusReport | None:
    """The report in an authentic callback; None when it names no message or no status that is known."""
    fields, asked = dict(reversed(form)), dict(reversed(parse_qsl(query, errors="replace")))
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
    if not sid or not is_known_status(status):
        logger.warning("status_not_understood", sid=sid, known_sid=bool(sid))
        return None
    return StatusReport(
        sid=sid.replace("\0", ""),
        status=status,
        error_code=_number(fields.get("ErrorCode")),
        event_id=asked.get("event", "").replace("\0", "") or None,
        attempt=_number(asked.get("attempt")),
    )


def record_status(
    report: StatusReport,
    *,
    database: Database,
    queue: SendQueue,
    now: datetime,
    new_id: Callable[[], str],
    fraction: float,
) -> None:
    """Moves the text forward; a repeat, an older status and another attempt's sid change nothing."""
    try:
        with database.transaction() as tx:
            told = _record(tx, report, now=now, new_id=new_id, fraction=fraction)
    except ConstraintViolated as error:
        logger.error("status_names_two_texts", sid=report.sid, constraint=error.constraint)  # noqa: TRY400  said whole
        return
    announce(queue, told)


def _record(
    tx: Transaction, report: StatusReport, *, now: datetime, new_id: Callable[[], str], fraction: float
) -> tuple[str, ...]:
    text = sending.lock_text(tx, event_id=report.event_id, sid=report.sid)
    number = _attempt_of(text, report) if text else None
    if text is None or number is None:
        sending.keep_early_status(tx, sid=report.sid, status=report.status, error_code=report.error_code, now=now)
        logger.info("status_kept_for_later", sid=report.sid, status=report.status)
        return ()
    moved = attempts.record_status(
        text,
        number=number,
        sid=report.sid,
        status=report.status,
        error_code=report.error_code,
        now=now,
        fraction=fraction,
    )
    if moved is None:
        logger.info("status_changed_nothing", event_id=text.event_id, attempt=number, status=report.status)
        return ()
    _notice_second_message(text, moved)
    told = settle(tx, [moved], now=now, new_id=new_id)
    return (*told, text.thread_id) if text.state is State.UNKNOWN else told


def _attempt_of(text: QueuedText, report: StatusReport) -> int | None:
    """The attempt that the callback's address names, else the one that holds its sid."""
    if report.attempt is not None and text.event_id == report.event_id:
        return report.attempt
    return next((attempt.number for attempt in text.attempts if attempt.sid == report.sid), None)


def _notice_second_message(text: QueuedText, moved: Settled) -> None:
    """An attempt that was looked for in vain turns up after the text was sent again."""
    if moved.attempt and moved.attempt.number != text.newest.number:
        before = next(one for one in text.attempts if one.number == moved.attempt.number)
        if before.sid is None:
            logger.error("text_sent_twice", event_id=text.event_id, attempt=moved.attempt.number)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None
