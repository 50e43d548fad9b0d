"""message-numbers and account-priorities among crashes, late rows and others: the end is that of an undisturbed run."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pg8000.native
import pytest

from switchboard.backfills.plan import after_lanes
from switchboard.store.connection import Address
from switchboard.store.database import Database, Transaction
from tests.accounts import add_customers, add_tenant, classes, snapshot
from tests.backfill_desk import Desk
from tests.builders import Sql
from tests.concurrency import until
from tests.mortal_database import Mortal, stubborn_run
from tests.number_town import PLATFORM, Number, Person, Thread, Town, empty, outcome, settle

ACCOUNTS: dict[str, Any] = {"backfill": "account-priorities", "asOf": "2025-10-25", "dryRun": False, "lanes": 1}
NUMBERS: dict[str, Any] = {
    "backfill": "message-numbers", "dryRun": False, "batchSize": 3, "lanes": 2, "asOf": "2025-10-25",
    "params": {"frontDeskNumber": PLATFORM},
}  # fmt: skip
TOWN = Town(
    numbers=(
        Number("a", "+15550100001", "pool"), Number("a", "+15550100002", "pool", minute=1),
        Number("a", "+15550100011", "sitter", sitter="s1"), Number("b", "+15550100003", "pool"),
    ),
    threads=tuple(
        Thread("b" if n == 5 else "a", client=f"c{n % 3}", sitter="s1" if n % 2 else None, booking=f"b{n}", minute=n)
        for n in range(7)
    ),
    clients=(Person("a", "c1", flag=True), Person("a", "c2")),
    sitters=(Person("a", "s1", flag=True),),
)  # fmt: skip


@pytest.fixture
def mortal(database_url: str) -> Iterator[Mortal]:
    found = Mortal(database_url)
    yield found
    found.close()


@pytest.fixture
def other(database_url: str) -> Iterator[Callable[..., Any]]:
    """Somebody else's connection."""
    connection = pg8000.native.Connection(**Address.from_url(database_url).arguments())
    yield connection.run
    connection.close()


@pytest.mark.parametrize("after_commit", [False, True], ids=["before_commit", "after_commit"])
def test_message_numbers_survives_a_death_at_any_commit(
    mortal: Mortal, database: Database, sql: Sql, after_commit: bool
) -> None:
    settle(sql, TOWN)
    counts = Desk(database).output(**NUMBERS)["counts"]
    expected = outcome(sql)
    mortal.dies_after_commit = after_commit
    dies_at, whole = 1, 2
    while dies_at < whole:
        empty(sql)
        settle(sql, TOWN)
        mortal.transactions, mortal.dies_at = 0, dies_at
        assert stubborn_run(Desk(mortal), **NUMBERS)["counts"] == counts, dies_at
        assert outcome(sql) == expected, dies_at
        dies_at, whole = dies_at + 3, mortal.transactions


def test_a_schema_whose_making_died_anywhere_is_taken_back_whole(mortal: Mortal, sql: Sql) -> None:
    add_customers(sql, "2025-10-01Z", None)
    before = snapshot(sql)
    dies_at, whole = 9, 10
    while dies_at < whole:
        mortal.transactions, mortal.dies_at = 0, dies_at
        run = stubborn_run(Desk(mortal), **ACCOUNTS)
        assert run["counts"]["HIGH priority"] == 1
        dies_at, whole = dies_at + 23, mortal.transactions
        mortal.dies_at = None
        Desk(mortal).output(
            "account-priorities", action="rollback", runId=run["runId"], dryRun=False, params={"level": "columns"}
        )
        assert snapshot(sql) == before
        sql("TRUNCATE ops.backfill_run CASCADE")


INDEX = '"Customer_territory_idx" ON accounts."Customer" (territory)'
INVALID = (
    "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('accounts.\"Customer_territory_idx\"') AND NOT indisvalid"
)


@pytest.fixture
def unindexed(database: Database, sql: Sql) -> Sql:
    """The accounts schema as a run leaves it, without one index; nothing is known of the run."""
    Desk(database).output(**ACCOUNTS)
    sql('DROP INDEX accounts."Customer_territory_idx"')
    sql("TRUNCATE ops.backfill_run CASCADE")
    return sql


