"""Which of two snapshots stands, what a status means, and how deferred work waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.bookings import (
    Booking,
    Client,
    EventType,
    Sitter,
    Stamp,
    Status,
    is_older,
    newer_booking,
    newer_client,
    newer_sitter,
    pause_before,
    told_status,
)

NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def booking(seconds: int = 0, webhook_id: str = "a", status: Status = Status.CONFIRMED) -> Booking:
    stamp = Stamp(NOW + seconds * SECOND, webhook_id)
    return Booking("booking-1", "client-1", "sitter-1", "Drop-ins", None, None, status, stamp=stamp)


stamps = st.builds(booking, st.integers(0, 2), st.sampled_from("abc"), st.sampled_from(list(Status)))


def test_the_newer_snapshot_stands() -> None:
    assert newer_booking(booking(1, "a"), booking(0, "z", Status.CANCELLED)) == booking(1, "a")
    assert newer_booking(booking(0, "z", Status.CANCELLED), booking(1, "a")) == booking(1, "a")


def test_at_the_same_instant_a_final_status_stands_then_the_greater_webhook_id() -> None:
    cancelled = booking(0, "a", Status.CANCELLED)
    assert newer_booking(booking(0, "z"), cancelled) == cancelled
    assert newer_booking(cancelled, booking(0, "z")) == cancelled
    assert newer_booking(booking(0, "b"), booking(0, "a")) == booking(0, "b")
    assert newer_booking(booking(0, "a"), booking(0, "b")) == booking(0, "b")


@given(stamps, stamps, stamps)
def test_the_order_of_arrival_does_not_decide_which_snapshot_stands(one: Booking, two: Booking, three: Booking) -> None:
    def age(found: Booking) -> tuple[object, ...]:
        return found.stamp, found.status.is_final

    forwards = newer_booking(three, newer_booking(two, one))
    backwards = newer_booking(one, newer_booking(two, three))
    assert age(forwards) == age(backwards)


def test_a_row_that_no_event_wrote_gives_way() -> None:
    adopted = replace(booking(), stamp=Stamp())
    assert newer_booking(booking(), adopted) == booking()
    assert not is_older(booking(), adopted)


def test_only_an_earlier_instant_is_stale() -> None:
    assert is_older(booking(0), booking(1))
    assert not is_older(booking(1), booking(1))
    assert not is_older(booking(2), booking(1))
    assert not is_older(booking(0), None)


def test_the_owners_mark_survives_a_newer_snapshot_of_the_client() -> None:
    stored = Client("client-1", is_recurring_override=False, stamp=Stamp(NOW, "a"))
    told = Client("client-1", first_name="Jane", stamp=Stamp(NOW + SECOND, "b"))
    assert newer_client(told, stored) == replace(told, is_recurring_override=False)
    assert newer_client(told, None) == told


def test_client_and_sitter_go_by_their_own_instants_and_ids() -> None:
    older, newer = Stamp(NOW, "a"), Stamp(NOW, "b")
    assert newer_client(Client("c", stamp=older), Client("c", stamp=newer)).stamp == newer
    assert newer_sitter(Sitter("s", stamp=older), Sitter("s", stamp=newer)).stamp == newer
    assert newer_sitter(Sitter("s", stamp=newer), Sitter("s", stamp=older)).stamp == newer


@pytest.mark.parametrize(
    ("event_type", "status", "expected"),
    [
        (EventType.CANCELLED, Status.CONFIRMED, Status.CANCELLED),
        (EventType.CANCELLED, Status.COMPLETED, Status.CANCELLED),
        (EventType.COMPLETED, Status.CONFIRMED, Status.COMPLETED),
        (EventType.COMPLETED, Status.CANCELLED, Status.CANCELLED),
        (EventType.ASSIGNED, Status.CANCELLED, Status.CANCELLED),
        (EventType.UPDATED, Status.COMPLETED, Status.COMPLETED),
        (EventType.UNASSIGNED, Status.PENDING, Status.PENDING),
    ],
)
def test_the_data_says_the_status_except_that_a_final_type_is_final(
    event_type: EventType, status: Status, expected: Status
) -> None:
    assert told_status(event_type, status) is expected


def test_deferred_work_waits_a_minute_first_and_an_hour_at_most() -> None:
    minutes = [pause_before(attempt) / timedelta(minutes=1) for attempt in (1, 2, 3, 6, 7, 8, 1000)]
    assert minutes == [1, 2, 4, 32, 60, 60, 60]


def test_an_operators_word_about_a_sitter_outlasts_newer_snapshots_and_the_same_one_again() -> None:
    told = Sitter("sitter-1", first_name="Sam", stamp=Stamp(NOW, "b"))
    away = Sitter("sitter-1", active=False, offboarded=True, stamp=Stamp(NOW - SECOND, "a"))
    assert newer_sitter(told, away) == replace(told, active=False, offboarded=True)
    back = replace(told, active=True)
    assert newer_sitter(replace(told, active=False), back) == back
    assert not newer_sitter(replace(told, active=False, stamp=Stamp(NOW + SECOND, "c")), back).active
