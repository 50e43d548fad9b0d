"""Numbers on a real database: claimed once, kept for good, lent, rested and quarantined."""

from datetime import timedelta
from typing import Any

import pytest

from switchboard.domain.desired_state import Outcome, Reason
from switchboard.domain.numbers import Number
from switchboard.services.offboard_sitter import offboard_sitter
from switchboard.services.rest_numbers import end_quarantines, release_pool_numbers
from switchboard.store import numbers
from switchboard.store.database import Database
from tests.booking_desk import BO, JANE, OMAR, SAM, BookingDesk, opened_desk
from tests.builders import FRONT_DESK, HOUR, NOON, POOL, SITTER_NUMBER, Sql, World
from tests.concurrency import all_at_once
from tests.conftest import connector_to
from tests.delivery_stage import new_ids

DAY = timedelta(days=1)
AWAY = SAM | {"active": False}


@pytest.fixture
def desk(database: Database, sql: Sql) -> BookingDesk:
    return opened_desk(database, sql)


# Sitter numbers


def test_a_sitter_keeps_one_number_over_all_bookings(desk: BookingDesk) -> None:
    for index in range(4):
        desk.tell(id=f"booking-{index}", minute=index)
    assert desk.count('messaging."SitterMaskedNumber"') == 1
    assert desk.sql('SELECT DISTINCT "maskedNumberE164" FROM messaging."MessageThread"') == [[SITTER_NUMBER]]


def test_the_oldest_unassigned_number_is_claimed_first(desk: BookingDesk) -> None:
    desk.sql(
        'UPDATE messaging."MessageNumber" SET "createdAt" = \'2020-01-01\' WHERE e164 = :e164', e164="+15550100012"
    )
    desk.tell()
    assert desk.thread()["number"] == "+15550100012"


def test_a_number_that_a_sitter_owns_already_is_written_down_as_theirs(desk: BookingDesk) -> None:
    desk.sql("""UPDATE messaging."MessageNumber" SET "assignedSitterId" = 'sitter-1' WHERE e164 = '+15550100012'""")
    desk.tell()
    assert desk.thread()["number"] == "+15550100012"
    assert desk.count('messaging."SitterMaskedNumber"', "status = 'active'") == 1


def test_a_sitter_whose_number_was_disabled_gets_another(desk: BookingDesk) -> None:
    desk.tell()
    desk.sql("UPDATE messaging.\"MessageNumber\" SET status = 'disabled' WHERE e164 = :e164", e164=SITTER_NUMBER)
    desk.tell(id="booking-2", minute=1)
    assert desk.thread("booking-2")["number"] == "+15550100012"
    found = desk.sql('SELECT status FROM messaging."SitterMaskedNumber" ORDER BY status')
    assert found == [["active"], ["reassigned"]]


def test_two_bookings_of_a_new_sitter_at_once_claim_one_number(desk: BookingDesk) -> None:
    all_at_once(8, lambda index: _told(desk, f"worker{index}", id=f"booking-{index}", client=JANE))
    assert desk.count('messaging."MessageNumber"', '"assignedSitterId" IS NOT NULL') == 1
    assert len(desk.windows()) == 8
    assert sorted(window["tag"] for window in desk.windows()) == list(range(1, 9))


def test_many_sitters_at_once_never_share_a_number(desk: BookingDesk) -> None:
    for index in range(6):
        desk.world.number(f"+1555010002{index}", "sitter")
    outcomes: list[Outcome] = []

    def tell(index: int) -> None:
        sitter = {"id": f"sitter-{index}", "phone": f"+1555555020{index}"}
        client = {"id": f"client-{index}", "phone": f"+1555555030{index}"}
        outcomes.append(_told(desk, f"worker{index}", id=f"booking-{index}", sitter=sitter, client=client))

    all_at_once(10, tell)
    taken = desk.sql('SELECT "maskedNumberE164" FROM messaging."MessageThread" WHERE scope = \'client_booking\'')
    assert len({number for [number] in taken}) == len(taken) == 8
    assert sorted(outcomes) == [Outcome.CREATED] * 8 + [Outcome.DEFERRED] * 2


def _told(desk: BookingDesk, prefix: str, **changes: object) -> Outcome:
    one = BookingDesk(desk.database, desk.sql, desk.world, prefix=prefix)
    return one.tell(webhook_id=f"{prefix}-event", **changes).outcome  # type: ignore[arg-type]