@pytest.fixture
def build(database_url: str, sql: Sql, other: Callable[..., Any]) -> Iterator[Callable[[], None]]:
    """Begins somebody's build of the index; it waits for `other`, which has to commit."""
    connection = pg8000.native.Connection(**Address.from_url(database_url).arguments())
    building = threading.Thread(target=connection.run, args=(f"CREATE INDEX CONCURRENTLY {INDEX}",))

    def begin() -> None:
        other("BEGIN")
        other('LOCK TABLE accounts."Customer" IN ROW EXCLUSIVE MODE')
        building.start()
        until(lambda: bool(sql(INVALID)))

    yield begin
    building.join()
    connection.close()


def test_an_index_that_somebody_is_building_is_waited_for(
    database: Database, unindexed: Sql, other: Callable[..., Any], build: Callable[[], None]
) -> None:
    build()
    answer = _run_that_waits(database, unindexed, then=lambda: other("COMMIT"))
    assert answer["ok"], answer
    assert _made(unindexed) == 0  # not the run's own: a rollback leaves it


def test_a_build_that_begins_between_two_looks_is_waited_for_and_not_cleared_away(
    database: Database,
    unindexed: Sql,
    other: Callable[..., Any],
    build: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[str] = []
    one = Transaction.one

    def then_build(tx: Transaction, statement: str, **values: Any) -> Any:
        answer = one(tx, statement, **values)
        if statement == "account_schema.is_building" and not looks:
            looks.append(statement)
            build()
        return answer

    monkeypatch.setattr(Transaction, "one", then_build)
    answer = _run_that_waits(database, unindexed, then=lambda: other("COMMIT"))
    assert answer["ok"], answer
    assert _made(unindexed) == 0


def test_an_index_that_somebody_was_quicker_to_build_is_not_the_runs_own(database: Database, unindexed: Sql) -> None:
    unindexed(f"""CREATE FUNCTION quicker() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN CREATE INDEX {INDEX}; RETURN NULL; END $$""")
    unindexed("CREATE TRIGGER quicker AFTER INSERT ON ops.index_build EXECUTE FUNCTION quicker()")
    Desk(database).output(**ACCOUNTS)
    assert _made(unindexed) == 0


def _run_that_waits(database: Database, sql: Sql, *, then: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(Desk(database).run, **ACCOUNTS)
        try:
            until(lambda: _is_waiting(sql))
        finally:
            then()
    return running.result()


def _is_waiting(sql: Sql) -> bool:
    return bool(
        sql("""SELECT 1 FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(0.25)%'""")
    )


def _made(sql: Sql) -> int:
    """How many schema objects runs call their own."""
    return int(
        sql("SELECT coalesce(sum(rows), 0) FROM ops.backfill_image WHERE kind NOT IN ('class', 'priority')")[0][0]
    )


def test_customers_that_come_while_a_run_works_are_picked_up(database: Database, sql: Sql) -> None:
    tenant = add_tenant(sql)
    add_customers(sql, "2025-10-01Z", tenant=tenant)
    desk = Desk(database)
    task = desk.begin(**ACCOUNTS)
    for lane in task["lanes"]:
        desk.slice(task["run"], task["step"], lane)
    add_customers(sql, "2025-10-02Z", None, tenant=tenant)
    output = desk.go_on(task)["output"]
    assert output["counts"]["ACTIVE customers updated"] == 2
    assert output["counts"]["LOW priority"] == 1
    assert classes(sql) == ["ACTIVE", "ACTIVE", "PROSPECT"]


def test_threads_that_come_while_a_run_works_are_picked_up(database: Database, sql: Sql) -> None:
    settle(sql, TOWN)
    desk = Desk(database)
    task = desk.begin(**NUMBERS)
    first = task["step"]
    while task["next"] == "work" and task["step"] < first + 2:
        for lane in task["lanes"]:
            desk.slice(task["run"], task["step"], lane)
        task = _next(desk, task)
    sql(
        'INSERT INTO messaging."MessageThread" (id, "orgId", scope, "clientId", "createdAt", "updatedAt")'
        " VALUES ('late', 'a', 'client_general', 'c9', '2024-01-01Z', '2024-01-01Z')"
    )
    assert desk.go_on(task)["ok"]
    found = sql("""SELECT "numberClass", "isOneTimeClient" FROM messaging."MessageThread" WHERE id = 'late'""")
    assert found == [["front_desk", True]]


def test_threads_after_the_last_pass_are_reported_and_do_not_fail_the_run(database: Database, sql: Sql) -> None:
    """One without a number, one of another class than its number, and one of an organisation that nobody knew."""
    settle(sql, TOWN)
    desk = Desk(database)
    task = _worked_through(desk, desk.begin(**NUMBERS))
    for thread, org in (("late", "a"), ("new", "z")):
        sql(
            'INSERT INTO messaging."MessageThread" (id, "orgId", scope, "clientId", "createdAt", "updatedAt")'
            " VALUES (:id, :org, 'client_general', 'c9', '2024-01-01Z', '2024-01-01Z')",
            id=thread, org=org,
        )  # fmt: skip
    sql("UPDATE messaging.\"MessageThread\" SET \"numberClass\" = 'sitter' WHERE id = 't0'")
    answer = desk.go_on(task)
    assert answer["ok"], answer
    report = answer["output"]["report"]
    assert report.endswith("Rows after the last pass: 4\n   - late\n   - new\n   - t0\n   - z")
    assert "\n  - Org z: 0 (after the last pass)\n" in report
    assert "\n✅ All checks passed!\n" in report
    assert _failed(desk.run("message-numbers", action="verify")) == {
        "Front desk numbers per org": "z: 0",
        "Threads missing messageNumberId": 2,
        "Threads of another class than their number": 1,
    }


def test_a_second_front_desk_after_the_last_pass_does_not_fail_the_run(database: Database, sql: Sql) -> None:
    settle(sql, TOWN)
    sql("DROP INDEX messaging.number_one_active_front_desk")
    desk = Desk(database)
    task = _worked_through(desk, desk.begin(**NUMBERS))
    sql("UPDATE messaging.\"MessageNumber\" SET \"numberClass\" = 'front_desk' WHERE id = 'n1'")
    answer = desk.go_on(task)
    assert answer["ok"], answer
    assert "\n   - a" in answer["output"]["report"]
    again = desk.run(**NUMBERS)
    assert again["error"] == "VerifyFailed"
    assert again["cause"]["counts"]["Errors"] == 1


def test_customers_after_the_last_pass_are_reported_and_do_not_fail_the_run(database: Database, sql: Sql) -> None:
    """One that came, and one whose class changed after its priority was set."""
    tenant = add_tenant(sql)
    [there] = add_customers(sql, "2025-10-01Z", tenant=tenant)
    desk = Desk(database)
    task = _worked_through(desk, desk.begin(**ACCOUNTS))
    [late] = add_customers(sql, "2025-10-02Z", tenant=tenant)
    sql('UPDATE accounts."Customer" SET "accountType" = \'TARGET\' WHERE id = cast(:id AS uuid)', id=there)
    answer = desk.go_on(task)
    assert answer["ok"], answer
    report = answer["output"]["report"]
    assert report.endswith(
        "\n".join(["Rows after the last pass: 2", *(f"   - {row}" for row in sorted((there, late)))])
    )
    assert _failed(desk.run("account-priorities", action="verify")) == {"Data Counts": 2}


def _failed(answer: dict[str, Any]) -> dict[str, Any]:
    """The checks of a verification that do not hold, with what they saw."""
    assert answer["error"] == "VerifyFailed", answer
    return {check["name"]: check["actual"] for check in answer["cause"]["checks"]}


def _worked_through(desk: Desk, task: dict[str, Any]) -> dict[str, Any]:
    """The task after the last pass."""
    while task["next"] == "work":
        for lane in task["lanes"]:
            while desk.slice(task["run"], task["step"], lane):
                pass
        task = _next(desk, task)
    return task


def _next(desk: Desk, task: dict[str, Any]) -> dict[str, Any]:
    return after_lanes(task["run"], task["step"], database=desk.database, now=desk.now)


def test_a_booking_change_in_the_organisation_is_waited_for(
    database: Database, sql: Sql, other: Callable[..., Any]
) -> None:
    settle(sql, TOWN)
    other("BEGIN")
    other("SELECT pg_advisory_xact_lock_shared(hashtextextended('organization a', 0)) IS NULL")
    answers: list[Any] = []
    running = threading.Thread(target=lambda: answers.append(Desk(database).run(**NUMBERS)))
    running.start()
    waiting = """SELECT 1 FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
                 WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted"""
    until(lambda: bool(sql(waiting)))
    assert sql("SELECT count(*) FROM ops.pool_lease") == [[0]]
    other("COMMIT")
    running.join()
    assert answers[0]["ok"], answers
