"""Deferred bookings: closings at once, retries with growing pauses, the owner told once."""

from datetime import timedelta

import pytest

from switchboard.domain.desired_state import Outcome, Reason
from switchboard.domain.numbers import NumberClass
from switchboard.store.database import Database
from tests.booking_desk import BO, JANE, SAM, BookingDesk, opened_desk
from tests.builders import FRONT_DESK, Sql

MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(database: Database, sql: Sql) -> BookingDesk:
    return opened_desk(database, sql, sitter_numbers=1, pool_numbers=0)


def notices(desk: BookingDesk) -> int:
    return desk.count('messaging."MessageEvent"', "direction = 'outbound'")


def test_a_new_sitter_without_a_number_waits_while_the_old_one_loses_access_now(desk: BookingDesk) -> None:
    desk.tell()
    answer = desk.tell(minute=1, event_type="booking.reassigned", sitter=BO)
    thread = desk.thread()
    assert (answer.outcome, answer.reason, answer.thread_id) == (
        Outcome.DEFERRED,
        Reason.SITTER_NUMBER_MISSING,
        thread["id"],
    )
    assert (thread["sitter"], thread["number"]) == (None, FRONT_DESK)
    assert desk.windows() == []


def test_without_any_number_no_thread_is_made(desk: BookingDesk) -> None:
    desk.tell()
    assert desk.tell(id="booking-2", sitter=BO).outcome is Outcome.DEFERRED
    assert desk.count('messaging."MessageThread"', "\"bookingId\" = 'booking-2'") == 0


def test_a_meet_and_greet_without_a_front_desk_waits_and_takes_no_other_class(desk: BookingDesk) -> None:
    desk.sql("""DELETE FROM messaging."MessageNumber" WHERE "numberClass" = 'front_desk'""")
    answer = desk.tell(isMeetAndGreet=True)
    assert (answer.outcome, answer.reason) == (Outcome.DEFERRED, Reason.FRONT_DESK_MISSING)
    assert desk.count('messaging."MessageThread"', "scope = 'client_booking'") == 0


def test_a_reclassified_client_waits_for_a_pool_number(desk: BookingDesk) -> None:
    desk.tell()
    answer = desk.tell(minute=1, isRecurring=False, sitter=BO)
    assert (answer.outcome, answer.reason) == (Outcome.DEFERRED, Reason.POOL_EXHAUSTED)
    assert desk.windows() == []
    assert desk.count("ops.owner_notice", "subject = 'pool_exhausted'") == 1


def test_a_deferred_booking_is_retried_until_there_is_a_number(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=BO)
    desk.world.number("+15550100012", "sitter")
    assert desk.retry(after=MINUTE) == 1
    assert (desk.thread()["sitter"], desk.thread()["number"]) == ("sitter-2", "+15550100012")
    assert len(desk.windows()) == 1
    assert desk.retry(after=timedelta(days=1)) == 0


