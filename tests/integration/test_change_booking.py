"""Booking changes on a real database: every row of the table of what is found and what is wanted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from switchboard.domain.desired_state import Outcome, Reason
from switchboard.domain.numbers import NumberClass
from switchboard.errors import InvalidRequest
from switchboard.store.database import Database
from tests.booking_desk import (
    BO,
    JANE,
    OMAR,
    OTHER_SITTER_NUMBER,
    SAM,
    BookingDesk,
    opened_desk,
    snapshot,
)
from tests.builders import FRONT_DESK, SITTER_NUMBER, Sql, World

CANCELLED, COMPLETED, UPDATED = "booking.cancelled", "booking.completed", "booking.updated"
UNASSIGNED, REASSIGNED = "booking.unassigned", "booking.reassigned"


@pytest.fixture
def desk(database: Database, sql: Sql) -> BookingDesk:
    return opened_desk(database, sql)


def test_an_assigned_booking_of_a_recurring_client_makes_thread_number_and_window(desk: BookingDesk) -> None:
    answer = desk.tell()
    thread = desk.thread()
    assert (answer.outcome, answer.reason, answer.number_class) == (Outcome.CREATED, None, NumberClass.SITTER)
    assert (answer.thread_id, answer.window_id) == (thread["id"], thread["window_id"])
    assert (thread["sitter"], thread["class"], thread["number"]) == ("sitter-1", "sitter", SITTER_NUMBER)
    assert (thread["scope"], thread["one_time"], thread["meet"]) == ("client_booking", False, False)
    [window] = desk.windows()
    assert (window["start"], window["end"]) == (
        datetime(2025, 1, 15, 9, tzinfo=UTC),
        datetime(2025, 1, 15, 13, tzinfo=UTC),
    )
    assert (window["sitter"], window["tag"], window["id"]) == ("sitter-1", 1, answer.window_id)


def test_client_and_sitter_take_part_with_their_own_phones(desk: BookingDesk) -> None:
    desk.tell(sitter=BO)
    people = desk.sql('SELECT role, "realE164", "displayName" FROM messaging."MessageParticipant" ORDER BY role')
    assert people == [["client", "+15555550101", "Jane Doe"], ["sitter", "+15555550103", "Bo Ray"]]


def test_who_changes_their_phone_takes_part_with_the_new_one(desk: BookingDesk) -> None:
    desk.tell()
    jane, sam = JANE | {"phone": "+15555550111"}, SAM | {"phone": "+15555550112"}
    assert desk.tell(minute=1, event_type=UPDATED, client=jane, sitter=sam).outcome is Outcome.UNCHANGED
    desk.tell(minute=2, event_type=UPDATED, client=JANE | {"phone": "lost"}, sitter=sam)
    people = desk.sql('SELECT role, "realE164" FROM messaging."MessageParticipant" ORDER BY role')
    assert people == [["client", "+15555550111"], ["sitter", "+15555550112"]]


def test_the_first_assignment_is_audited_with_nobody_before(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, event_type=REASSIGNED, sitter=BO)
    desk.tell(minute=2, event_type=UNASSIGNED, sitter=None)
    audits = desk.sql(
        'SELECT "fromSitterId", "toSitterId", "actorUserId" FROM messaging."ThreadAssignmentAudit" ORDER BY id'
    )
    assert sorted(audits, key=str) == sorted(
        [
            [None, "sitter-1", "booking-webhook"],
            ["sitter-1", "sitter-2", "booking-webhook"],
            ["sitter-2", None, "booking-webhook"],
        ],
        key=str,
    )


def test_the_same_snapshot_again_changes_nothing(desk: BookingDesk) -> None:
    first = desk.tell()
    again = desk.tell()
    assert again.outcome is Outcome.UNCHANGED
    assert (again.thread_id, again.window_id) == (first.thread_id, first.window_id)
    assert desk.count("ops.window_history") == 0


def test_a_repeated_webhook_id_is_answered_with_the_ids_of_its_first_answer(desk: BookingDesk) -> None:
    first = desk.tell(webhook_id="msg-a")
    again = desk.tell(webhook_id="msg-a", minute=9, event_type=CANCELLED)
    assert (again.outcome, again.reason) == (Outcome.SKIPPED, Reason.DUPLICATE)
    assert (again.thread_id, again.window_id, again.number_class) == (
        first.thread_id,
        first.window_id,
        first.number_class,
    )
    assert len(desk.windows()) == 1


def test_another_sitter_takes_over_thread_window_and_number_together(desk: BookingDesk) -> None:
    first = desk.tell()
    answer = desk.tell(minute=1, event_type=REASSIGNED, sitter=BO)
    thread, [window] = desk.thread(), desk.windows()
    assert answer.outcome is Outcome.REASSIGNED
    assert (thread["sitter"], thread["number"], window["sitter"]) == ("sitter-2", OTHER_SITTER_NUMBER, "sitter-2")
    assert (answer.thread_id, answer.window_id, window["id"]) == (first.thread_id, first.window_id, first.window_id)


def test_a_windows_former_values_are_kept_with_their_validity(desk: BookingDesk) -> None:
    desk.tell()
    made_at = desk.now
    desk.now += timedelta(hours=1)
    desk.tell(minute=1, event_type=REASSIGNED, sitter=BO)
    history = desk.sql("SELECT sitter_id, status, tag, valid_from, valid_until FROM ops.window_history")
    assert history == [["sitter-1", "active", 1, made_at, desk.now]]


def test_a_reassigned_window_at_other_times_moves_as_well(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=BO, endAt="2025-01-15T14:00:00Z")
    [window] = desk.windows()
    assert (window["sitter"], window["end"]) == ("sitter-2", datetime(2025, 1, 15, 15, tzinfo=UTC))


def test_a_reassignment_without_a_thread_is_an_assignment(desk: BookingDesk) -> None:
    assert desk.tell(event_type=REASSIGNED, sitter=BO).outcome is Outcome.CREATED


def test_a_booking_without_its_sitter_closes_the_window_and_goes_to_the_front_desk(desk: BookingDesk) -> None:
    first = desk.tell()
    answer = desk.tell(minute=1, event_type=UNASSIGNED, sitter=None)
    thread = desk.thread()
    assert (answer.outcome, answer.thread_id, answer.number_class) == (
        Outcome.UNASSIGNED,
        first.thread_id,
        NumberClass.FRONT_DESK,
    )
    assert (thread["sitter"], thread["number"], thread["class"]) == (None, FRONT_DESK, "front_desk")
    assert desk.windows() == []
    assert desk.sql('SELECT role FROM messaging."MessageParticipant"') == [["client"]]


def test_unassigning_twice_changes_nothing_the_second_time(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, event_type=UNASSIGNED, sitter=None)
    assert desk.tell(minute=2, event_type=UNASSIGNED, sitter=None).outcome is Outcome.UNCHANGED


def test_without_a_front_desk_the_number_stays_the_windows_close_and_the_owner_is_told(desk: BookingDesk) -> None:
    desk.tell()
    desk.sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE "numberClass" = 'front_desk'""")
    answer = desk.tell(minute=1, event_type=UNASSIGNED, sitter=None)
    assert (answer.outcome, answer.number_class) == (Outcome.UNASSIGNED, NumberClass.SITTER)
    assert desk.windows() == []
    assert desk.thread()["number"] == SITTER_NUMBER
    [[unread, body, status]] = desk.sql("""SELECT thread."ownerUnreadCount", event.body, event."deliveryStatus"
        FROM messaging."MessageEvent" AS event JOIN messaging."MessageThread" AS thread ON thread.id = event."threadId"
        WHERE thread.scope = 'internal'""")
    assert (unread, status) == (1, "failed")
    assert body == "Booking booking-1 waits: there is no active front desk number. Please add one."