# A sitter leaves, and comes back


def test_a_sitter_who_leaves_loses_access_everywhere_at_once(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(id="booking-2", minute=1)
    answer = desk.tell(id="booking-2", minute=2, sitter=AWAY)
    assert answer.outcome is Outcome.UNASSIGNED
    assert desk.windows() == []
    for booking_id in ("booking-1", "booking-2"):
        thread = desk.thread(booking_id)
        assert (thread["sitter"], thread["number"], thread["class"]) == (None, FRONT_DESK, "front_desk")
    assert desk.count('messaging."ThreadAssignmentAudit"', '"toSitterId" IS NULL') == 2


def test_a_window_of_a_leaving_sitter_on_anothers_thread_is_closed_and_the_other_stays(desk: BookingDesk) -> None:
    desk.tell(sitter=BO)
    desk.tell(id="booking-2", minute=1)
    desk.sql("""UPDATE messaging."MessageThread" SET "assignedSitterId" = 'sitter-2' WHERE "bookingId" = 'booking-2'""")
    desk.tell(id="booking-3", minute=2, sitter=AWAY)
    assert [window["booking"] for window in desk.windows()] == ["booking-1"]
    assert desk.thread("booking-2")["sitter"] == "sitter-2"


def test_a_stale_booking_event_that_tells_of_a_leaving_sitter_still_ends_their_access(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(id="booking-2", minute=9, sitter=BO)
    answer = desk.tell(id="booking-2", minute=8, sitter=AWAY)
    assert answer.reason is Reason.STALE
    assert [window["sitter"] for window in desk.windows()] == ["sitter-2"]


def test_the_number_of_a_sitter_who_left_rests_ninety_days_and_becomes_a_pool_number(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=AWAY)
    left_at = desk.now
    [[status, until]] = desk.sql(
        'SELECT status, "quarantinedUntil" FROM messaging."MessageNumber" WHERE e164 = :e164', e164=SITTER_NUMBER
    )
    assert (status, until) == ("quarantined", left_at + 90 * DAY)
    assert end_quarantines(database=desk.database, now=left_at + 90 * DAY - timedelta(seconds=1)) == 0
    assert end_quarantines(database=desk.database, now=left_at + 90 * DAY) == 1
    found = desk.sql(
        'SELECT status, "numberClass", "assignedSitterId" FROM messaging."MessageNumber" WHERE e164 = :e164',
        e164=SITTER_NUMBER,
    )
    assert found == [["active", "pool", None]]


def test_no_other_sitter_ever_gets_the_number_of_one_who_left(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=AWAY)
    desk.tell(id="booking-2", minute=2, sitter=BO)
    end_quarantines(database=desk.database, now=desk.now + 91 * DAY)
    answer = desk.tell(id="booking-3", minute=3, sitter={"id": "sitter-3", "phone": "+15555550177"})
    assert (answer.outcome, answer.reason) == (Outcome.DEFERRED, Reason.SITTER_NUMBER_MISSING)


def test_a_sitter_who_comes_back_in_time_gets_number_and_bookings_back(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(id="booking-2", minute=1)
    desk.tell(id="booking-2", minute=2, sitter=AWAY)
    desk.now += DAY
    assert desk.tell(id="booking-2", minute=3).outcome is Outcome.CREATED
    assert desk.thread("booking-2")["number"] == SITTER_NUMBER
    assert desk.retry() == 1
    assert (desk.thread()["sitter"], desk.thread()["number"]) == ("sitter-1", SITTER_NUMBER)


def test_a_sitter_who_comes_back_has_the_booking_of_a_client_who_was_reclassified_meanwhile(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=AWAY, isRecurring=False)
    assert desk.tell(minute=2, isRecurring=False).outcome is Outcome.CREATED
    assert (desk.thread()["sitter"], desk.thread()["number"]) == ("sitter-1", POOL)


def test_a_sitter_who_comes_back_too_late_gets_a_new_number(desk: BookingDesk) -> None:
    desk.tell()
    desk.tell(minute=1, sitter=AWAY)
    desk.now += 91 * DAY
    end_quarantines(database=desk.database, now=desk.now)
    desk.tell(minute=2)
    assert desk.thread()["number"] == "+15550100012"


def test_a_quarantine_does_not_end_under_a_thread_that_has_nowhere_to_go(desk: BookingDesk) -> None:
    desk.tell()
    desk.sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE "numberClass" = 'front_desk'""")
    desk.tell(minute=1, sitter=AWAY)
    assert end_quarantines(database=desk.database, now=desk.now + 91 * DAY) == 0
    desk.sql("""UPDATE messaging."MessageNumber" SET status = 'active' WHERE "numberClass" = 'front_desk'""")
    assert end_quarantines(database=desk.database, now=desk.now + 91 * DAY) == 1
    assert desk.thread()["number"] == FRONT_DESK


# Pool numbers


def lend(database: Database, thread_id: str, client_id: str, *, day: float = 0) -> Number | None:
    with database.transaction() as tx:
        return numbers.claim_pool_number(
            tx,
            org_id="default",
            thread_id=thread_id,
            client_id=client_id,
            now=NOON + day * DAY,
            new_id=lambda: f"lease-{thread_id}-{day}",
        )


def give_back(sql: Sql, thread_id: str, *, day: float) -> None:
    sql("UPDATE ops.pool_lease SET released_at = :at WHERE thread_id = :id", at=NOON + day * DAY, id=thread_id)


@pytest.fixture
def pool(database: Database, sql: Sql) -> World:
    world = World(sql)
    world.organisation()
    for index in range(3):
        world.number(f"+1555010000{index + 1}", "pool")
    return world


def e164(number: Number | None) -> str | None:
    return number.e164 if number else None


def test_a_number_is_lent_to_one_thread_at_a_time(database: Database, pool: World) -> None:
    lent = [e164(lend(database, f"thread-{index}", f"client-{index}")) for index in range(4)]
    assert lent == [POOL, "+15550100002", "+15550100003", None]


def test_a_client_gets_the_number_they_had_before(database: Database, pool: World) -> None:
    lend(database, "t1", "a", day=0)
    lend(database, "t2", "b", day=1)
    give_back(pool.sql, "t1", day=2)
    give_back(pool.sql, "t2", day=2)
    assert e164(lend(database, "t3", "b", day=3)) == "+15550100002"


def test_never_used_numbers_come_before_the_least_recently_assigned(database: Database, pool: World) -> None:
    lend(database, "t1", "a", day=0)
    give_back(pool.sql, "t1", day=1)
    assert e164(lend(database, "t2", "b", day=60)) == "+15550100002"
    assert e164(lend(database, "t3", "c", day=61)) == "+15550100003"
    assert e164(lend(database, "t4", "d", day=62)) == POOL


def test_a_number_given_back_rests_thirty_days_unless_nothing_else_is_free(database: Database, pool: World) -> None:
    for index in range(3):
        lend(database, f"t{index}", f"c{index}", day=index)
    give_back(pool.sql, "t0", day=59)
    give_back(pool.sql, "t1", day=40)
    assert e164(lend(database, "t3", "other", day=75)) == "+15550100002"
    assert e164(lend(database, "t4", "another", day=76)) == POOL


def test_a_number_that_an_adopted_thread_uses_is_not_free(database: Database, pool: World) -> None:
    [[number_id]] = pool.sql('SELECT id FROM messaging."MessageNumber" WHERE e164 = :e164', e164=POOL)
    pool.thread(client_id=pool.client(), number_id=number_id)
    assert e164(lend(database, "t1", "other")) == "+15550100002"


def test_sixty_four_at_once_over_forty_numbers_give_forty_distinct_ones_and_clean_refusals(
    database_url: str, sql: Sql
) -> None:
    world = World(sql)
    world.organisation()
    for index in range(40):
        world.number(f"+155501001{index:02}", "pool")
    database = Database(connector_to(database_url))
    lent: list[str | None] = []
    all_at_once(64, lambda index: lent.append(e164(lend(database, f"thread-{index}", f"client-{index}"))))
    database.close()
    given = [number for number in lent if number]
    assert len(lent) == 64
    assert len(given) == len(set(given)) == 40
    assert sql("SELECT count(*) FROM ops.pool_lease WHERE released_at IS NULL") == [[40]]


@pytest.mark.parametrize(
    ("ended_hours_ago", "said_days_ago", "is_released"),
    [
        (72, 0, True),
        (71.9, 0, False),
        (71.9, 7, True),
        (None, 7, True),
        (None, 6.9, False),
        (-1, 30, False),
        (-1000, 30, False),
    ],
)
def test_a_pool_number_is_released_when_its_thread_is_over_or_silent(
    database: Database, pool: World, ended_hours_ago: float | None, said_days_ago: float, is_released: bool
) -> None:
    [[number_id]] = pool.sql('SELECT id FROM messaging."MessageNumber" WHERE e164 = :e164', e164=POOL)
    thread = pool.thread(client_id=pool.client(), number_id=number_id, one_time=True)
    said_at = NOON - said_days_ago * DAY
    pool.sql('UPDATE messaging."MessageThread" SET "lastMessageAt" = :at', at=said_at)
    if ended_hours_ago is not None:
        ended_at = NOON - ended_hours_ago * HOUR
        pool.window(thread, pool.sitter(), start=ended_at - 9 * HOUR, end=ended_at)
    assert release_pool_numbers(database=database, now=NOON) == int(is_released)
    found = pool.sql(
        'SELECT "maskedNumberE164", "numberClass" FROM messaging."MessageThread" WHERE id = :id', id=thread
    )
    assert found == [[FRONT_DESK, "front_desk"] if is_released else [POOL, "pool"]]
    assert pool.sql("SELECT count(*) FROM ops.pool_lease WHERE released_at = :now", now=NOON) == [[int(is_released)]]


def test_a_window_closed_early_ended_when_it_was_closed(database: Database, pool: World) -> None:
    [[number_id]] = pool.sql('SELECT id FROM messaging."MessageNumber" WHERE e164 = :e164', e164=POOL)
    thread = pool.thread(client_id=pool.client(), number_id=number_id)
    pool.sql('UPDATE messaging."MessageThread" SET "lastMessageAt" = :at', at=NOON)
    window = pool.window(thread, pool.sitter(), end=NOON + 9 * DAY, status="closed")
    pool.sql('UPDATE messaging."AssignmentWindow" SET "updatedAt" = :at WHERE id = :id', at=NOON - 3 * DAY, id=window)
    assert release_pool_numbers(database=database, now=NOON) == 1


def test_the_lease_keeps_client_and_time_so_that_late_texts_are_recognised(database: Database, pool: World) -> None:
    lent = lend(database, "thread-x", "client-x")
    assert lent is not None
    thread = pool.thread(client_id="client-x", number_id=lent.id)
    pool.sql("UPDATE ops.pool_lease SET thread_id = :id", id=thread)
    release_pool_numbers(database=database, now=NOON + 8 * DAY)
    found = pool.sql("SELECT client_id, since, released_at FROM ops.pool_lease")
    assert found == [["client-x", NOON, NOON + 8 * DAY]]


def test_without_a_front_desk_a_pool_number_is_not_taken_from_its_thread(database: Database, pool: World) -> None:
    pool.sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE "numberClass" = 'front_desk'""")
    [[number_id]] = pool.sql('SELECT id FROM messaging."MessageNumber" WHERE e164 = :e164', e164=POOL)
    pool.thread(client_id=pool.client(), number_id=number_id)
    assert release_pool_numbers(database=database, now=NOON + 99 * DAY) == 0
    assert pool.sql('SELECT "maskedNumberE164" FROM messaging."MessageThread"') == [[POOL]]


def test_a_lease_whose_thread_has_another_number_is_released(database: Database, pool: World) -> None:
    lend(database, "gone", "client-x")
    assert release_pool_numbers(database=database, now=NOON) == 1
    assert e164(lend(database, "t2", "client-x", day=1)) == POOL


def test_housekeeping_twice_at_once_releases_once(database_url: str, pool: World) -> None:
    database = Database(connector_to(database_url))
    [[number_id]] = pool.sql('SELECT id FROM messaging."MessageNumber" WHERE e164 = :e164', e164=POOL)
    pool.thread(client_id=pool.client(), number_id=number_id)
    released: list[int] = []
    all_at_once(4, lambda _: released.append(release_pool_numbers(database=database, now=NOON + 30 * DAY)))
    database.close()
    assert sorted(released) == [0, 0, 0, 1]


def waiting_for_a_pool_number(desk: BookingDesk) -> None:
    """Jane's booking has the only pool number, Omar's waits for it, and the owner has been told."""
    for client, booking_id in ((JANE, "booking-1"), (OMAR, "booking-2")):
        desk.tell(id=booking_id, client=client)
        desk.tell(id=booking_id, client=client, minute=1, isRecurring=False, sitter=BO)
    assert (desk.thread()["class"], desk.thread("booking-2", "client-2")["sitter"]) == ("pool", None)
    assert times_told(desk) == 1


def times_told(desk: BookingDesk) -> int:
    return desk.count('messaging."MessageEvent"', "body LIKE '%no pool number%'")


@pytest.mark.parametrize("change", [{"isRecurring": True}, {"sitter": None}, {"client": None}])
def test_a_pool_number_that_a_booking_gives_back_goes_to_the_one_that_waits_and_the_next_lack_is_told_of(
    desk: BookingDesk, change: dict[str, Any]
) -> None:
    waiting_for_a_pool_number(desk)
    told: dict[str, Any] = {"sitter": SAM, "isRecurring": False} | change
    desk.tell(minute=2, **told)
    assert desk.retry() == 1
    assert desk.thread("booking-2", "client-2")["number"] == POOL
    dora = {"id": "client-3", "phone": "+15555550166"}
    desk.tell(id="booking-3", client=dora)
    desk.tell(id="booking-3", client=dora, minute=3, isRecurring=False, sitter=BO)
    assert times_told(desk) == 2


@pytest.mark.parametrize("by_command", [False, True])
def test_a_sitter_who_leaves_gives_their_threads_pool_numbers_to_the_bookings_that_wait(
    desk: BookingDesk, by_command: bool
) -> None:
    waiting_for_a_pool_number(desk)
    if by_command:
        offboard_sitter(
            {"sitterId": "sitter-2"},
            database=desk.database,
            default_org_id="default",
            now=desk.now,
            new_id=new_ids("office"),
        )
    else:
        desk.tell(id="booking-3", minute=2, sitter=BO | {"active": False})
    assert desk.count("ops.owner_notice", "subject = 'pool_exhausted'") == 0
    assert desk.count("ops.booking_event", f"booking_id = 'booking-2' AND next_attempt_at <= '{desk.now}'") == 1


def test_a_pool_number_that_somebody_freed_by_hand_ends_the_lack_when_it_is_taken(desk: BookingDesk) -> None:
    waiting_for_a_pool_number(desk)
    desk.world.number("+15550100002", "pool")
    assert desk.retry(after=timedelta(minutes=1)) == 1
    assert desk.thread("booking-2", "client-2")["number"] == "+15550100002"
    assert desk.count("ops.owner_notice", "subject = 'pool_exhausted'") == 0


def test_a_pool_number_that_rests_again_goes_to_the_booking_that_waits_for_it_within_the_minute(
    desk: BookingDesk,
) -> None:
    waiting_for_a_pool_number(desk)
    desk.tell(minute=2, event_type="booking.cancelled", sitter=BO, isRecurring=False)
    desk.now += 3 * DAY
    desk.sql("UPDATE ops.booking_event SET next_attempt_at = :at WHERE next_attempt_at > :now",
             at=desk.now + HOUR, now=desk.now - 3 * DAY)  # fmt: skip
    assert release_pool_numbers(database=desk.database, now=desk.now) == 1
    assert desk.count("ops.owner_notice", "subject = 'pool_exhausted'") == 0
    assert desk.retry() == 1
    assert desk.thread("booking-2", "client-2")["number"] == POOL


def test_a_number_whose_quarantine_ended_goes_to_the_booking_that_waits_for_a_pool_number(desk: BookingDesk) -> None:
    waiting_for_a_pool_number(desk)
    desk.tell(id="booking-3", minute=2, sitter=AWAY)
    desk.now += 90 * DAY
    desk.sql("UPDATE ops.booking_event SET next_attempt_at = :at WHERE next_attempt_at IS NOT NULL", at=desk.now + HOUR)
    assert end_quarantines(database=desk.database, now=desk.now) == 1
    assert desk.retry() == 1
    assert desk.thread("booking-2", "client-2")["number"] == SITTER_NUMBER
