"""The owner is told once of what a booking waits for while it lasts, and anew when it comes back."""

from collections.abc import Callable, Mapping
from datetime import datetime

from switchboard.domain.bookings import BookingEvent
from switchboard.domain.changes import Answer, Rows, without_phone
from switchboard.domain.desired_state import Facts, Outcome, Reason
from switchboard.store import owner_notices
from switchboard.store.database import Transaction

POOL_EXHAUSTED = "pool_exhausted"
FRONT_DESK_MISSING = "front_desk_missing"
_WANTING: Mapping[Reason, str] = {
    Reason.SITTER_NUMBER_MISSING: "no sitter number is free. Please add one",
    Reason.POOL_EXHAUSTED: "no pool number is free. Please add one",
    Reason.FRONT_DESK_MISSING: "there is no active front desk number. Please add one",
    Reason.PHONE_INVALID: "the phone of {roles} is missing or cannot be read. Please correct it in the booking system",
}


def subjects(event: BookingEvent) -> tuple[str, ...]:
    """What the owner may have been told of that the event can end."""
    return (_own_subject(event), POOL_EXHAUSTED, FRONT_DESK_MISSING)


def keep_owner_told(
    tx: Transaction,
    event: BookingEvent,
    facts: Facts,
    answer: Answer,
    rows: Rows,
    *,
    told_of: frozenset[str],
    now: datetime,
    new_id: Callable[[], str],
) -> tuple[str, ...]:
    """Forgets what has ended, tells what waits; answers the threads to announce. `told_of`: of `subjects`, by now."""
    for subject in told_of & _ended(event, facts, answer, rows):
        owner_notices.clear(tx, org_id=event.org_id, subject=subject)
    wanting = answer.reason if answer.outcome is Outcome.DEFERRED else None
    subject = POOL_EXHAUSTED if wanting is Reason.POOL_EXHAUSTED else _own_subject(event)
    if wanting is None and rows.front_desk_missing:
        wanting, subject = Reason.FRONT_DESK_MISSING, FRONT_DESK_MISSING
    if wanting is None or wanting not in _WANTING:
        return ()
    lack = _WANTING[wanting].format(roles=" and of ".join(f"the {role}" for role in without_phone(facts)))
    thread_id = owner_notices.tell(
        tx,
        org_id=event.org_id,
        subject=subject,
        body=f"Booking {event.booking.id} waits: {lack}.",
        now=now,
        new_id=new_id,
        again_after=None,
    )
    return (thread_id,) if thread_id else ()


def _own_subject(event: BookingEvent) -> str:
    return f"deferred:{event.booking.id}"


def _ended(event: BookingEvent, facts: Facts, answer: Answer, rows: Rows) -> set[str]:
    """The subjects that are over, if they ever were."""
    over = set()
    if answer.outcome is not Outcome.DEFERRED and answer.reason is not Reason.STALE:
        over.add(_own_subject(event))
    if facts.front_desk is not None:
        over.add(FRONT_DESK_MISSING)
    if rows.takes_pool_number:  # there was one again
        over.add(POOL_EXHAUSTED)
    return over