def test_a_thread_left_on_a_sitters_number_goes_to_the_front_desk_once_there_is_one(desk: BookingDesk) -> None:
    desk.tell()
    desk.sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE "numberClass" = 'front_desk'""")
    desk.tell(minute=1, event_type=UNASSIGNED, sitter=None)
    desk.sql("""UPDATE messaging."MessageNumber" SET status = 'active' WHERE "numberClass" = 'front_desk'""")
    desk.retry(after=timedelta(minutes=1))
    assert desk.thread()["number"] == FRONT_DESK
    assert desk.count("ops.owner_notice") == 0


@pytest.mark.parametrize(
    ("change", "start", "end"),
    [
        ({"startAt": "2025-01-15T09:00:00Z"}, 8, 13),
        ({"endAt": "2025-01-15T15:30:00+01:00"}, 9, 15.5),
        ({"service": "Housesitting"}, 8, 14),
    ],
)
def test_other_times_or_another_service_move_the_same_window(
    desk: BookingDesk, change: dict[str, Any], start: float, end: float
) -> None:
    first = desk.tell()
    answer = desk.tell(minute=1, event_type=UPDATED, **change)
    [window] = desk.windows()
    midnight = datetime(2025, 1, 15, tzinfo=UTC)
    assert (answer.outcome, answer.window_id, window["id"]) == (Outcome.MOVED, first.window_id, first.window_id)
    assert (window["start"], window["end"]) == (midnight + timedelta(hours=start), midnight + timedelta(hours=end))
    assert window["tag"] == 1


def test_another_service_with_the_same_buffers_changes_nothing(desk: BookingDesk) -> None:
    desk.tell()
    assert desk.tell(minute=1, service="Pet Taxi").outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("how", [{"event_type": CANCELLED}, {"status": "cancelled"}])
def test_a_cancelled_booking_closes_its_windows_now(desk: BookingDesk, how: dict[str, Any]) -> None:
    first = desk.tell()
    answer = desk.tell(minute=1, **({"event_type": UPDATED} | how))
    assert (answer.outcome, answer.thread_id, answer.window_id) == (
        Outcome.CLOSED,
        first.thread_id,
        first.window_id,
    )
    assert desk.windows() == []
    assert desk.tell(minute=2, event_type=CANCELLED).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("how", [{"event_type": COMPLETED}, {"status": "completed"}])
def test_a_completed_booking_keeps_its_window_until_the_buffer_ends(desk: BookingDesk, how: dict[str, Any]) -> None:
    first = desk.tell()
    answer = desk.tell(minute=1, **({"event_type": UPDATED} | how))
    [window] = desk.windows()
    assert (answer.outcome, answer.window_id) == (Outcome.CLOSED, first.window_id)
    assert window["end"] == datetime(2025, 1, 15, 13, tzinfo=UTC)


def test_a_completed_booking_is_not_moved_any_more(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, event_type=COMPLETED)
    answer = desk.tell(minute=2, event_type=COMPLETED, endAt="2025-01-16T12:00:00Z")
    [window] = desk.windows()
    assert (answer.outcome, window["end"]) == (Outcome.UNCHANGED, datetime(2025, 1, 15, 13, tzinfo=UTC))


def test_a_completed_bookings_window_changes_hands_where_it_is(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, event_type=COMPLETED)
    [before] = desk.windows()
    answer = desk.tell(minute=2, event_type=COMPLETED, sitter=BO, startAt="2025-01-16T10:00:00Z", endAt=None)
    again = desk.tell(minute=3, event_type=COMPLETED, sitter=SAM, endAt="2025-01-16T12:00:00Z")
    assert (answer.outcome, again.outcome) == (Outcome.REASSIGNED, Outcome.REASSIGNED)
    assert desk.windows() == [before]


def test_a_booking_confirmed_again_while_its_completed_window_is_active_is_moved(desk: BookingDesk) -> None:
    first = desk.tell()
    desk.tell(minute=1, event_type=COMPLETED)
    answer = desk.tell(minute=2, event_type=UPDATED, endAt="2025-01-16T12:00:00Z")
    [window] = desk.windows()
    assert (answer.outcome, window["id"]) == (Outcome.MOVED, first.window_id)
    assert window["end"] == datetime(2025, 1, 16, 13, tzinfo=UTC)


def test_a_booking_confirmed_again_at_the_same_times_is_moved_too(desk: BookingDesk) -> None:
    first = desk.tell()
    desk.tell(minute=1, event_type=COMPLETED)
    answer = desk.tell(minute=2)
    assert (answer.outcome, answer.window_id) == (Outcome.MOVED, first.window_id)
    assert desk.tell(minute=3).outcome is Outcome.UNCHANGED


def test_a_booking_confirmed_again_after_its_completed_window_ended_gets_a_new_row(desk: BookingDesk) -> None:
    first = desk.tell()
    desk.tell(minute=1, event_type=COMPLETED)
    desk.now = datetime(2025, 1, 15, 13, tzinfo=UTC)
    answer = desk.tell(minute=2, event_type=UPDATED, endAt="2025-01-16T12:00:00Z")
    [window] = desk.windows()
    assert answer.outcome is Outcome.CREATED
    assert window["id"] == answer.window_id != first.window_id
    assert [closed["id"] for closed in desk.windows("closed")] == [first.window_id]


@pytest.mark.parametrize(("sitter", "outcome"), [(SAM, Outcome.SKIPPED), (BO, Outcome.REASSIGNED)])
def test_with_the_flag_off_a_completed_window_that_ended_is_closed_and_never_revived(
    desk: BookingDesk, sitter: dict[str, Any], outcome: Outcome
) -> None:
    first = desk.tell()
    desk.tell(minute=1, event_type=COMPLETED)
    desk.now, desk.may_create = datetime(2025, 1, 15, 13, tzinfo=UTC), False
    tomorrow: dict[str, Any] = {"startAt": "2025-01-16T10:00:00Z", "endAt": "2025-01-16T12:00:00Z", "sitter": sitter}
    assert desk.tell(minute=2, event_type=UPDATED, **tomorrow).outcome is outcome
    assert (desk.windows(), desk.thread()["sitter"]) == ([], sitter["id"])
    desk.may_create = True
    answer = desk.tell(minute=3, event_type=UPDATED, **tomorrow)
    assert answer.outcome is Outcome.CREATED
    assert [window["id"] for window in desk.windows()] == [answer.window_id]
    [closed] = desk.windows("closed")
    assert (closed["id"], closed["end"]) == (first.window_id, datetime(2025, 1, 15, 13, tzinfo=UTC))


def test_a_booking_confirmed_again_after_being_cancelled_gets_a_new_row(desk: BookingDesk) -> None:
    first = desk.tell()
    desk.tell(minute=1, event_type=CANCELLED)
    answer = desk.tell(minute=2)
    assert (answer.outcome, answer.thread_id) == (Outcome.CREATED, first.thread_id)
    assert [closed["id"] for closed in desk.windows("closed")] == [first.window_id]
    assert [window["id"] for window in desk.windows()] == [answer.window_id]


def test_another_client_gets_a_thread_of_their_own_and_the_former_ones_is_closed(desk: BookingDesk) -> None:
    first = desk.tell()
    answer = desk.tell(minute=1, event_type=UPDATED, client=OMAR)
    former, present = desk.thread(client_id="client-1"), desk.thread(client_id="client-2")
    assert answer.outcome is Outcome.CREATED
    assert answer.thread_id == present["id"] != first.thread_id
    assert (former["sitter"], former["number"]) == (None, FRONT_DESK)
    assert [window["id"] for window in desk.windows()] == [answer.window_id]


def test_a_booking_that_loses_its_client_closes_their_windows(desk: BookingDesk) -> None:
    first = desk.tell()
    answer = desk.tell(minute=1, event_type=UPDATED, client=None)
    assert (answer.outcome, answer.thread_id) == (Outcome.CLOSED, first.thread_id)
    assert desk.windows() == []


@pytest.mark.parametrize("client", [OMAR, None])
def test_a_booking_cancelled_with_another_client_closes_the_former_ones_window_once(
    desk: BookingDesk, client: dict[str, Any] | None
) -> None:
    first = desk.tell()
    answer = desk.tell(minute=1, event_type=CANCELLED, client=client)
    assert (answer.outcome, answer.thread_id) == (Outcome.CLOSED, first.thread_id)
    assert desk.windows() == []
    assert desk.count("ops.window_history") == 1


@pytest.mark.parametrize("sitter", [None, SAM | {"active": False}])
def test_a_booking_cancelled_without_its_sitter_leaves_nobody_on_the_thread(
    desk: BookingDesk, sitter: dict[str, Any] | None
) -> None:
    desk.tell()
    assert desk.tell(minute=1, event_type=CANCELLED, sitter=sitter).outcome is Outcome.CLOSED
    assert (desk.thread()["sitter"], desk.thread()["number"]) == (None, FRONT_DESK)
    assert desk.count("ops.window_history") == 1


def test_a_cancelled_booking_that_loses_its_sitter_later_leaves_nobody_on_the_thread(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, event_type=CANCELLED)
    assert desk.tell(minute=2, event_type=UNASSIGNED, status="cancelled", sitter=None).outcome is Outcome.UNASSIGNED
    assert (desk.thread()["sitter"], desk.thread()["number"]) == (None, FRONT_DESK)
    assert desk.tell(minute=3, event_type=UNASSIGNED, status="cancelled", sitter=None).outcome is Outcome.UNCHANGED


def test_a_visit_that_loses_its_times_gives_nobody_access(desk: BookingDesk) -> None:
    desk.tell()
    assert desk.tell(minute=1, event_type=UPDATED, startAt=None).outcome is Outcome.CLOSED
    assert desk.windows() == []
    assert desk.tell(minute=2, event_type=UPDATED, startAt=None).reason is Reason.NOT_BOOKABLE
    assert desk.tell(minute=3).outcome is Outcome.CREATED


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (snapshot(sitter=None), Reason.NO_SITTER),
        (snapshot(sitter=SAM | {"active": False}), Reason.NO_SITTER),
        (snapshot(sitter=None, event_type=UNASSIGNED), Reason.NO_THREAD),
        (snapshot(event_type=CANCELLED), Reason.NO_THREAD),
        (snapshot(event_type=COMPLETED), Reason.NO_THREAD),
        (snapshot(client=None), Reason.NO_CLIENT),
        (snapshot(isRecurring=False), Reason.ONE_TIME_CLIENT),
        (snapshot(isRecurring=False, isMeetAndGreet=True), Reason.ONE_TIME_CLIENT),
        (snapshot(startAt=None), Reason.NOT_BOOKABLE),
        (snapshot(endAt=None), Reason.NOT_BOOKABLE),
        (snapshot(service=None), Reason.NOT_BOOKABLE),
        (snapshot(service="  "), Reason.NOT_BOOKABLE),
    ],
)
def test_what_gives_no_thread_is_skipped_with_its_reason(
    desk: BookingDesk, told: dict[str, Any], reason: Reason
) -> None:
    answer = desk.tell(told)
    assert (answer.outcome, answer.reason, answer.thread_id) == (Outcome.SKIPPED, reason, None)
    assert desk.count('messaging."MessageThread"') == 0
    assert desk.count('messaging."MessageNumber"', '"assignedSitterId" IS NOT NULL') == 0
    assert desk.count('messaging."Booking"') == 1


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (snapshot(client=None), Reason.FLAG_OFF),
        (snapshot(isRecurring=False), Reason.FLAG_OFF),
        (snapshot(startAt=None), Reason.FLAG_OFF),
        (snapshot(), Reason.FLAG_OFF),
        (snapshot(sitter=None), Reason.NO_SITTER),
    ],
)
def test_with_the_flag_off_nothing_is_created_whatever_else_would_hinder_it(
    desk: BookingDesk, told: dict[str, Any], reason: Reason
) -> None:
    desk.may_create = False
    answer = desk.tell(told)
    assert (answer.outcome, answer.reason) == (Outcome.SKIPPED, reason)
    assert desk.count('messaging."MessageThread"') == 0
    assert desk.count('messaging."Booking"') == 1


def test_with_the_flag_off_existing_threads_are_kept_true(desk: BookingDesk) -> None:
    desk.tell()
    desk.may_create = False
    assert desk.tell(minute=1, event_type=REASSIGNED, sitter=BO).outcome is Outcome.REASSIGNED
    assert desk.tell(minute=2, sitter=BO, endAt="2025-01-15T13:00:00Z").outcome is Outcome.MOVED
    assert desk.tell(minute=3, sitter=None).outcome is Outcome.UNASSIGNED
    assert desk.tell(minute=4, sitter=BO).reason is Reason.FLAG_OFF
    assert desk.tell(minute=5, event_type=CANCELLED).outcome is Outcome.UNCHANGED


def test_a_flag_switched_on_later_heals_with_the_next_event(desk: BookingDesk) -> None:
    desk.may_create = False
    desk.tell()
    desk.may_create = True
    assert desk.tell().outcome is Outcome.CREATED


@pytest.mark.parametrize(
    "signal",
    [
        {"isRecurring": True},
        {"isRecurring": False, "client": JANE | {"hasWeeklyPlan": True}},
    ],
)
def test_a_client_is_recurring_by_the_booking_or_a_weekly_plan(desk: BookingDesk, signal: dict[str, Any]) -> None:
    assert desk.tell(**signal).outcome is Outcome.CREATED


@pytest.mark.parametrize(("override", "is_recurring", "made"), [(True, False, True), (False, True, False)])
def test_the_owners_mark_wins_over_everything(
    desk: BookingDesk, override: bool, is_recurring: bool, made: bool
) -> None:
    desk.world.client(client_id="client-1")
    desk.sql('UPDATE messaging."Client" SET "isRecurringOverride" = :override', override=override)
    answer = desk.tell(isRecurring=is_recurring)
    assert (answer.outcome is Outcome.CREATED) == made
    assert desk.sql('SELECT "isRecurringOverride" FROM messaging."Client"') == [[override]]


def test_a_client_reclassified_on_a_live_thread_keeps_the_number_until_the_next_reassign(desk: BookingDesk) -> None:
    desk.tell()
    assert desk.tell(minute=1, isRecurring=False).outcome is Outcome.UNCHANGED
    assert (desk.thread()["one_time"], desk.thread()["number"]) == (True, SITTER_NUMBER)
    answer = desk.tell(minute=2, isRecurring=False, sitter=BO)
    assert (answer.outcome, answer.number_class) == (Outcome.REASSIGNED, NumberClass.POOL)
    assert (desk.thread()["class"], desk.thread()["number"]) == ("pool", "+15550100001")
    assert desk.count("ops.pool_lease", "released_at IS NULL") == 1
    desk.tell(minute=3, sitter=SAM)
    assert desk.thread()["number"] == SITTER_NUMBER
    assert desk.count("ops.pool_lease", "released_at IS NULL") == 0


def test_a_reclassified_client_ends_with_the_same_sitter_whether_or_not_the_event_between_was_seen(
    desk: BookingDesk,
) -> None:
    desk.tell()
    desk.tell(minute=1, event_type=UNASSIGNED, sitter=None, isRecurring=False)
    answer = desk.tell(minute=2, sitter=BO, isRecurring=False)
    assert (answer.outcome, answer.number_class) == (Outcome.CREATED, NumberClass.POOL)
    assert (desk.thread()["sitter"], desk.thread()["number"]) == ("sitter-2", "+15550100001")
    assert [window["sitter"] for window in desk.windows()] == ["sitter-2"]


def test_a_reclassified_clients_booking_that_is_confirmed_again_gets_a_window_on_a_pool_number(
    desk: BookingDesk,
) -> None:
    desk.tell()
    desk.tell(minute=1, event_type=CANCELLED)
    answer = desk.tell(minute=2, isRecurring=False)
    assert (answer.outcome, answer.number_class) == (Outcome.CREATED, NumberClass.POOL)


@pytest.mark.parametrize("how", [{"event_type": CANCELLED}, {"startAt": None}])
def test_a_client_reclassified_as_their_windows_close_is_stored_as_that_at_once(
    desk: BookingDesk, how: dict[str, Any]
) -> None:
    desk.tell()
    answer = desk.tell(minute=1, isRecurring=False, **how)
    assert (answer.outcome, answer.window_id) == (Outcome.CLOSED, desk.thread()["window_id"])
    assert (desk.thread()["one_time"], desk.windows()) == (True, [])


def test_a_meet_and_greet_uses_the_front_desk(desk: BookingDesk) -> None:
    answer = desk.tell(isMeetAndGreet=True)
    assert (answer.outcome, answer.number_class) == (Outcome.CREATED, NumberClass.FRONT_DESK)
    assert (desk.thread()["number"], desk.thread()["meet"]) == (FRONT_DESK, True)


def test_a_thread_on_a_front_desk_that_was_replaced_follows_with_the_next_event(desk: BookingDesk) -> None:
    desk.tell(isMeetAndGreet=True)
    desk.sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE "numberClass" = 'front_desk'""")
    assert desk.tell(minute=1, isMeetAndGreet=True).outcome is Outcome.UNCHANGED
    assert desk.thread()["number"] == FRONT_DESK
    desk.world.number("+15550100099", "front_desk")
    assert desk.tell(minute=2, isMeetAndGreet=True).outcome is Outcome.UNCHANGED
    assert (desk.thread()["number"], desk.thread()["class"]) == ("+15550100099", "front_desk")


