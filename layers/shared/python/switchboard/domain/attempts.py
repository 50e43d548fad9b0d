"""What becomes of a queued text: each function answers with the text as it is to be stored, and what follows."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from switchboard.domain.delivery import (
    LOOK_PAUSE,
    STATUS_RANK,
    Accepted,
    Decision,
    Disposal,
    Failure,
    LookResult,
    NotSent,
    Refused,
    SendOutcome,
    SentMessage,
    Undelivered,
    Unknown,
    after_failure,
    disposal_of,
    moves_forward,
)
from switchboard.domain.messages import Purpose

FAILED_STATUSES = frozenset({"undelivered", "failed", "canceled"})
_QUICK = frozenset({None, Disposal.RETRY_WITH_JITTER})
_UNAUTHORIZED = 401


class State(StrEnum):
    """Where a text stands in the outbox."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    DONE = "done"


class Unsendable(StrEnum):
    """Why a text may not leave any more: MessageEvent.failureCode of a text that never reached Twilio."""

    OPTED_OUT = "RECIPIENT_OPTED_OUT"
    PAIR_BLOCKED = "NUMBER_BLOCKED_BY_RECIPIENT"
    SITTER_GONE = "SITTER_INACTIVE"
    NO_WINDOW = "NO_ACTIVE_WINDOW"
    WINDOW_ENDED = "WINDOW_ENDED"
    AMBIGUOUS = "DELIVERY_UNCERTAIN"


REASONS: dict[str, str] = {
    Unsendable.OPTED_OUT: "The recipient has opted out of texts.",
    Unsendable.PAIR_BLOCKED: "The recipient has blocked this number.",
    Unsendable.SITTER_GONE: "The sitter is not active any more.",
    Unsendable.NO_WINDOW: "No assignment window was active when the text arrived.",
    Unsendable.WINDOW_ENDED: "The assignment window ended before the text could be delivered.",
    Unsendable.AMBIGUOUS: "It cannot be told whether the text was delivered; send it again if need be.",
    Disposal.PERMANENT: "The recipient's phone cannot be reached.",
    Disposal.OPT_OUT: "The recipient has opted out of texts.",
    Disposal.PERMANENT_OUR_FAULT: "The text is empty or too long.",
    Disposal.LOOP_STOP: "Too many texts went back and forth in a short time.",
}
_OTHER_REASON = "The text could not be delivered."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to Twilio for one text."""

    number: int
    status: str
    claimed_at: datetime
    ended_at: datetime | None = None
    error_code: int | None = None
    sid: str | None = None
    looks: int = 0
    looks_needed: int = 2


@dataclass(frozen=True, slots=True)
class QueuedText:
    """A text of the outbox, its event's delivery columns, its attempts, and what claiming checks.

    not_after is the window's end as it was when the text was queued; live_until as it is now, in the past when the
    window was closed or given to another sitter. None: the text leans on no window.
    """

    event_id: str
    org_id: str
    thread_id: str
    sender_e164: str
    recipient_e164: str
    body: str
    purpose: Purpose
    state: State
    delivery_status: str = "queued"
    media_urls: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    next_attempt_at: datetime | None = None
    not_after: datetime | None = None
    live_until: datetime | None = None
    provider_sid: str | None = None
    failure_code: str | None = None
    failure_detail: str | None = None
    opted_out: bool = False
    pair_blocked: bool = False
    sitter_gone: bool = False
    window_open: bool = True

    @property
    def newest(self) -> Attempt:
        """The newest attempt. Raises IndexError before the first."""
        return self.attempts[-1]

    @property
    def retry_end(self) -> datetime | None:
        """No retry from then on: what Twilio never took leans on the window as it was, later retries on today's."""
        quick = all(_disposal_of(one) in _QUICK for one in self.attempts)
        return self.not_after if quick else self.live_until or self.not_after


