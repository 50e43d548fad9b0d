"""Booking events and snapshots, and the rows that a booking's desired state follows from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from switchboard.domain.bookings import Booking, BookingEvent, Client, Sitter
from switchboard.domain.changes import Answer, Rows, ThreadChange, WindowChange
from switchboard.domain.desired_state import Outcome, Reason, Thread
from switchboard.domain.numbers import Number, NumberClass
from switchboard.domain.windows import TAG_REST, WIDEST_BUFFER, TaggedSpan
from switchboard.store.booking_rows import (
    audit_rows,
    booking_row,
    client_row,
    joiner_rows,
    leaver_rows,
    read_booking,
    read_class,
    read_client,
    read_sitter,
    read_span,
    read_thread,
    sitter_row,
    thread_row,
    window_row,
)
from switchboard.store.database import Row, Transaction, as_json
from switchboard.store.numbers import hold_name

Put = Callable[..., None]
_WEBHOOK = "booking-webhook"
_NO_BOOKING = ""  # the booking of no thread
_NEAR = WIDEST_BUFFER + TAG_REST + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is stored about an event's booking, client and sitter; `sitter_numbers` are (number, is written down).

    `was_deferred`: another event of the booking waits; `was_let_through`: one that was found wanting something.
    `told_of`: the subjects, of those asked for, that the owner has been told of.
    """

    booking: Booking | None
    clients: Mapping[str, Client]
    sitters: Mapping[str, Sitter]
    threads: tuple[Thread, ...]
    other_threads: tuple[Thread, ...]
    front_desk: Number | None
    sitter_numbers: Mapping[str, tuple[Number, bool]]
    tags: tuple[TaggedSpan, ...]
    guests: tuple[str, ...]
    was_deferred: bool
    was_let_through: bool
    told_of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshots that an event brought and that stand."""

    booking: Booking | None = None
    client: Client | None = None
    sitter: Sitter | None = None


def receive(tx: Transaction, event: BookingEvent, *, body: str, now: datetime) -> tuple[bool, bool]:
    """Stores the event once and holds what it speaks of; answers (organisation is known, event is new)."""
    row = tx.one(
        "bookings.receive", **_event_row(event, body, now), **_holds(event), alone=_reaches_across_bookings(event)
    )
    return row["is_known"], row["is_new"]


def keep(tx: Transaction, event: BookingEvent, *, body: str, now: datetime, retry_at: datetime) -> tuple[bool, bool]:
    """Stores the event to be settled later, waiting for nobody; answers (organisation is known, event is new)."""
    row = tx.one("bookings.keep", **_event_row(event, body, now), next_attempt_at=retry_at)
    return row["is_known"], row["is_new"]


def stored_answer(tx: Transaction, webhook_id: str) -> Answer:
    """What a repeated event is answered."""
    row = tx.row("bookings.stored_answer", webhook_id=webhook_id) or {}
    return Answer(
        Outcome.SKIPPED,
        Reason.DUPLICATE,
        row.get("thread_id"),
        row.get("window_id"),
        read_class(row.get("number_class")),
    )


def gather(tx: Transaction, event: BookingEvent, *, notices: Sequence[str], now: datetime) -> Gathered:
    """All that is stored about the event's booking, client and sitter, in one statement; and which of these notices."""
    booking = event.booking
    return _gather(
        tx,
        now=now,
        org_id=event.org_id,
        webhook_id=event.webhook_id,
        booking_id=booking.id,
        client_id=booking.client_id,
        client_phone=event.client.phone if event.client else None,
        sitter_id=booking.sitter_id,
        leaves=_reaches_across_bookings(event),
        near_from=(booking.start_at or now) - _NEAR,
        near_until=(booking.end_at or now) + _NEAR,
        notices=list(notices),
    )


def gather_sitter(tx: Transaction, sitter_id: str, *, org_id: str, now: datetime) -> Gathered:
    """All that is stored about a sitter, with all of their threads as other ones; their bookings wait meanwhile."""
    tx.rows("bookings.hold_sitter", hold_org=hold_name(org_id), hold_sitter=_sitter_hold(org_id, sitter_id))
    return _gather(
        tx,
        now=now,
        org_id=org_id,
        webhook_id=None,
        booking_id=_NO_BOOKING,
        client_id=None,
        client_phone=None,
        sitter_id=sitter_id,
        leaves=True,
        near_from=now,
        near_until=now,
        notices=[],
    )