def test_pending_counts_as_confirmed_and_a_booking_in_the_past_like_any_other(desk: BookingDesk) -> None:
    desk.now = datetime(2026, 1, 1, tzinfo=UTC)
    assert desk.tell(status="pending").outcome is Outcome.CREATED


def test_an_older_event_is_stale_and_changes_nothing(desk: BookingDesk) -> None:
    desk.tell(minute=5)
    answer = desk.tell(minute=4, event_type=CANCELLED)
    assert (answer.outcome, answer.reason) == (Outcome.SKIPPED, Reason.STALE)
    assert len(desk.windows()) == 1


def test_of_two_events_at_the_same_instant_the_final_one_stands(desk: BookingDesk) -> None:
    desk.tell(webhook_id="msg-b")
    desk.tell(webhook_id="msg-a", event_type=CANCELLED)
    desk.tell(webhook_id="msg-c")
    assert desk.windows() == []
    assert desk.sql('SELECT status FROM messaging."Booking"') == [["cancelled"]]


def test_of_two_events_at_the_same_instant_the_greater_webhook_id_stands(desk: BookingDesk) -> None:
    desk.tell(webhook_id="msg-b", sitter=BO)
    desk.tell(webhook_id="msg-a", sitter=SAM)
    assert desk.thread()["sitter"] == "sitter-2"


