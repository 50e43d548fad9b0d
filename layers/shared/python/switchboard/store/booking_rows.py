"""Rows of bookings, people, threads and windows: out of the database's JSON, and into it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from switchboard.domain.bookings import Booking, Client, Sitter, Stamp, Status, to_milliseconds
from switchboard.domain.changes import ThreadChange, WindowChange
from switchboard.domain.desired_state import Participant, Thread, Window
from switchboard.domain.numbers import NumberClass
from switchboard.domain.windows import Interval, TaggedSpan
from switchboard.store.database import read_instant


def _stamp(found: Mapping[str, Any]) -> Stamp:
    return Stamp(read_instant(found["occurred_at"]), found["occurred_by"] or "")


def read_booking(found: Mapping[str, Any]) -> Booking:
    """The booking's row."""
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


def read_client(found: Mapping[str, Any]) -> Client:
    """The client's row."""
    return Client(
        id=found["id"],
        first_name=found["first_name"],
        last_name=found["last_name"],
        phone=found["phone"],
        has_weekly_plan=bool(found["has_weekly_plan"]),
        is_recurring_override=found["is_recurring_override"],
        stamp=_stamp(found),
    )


def read_sitter(found: Mapping[str, Any]) -> Sitter:
    """The sitter's row."""
    return Sitter(
        id=found["id"],
        first_name=found["first_name"],
        last_name=found["last_name"],
        phone=found["phone"],
        active=bool(found["active"]),
        offboarded=bool(found["offboarded"]),
        stamp=_stamp(found),
    )


def read_thread(found: Mapping[str, Any]) -> Thread:
    """The thread's row, its active windows and its people."""
    return Thread(
        id=found["id"],
        client_id=found["client_id"],
        sitter_id=found["sitter_id"],
        booking_id=found["booking_id"],
        number_id=found["number_id"],
        number_class=read_class(found["number_class"]),
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


def read_span(found: Mapping[str, Any]) -> TaggedSpan:
    """A tag that is or was in use."""
    return TaggedSpan(
        found["window_id"], found["sitter_id"], found["tag"], _interval(found), read_instant(found["released_at"])
    )


def _interval(found: Mapping[str, Any]) -> Interval:
    start_at, end_at = read_instant(found["start_at"]), read_instant(found["end_at"])
    assert start_at is not None  # noqa: S101  NOT NULL in the schema
    assert end_at is not None  # noqa: S101  NOT NULL in the schema
    return Interval(start_at, end_at)


def read_class(text: str | None) -> NumberClass | None:
    """The number class, None where there is none that is known."""
    return NumberClass(text) if text in list(NumberClass) else None


def booking_row(booking: Booking) -> dict[str, object]:
    """What is written of a booking."""
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


def client_row(client: Client) -> dict[str, object]:
    """What is written of a client; the owner's own marks are not."""
    named = {"id": client.id, "first_name": client.first_name, "last_name": client.last_name, "phone": client.phone}
    return named | {"has_weekly_plan": client.has_weekly_plan} | _stamp_row(client.stamp)


def sitter_row(sitter: Sitter) -> dict[str, object]:
    """What is written of a sitter; the owner's own marks are not."""
    named = {"id": sitter.id, "first_name": sitter.first_name, "last_name": sitter.last_name, "phone": sitter.phone}
    return named | {"active": sitter.active} | _stamp_row(sitter.stamp)


def _stamp_row(stamp: Stamp) -> dict[str, object]:
    """The column holds milliseconds; the event that is named knows the instant exactly."""
    occurred_at = to_milliseconds(stamp.occurred_at) if stamp.occurred_at else None
    return {"occurred_at": occurred_at, "occurred_by": stamp.webhook_id}


def thread_row(change: ThreadChange) -> dict[str, object]:
    """What is written of a thread, and the number that it gave up."""
    after, given_up = change.after, change.given_up
    return {
        "id": after.id,
        "booking_id": after.booking_id,
        "client_id": after.client_id,
        "sitter_id": after.sitter_id,
        "is_open": after.is_open,
        "number_id": after.number_id,
        "number_class": after.number_class.value if after.number_class else None,
        "number_e164": after.number_e164,
        "former_number_id": given_up.number_id if given_up else None,
        "is_one_time": after.is_one_time,
        "is_meet_and_greet": after.is_meet_and_greet,
        "window_id": after.window_id,
    }


def window_row(change: WindowChange) -> dict[str, object]:
    """What is written of a window."""
    after = change.after
    return {
        "id": after.id,
        "thread_id": after.thread_id,
        "sitter_id": after.sitter_id,
        "start_at": after.interval.start_at,
        "end_at": after.interval.end_at,
        "status": "active" if after.is_active else "closed",
        "tag": after.tag,
        "changed_at": after.changed_at,
    }


def audit_rows(changes: Iterable[ThreadChange], new_id: Callable[[], str]) -> list[dict[str, object]]:
    """A row for each thread that changes hands."""
    return [
        {
            "id": new_id(),
            "thread_id": change.after.id,
            "from_sitter_id": before,
            "to_sitter_id": change.after.sitter_id,
        }
        for change in changes
        if (before := change.before.sitter_id if change.before else None) != change.after.sitter_id
    ]


def leaver_rows(changes: Iterable[ThreadChange]) -> list[dict[str, object]]:
    """Who is on a thread no more."""
    return [
        {"thread_id": change.after.id, "role": one.role, "e164": one.e164}
        for change in changes
        for one in _people(change.before)
        if one not in change.after.participants
    ]


def joiner_rows(
    changes: Iterable[ThreadChange], people: Mapping[str, str | None], new_id: Callable[[], str]
) -> list[dict[str, object]]:
    """Who is on a thread from now on. `people`: display names by role."""
    return [
        {
            "id": new_id(),
            "thread_id": change.after.id,
            "role": one.role,
            "user_id": one.person_id if one.role == "sitter" else None,
            "client_id": one.person_id if one.role == "client" else None,
            "display_name": people.get(one.role),
            "e164": one.e164,
        }
        for change in changes
        for one in change.after.participants
        if one not in _people(change.before)
    ]


def _people(thread: Thread | None) -> tuple[Participant, ...]:
    return thread.participants if thread else ()