@dataclass(frozen=True, slots=True)
class Settled:
    """A text as it is to be stored, the attempt that changed, and what follows for others."""

    text: QueuedText
    attempt: Attempt | None = None
    owner_sees: bool = False
    opt_out_code: int | None = None
    alarm_code: str | None = None

    def because(self, reason: str) -> "Settled":
        """The same with another reason for the owner."""
        return replace(self, text=replace(self.text, failure_detail=reason))


def refuse(text: QueuedText, why: Unsendable) -> Settled:
    """The text may not leave: failed, and the owner sees it."""
    return _failed(text, code=why.value, detail=REASONS[why])


def lose_claim(text: QueuedText, *, now: datetime, fraction: float) -> Settled:
    """Whoever claimed the text is gone: unknown, unless a callback has told its sid."""
    if text.newest.sid:
        return _conclude(text, text.newest, now=now, fraction=fraction)
    look_at = text.newest.claimed_at + LOOK_PAUSE
    attempt = replace(text.newest, status="unknown", looks=0, looks_needed=2)
    return Settled(_waiting(_with(text, attempt), State.UNKNOWN, look_at), attempt)


def record_outcome(text: QueuedText, outcome: SendOutcome, *, now: datetime, fraction: float) -> Settled:
    """What Twilio's answer means; a callback may have been quicker. fraction is in [0, 1)."""
    newest = replace(text.newest, ended_at=now)
    if isinstance(outcome, Accepted):
        newest = replace(newest, sid=outcome.sid, status=_forward(newest.status, outcome.status, floor="queued"))
    if newest.sid:
        return _conclude(_with(text, newest), newest, now=now, fraction=fraction)
    match outcome:
        case Unknown():
            return _record_unknown(text, newest, outcome, now=now)
        case Refused(http_status=status) if status == _UNAUTHORIZED:
            failed = replace(newest, status="not_sent", error_code=None)
            settled = _after(_with(text, failed), failed, NotSent("unauthorized"), now=now, fraction=fraction)
            return replace(settled, alarm_code="20003")
        case Refused(code=code, http_status=status):
            failed = replace(newest, status="refused", error_code=code or status)
            return _after(_with(text, failed), failed, outcome, now=now, fraction=fraction)
        case NotSent():
            failed = replace(newest, status="not_sent", error_code=None)
            return _after(_with(text, failed), failed, outcome, now=now, fraction=fraction)
    raise AssertionError(outcome)  # an accepted text has a sid


def _record_unknown(text: QueuedText, newest: Attempt, outcome: Unknown, *, now: datetime) -> Settled:
    decision = after_failure(outcome, tries=1, now=now, fraction=0.0, window_end=None)
    attempt = replace(newest, status="unknown", looks=0, looks_needed=decision.empty_looks_needed)
    return Settled(_waiting(_with(text, attempt), State.UNKNOWN, decision.next_attempt_at), attempt)


def record_status(
    text: QueuedText, *, number: int, sid: str, status: str, error_code: int | None, now: datetime, fraction: float
) -> Settled | None:
    """What a status callback means for the attempt that it names; None when it changes nothing.

    An older attempt's status is kept with it alone. A claimed text is settled by who claimed it.
    """
    attempt = next((one for one in text.attempts if one.number == number), None)
    if attempt is None or (attempt.sid and attempt.sid != sid) or not moves_forward(attempt.status, status):
        return None
    attempt = replace(attempt, sid=sid, status=status, error_code=error_code)
    moved = _with(text, attempt)
    if number != text.newest.number:
        return Settled(moved, attempt)
    if text.state is State.CLAIMED:
        return Settled(replace(moved, provider_sid=sid, delivery_status=status), attempt)
    return _conclude(moved, attempt, now=now, fraction=fraction)