def at_microsecond(microsecond: int, **changes: Any) -> dict[str, Any]:
    return snapshot(**changes) | {"occurredAt": f"2025-01-04T12:00:00.{microsecond:06}Z"}


@pytest.mark.parametrize("webhook_ids", [("msg-a", "msg-b"), ("msg-b", "msg-a")])
@pytest.mark.parametrize("newer_first", [True, False])
def test_of_two_events_within_a_millisecond_the_newer_stands_whatever_their_webhook_ids(
    desk: BookingDesk, webhook_ids: tuple[str, str], newer_first: bool
) -> None:
    older = at_microsecond(123_400, sitter=SAM, client=JANE)
    newer = at_microsecond(123_900, sitter=BO, client=JANE | {"firstName": "Janet"})
    first, second = (newer, older) if newer_first else (older, newer)
    desk.tell(first, webhook_id=webhook_ids[0])
    answer = desk.tell(second, webhook_id=webhook_ids[1])
    assert (answer.reason is Reason.STALE) == newer_first
    assert desk.thread()["sitter"] == "sitter-2"
    assert desk.sql('SELECT "firstName" FROM messaging."Client"') == [["Janet"]]


def test_a_snapshot_whose_event_is_gone_is_compared_to_the_millisecond(desk: BookingDesk) -> None:
    desk.tell(at_microsecond(123_900))
    desk.sql("DELETE FROM ops.booking_event")
    assert desk.tell(at_microsecond(122_999, sitter=BO)).reason is Reason.STALE
    assert desk.tell(at_microsecond(124_000, sitter=BO)).outcome is Outcome.REASSIGNED


