"""Booking events and snapshots, and the rows that a booking's desired state follows from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from switchboard.domain.bookings import Booking, BookingEvent, Client, Sitter, Stamp, Status
from switchboard.domain.changes import Answer, Rows, ThreadChange, WindowChange
from switchboard.domain.desired_state import Outcome, Participant, Reason, Thread, Window
from switchboard.domain.numbers import Number, NumberClass
from switchboard.domain.windows import TAG_REST, WIDEST_BUFFER, Interval, TaggedSpan
from switchboard.store.database import Row, Transaction, as_json, read_instant

_NEAR = WIDEST_BUFFER + TAG_REST + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is stored about an event's booking, client and sitter; `sitter_numbers` are (number, is written down)."""

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
        Outcome.SKIPPED, Reason.DUPLICATE, row.get("thread_id"), row.get("window_id"), _class(row.get("number_class"))
    )


def gather(tx: Transaction, event: BookingEvent, *, now: datetime) -> Gathered:
    """All that is stored about the event's booking, client and sitter, in one statement."""
    booking = event.booking
    row = tx.one(
        "bookings.gather",
        org_id=event.org_id,
        webhook_id=event.webhook_id,
        booking_id=booking.id,
        client_id=booking.client_id,
        client_phone=event.client.phone if event.client else None,
        sitter_id=booking.sitter_id,
        leaves=_reaches_across_bookings(event),
        near_from=(booking.start_at or now) - _NEAR,
        near_until=(booking.end_at or now) + _NEAR,
        tags_rest_from=now - TAG_REST,
        now=now,
    )
    return _gathered(row)


def write(
    tx: Transaction,
    event: BookingEvent,
    *,
    snapshots: Snapshots,
    rows: Rows,
    answer: Answer,
    people: Mapping[str, str | None],
    retry_at: datetime | None,
    now: datetime,
    new_id: Callable[[], str],
) -> None:
    """Everything that the event changes, in one statement. `people`: display names by role."""
    tx.rows(
        "bookings.write",
        org_id=event.org_id,
        webhook_id=event.webhook_id,
        booking_id=event.booking.id,
        bookings=as_json([_booking_row(snapshots.booking)] if snapshots.booking else []),
        clients=as_json([_client_row(snapshots.client)] if snapshots.client else []),
        sitters=as_json([_sitter_row(snapshots.sitter)] if snapshots.sitter else []),
        threads=as_json([_thread_row(change) for change in rows.threads]),
        windows=as_json([_window_row(change) for change in rows.windows]),
        audits=as_json([_audit_row(change, new_id) for change in rows.threads if _changes_hands(change)]),
        leavers=as_json([_leaver_row(change, one) for change in rows.threads for one in _left(change)]),
        joiners=as_json(
            [_joiner_row(change, one, people, new_id) for change in rows.threads for one in _joined(change)]
        ),
        audit_reason=event.type.value,
        outcome=answer.outcome.value,
        reason=answer.reason.value if answer.reason else None,
        thread_id=answer.thread_id,
        window_id=answer.window_id,
        number_class=answer.number_class.value if answer.number_class else None,
        next_attempt_at=retry_at,
        supersedes=answer.reason is not Reason.STALE,
        now=now,
    )


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
        "hold_org": f"organization {org_id}",
        "hold_booking": booking,
        "hold_client": f"client {org_id} {client_id}" if client_id else booking,
        "hold_sitter": f"sitter {org_id} {sitter_id}" if sitter_id else booking,
    }


def _gathered(row: Row) -> Gathered:
    threads = [(_thread(found), found["is_own"]) for found in row["threads"] or ()]
    numbers: dict[str, tuple[Number, bool]] = {}
    for found in row["sitter_numbers"] or ():
        kept = Number(found["id"], found["e164"], NumberClass.SITTER, found["status"], found["sitter_id"])
        numbers.setdefault(found["sitter_id"], (kept, found["is_masked"] and found["status"] == "active"))
    desk = row["front_desk"]
    return Gathered(
        booking=_booking(row["booking"]) if row["booking"] else None,
        clients={found["id"]: _client(found) for found in row["clients"] or ()},
        sitters={found["id"]: _sitter(found) for found in row["sitters"] or ()},
        threads=tuple(thread for thread, is_own in threads if is_own),
        other_threads=tuple(thread for thread, is_own in threads if not is_own),
        front_desk=Number(desk["id"], desk["e164"], NumberClass.FRONT_DESK) if desk else None,
        sitter_numbers=numbers,
        tags=tuple(_span(found) for found in (*(row["tags"] or ()), *(row["former_tags"] or ()))),
        guests=tuple(row["guests"] or ()),
        was_deferred=row["was_deferred"],
    )


def _stamp(found: Mapping[str, Any]) -> Stamp:
    return Stamp(read_instant(found["occurred_at"]), found["occurred_by"] or "")


def _booking(found: Mapping[str, Any]) -> Booking:
    return Booking(
        id=found["id"],
        client_id=found["client_id"],
        sitter_id=found["sitter_id"],
        service=found["service"],
        start_at=read_instant(found["start_at"]),
        end_at=read_instant(found["end_at"]),
        status=Status(found["status"]) if found["status"] in list(Status) else Status.CONFIRMED,
        is_recurring=bool(found["is_recurring"]),
        is_meet_and_greet=bool(found["is_meet_and_greet"]),
        has_weekly_plan=bool(found["has_weekly_plan"]),
        stamp=_stamp(found),
    )


def _client(found: Mapping[str, Any]) -> Client:
    return Client(
        id=found["id"],
        first_name=found["first_name"],
        last_name=found["last_name"],
        phone=found["phone"],
        has_weekly_plan=bool(found["has_weekly_plan"]),
        is_recurring_override=found["is_recurring_override"],
        stamp=_stamp(found),
    )


