"""The store's transactions on a real PostgreSQL server."""

from collections.abc import Callable
from datetime import UTC, datetime

import pg8000.core
import pytest

from switchboard import errors
from switchboard.store.connection import Address, Connector
from switchboard.store.database import Database, Limits, Transaction
from switchboard.store.session import Call


def test_a_new_database_has_every_table_after_both_kinds_of_revision(sql: Callable[..., list[list[object]]]) -> None:
    found = sql("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'messaging'")
    assert found == [[15]]


def test_a_block_that_raises_leaves_nothing(database: Database, sql: Callable[..., list[list[object]]]) -> None:
    with pytest.raises(RuntimeError), database.transaction() as tx:
        tx.script("INSERT INTO ops.owner_notice VALUES ('o', 's', now())")
        raise RuntimeError
    assert sql("SELECT count(*) FROM ops.owner_notice") == [[0]]


def note(tx: Transaction, org_id: str) -> None:
    tx.script(f"INSERT INTO ops.owner_notice VALUES ('{org_id}', 's', now())")


def test_a_savepoints_block_that_raises_leaves_nothing_and_the_transaction_goes_on(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    with database.transaction() as tx:
        note(tx, "before")
        with pytest.raises(errors.ConstraintViolated), tx.savepoint():
            note(tx, "within")
            note(tx, "before")
        with pytest.raises(RuntimeError), tx.savepoint():
            note(tx, "raised")
            raise RuntimeError
        note(tx, "after")
    assert sql("SELECT org_id FROM ops.owner_notice ORDER BY 1") == [["after"], ["before"]]


def test_a_savepoint_within_another_takes_back_its_own_block_only(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    with database.transaction() as tx, tx.savepoint() as take_back_all:
        note(tx, "outer")
        with tx.savepoint() as take_back:
            note(tx, "inner")
            take_back()
        assert tx.script("SELECT org_id FROM ops.owner_notice") == [["outer"]]
        with tx.savepoint():
            note(tx, "kept")
        take_back_all()
    assert sql("SELECT org_id FROM ops.owner_notice") == []


def test_a_savepoint_of_a_connection_that_is_gone_says_so(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    with pytest.raises(errors.DatabaseUnavailable), database.transaction() as tx, tx.savepoint():
        [[pid]] = tx.script("SELECT pg_backend_pid()")
        sql(f"SELECT pg_terminate_backend({pid})")
        note(tx, "lost")


def test_a_broken_constraint_is_told_by_its_name_without_the_rows_content(database: Database) -> None:
    with pytest.raises(errors.ConstraintViolated) as caught, database.transaction() as tx:
        tx.script("INSERT INTO ops.owner_notice VALUES ('o', '+15555550101', now())")
        tx.script("INSERT INTO ops.owner_notice VALUES ('o', '+15555550101', now())")
    assert caught.value.constraint == "owner_notice_pkey"
    assert "5555550101" not in str(caught.value)


def test_a_connection_that_the_server_closed_is_replaced_at_the_next_transaction(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    with database.transaction() as tx:
        [[pid]] = tx.script("SELECT pg_backend_pid()")
    sql(f"SELECT pg_terminate_backend({pid})")
    with database.transaction() as tx:
        assert tx.script("SELECT 1") == [[1]]


def early_statuses(tx: Transaction) -> list[dict[str, object]]:
    return tx.rows("sending.early", sid="SM1")


REVISION = "ALTER TABLE ops.early_status ALTER COLUMN status TYPE varchar(20)"
OTHER_SERVER = "DEALLOCATE ALL"  # as a proxy does that has put another server behind the connection


@pytest.mark.parametrize(("change", "at_first"), [(REVISION, True), (REVISION, False), (OTHER_SERVER, True)])
def test_a_connection_whose_prepared_statements_are_stale_is_replaced(
    database: Database, sql: Callable[..., list[list[object]]], change: str, at_first: bool
) -> None:
    with database.transaction() as tx:
        assert early_statuses(tx) == []
        session = tx.session
    if change == OTHER_SERVER:
        session.run([change])
    else:
        sql(change)
    if not at_first:
        with pytest.raises(errors.DatabaseUnavailable), database.transaction() as tx:
            tx.script("SELECT 1")
            early_statuses(tx)
    with database.transaction() as tx:
        assert early_statuses(tx) == []
        assert tx.session is not session


def test_instants_are_utc_whatever_the_servers_time_zone(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    [[name]] = sql("SELECT current_database()")
    sql(f"ALTER DATABASE \"{name}\" SET timezone = 'America/Chicago'")
    with database.transaction() as tx:
        [[found]] = tx.script("SELECT cast('2025-01-15 10:00' as timestamp)")
    assert found == datetime(2025, 1, 15, 10, tzinfo=UTC)


def test_a_statement_may_take_what_its_limits_allow_although_connecting_may_not(database_url: str) -> None:
    impatient = Connector(lambda fresh: Address.from_url(database_url), timeout_s=0.5)
    database = Database(impatient, limits=Limits(statement_ms=200))
    with database.transaction(limits=Limits(statement_ms=5_000)) as tx:
        assert tx.script("SELECT 'done' FROM pg_sleep(1)") == [["done"]]
    with database.outside_transaction(limits=Limits(statement_ms=5_000)) as tx:
        assert tx.script("SELECT 'done' FROM pg_sleep(1)") == [["done"]]
    with pytest.raises(errors.StatementTimedOut), database.transaction() as tx:
        tx.script("SELECT pg_sleep(1)")
    database.close()


def add_guest(tx: Transaction, guest_id: str, *, phone: str = "+15555550101") -> None:
    tx.later("text_rows.add_guest", org_id="o", guest_id=guest_id, sender=phone, now=datetime.now(UTC))


GUESTS = 'SELECT id FROM messaging."Client" ORDER BY id'


def test_what_nobody_waits_for_leaves_with_begin_or_commit_and_in_its_order(
    database: Database, sql: Callable[..., list[list[object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[int] = []
    flush = pg8000.core._flush

    def counted(sock: object) -> None:
        trips.append(1)
        flush(sock)

    with database.transaction() as tx:
        add_guest(tx, "warm")
    monkeypatch.setattr(pg8000.core, "_flush", counted)
    with database.transaction():
        pass
    assert len(trips) == 0
    with database.transaction() as tx:
        add_guest(tx, "a")
        assert tx.script(GUESTS) == [["a"], ["warm"]]
        add_guest(tx, "b")
        add_guest(tx, "c")
    assert len(trips) == 2
    assert sql(GUESTS) == [["a"], ["b"], ["c"], ["warm"]]


def test_what_nobody_waits_for_is_done_before_anything_is_waited_for(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    writing = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
    with database.transaction() as tx:
        add_guest(tx, "warm")
    with database.transaction() as tx:
        tx.script("SELECT 1")
        add_guest(tx, "a")
        assert any(sql(writing) for _ in range(5_000))
    assert sql(GUESTS) == [["a"], ["warm"]]


def test_a_statement_that_is_yet_to_be_prepared_comes_after_what_is_on_its_way(database: Database) -> None:
    with database.transaction() as tx:
        add_guest(tx, "warm")
    with database.transaction() as tx:
        tx.script("SELECT 1")
        add_guest(tx, "a")
        assert early_statuses(tx) == []
        assert tx.script(GUESTS) == [["a"], ["warm"]]


@pytest.mark.parametrize("guest_id", ["a", "warm"])
def test_what_is_on_its_way_is_taken_back_where_the_block_raises(
    database: Database, sql: Callable[..., list[list[object]]], guest_id: str
) -> None:
    with database.transaction() as tx:
        add_guest(tx, "warm")
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        tx.script("SELECT 1")
        add_guest(tx, guest_id)
        raise ZeroDivisionError
    with database.transaction() as tx:
        add_guest(tx, "b")
    assert sql(GUESTS) == [["b"], ["warm"]]


def test_what_nobody_waits_for_fails_with_commit_and_leaves_nothing(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    for together in (["a", "a", "b"], ["a", "b", "a"]):
        with pytest.raises(errors.ConstraintViolated) as caught, database.transaction() as tx:
            for guest_id in together:
                add_guest(tx, guest_id)
        assert caught.value.constraint == "Client_pkey"
    with pytest.raises(errors.ConstraintViolated), database.transaction() as tx:
        add_guest(tx, "a")
        add_guest(tx, "a")
        tx.script("SELECT 1")
    assert sql(GUESTS) == []
    with database.transaction() as tx:
        assert tx.script("SELECT 2") == [[2]]


def test_a_statement_with_rows_among_those_that_nobody_waits_for_is_not_taken_for_the_last(database: Database) -> None:
    with database.transaction() as tx:
        add_guest(tx, "a")
        tx.later("bookings.stored_answer", webhook_id="none")
        tx.later("held_texts.wait_for", sender="+15555550101")
        add_guest(tx, "b")
        assert tx.rows("held_texts.wait_for", sender="+15555550102") == [{"waited": False}]
        tx.later("held_texts.wait_for", sender="+15555550103")
        assert tx.rows("owner_notices.clear", org_id="o", subject="s") == []
        assert tx.script(GUESTS) == [["a"], ["b"]]


def test_any_number_of_statements_may_leave_together(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    with database.transaction() as tx:
        for n in range(1_000):
            add_guest(tx, f"{n:03}")
    assert len(sql(GUESTS)) == 1_000


def test_what_was_sent_by_half_is_never_taken_for_the_answer_to_what_comes_next(database: Database) -> None:
    with database.transaction() as tx:
        add_guest(tx, "warm")
    with pytest.raises(UnicodeEncodeError), database.transaction() as tx:
        add_guest(tx, "a")
        add_guest(tx, "b", phone="\ud800")
    with database.transaction() as tx:
        assert tx.script(GUESTS) == [["warm"]]


def test_a_closed_connection_is_replaced_with_all_that_waits(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    with database.transaction() as tx:
        add_guest(tx, "warm")
        [[pid]] = tx.script("SELECT pg_backend_pid()")
    sql(f"SELECT pg_terminate_backend({pid})")
    with database.transaction() as tx:
        add_guest(tx, "a")
        add_guest(tx, "b")
    assert sql(GUESTS) == [["a"], ["b"], ["warm"]]


def test_the_first_statement_is_not_done_where_begin_fails(
    database: Database, sql: Callable[..., list[list[object]]]
) -> None:
    with database.transaction() as tx:
        add_guest(tx, "warm")
    params = {"org_id": "o", "guest_id": "a", "sender": "+15555550101", "now": datetime.now(UTC)}
    with pytest.raises(errors.DatabaseError):
        tx.session.run([Call("text_rows.add_guest", params)], begin=["DO 'BEGIN RAISE ''cancelled''; END'"])
    assert sql(GUESTS) == [["warm"]]