def test_client_and_sitter_keep_their_own_newest_snapshot(desk: BookingDesk) -> None:
    desk.tell(minute=5, client=JANE | {"firstName": "Janet"})
    desk.tell(minute=4, id="booking-2", client=JANE, sitter=BO)
    assert desk.sql('SELECT "firstName" FROM messaging."Client"') == [["Janet"]]
    assert desk.thread("booking-2")["sitter"] == "sitter-2"


def test_an_unknown_organisation_is_refused_by_its_field_and_nothing_is_stored(desk: BookingDesk) -> None:
    with pytest.raises(InvalidRequest) as caught:
        desk.tell(org_id="nobody")
    assert caught.value.fields == ("data.orgId",)
    assert desk.count("ops.booking_event") == 0


def test_two_organisations_with_the_same_ids_and_phones_see_nothing_of_each_other(desk: BookingDesk) -> None:
    other = World(desk.sql, org_id="other")
    other.organisation(front_desk="+15550200000")
    other.number("+15550200011", "sitter")
    desk.tell()
    answer = desk.tell(org_id="other")
    assert answer.outcome is Outcome.CREATED
    desk.tell(minute=1, event_type=CANCELLED)
    rows = desk.rows(
        'SELECT w."orgId" AS org, t."maskedNumberE164" AS number FROM messaging."AssignmentWindow" AS w'
        ' JOIN messaging."MessageThread" AS t ON t.id = w."threadId" WHERE w.status = \'active\''
    )
    assert rows == [{"org": "other", "number": "+15550200011"}]


