"""Inbound texts under trouble, on a real PostgreSQL server: at once, twice, late, half way, with parts away."""

import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from switchboard import errors
from switchboard.domain import inbound
from switchboard.services import receive_text as service
from switchboard.services.keep_texts import keep_response_records, route_stored_texts
from switchboard.services.queue_text import read_queued
from switchboard.services.receive_text import receive_text, route_text
from switchboard.store import owner_notices, sending, texts
from switchboard.store.connection import Address, Connector
from switchboard.store.database import Database, Limits
from tests.builders import FRONT_DESK, HOUR, MINUTE, NOON, ORG, SITTER_NUMBER, World
from tests.concurrency import until
from tests.conftest import connector_to
from tests.inbound_texts import Switchboard, form

CLIENT, SITTER = "+15555550101", "+15555550102"
DAY = timedelta(days=1)


def at_once(count: int, run: Callable[[int], Any]) -> None:
    with ThreadPoolExecutor(max_workers=16) as pool:
        list(pool.map(run, range(count)))


def test_the_same_sid_fifty_times_at_once_is_one_event_and_one_relay(board: Switchboard, world: World) -> None:
    world.assigned()
    at_once(50, lambda n: board.text("hi", sid="SM1", at=NOON + timedelta(milliseconds=n)))
    assert len(board.inbound()) == 1
    assert len(board.sent()) == 1
    assert board.inbound_queue.messages == []