def _gather(tx: Transaction, *, now: datetime, **about: object) -> Gathered:
    return _gathered(tx.one("bookings.gather", tags_rest_from=now - TAG_REST, now=now, **about))


def write(
    tx: Transaction,
    event: BookingEvent,
    *,
    snapshots: Snapshots,
    rows: Rows,
    answer: Answer,
    people: Mapping[str, str | None],
    was_deferred: bool,
    retry_at: datetime | None,
    now: datetime,
    new_id: Callable[[], str],
) -> None:
    """Everything that the event changes, with COMMIT at the latest. `people`: display names by role."""
    put: Put = partial(tx.later, org_id=event.org_id, now=now)
    _write_snapshots(put, snapshots)
    _write_threads(put, rows, booking_id=event.booking.id)
    _write_hands(put, rows.threads, people, actor=_WEBHOOK, reason=event.type.value, new_id=new_id)
    put(
        "bookings.settle",
        webhook_id=event.webhook_id,
        outcome=answer.outcome.value,
        reason=answer.reason.value if answer.reason else None,
        thread_id=answer.thread_id,
        window_id=answer.window_id,
        number_class=answer.number_class.value if answer.number_class else None,
        next_attempt_at=retry_at,
    )
    if was_deferred and answer.reason is not Reason.STALE:
        put(
            "bookings.supersede",
            webhook_id=event.webhook_id,
            booking_id=event.booking.id,
            occurred_at=event.occurred_at,
        )


def _write_snapshots(put: Put, snapshots: Snapshots) -> None:
    """People before the booking, which may refer to them."""
    if snapshots.client:
        put("bookings.put_client", **client_row(snapshots.client))
    if snapshots.sitter:
        put("bookings.put_sitter", **sitter_row(snapshots.sitter))
    if snapshots.booking:
        put("bookings.put_booking", **booking_row(snapshots.booking))


def _write_threads(put: Put, rows: Rows, *, booking_id: str | None) -> None:
    """A window is closed before another is made in its place; a thread may refer to a window that is new."""
    made = {change.after.id for change in rows.threads if change.before is None}
    for thread in rows.threads:
        if thread.before is None:
            windows = [window_row(window) for window in rows.windows if window.after.thread_id == thread.after.id]
            put("bookings.add_thread", windows=as_json(windows), **thread_row(thread))
    for window in sorted(rows.windows, key=_is_new):
        if window.after.thread_id not in made:
            statement = "bookings.change_window" if window.before else "bookings.add_window"
            put(statement, booking_id=booking_id, **window_row(window))
    for thread in rows.threads:
        if thread.before is not None:
            put("bookings.change_thread", **thread_row(thread))


def _write_hands(
    put: Put,
    changes: Sequence[ThreadChange],
    people: Mapping[str, str | None],
    *,
    actor: str,
    reason: str,
    new_id: Callable[[], str],
) -> None:
    """Who had a thread and has it now, who takes part in it."""
    for audit in audit_rows(changes, new_id):
        put("bookings.add_audit", actor=actor, reason=reason, **audit)
    for leaver in leaver_rows(changes):
        put("bookings.leave_thread", **leaver)
    for joiner in joiner_rows(changes, people, new_id):
        put("bookings.join_thread", **joiner)


def write_rows(
    tx: Transaction, rows: Rows, *, org_id: str, actor: str, reason: str, now: datetime, new_id: Callable[[], str]
) -> None:
    """Threads and windows that change without an event, with COMMIT at the latest."""
    put: Put = partial(tx.later, org_id=org_id, now=now)
    _write_threads(put, rows, booking_id=None)
    _write_hands(put, rows.threads, {}, actor=actor, reason=reason, new_id=new_id)