def test_a_guest_with_the_clients_phone_is_adopted_with_their_thread(desk: BookingDesk) -> None:
    world = desk.world
    guest = world.client("+15555550101", guest=True, first=None, last=None)
    general = world.thread(client_id=guest, scope="client_general")
    desk.tell(client=JANE | {"phone": "555-555-0101"})
    assert desk.sql('SELECT "clientId" FROM messaging."MessageThread" WHERE id = :id', id=general) == [["client-1"]]
    assert desk.sql('SELECT id FROM messaging."Client"') == [["client-1"]]


def test_an_adopted_guests_thread_is_classified_by_the_bookings(desk: BookingDesk) -> None:
    guest = desk.world.client("+15555550101", guest=True)
    general = desk.world.thread(client_id=guest, scope="client_general")
    desk.tell()
    assert desk.sql('SELECT "isOneTimeClient" FROM messaging."MessageThread" WHERE id = :id', id=general) == [[False]]


def test_a_client_with_a_general_thread_keeps_one_open_when_a_guest_is_adopted(desk: BookingDesk) -> None:
    world = desk.world
    world.client("+15555550199", client_id="client-1")
    own = world.thread(client_id="client-1", scope="client_general")
    guest = world.client("+15555550101", guest=True)
    world.thread(client_id=guest, scope="client_general")
    desk.tell()
    found = desk.sql(
        """SELECT id, status FROM messaging."MessageThread" WHERE scope = 'client_general' ORDER BY status DESC"""
    )
    assert [row[1] for row in found] == ["open", "closed"]
    assert found[0][0] == own


