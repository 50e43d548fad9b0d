"""What becomes of an outbound text: the status ladder, every failure's remedy, and ambiguous sends."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

STATUS_RANK: Mapping[str, int] = {
    "queued": 0,
    "accepted": 0,
    "scheduled": 0,
    "sending": 1,
    "sent": 2,
    "undelivered": 3,
    "failed": 3,
    "canceled": 3,
    "delivered": 4,
    "read": 5,
}


def is_known_status(status: str) -> bool:
    """Whether Twilio's status has a place on the ladder; others are logged and ignored."""
    return status in STATUS_RANK


def moves_forward(old: str | None, new: str) -> bool:
    """Whether an attempt at status old takes status new: unknown ones never move it."""
    return STATUS_RANK.get(new, -1) > STATUS_RANK.get(old or "", -1)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Twilio took the text under this sid."""

    sid: str
    status: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Twilio answered that it did not take the text."""

    code: int | None
    http_status: int
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never reached Twilio: no connection came about."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Twilio may or may not have taken the text: a time-out after the request was written, or a 5xx.

    dropped: the connection broke without a byte of answer, which is what a refusal looks like from here.
    """

    reason: str
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A status callback said failed or undelivered."""

    code: int | None


SendOutcome = Accepted | Refused | NotSent | Unknown
Failure = Refused | NotSent | Unknown | Undelivered


class Disposal(StrEnum):
    """What a class of failure calls for."""

    RETRY_WITH_JITTER = "retry_with_jitter"
    BACK_OFF = "back_off"
    RETRY_LATER = "retry_later"
    RETRY_ONCE = "retry_once"
    LOOK = "look"
    PERMANENT = "permanent"
    PERMANENT_OUR_FAULT = "permanent_our_fault"
    PERMANENT_ALARM = "permanent_alarm"
    OPT_OUT = "opt_out"
    LOOP_STOP = "loop_stop"


_CODES: Mapping[Disposal, tuple[int, ...]] = {
    Disposal.RETRY_WITH_JITTER: (429, 20429),
    Disposal.PERMANENT: (21211, 21612, 21614, 30006),
    Disposal.PERMANENT_ALARM: (21408, 30007, 30034),
    Disposal.OPT_OUT: (21610, 30004),
    Disposal.BACK_OFF: (21611, 30001, 30022, 30023),
    Disposal.PERMANENT_OUR_FAULT: (21602, 21605, 21617),
    Disposal.RETRY_LATER: (30003,),
    Disposal.RETRY_ONCE: (30005, 30008),
    Disposal.LOOP_STOP: (14107,),
}
DISPOSALS: Mapping[int, Disposal] = {code: disposal for disposal, codes in _CODES.items() for code in codes}
_ALARMING = frozenset({Disposal.PERMANENT_ALARM, Disposal.PERMANENT_OUR_FAULT, Disposal.LOOP_STOP})

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
# The pause before try 2, 3, ...; when the list is used up the failure is final.
_PAUSES: Mapping[Disposal, tuple[timedelta, ...]] = {
    Disposal.RETRY_WITH_JITTER: tuple(timedelta(seconds=min(2**n, 600)) for n in range(48)),
    Disposal.BACK_OFF: (_MINUTE, 5 * _MINUTE, 15 * _MINUTE, *(_HOUR for _ in range(23))),
    Disposal.RETRY_LATER: (15 * _MINUTE, _HOUR, 4 * _HOUR),
    Disposal.RETRY_ONCE: (_MINUTE,),
}
_JITTERED = frozenset({Disposal.RETRY_WITH_JITTER, Disposal.BACK_OFF})

LOOK_PAUSE = timedelta(seconds=60)
DROPPED_LOOK_PAUSE = timedelta(seconds=5)
_CLOCK_SLACK = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a failure. Without next_attempt_at it is final, and the owner sees it.

    empty_looks_needed is for disposal LOOK: Twilio is asked for the message before anything else.
    """

    disposal: Disposal
    failure_code: str
    next_attempt_at: datetime | None = None
    alarm: bool = False
    opt_out: bool = False
    window_ended: bool = False
    empty_looks_needed: int = 0


def disposal_of(outcome: Failure) -> Disposal:
    """The failure's class; codes not in the table are neither retried nor passed over in silence."""
    match outcome:
        case NotSent():
            return Disposal.RETRY_WITH_JITTER
        case Unknown():
            return Disposal.LOOK
        case Refused(code=code, http_status=http_status):
            return DISPOSALS.get(code or 0) or DISPOSALS.get(http_status, Disposal.PERMANENT_ALARM)
        case Undelivered(code=code):
            return DISPOSALS.get(code or 0, Disposal.PERMANENT_ALARM)