def test_a_repeat_of_a_sid_changes_nothing(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("hi", sid="SM1")
    before = board.rows("SELECT * FROM ops.inbound_text"), board.inbound(), board.unread()
    board.text("something else", sid="SM1", at=NOON + 5 * HOUR)
    assert (board.rows("SELECT * FROM ops.inbound_text"), board.inbound(), board.unread()) == before


def test_a_stranger_who_writes_twice_at_once_is_one_guest(board: Switchboard, world: World) -> None:
    at_once(8, lambda n: board.text(f"hi {n}", sender="+15555550177", to=FRONT_DESK))
    assert board.rows('SELECT count(*) FROM messaging."Client"') == [(1,)]
    assert len(board.inbound()) == 8
    assert len(board.notices()) == 1


def test_strangers_who_write_at_once_share_one_internal_thread(board: Switchboard, world: World) -> None:
    at_once(12, lambda n: board.text("hi", sender=f"+1555555{3000 + n}", to=FRONT_DESK))
    assert board.inbound_queue.messages == []
    assert board.rows("""SELECT count(*) FROM messaging."MessageThread" WHERE scope = 'internal'""") == [(1,)]
    assert len(board.inbound()) == 12


def test_two_untagged_texts_at_once_are_asked_about_once(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    omar = world.client("+15555550104", first="Omar", last="Khan")
    world.window(world.thread(client_id=omar, sitter_id=ids["sitter"], number_id=ids["number"]), ids["sitter"], tag=2)
    at_once(6, lambda n: board.text(f"text {n}", sender=SITTER))
    assert len(board.sent()) == 1
    assert board.rows("SELECT count(*) FROM ops.held_text WHERE state = 'held'") == [(6,)]


def test_a_text_waits_for_a_booking_change_on_its_thread_and_sees_it(
    board: Switchboard, world: World, database: Database
) -> None:
    ids = world.assigned()
    after = world.sitter("+15555550103", first="Ann")
    with ThreadPoolExecutor() as pool:
        with database.transaction() as tx:
            tx.script(f"""SELECT id FROM messaging."MessageThread" WHERE id = '{ids["thread"]}' FOR UPDATE""")
            waiting = pool.submit(board.text, "after the change", at=NOON)
            until_somebody_waits_for_a_lock(world)
            tx.script(
                f"""INSERT INTO ops.window_history (org_id, window_id, thread_id, sitter_id, start_at, end_at, status,
                                                    tag, valid_until)
                    SELECT "orgId", id, "threadId", "sitterId", "startAt", "endAt", status, tag,
                           timestamptz '2025-01-15T11:59:00Z' FROM messaging."AssignmentWindow";
                    UPDATE messaging."AssignmentWindow" SET "sitterId" = '{after}'"""
            )
        waiting.result()
    assert [to for _, to, _ in board.sent()] == ["+15555550103"]


def test_a_text_and_a_failure_on_one_thread_tell_the_owner_without_waiting_for_each_other(
    board: Switchboard, world: World, database: Database
) -> None:
    ids = world.assigned()
    world.thread(scope="internal")
    subject = f"thread:{ids['thread']}"
    with ThreadPoolExecutor() as pool:
        with database.transaction() as tx:  # a text that fails: its thread is counted up, then the owner told
            sending.raise_unread(tx, ids["thread"], count=1, now=NOON)
            waiting = pool.submit(board.text, "after the visit", at=NOON + 5 * HOUR)
            until_somebody_waits_for_a_lock(world)
            tx.script("SET LOCAL lock_timeout = 300")
            owner_notices.tell(
                tx,
                org_id=ORG,
                subject=subject,
                body="Failed",
                now=NOON + 5 * HOUR,
                new_id=ids_of("n"),
                again_after=None,
            )
        waiting.result()
    assert (board.notices(), board.unread()) == (["Failed"], {"client_booking": 2})


def ids_of(prefix: str) -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"{prefix}-{next(numbers)}"


def until_somebody_waits_for_a_lock(world: World) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    until(lambda: world.sql(waiting))


def test_while_the_database_is_away_the_raw_text_waits_on_the_queue_with_its_arrival(
    board: Switchboard, world: World
) -> None:
    world.assigned()
    away = Database(Connector(lambda fresh: Address.from_url("postgresql://nobody@127.0.0.1:1/none")))
    here, board.database = board.database, away
    fields = form("Café 🐶 & =+%")
    receive_text(fields, arrived_at=NOON, queue=board.inbound_queue, using=board.using())
    board.database = here
    [message] = board.inbound_queue.messages
    assert read_queued(json.dumps(message)) == (fields, NOON)
    back, arrived_at = read_queued(json.dumps(message))
    for _ in range(2):  # the queue delivers at least once
        route_text(back, arrived_at=arrived_at, using=board.using(now=NOON + 5 * HOUR))
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: Café 🐶 & =+%")]


def test_with_database_and_queue_away_the_text_is_not_acknowledged(board: Switchboard) -> None:
    board.database = Database(Connector(lambda fresh: Address.from_url("postgresql://nobody@127.0.0.1:1/none")))
    board.inbound_queue.away = True
    with pytest.raises(errors.QueueUnavailable):
        board.text()


def test_a_text_that_the_schema_cannot_take_waits_on_the_queue(
    board: Switchboard, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sql("ALTER TABLE ops.inbound_text RENAME TO mislaid")
    board.text("hi")
    assert len(board.inbound_queue.messages) == 1


def test_a_secret_that_the_database_needs_and_that_is_away_sends_the_text_to_the_queue(board: Switchboard) -> None:
    def address(fresh: bool) -> Address:
        raise errors.SecretUnavailable

    board.database = Database(Connector(address))
    board.text("hi")
    assert len(board.inbound_queue.messages) == 1


def test_a_lock_that_is_not_given_sends_the_text_to_the_queue(
    board: Switchboard, world: World, database: Database, database_url: str
) -> None:
    world.assigned()
    board.database = Database(connector_to(database_url), limits=Limits(lock_ms=100))
    with database.transaction() as tx:
        tx.script(f"SELECT pg_advisory_xact_lock(hashtextextended('{CLIENT}', 0))")
        board.text()
    assert len(board.inbound_queue.messages) == 1
    assert board.inbound() == []


def test_the_earliest_arrival_decides_until_the_text_is_routed(
    board: Switchboard, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.assigned()
    broken(monkeypatch)
    board.text("hi", sid="SM1", at=NOON + 2 * HOUR)
    monkeypatch.undo()
    board.text("hi", sid="SM1", at=NOON, now=NOON + 2 * HOUR)
    assert board.rules() == ["one_window"]


def test_the_earliest_arrival_decides_although_neither_try_could_route_the_text(
    board: Switchboard, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.assigned()
    broken(monkeypatch)
    board.text("hi", sid="SM1", at=NOON + 2 * HOUR)
    board.text("hi", sid="SM1", at=NOON, now=NOON + 2 * HOUR)
    monkeypatch.undo()
    assert route_stored_texts(using=board.using(now=NOON + 3 * HOUR)) == 1
    assert board.rules() == ["one_window"]


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(service, "decide", decide)


def test_an_error_after_storing_leaves_the_text_with_the_owner(
    board: Switchboard, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = world.assigned()
    broken(monkeypatch)
    board.text("important")
    assert board.reasons() == ["routing error"]
    assert board.inbound()[0]["threadId"] == ids["thread"]
    assert board.rows("SELECT state, attempts FROM ops.inbound_text") == [("failed", 1)]
    assert (board.unread(), len(board.notices())) == ({"client_booking": 1}, 1)


def test_a_strangers_text_that_cannot_be_routed_is_on_the_internal_thread(
    board: Switchboard, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    board.text("important", to=FRONT_DESK, sender="+15555550177")
    board.text("more", to=FRONT_DESK, sender="+15555550178")
    assert board.unread() == {"internal": 2}


def test_what_could_not_be_routed_is_routed_later_as_at_its_arrival(
    board: Switchboard, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.assigned()
    broken(monkeypatch)
    board.text("important")
    assert route_stored_texts(using=board.using(now=NOON + MINUTE)) == 1
    assert board.rows("SELECT attempts FROM ops.inbound_text") == [(2,)]
    monkeypatch.setattr(service, "decide", inbound.decide)
    assert route_stored_texts(using=board.using(now=NOON + 2 * MINUTE)) == 0
    assert route_stored_texts(using=board.using(now=NOON + 3 * HOUR)) == 1
    assert route_stored_texts(using=board.using(now=NOON + 9 * HOUR)) == 0
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: important")]
    assert board.reasons() == ["Exactly one active assignment window matches timestamp"]
    assert board.rows("SELECT state FROM ops.inbound_text") == [("routed",)]


@pytest.mark.parametrize("statement", ["store", "write"])
def test_a_connection_that_breaks_half_way_leaves_nothing_and_the_text_on_the_queue(
    board: Switchboard, world: World, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    world.assigned()
    real = getattr(texts, statement)

    def breaking(tx: Any, *args: Any, **kwargs: Any) -> Any:
        real(tx, *args, **kwargs)
        [[pid]] = tx.script("SELECT pg_backend_pid()")
        world.sql(f"SELECT pg_terminate_backend({pid})")
        tx.script("SELECT 1")

    monkeypatch.setattr(texts, statement, breaking)
    board.text("hi", sid="SM1")
    assert (board.inbound(), board.rows("SELECT 1 FROM ops.inbound_text")) == ([], [])
    monkeypatch.undo()
    [message] = board.inbound_queue.messages
    fields, arrived_at = read_queued(json.dumps(message))
    route_text(fields, arrived_at=arrived_at, using=board.using())
    assert len(board.sent()) == 1


def test_an_answer_that_is_overdue_is_escalated_and_the_owner_told(board: Switchboard, world: World) -> None:
    world.assigned()
    world.sql('UPDATE messaging."Organization" SET "responseSlaSeconds" = 600')
    board.text("anybody?")
    assert keep_response_records(using=board.using(now=NOON + 9 * MINUTE)) == 0
    assert keep_response_records(using=board.using(now=NOON + 10 * MINUTE)) == 1
    assert keep_response_records(using=board.using(now=NOON + 11 * MINUTE)) == 0
    assert board.notices() == ["Jane D. has been waiting for an answer. See your inbox."]


def test_a_pending_answer_expires_a_day_after_the_window(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("anybody?")
    assert keep_response_records(using=board.using(now=NOON + HOUR + DAY - MINUTE)) == 0
    assert keep_response_records(using=board.using(now=NOON + HOUR + DAY)) == 1
    assert board.rows('SELECT "resolutionStatus" FROM messaging."ResponseRecord"') == [("expired",)]


def test_a_pending_answer_expires_a_day_after_a_window_ahead_was_cancelled(board: Switchboard, world: World) -> None:
    world.assigned()
    world.sql('UPDATE messaging."AssignmentWindow" SET "startAt" = :start, "endAt" = :end',
              start=NOON + 30 * DAY, end=NOON + 31 * DAY)  # fmt: skip
    board.text("anybody?")
    assert keep_response_records(using=board.using(now=NOON + 2 * DAY)) == 0
    closed_at = NOON + 2 * DAY
    world.sql("""UPDATE messaging."AssignmentWindow" SET status = 'closed', "updatedAt" = :at""", at=closed_at)
    assert keep_response_records(using=board.using(now=closed_at + DAY - MINUTE)) == 0
    assert keep_response_records(using=board.using(now=closed_at + DAY)) == 1
    assert board.rows('SELECT "resolutionStatus" FROM messaging."ResponseRecord"') == [("expired",)]


def test_housekeeping_twice_at_once_does_everything_once(board: Switchboard, world: World) -> None:
    world.assigned()
    world.sql('UPDATE messaging."Organization" SET "responseSlaSeconds" = 600')
    for n in range(10):
        board.text(f"text {n}")
    at_once(4, lambda n: keep_response_records(using=board.using(now=NOON + HOUR)))
    assert board.rows('SELECT DISTINCT "resolutionStatus" FROM messaging."ResponseRecord"') == [("escalated",)]
    assert len(board.notices()) == 1


def test_a_swap_amid_a_hundred_texts_gives_each_to_the_sitter_of_its_arrival(
    board: Switchboard, world: World, database: Database
) -> None:
    desk = str(world.sql('SELECT id FROM messaging."MessageNumber"')[0][0])
    client, sam, ann = world.client(), world.sitter(SITTER), world.sitter("+15555550103", first="Ann")
    window = world.window(world.thread(client_id=client, sitter_id=sam, number_id=desk), sam)
    swap_at = NOON + timedelta(milliseconds=500)

    def arrive(n: int) -> None:
        if n == 50:
            swap(database, window, ann, at=swap_at)
        else:
            board.text(f"text {n}", to=FRONT_DESK, at=NOON + timedelta(milliseconds=10 * n), now=swap_at)

    at_once(101, arrive)
    got = {(body.removeprefix("Jane D.: "), to) for _, to, body in board.sent()}
    late = {(f"text {n}", "+15555550103") for n in range(51, 101)}
    early = {(f"text {n}", SITTER) for n in range(50)}
    assert len(board.sent()) == 100
    assert {text for text, _ in got} == {text for text, _ in early | late}
    assert early <= got
    assert {to for text, to in got - early} <= {SITTER, "+15555550103"}


def swap(database: Database, window: str, sitter: str, *, at: datetime) -> None:
    """What a reassignment writes, thread first."""
    with database.transaction() as tx:
        tx.script('SELECT id FROM messaging."MessageThread" FOR UPDATE')
        tx.script(
            f"""INSERT INTO ops.window_history (org_id, window_id, thread_id, sitter_id, start_at, end_at, status, tag,
                                                valid_until)
                SELECT "orgId", id, "threadId", "sitterId", "startAt", "endAt", status, tag,
                       timestamptz '{at.isoformat()}' FROM messaging."AssignmentWindow" WHERE id = '{window}';
                UPDATE messaging."AssignmentWindow" SET "sitterId" = '{sitter}' WHERE id = '{window}';
                UPDATE messaging."MessageThread" SET "assignedSitterId" = '{sitter}'"""
        )


def test_a_database_whose_instants_have_no_zone_works_too(board: Switchboard, world: World) -> None:
    columns = world.sql(
        """SELECT table_name, column_name FROM information_schema.columns
           WHERE table_schema = 'messaging' AND data_type = 'timestamp with time zone'"""
    )
    for table, column in columns:
        world.sql(f'ALTER TABLE messaging."{table}" ALTER COLUMN "{column}" DROP DEFAULT')
        world.sql(f'ALTER TABLE messaging."{table}" ALTER COLUMN "{column}" TYPE timestamp(3)')
    ids = world.assigned()
    omar = world.client("+15555550104", first="Omar", last="Khan")
    world.window(world.thread(client_id=omar, sitter_id=ids["sitter"], number_id=ids["number"]), ids["sitter"], tag=2)
    board.text("hello")
    board.text("untagged", sender=SITTER, at=NOON + MINUTE)
    board.text("2", sender=SITTER, at=NOON + 2 * MINUTE)
    board.text("who are you?", sender="+15555550177", to=FRONT_DESK)
    board.text("STOP", at=NOON + 3 * MINUTE)
    assert [to for _, to, _ in board.sent()] == [SITTER, SITTER, "+15555550104", CLIENT]
    assert board.inbound_queue.messages == []
    assert keep_response_records(using=board.using(now=NOON + 3 * DAY)) == 2
    assert board.rows('SELECT "createdAt" FROM messaging."MessageEvent" WHERE body = :b', b="hello") == [
        (NOON.replace(tzinfo=None),)
    ]