def test_a_guest_of_another_organisation_is_left_alone(desk: BookingDesk) -> None:
    other = World(desk.sql, org_id="other")
    other.organisation(front_desk="+15550200000")
    guest = other.client("+15555550101", guest=True)
    desk.tell()
    assert desk.count('messaging."Client"', f"id = '{guest}'") == 1


def test_a_window_of_an_earlier_application_gets_its_tag_and_stays_as_it_is(desk: BookingDesk) -> None:
    desk.tell()
    desk.sql('UPDATE messaging."AssignmentWindow" SET tag = NULL')
    assert desk.tell(minute=1).outcome is Outcome.UNCHANGED
    assert [window["tag"] for window in desk.windows()] == [1]


def test_a_second_active_window_of_an_earlier_application_is_closed_when_the_booking_moves(
    desk: BookingDesk,
) -> None:
    desk.tell()
    desk.sql('DROP INDEX messaging."window_one_active"')
    desk.world.window(
        desk.thread()["id"],
        "sitter-1",
        start=datetime(2025, 1, 14, 9, tzinfo=UTC),
        end=datetime(2025, 1, 14, 13, tzinfo=UTC),
    )
    desk.tell(minute=1, endAt="2025-01-15T14:00:00Z")
    assert [window["start"].day for window in desk.windows("closed")] == [14]
    assert len(desk.windows()) == 1