def record_look(
    text: QueuedText, result: LookResult, message: SentMessage | None, *, now: datetime, fraction: float
) -> Settled:
    """What a look at Twilio for an unknown attempt means; message is the one found."""
    newest = text.newest
    if newest.sid:
        return _conclude(text, newest, now=now, fraction=fraction)
    if result is LookResult.FOUND and message is not None:
        status = _forward(newest.status, message.status, floor="queued")
        newest = replace(newest, sid=message.sid, status=status, error_code=message.error_code)
        return _conclude(_with(text, newest), newest, now=now, fraction=fraction)
    if result is LookResult.ASK_OWNER:
        return replace(refuse(text, Unsendable.AMBIGUOUS), attempt=newest)
    newest = replace(newest, looks=newest.looks + 1)
    if result is LookResult.LOOK_AGAIN:
        return Settled(_waiting(_with(text, newest), State.UNKNOWN, now + LOOK_PAUSE), newest)
    newest = replace(newest, status="not_found")
    if result is LookResult.WINDOW_ENDED:
        return replace(refuse(_with(text, newest), Unsendable.WINDOW_ENDED), attempt=newest)
    return Settled(_waiting(_with(text, newest), State.WAITING, None), newest)


def put_off_look(text: QueuedText, *, now: datetime) -> Settled:
    """Twilio could not be asked: the look does not count."""
    return Settled(replace(text, next_attempt_at=now + LOOK_PAUSE))


def _conclude(text: QueuedText, attempt: Attempt, *, now: datetime, fraction: float) -> Settled:
    """The text follows its newest attempt, whose sid is known."""
    text = replace(text, provider_sid=attempt.sid, delivery_status=attempt.status)
    if attempt.status in FAILED_STATUSES:
        return _after(text, attempt, Undelivered(attempt.error_code), now=now, fraction=fraction)
    return Settled(_done(text), attempt)


def _after(text: QueuedText, attempt: Attempt, failure: Failure, *, now: datetime, fraction: float) -> Settled:
    disposal = disposal_of(failure)
    tries = sum(1 for one in text.attempts if _disposal_of(one) is disposal)
    decision = after_failure(failure, tries=tries, now=now, fraction=fraction, window_end=text.retry_end)
    if decision.next_attempt_at is None:
        return _given_up(text, attempt, decision)
    waiting = replace(text, failure_code=decision.failure_code)
    return Settled(_waiting(waiting, State.WAITING, decision.next_attempt_at), attempt)


def _given_up(text: QueuedText, attempt: Attempt, decision: Decision) -> Settled:
    reason = REASONS.get(decision.disposal, _OTHER_REASON)
    if decision.window_ended:
        reason = REASONS[Unsendable.WINDOW_ENDED]
    return replace(
        _failed(text, code=decision.failure_code, detail=reason),
        attempt=attempt,
        opt_out_code=attempt.error_code if decision.opt_out else None,
        alarm_code=decision.failure_code if decision.alarm else None,
    )


def _disposal_of(attempt: Attempt) -> Disposal | None:
    """The class of an attempt's failure; None when it has not failed."""
    if attempt.status == "not_sent":
        return disposal_of(NotSent(""))
    if attempt.status == "refused":
        return disposal_of(Refused(attempt.error_code, attempt.error_code or 0))
    return disposal_of(Undelivered(attempt.error_code)) if attempt.status in FAILED_STATUSES else None


def _forward(old: str, new: str, *, floor: str) -> str:
    new = new if new in STATUS_RANK else floor
    return new if moves_forward(old, new) else old


def _with(text: QueuedText, attempt: Attempt) -> QueuedText:
    attempts = tuple(attempt if one.number == attempt.number else one for one in text.attempts)
    return replace(text, attempts=attempts)


def _waiting(text: QueuedText, state: State, until: datetime | None) -> QueuedText:
    return replace(text, state=state, next_attempt_at=until)


def _done(text: QueuedText) -> QueuedText:
    return replace(text, state=State.DONE, next_attempt_at=None, failure_code=None, failure_detail=None)


def _failed(text: QueuedText, *, code: str, detail: str) -> Settled:
    status = text.delivery_status if text.delivery_status in FAILED_STATUSES else "failed"
    failed = replace(text, delivery_status=status, failure_code=code, failure_detail=detail)
    return Settled(replace(failed, state=State.DONE, next_attempt_at=None), owner_sees=True)
