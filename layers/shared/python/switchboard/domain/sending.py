"""What a worker that holds a thread's lease does next with the thread's queued texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from switchboard.domain.attempts import QueuedText, Settled, State, Unsendable, lose_claim, refuse
from switchboard.domain.messages import Purpose

LEASE = timedelta(seconds=60)
HOLDS = timedelta(seconds=60)  # store/sql/sending.sql knows it too
# A call must end within the lease: two tries (a refused token is re-read once) of connecting and reading.
LONGEST_CALL = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Send:
    """Claim this text and hand it to Twilio."""

    text: QueuedText


@dataclass(frozen=True, slots=True)
class Look:
    """Ask Twilio what became of this text."""

    text: QueuedText


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is due; until is when the text that holds the others is, None that none waits."""

    until: datetime | None = None


Step = Send | Look | Rest


@dataclass(frozen=True, slots=True)
class Plan:
    """The next step, and what is settled before it."""

    step: Step
    settled: tuple[Settled, ...] = ()


def plan(texts: Sequence[QueuedText], *, now: datetime, fraction: float) -> Plan:
    """Goes through the texts in their order: a text that is not due yet holds those after it.

    One put back for longer than HOLDS does not. A text still claimed lost its worker: the caller holds the lease.
    """
    settled: list[Settled] = []
    for found in texts:
        text = found
        if text.state is State.CLAIMED:
            settled.append(lose_claim(text, now=now, fraction=fraction))
            text = settled[-1].text
        if text.state is State.DONE:
            continue
        if text.next_attempt_at is not None and text.next_attempt_at > now + HOLDS:
            continue
        if text.next_attempt_at is not None and text.next_attempt_at > now:
            return Plan(Rest(text.next_attempt_at), tuple(settled))
        if text.state is State.UNKNOWN:
            return Plan(Look(text), tuple(settled))
        if why := why_unsendable(text, now=now):
            settled.append(refuse(text, why))
            continue
        return Plan(Send(text), tuple(settled))
    return Plan(Rest(), tuple(settled))


def why_unsendable(text: QueuedText, *, now: datetime) -> Unsendable | None:
    """Why the text may not leave now; None when it may.

    The window counts as at the arrival of the text that is relayed; its end stops retries only.
    """
    relayed = text.purpose is Purpose.RELAY
    retried_late = bool(text.attempts) and text.retry_end is not None and now >= text.retry_end
    checks = (
        (text.opted_out and text.purpose is not Purpose.CONFIRMATION, Unsendable.OPTED_OUT),
        (text.pair_blocked, Unsendable.PAIR_BLOCKED),
        (relayed and text.sitter_gone, Unsendable.SITTER_GONE),
        (relayed and not text.window_open, Unsendable.NO_WINDOW),
        (relayed and retried_late, Unsendable.WINDOW_ENDED),
    )
    return next((why for wrong, why in checks if wrong), None)