def after_failure(
    outcome: Failure, *, tries: int, now: datetime, fraction: float, window_end: datetime | None
) -> Decision:
    """Decide what follows; tries counts this failure and those of its class before it, from 1.

    fraction is in [0, 1). No retry at or after window_end; None is a text without a window.
    """
    disposal, code = disposal_of(outcome), _failure_code(outcome)
    if isinstance(outcome, Unknown):
        return _look(outcome, now=now)
    pauses = _PAUSES.get(disposal, ())
    if tries > len(pauses):
        return _final(disposal, code)
    pause = pauses[max(tries, 1) - 1]
    if disposal in _JITTERED:
        pause *= 0.5 + fraction / 2
    next_at = now + max(pause, _asked_pause(outcome))
    if window_end is not None and next_at >= window_end:
        return _final(disposal, code, window_ended=True)
    return Decision(disposal, code, next_attempt_at=next_at)


def _look(outcome: Unknown, *, now: datetime) -> Decision:
    """Looking is right after the window's end too: it tells the owner the truth."""
    pause, needed = (DROPPED_LOOK_PAUSE, 1) if outcome.dropped else (LOOK_PAUSE, 2)
    return Decision(
        Disposal.LOOK,
        outcome.reason,
        next_attempt_at=now + pause,
        empty_looks_needed=needed,
    )


def _final(disposal: Disposal, code: str, *, window_ended: bool = False) -> Decision:
    return Decision(
        disposal,
        code,
        alarm=disposal in _ALARMING,
        opt_out=disposal is Disposal.OPT_OUT,
        window_ended=window_ended,
    )


def _asked_pause(outcome: Failure) -> timedelta:
    """What Retry-After asked for, an hour at most."""
    asked = outcome.retry_after_s if isinstance(outcome, Refused) else None
    return timedelta(seconds=min(max(asked or 0.0, 0.0), 3600.0))


def _failure_code(outcome: Failure) -> str:
    match outcome:
        case Refused(code=code, http_status=http_status):
            return str(code or http_status)
        case Undelivered(code=code):
            return str(code) if code else "none"
        case NotSent(reason=reason) | Unknown(reason=reason):
            return reason


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that Twilio holds; created_at has a resolution of one second. Direction is Twilio's word."""

    sid: str
    sender: str
    recipient: str
    body: str
    status: str
    created_at: datetime
    error_code: int | None = None
    direction: str = "outbound-api"
    media_count: int = 0

    @property
    def is_inbound(self) -> bool:
        """Whether somebody outside sent it."""
        return self.direction == "inbound"


@dataclass(frozen=True, slots=True)
class Match:
    """The messages that an ambiguous send may have become: none, the one, or several."""

    sids: tuple[str, ...] = ()

    @property
    def only_sid(self) -> str | None:
        """The sid where there is one message; None: none, or several."""
        return self.sids[0] if len(self.sids) == 1 else None


def match_sent(
    candidates: Sequence[SentMessage],
    *,
    body: str,
    sent_after: datetime,
    sent_before: datetime,
    known_sids: Collection[str],
) -> Match:
    """Find the message of an ambiguous send by body, time and a sid that no other event holds.

    The times are our clock's when the request began and ended; five seconds either side allow for clocks.
    """
    earliest = sent_after.replace(microsecond=0) - _CLOCK_SLACK
    latest = sent_before + _CLOCK_SLACK
    found = {
        message.sid
        for message in candidates
        if message.sid not in known_sids
        and message.body.strip() == body.strip()
        and earliest <= message.created_at <= latest
    }
    return Match(tuple(sorted(found)))


class LookResult(StrEnum):
    """What a look at Twilio settles."""

    FOUND = "found"
    LOOK_AGAIN = "look_again"
    SEND_AGAIN = "send_again"
    ASK_OWNER = "ask_owner"
    WINDOW_ENDED = "window_ended"


def after_look(
    match: Match, *, empty_looks: int, empty_looks_needed: int = 2, now: datetime, window_end: datetime | None
) -> LookResult:
    """Decide after a look; empty_looks counts this one if it found nothing. Looks are LOOK_PAUSE apart."""
    if match.only_sid:
        return LookResult.FOUND
    if match.sids:
        return LookResult.ASK_OWNER
    if empty_looks < empty_looks_needed:
        return LookResult.LOOK_AGAIN
    if window_end is not None and now >= window_end:
        return LookResult.WINDOW_ENDED
    return LookResult.SEND_AGAIN


MAX_VALIDITY_S = 36_000
MIN_VALIDITY_S = 6


def validity_period_s(now: datetime, window_end: datetime | None) -> int:
    """Twilio's ValidityPeriod, so that a text waits in its queue no longer than the window lasts.

    Twilio allows 1 to 36,000 and recommends over 5: a text that may go because it arrived in time gets 6.
    """
    if window_end is None:
        return MAX_VALIDITY_S
    remaining = int((window_end - now).total_seconds())
    return max(MIN_VALIDITY_S, min(remaining, MAX_VALIDITY_S))
