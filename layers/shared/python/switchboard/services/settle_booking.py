"""Brings a booking's thread, number and window to the desired state, in a transaction that holds the booking."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from switchboard.domain.bookings import (
    BookingEvent,
    is_older,
    newer_booking,
    newer_client,
    newer_sitter,
    pause_before,
)
from switchboard.domain.bookings import Status as BookingStatus
from switchboard.domain.changes import Answer, Rows, carry_out, needed_class, put_off, without_phone
from switchboard.domain.desired_state import Facts, Outcome, Reason, Verdict, judge
from switchboard.domain.numbers import Number, NumberClass
from switchboard.services.booking_notices import keep_owner_told, subjects
from switchboard.services.sitter_access import end_access, give_back_access
from switchboard.services.supply_numbers import supply
from switchboard.store import bookings, numbers, threads
from switchboard.store.bookings import Gathered, Snapshots
from switchboard.store.database import Transaction

NewId = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to the booking system, and the threads on which a notice to the owner waits."""

    answer: Answer
    notices: tuple[str, ...] = ()


def settle(
    tx: Transaction,
    event: BookingEvent,
    *,
    attempt: int = 1,
    was_let_through: bool = False,
    may_create: bool,
    now: datetime,
    new_id: NewId,
) -> Settled:
    """Stores the newest snapshots, compares what is stored with what exists, and writes what differs.

    `was_let_through`: the event was deferred after it had passed the flag; where a thread exists it still passes, and
    so does the one that takes its place.
    """
    gathered = bookings.gather(tx, event, notices=subjects(event), now=now)
    facts, snapshots = _standing(event, gathered)
    gathered = _take_sitter_back(tx, event, snapshots, gathered, now=now, new_id=new_id)
    if is_older(event.booking, gathered.booking):
        answer, rows = Answer(Outcome.SKIPPED, Reason.STALE), Rows()
    else:
        may_create = may_create or ((was_let_through or gathered.was_let_through) and facts.thread is not None)
        answer, rows = _bring_about(tx, event, facts, gathered, may_create=may_create, now=now, new_id=new_id)
    rows += _let_sitter_go(tx, event, facts, gathered, rows, now=now)
    bookings.write(
        tx,
        event,
        snapshots=snapshots,
        rows=rows,
        answer=answer,
        people=_display_names(facts),
        was_deferred=gathered.was_deferred,
        retry_at=now + pause_before(attempt) if _waits(answer, rows) else None,
        now=now,
        new_id=new_id,
    )
    if snapshots.client is not None and gathered.guests:
        threads.adopt_guests(tx, org_id=event.org_id, client_id=snapshots.client.id, guests=gathered.guests, now=now)
    if rows.frees_pool_number:
        supply(tx, {NumberClass.POOL}, org_id=event.org_id, now=now)
    told = keep_owner_told(tx, event, facts, answer, rows, told_of=gathered.told_of, now=now, new_id=new_id)
    return Settled(answer, told)


def _standing(event: BookingEvent, gathered: Gathered) -> tuple[Facts, Snapshots]:
    """The rows as they stand with this event, and those of its snapshots that are the newest."""
    booking = newer_booking(event.booking, gathered.booking)
    clients, sitters = dict(gathered.clients), dict(gathered.sitters)
    if event.client is not None:
        clients[event.client.id] = newer_client(event.client, clients.get(event.client.id))
    if event.sitter is not None:
        sitters[event.sitter.id] = newer_sitter(event.sitter, sitters.get(event.sitter.id))
    sitter = sitters.get(booking.sitter_id) if booking.sitter_id else None
    facts = Facts(
        booking=booking,
        client=clients.get(booking.client_id) if booking.client_id else None,
        sitter=sitter,
        threads=gathered.threads,
        front_desk=gathered.front_desk,
        tags=gathered.tags,
        was_completed=gathered.booking is not None and gathered.booking.status is BookingStatus.COMPLETED,
    )
    told_client = clients.get(event.client.id) if event.client else None
    told_sitter = sitters.get(event.sitter.id) if event.sitter else None
    return facts, Snapshots(
        booking=booking if booking != gathered.booking else None,
        client=told_client if told_client and told_client != gathered.clients.get(told_client.id) else None,
        sitter=told_sitter if told_sitter and told_sitter != gathered.sitters.get(told_sitter.id) else None,
    )