def _sitter(found: Mapping[str, Any]) -> Sitter:
    return Sitter(
        id=found["id"],
        first_name=found["first_name"],
        last_name=found["last_name"],
        phone=found["phone"],
        active=bool(found["active"]),
        stamp=_stamp(found),
    )


def _thread(found: Mapping[str, Any]) -> Thread:
    return Thread(
        id=found["id"],
        client_id=found["client_id"],
        sitter_id=found["sitter_id"],
        booking_id=found["booking_id"],
        number_id=found["number_id"],
        number_class=_class(found["number_class"]),
        number_e164=found["number_e164"],
        is_one_time=found["is_one_time"],
        is_meet_and_greet=bool(found["is_meet_and_greet"]),
        is_open=found["is_open"],
        window_id=found["window_id"],
        windows=tuple(_window(one, found["id"]) for one in found["windows"] or ()),
        participants=tuple(
            Participant(one["role"], one["person_id"], one["e164"]) for one in found["participants"] or ()
        ),
    )


def _window(found: Mapping[str, Any], thread_id: str) -> Window:
    return Window(
        id=found["id"],
        thread_id=thread_id,
        sitter_id=found["sitter_id"],
        interval=_interval(found),
        tag=found["tag"],
        changed_at=read_instant(found["changed_at"]),
    )


def _span(found: Mapping[str, Any]) -> TaggedSpan:
    return TaggedSpan(
        found["window_id"], found["sitter_id"], found["tag"], _interval(found), read_instant(found["released_at"])
    )


def _interval(found: Mapping[str, Any]) -> Interval:
    start_at, end_at = read_instant(found["start_at"]), read_instant(found["end_at"])
    assert start_at is not None  # noqa: S101  NOT NULL in the schema
    assert end_at is not None  # noqa: S101  NOT NULL in the schema
    return Interval(start_at, end_at)


def _class(text: str | None) -> NumberClass | None:
    return NumberClass(text) if text in list(NumberClass) else None


def _booking_row(booking: Booking) -> dict[str, object]:
    return {
        "id": booking.id,
        "client_id": booking.client_id,
        "sitter_id": booking.sitter_id,
        "service": booking.service,
        "start_at": booking.start_at,
        "end_at": booking.end_at,
        "status": booking.status.value,
        "is_recurring": booking.is_recurring,
        "is_meet_and_greet": booking.is_meet_and_greet,
        "has_weekly_plan": booking.has_weekly_plan,
        **_stamp_row(booking.stamp),
    }


def _client_row(client: Client) -> dict[str, object]:
    named = {"id": client.id, "first_name": client.first_name, "last_name": client.last_name, "phone": client.phone}
    return named | {"has_weekly_plan": client.has_weekly_plan} | _stamp_row(client.stamp)


def _sitter_row(sitter: Sitter) -> dict[str, object]:
    named = {"id": sitter.id, "first_name": sitter.first_name, "last_name": sitter.last_name, "phone": sitter.phone}
    return named | {"active": sitter.active} | _stamp_row(sitter.stamp)


def _stamp_row(stamp: Stamp) -> dict[str, object]:
    return {"occurred_at": stamp.occurred_at, "occurred_by": stamp.webhook_id}


def _thread_row(change: ThreadChange) -> dict[str, object]:
    before, after = change.before, change.after
    gave_up = before is not None and before.number_id is not None and before.number_id != after.number_id
    return {
        "id": after.id,
        "is_new": before is None,
        "booking_id": after.booking_id,
        "client_id": after.client_id,
        "sitter_id": after.sitter_id,
        "is_open": after.is_open,
        "number_id": after.number_id,
        "number_class": after.number_class.value if after.number_class else None,
        "number_e164": after.number_e164,
        "former_number_id": before.number_id if before is not None and gave_up else None,
        "is_one_time": after.is_one_time,
        "is_meet_and_greet": after.is_meet_and_greet,
        "window_id": after.window_id,
    }


def _window_row(change: WindowChange) -> dict[str, object]:
    after = change.after
    return {
        "id": after.id,
        "is_new": change.before is None,
        "thread_id": after.thread_id,
        "sitter_id": after.sitter_id,
        "start_at": after.interval.start_at,
        "end_at": after.interval.end_at,
        "status": "active" if after.is_active else "closed",
        "tag": after.tag,
        "changed_at": after.changed_at,
    }


def _changes_hands(change: ThreadChange) -> bool:
    return (change.before.sitter_id if change.before else None) != change.after.sitter_id


def _audit_row(change: ThreadChange, new_id: Callable[[], str]) -> dict[str, object]:
    before = change.before.sitter_id if change.before else None
    return {
        "id": new_id(),
        "thread_id": change.after.id,
        "from_sitter_id": before,
        "to_sitter_id": change.after.sitter_id,
    }


def _left(change: ThreadChange) -> list[Participant]:
    before = change.before.participants if change.before else ()
    return [one for one in before if one not in change.after.participants]


def _joined(change: ThreadChange) -> list[Participant]:
    before = change.before.participants if change.before else ()
    return [one for one in change.after.participants if one not in before]


def _leaver_row(change: ThreadChange, one: Participant) -> dict[str, object]:
    return {"thread_id": change.after.id, "role": one.role, "e164": one.e164}


def _joiner_row(
    change: ThreadChange, one: Participant, people: Mapping[str, str | None], new_id: Callable[[], str]
) -> dict[str, object]:
    return {
        "id": new_id(),
        "thread_id": change.after.id,
        "role": one.role,
        "user_id": one.person_id if one.role == "sitter" else None,
        "client_id": one.person_id if one.role == "client" else None,
        "display_name": people.get(one.role),
        "e164": one.e164,
    }