def _is_new(change: WindowChange) -> bool:
    return change.before is None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is to be settled again: its snapshot as JSON text, its attempts so far."""

    webhook_id: str
    body: str
    attempts: int
    is_deferred: bool


def waiting(tx: Transaction, *, now: datetime, limit: int) -> list[Waiting]:
    """Events whose next attempt is due, the longest waiting first."""
    return [Waiting(**row) for row in tx.rows("bookings.waiting", now=now, max_rows=limit)]


def count_deferred(tx: Transaction) -> int:
    """How many events wait to be settled again."""
    found: int = tx.one("bookings.count_deferred")["deferred"]
    return found


def take_up(tx: Transaction, event: BookingEvent, *, now: datetime) -> bool:
    """Holds what a waiting event speaks of; False where it does not wait any more."""
    tx.rows("bookings.hold", **_holds(event), alone=_reaches_across_bookings(event))
    return tx.row("bookings.still_waiting", webhook_id=event.webhook_id, now=now) is not None


def put_back(tx: Transaction, webhook_id: str, *, retry_at: datetime, now: datetime) -> None:
    """An attempt failed: the event waits again."""
    tx.rows("bookings.put_back", webhook_id=webhook_id, next_attempt_at=retry_at, now=now)


def wake_others(tx: Transaction, *, org_id: str, booking_id: str | None, sitter_id: str, now: datetime) -> None:
    """The sitter's bookings that are not over, but for this one, are settled anew by housekeeping."""
    tx.rows("bookings.wake_others", org_id=org_id, booking_id=booking_id, sitter_id=sitter_id, now=now)


def wake_wanting(tx: Transaction, *, org_id: str, reasons: Sequence[Reason], now: datetime) -> None:
    """Events that were deferred for these reasons are settled anew by housekeeping."""
    tx.later("bookings.wake_wanting", org_id=org_id, reasons=[reason.value for reason in reasons], now=now)


def _event_row(event: BookingEvent, body: str, now: datetime) -> dict[str, object]:
    return {
        "webhook_id": event.webhook_id,
        "org_id": event.org_id,
        "booking_id": event.booking.id,
        "type": event.type.value,
        "occurred_at": event.occurred_at,
        "body": body,
        "now": now,
    }


def _reaches_across_bookings(event: BookingEvent) -> bool:
    """A sitter who leaves, leaves all their threads."""
    return event.sitter is not None and not event.sitter.active


def _holds(event: BookingEvent) -> dict[str, str]:
    org_id, client_id, sitter_id = event.org_id, event.booking.client_id, event.booking.sitter_id
    booking = f"booking {org_id} {event.booking.id}"
    return {
        "hold_org": hold_name(org_id),
        "hold_booking": booking,
        "hold_client": f"client {org_id} {client_id}" if client_id else booking,
        "hold_sitter": _sitter_hold(org_id, sitter_id) if sitter_id else booking,
        "hold_phone": (event.client.phone if event.client else None) or booking,  # as texts.store holds the sender
    }


def _sitter_hold(org_id: str, sitter_id: str) -> str:
    return f"sitter {org_id} {sitter_id}"


def _gathered(row: Row) -> Gathered:
    threads = [(read_thread(found), found["is_own"]) for found in row["threads"] or ()]
    numbers: dict[str, tuple[Number, bool]] = {}
    for found in row["sitter_numbers"] or ():
        kept = Number(found["id"], found["e164"], NumberClass.SITTER, found["status"], found["sitter_id"])
        numbers.setdefault(found["sitter_id"], (kept, found["is_masked"] and found["status"] == "active"))
    desk = row["front_desk"]
    return Gathered(
        booking=read_booking(row["booking"]) if row["booking"] else None,
        clients={found["id"]: read_client(found) for found in row["clients"] or ()},
        sitters={found["id"]: read_sitter(found) for found in row["sitters"] or ()},
        threads=tuple(thread for thread, is_own in threads if is_own),
        other_threads=tuple(thread for thread, is_own in threads if not is_own),
        front_desk=Number(desk["id"], desk["e164"], NumberClass.FRONT_DESK) if desk else None,
        sitter_numbers=numbers,
        tags=tuple(read_span(found) for found in (*(row["tags"] or ()), *(row["former_tags"] or ()))),
        guests=tuple(row["guests"] or ()),
        was_deferred=row["was_deferred"],
        was_let_through=row["was_let_through"],
        told_of=frozenset(row["told_of"] or ()),
    )
