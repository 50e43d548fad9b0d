"""What a sitter who leaves loses, and gets back when they return: by snapshot and by command alike."""

from collections.abc import Callable, Iterable
from datetime import datetime

from switchboard.domain.changes import Rows, take_leave
from switchboard.domain.desired_state import Thread
from switchboard.domain.numbers import Number
from switchboard.store import bookings, numbers
from switchboard.store.bookings import Gathered
from switchboard.store.database import Transaction


def end_access(
    tx: Transaction,
    sitter_id: str,
    *,
    org_id: str,
    threads: Iterable[Thread],
    front_desk: Number | None,
    now: datetime,
) -> Rows:
    """Their number to quarantine; the rows that park their threads and close their windows, for the caller to write."""
    numbers.quarantine_sitter_numbers(tx, org_id=org_id, sitter_id=sitter_id, now=now)
    return take_leave(sitter_id, threads, front_desk, now=now)


def give_back_access(
    tx: Transaction,
    sitter_id: str,
    *,
    org_id: str,
    gathered: Gathered,
    but_booking: str | None,
    now: datetime,
    new_id: Callable[[], str],
) -> Number | None:
    """Their number, if it still rests. Their bookings that are not over, but for this one, are settled again."""
    bookings.wake_others(tx, org_id=org_id, booking_id=but_booking, sitter_id=sitter_id, now=now)
    number, is_in_use = gathered.sitter_numbers.get(sitter_id, (None, True))
    if number is None or is_in_use:
        return None
    numbers.keep_sitter_number(tx, org_id=org_id, number=number, sitter_id=sitter_id, now=now, new_id=new_id)
    return number