def _bring_about(
    tx: Transaction,
    event: BookingEvent,
    facts: Facts,
    gathered: Gathered,
    *,
    may_create: bool,
    now: datetime,
    new_id: NewId,
) -> tuple[Answer, Rows]:
    verdict = judge(facts, event_type=event.type, may_create=may_create, now=now)
    found = _number_for(tx, event.org_id, facts, verdict, gathered, now=now, new_id=new_id)
    if isinstance(found, Reason):
        return put_off(facts, found, now=now)
    return carry_out(facts, verdict, number=found, now=now, new_id=new_id)


def _number_for(
    tx: Transaction,
    org_id: str,
    facts: Facts,
    verdict: Verdict,
    gathered: Gathered,
    *,
    now: datetime,
    new_id: NewId,
) -> Number | Reason | None:
    """The number that the verdict needs, taken for good, or why there is none."""
    needed = needed_class(facts, verdict)
    if needed is None:
        return None
    if without_phone(facts):
        return Reason.PHONE_INVALID
    if needed is NumberClass.FRONT_DESK:
        return facts.front_desk or Reason.FRONT_DESK_MISSING
    if needed is NumberClass.POOL:
        return _pool_number(tx, org_id, facts, now=now, new_id=new_id) or Reason.POOL_EXHAUSTED
    return _sitter_number(tx, org_id, facts, gathered, now=now, new_id=new_id) or Reason.SITTER_NUMBER_MISSING


def _sitter_number(
    tx: Transaction, org_id: str, facts: Facts, gathered: Gathered, *, now: datetime, new_id: NewId
) -> Number | None:
    sitter_id = facts.sitter_id or ""
    kept = gathered.sitter_numbers.get(sitter_id)
    if kept is None:
        return numbers.claim_sitter_number(tx, org_id=org_id, sitter_id=sitter_id, now=now, new_id=new_id)
    number, is_in_use = kept
    if not is_in_use:
        numbers.keep_sitter_number(tx, org_id=org_id, number=number, sitter_id=sitter_id, now=now, new_id=new_id)
    return number


def _pool_number(tx: Transaction, org_id: str, facts: Facts, *, now: datetime, new_id: NewId) -> Number | None:
    """The thread's own pool number where it has one."""
    thread = facts.thread
    if thread is None:
        return None
    if thread.number_class is NumberClass.POOL and thread.number_id and thread.number_e164:
        return Number(thread.number_id, thread.number_e164, NumberClass.POOL)
    return numbers.claim_pool_number(
        tx, org_id=org_id, thread_id=thread.id, client_id=thread.client_id, now=now, new_id=new_id
    )


def _take_sitter_back(
    tx: Transaction, event: BookingEvent, snapshots: Snapshots, gathered: Gathered, *, now: datetime, new_id: NewId
) -> Gathered:
    """A sitter who comes back gets their number back; their other bookings are looked at again."""
    sitter = snapshots.sitter
    stored = gathered.sitters.get(sitter.id) if sitter else None
    if sitter is None or not sitter.active or stored is None or stored.active:
        return gathered
    number = give_back_access(
        tx,
        sitter.id,
        org_id=event.org_id,
        gathered=gathered,
        but_booking=event.booking.id,
        now=now,
        new_id=new_id,
    )
    if number is None:
        return gathered
    return replace(gathered, sitter_numbers={**gathered.sitter_numbers, sitter.id: (number, True)})


def _let_sitter_go(
    tx: Transaction, event: BookingEvent, facts: Facts, gathered: Gathered, rows: Rows, *, now: datetime
) -> Rows:
    """Where the event's sitter has left: all their threads to the front desk, their number to quarantine."""
    if event.sitter is None:
        return Rows()
    stored = gathered.sitters.get(event.sitter.id)
    if newer_sitter(event.sitter, stored).active:
        return Rows()
    done = {change.after.id for change in rows.threads}
    own = (thread for thread in facts.threads if thread.sitter_id == event.sitter.id)
    left = [thread for thread in (*own, *gathered.other_threads) if thread.id not in done]
    return end_access(tx, event.sitter.id, org_id=event.org_id, threads=left, front_desk=gathered.front_desk, now=now)


def _display_names(facts: Facts) -> dict[str, str | None]:
    """Names of client and sitter by role, for the owner's eyes."""
    people = {"client": facts.client, "sitter": facts.sitter}
    return {
        role: " ".join(name for name in (one.first_name, one.last_name) if name) or None
        for role, one in people.items()
        if one is not None
    }


def _waits(answer: Answer, rows: Rows) -> bool:
    return answer.outcome is Outcome.DEFERRED or rows.front_desk_missing