def test_pauses_grow_from_a_minute_to_an_hour(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(id="booking-2", sitter=BO)
    pauses = []
    for _ in range(9):
        [[due]] = desk.sql("SELECT next_attempt_at FROM ops.booking_event WHERE next_attempt_at IS NOT NULL")
        pauses.append(round((due - desk.now) / MINUTE))
        desk.now = due
        assert desk.retry() == 1
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_nothing_is_retried_before_its_time(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(id="booking-2", sitter=BO)
    assert desk.retry(after=timedelta(seconds=59)) == 0


def test_the_owner_is_told_once_while_it_lasts_and_again_when_it_comes_back(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=BO)
    desk.retry(after=MINUTE)
    desk.tell(minute=2, sitter=BO)
    assert notices(desk) == 1
    assert len(set(desk.queue.announced())) == 1
    desk.tell(minute=3, sitter=SAM)
    desk.tell(minute=4, sitter=BO)
    assert notices(desk) == 2


def test_a_deferral_that_a_retry_healed_is_told_of_again_when_it_comes_back(desk: BookingDesk) -> None:
    lost = JANE | {"phone": "lost"}
    desk.tell(client=lost)
    desk.tell(id="booking-2", client=JANE, minute=1)
    desk.retry(after=MINUTE)
    assert (len(desk.windows()), notices(desk)) == (2, 1)
    desk.tell(minute=2, client=lost, sitter=BO)
    assert notices(desk) == 2


@pytest.mark.parametrize(
    ("client", "sitter", "whose"),
    [
        ("lost", SAM["phone"], "the client"),
        (JANE["phone"], None, "the sitter"),
        (None, "555", "the client and of the sitter"),
    ],
)
def test_the_owners_notice_says_whose_phone_is_wanting_and_names_no_person(
    desk: BookingDesk, client: str | None, sitter: str | None, whose: str
) -> None:
    desk.tell(client=JANE | {"phone": client}, sitter=SAM | {"phone": sitter})
    [[body]] = desk.sql('SELECT body FROM messaging."MessageEvent"')
    assert body == (
        f"Booking booking-1 waits: the phone of {whose} is missing or cannot be read."
        " Please correct it in the booking system."
    )


def test_a_newer_snapshot_takes_the_place_of_a_deferred_one(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=BO)
    desk.tell(minute=2, event_type="booking.cancelled", sitter=BO)
    desk.world.number("+15550100012", "sitter")
    assert desk.retry(after=timedelta(days=1)) == 0
    assert desk.windows() == []


def test_a_stale_event_leaves_the_newer_deferred_one_waiting(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=5, sitter=BO)
    desk.tell(minute=4, event_type="booking.cancelled")
    desk.world.number("+15550100012", "sitter")
    assert desk.retry(after=MINUTE) == 1
    assert desk.thread()["sitter"] == "sitter-2"


def test_a_retry_looks_at_the_rows_as_they_are_now(desk: BookingDesk) -> None:
    desk.tell(client=JANE | {"phone": "lost"})
    desk.tell(minute=1, id="booking-2")
    desk.retry(after=MINUTE)
    assert {window["booking"] for window in desk.windows()} == {"booking-1", "booking-2"}


def test_a_deferred_reassignment_goes_through_though_the_flag_was_switched_off(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=BO)
    desk.may_create = False
    desk.world.number("+15550100012", "sitter")
    desk.retry(after=MINUTE)
    assert desk.thread()["sitter"] == "sitter-2"


def test_a_deferred_reassignment_goes_through_with_the_next_event_though_the_flag_was_switched_off(
    desk: BookingDesk,
) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=BO | {"phone": "lost"})
    desk.may_create = False
    desk.world.number("+15550100012", "sitter")
    assert desk.tell(minute=2, sitter=BO).outcome is Outcome.CREATED
    assert desk.thread()["sitter"] == "sitter-2"


@pytest.mark.parametrize("by_the_next_event", [False, True])
def test_a_deferred_reassignment_of_a_reclassified_client_is_made_up_for_once_there_is_a_pool_number(
    desk: BookingDesk, by_the_next_event: bool
) -> None:
    desk.tell()
    assert desk.tell(minute=1, isRecurring=False, sitter=BO).outcome is Outcome.DEFERRED
    desk.world.number("+15550100001", "pool")
    if by_the_next_event:
        desk.tell(minute=2, isRecurring=False, sitter=BO)
    else:
        desk.retry(after=MINUTE)
    thread = desk.thread()
    assert (thread["sitter"], thread["class"], thread["number"]) == ("sitter-2", "pool", "+15550100001")
    assert [window["sitter"] for window in desk.windows()] == ["sitter-2"]
    assert desk.count("ops.booking_event", "next_attempt_at IS NOT NULL") == 0


def test_a_reclassified_clients_new_sitter_with_a_lost_phone_gets_access_once_it_is_corrected(
    desk: BookingDesk,
) -> None:
    desk.world.number("+15550100001", "pool")
    desk.tell()
    answer = desk.tell(minute=1, isRecurring=False, sitter=BO | {"phone": "lost"})
    assert (answer.outcome, answer.reason) == (Outcome.DEFERRED, Reason.PHONE_INVALID)
    assert desk.tell(minute=2, isRecurring=False, sitter=BO).number_class is NumberClass.POOL
    assert desk.thread()["sitter"] == "sitter-2"


def test_a_deferred_creation_is_dropped_when_the_flag_was_switched_off(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(id="booking-2", sitter=BO)
    desk.may_create = False
    desk.world.number("+15550100012", "sitter")
    desk.retry(after=MINUTE)
    assert desk.count('messaging."MessageThread"', "\"bookingId\" = 'booking-2'") == 0


def test_one_bookings_trouble_leaves_the_other_retries_running(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(id="booking-2", sitter=BO)
    desk.tell(id="booking-3", sitter=BO)
    desk.sql("UPDATE ops.booking_event SET body = '{}' WHERE booking_id = 'booking-2'")
    desk.world.number("+15550100012", "sitter")
    assert desk.retry(after=MINUTE) == 1
    assert [window["booking"] for window in desk.windows()] == ["booking-1", "booking-3"]
    assert desk.count("ops.booking_event", "booking_id = 'booking-2' AND attempts = 2") == 1
