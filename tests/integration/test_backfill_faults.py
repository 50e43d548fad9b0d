"""The engine among crashes, lost answers, locks, poison rows and others: the end is that of an undisturbed run."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pg8000.native
import pytest

from switchboard import errors
from switchboard.backfills import control
from switchboard.backfills.finish import finish_run
from switchboard.backfills.plan import after_lanes
from switchboard.backfills.runs import drop_old_images
from switchboard.store.connection import Address
from switchboard.store.database import Database
from tests.backfill_desk import Desk
from tests.builders import Sql
from tests.lead_town import Lead, Town, empty, outcome, settle
from tests.mortal_database import Mortal, stubborn_run

TOWN = Town(
    tuple(
        Lead(psid=f"p{n % 7}" if n % 3 else None, phone=f"555123{n % 5:04d}", name=f"N{n}", minute=n, jobs=(False,))
        for n in range(24)
    )
)
COUNTS = {
    "Customers created": 12,
    "Customers reused": 0,
    "Leads linked": 24,
    "Leads already linked": 0,
    "Jobs linked": 24,
    "Jobs already linked": 0,
    "Errors": 0,
}
SMALL: dict[str, Any] = {"batchSize": 4, "lanes": 2}


@pytest.fixture
def mortal(database_url: str) -> Iterator[Mortal]:
    found = Mortal(database_url)
    yield found
    found.close()


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def expected(database: Database, sql: Sql) -> list[list[Any]]:
    """What an undisturbed run leaves."""
    settle(sql, TOWN)
    assert Desk(database).output(dryRun=False, **SMALL)["counts"] == COUNTS
    found = outcome(sql)
    empty(sql)
    settle(sql, TOWN)
    return found


@pytest.mark.parametrize("after_commit", [False, True], ids=["before_commit", "after_commit"])
@pytest.mark.parametrize("dry_run", [False, True], ids=["real", "dry"])
def test_a_death_at_any_commit_leaves_no_trace(
    mortal: Mortal, sql: Sql, expected: list[list[Any]], after_commit: bool, dry_run: bool
) -> None:
    desk = Desk(mortal)
    mortal.dies_after_commit = after_commit
    stubborn_run(desk, dryRun=dry_run, **SMALL)
    whole = mortal.transactions
    for dies_at in range(1, whole + 1, 1 if after_commit != dry_run else 3):
        empty(sql)
        settle(sql, TOWN)
        mortal.transactions, mortal.dies_at = 0, dies_at
        assert stubborn_run(desk, dryRun=dry_run, **SMALL)["counts"] == COUNTS, dies_at
        assert dry_run or outcome(sql) == expected, dies_at
        assert sql('SELECT count(*) FROM intake."Audit"') == [[0 if dry_run else 1]]


def test_every_answer_lost_once_changes_nothing(desk: Desk, sql: Sql, expected: list[list[Any]]) -> None:
    def twice(call: Callable[[], Any]) -> Any:
        call()
        return call()

    task = twice(lambda: desk.begin(execution="the-one", dryRun=False, **SMALL))
    while task["next"] == "work":
        for lane in task["lanes"]:
            while twice(partial(desk.slice, task["run"], task["step"], lane)):
                pass
        task = twice(partial(after_lanes, task["run"], task["step"], database=desk.database, now=desk.now))
    answer = twice(lambda: finish_run(task["run"], database=desk.database, now=desk.now))
    assert answer["output"]["counts"] == COUNTS
    assert outcome(sql) == expected
    assert sql('SELECT count(*) FROM intake."Audit"') == [[1]]


def test_three_slices_on_one_lane_at_once_do_its_work_once(desk: Desk, sql: Sql, expected: list[list[Any]]) -> None:
    task = desk.begin(dryRun=False, batchSize=1, lanes=1)
    while task["next"] == "work":
        for lane in task["lanes"]:
            threads = [threading.Thread(target=desk.slice, args=(task["run"], task["step"], lane)) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            while desk.slice(task["run"], task["step"], lane):
                pass
        task = after_lanes(task["run"], task["step"], database=desk.database, now=desk.now)
    answer = finish_run(task["run"], database=desk.database, now=desk.now)
    assert answer["output"]["counts"] == COUNTS
    assert outcome(sql) == expected


def test_backends_that_are_terminated_again_and_again_only_cost_time(
    desk: Desk, sql: Sql, database_url: str, expected: list[list[Any]]
) -> None:
    done = threading.Event()

    def terminate() -> None:
        connection = pg8000.native.Connection(**Address.from_url(database_url).arguments())
        me = connection.run("SELECT pg_backend_pid()")[0][0]
        [[watcher]] = watchers
        while not done.wait(0.15):
            connection.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid NOT IN (:me, :watcher)",
                me=me,
                watcher=watcher,
            )
        connection.close()

    watchers = sql("SELECT pg_backend_pid()")
    thread = threading.Thread(target=terminate)
    thread.start()
    try:
        assert stubborn_run(desk, dryRun=False, batchSize=2, lanes=2)["counts"] == COUNTS
    finally:
        done.set()
        thread.join()
    assert outcome(sql) == expected


def test_a_row_that_an_application_holds_is_waited_for_and_nobody_waits_long_for_the_batch(
    desk: Desk, sql: Sql, database_url: str, expected: list[list[Any]]
) -> None:
    application = pg8000.native.Connection(**Address.from_url(database_url).arguments())
    application.run("BEGIN")
    application.run("SELECT id FROM intake.\"Lead\" WHERE name = 'N5' FOR UPDATE")
    release = threading.Timer(1.5, lambda: application.run("COMMIT"))
    release.start()
    assert stubborn_run(desk, dryRun=False, **SMALL)["counts"] == COUNTS
    release.join()
    application.close()
    assert outcome(sql) == expected
    [[longest]] = sql("SELECT max(took_ms) FROM ops.backfill_batch")
    assert longest < 2_000


def test_poison_rows_are_named_by_id_and_do_not_stop_the_others(desk: Desk, sql: Sql) -> None:
    ids = settle(sql, TOWN)
    _poison(sql, "23514", ids[3], ids[11])
    ended = desk.run(dryRun=False, batchSize=50, lanes=1)
    assert (ended["ok"], ended["error"]) == (False, "VerifyFailed")
    assert ended["cause"]["counts"]["Leads linked"] == 22
    assert ended["cause"]["counts"]["Errors"] == 2
    found = sql("SELECT row_id, sqlstate, message FROM ops.backfill_row_error ORDER BY row_id")
    assert [row[0] for row in found] == sorted([ids[3], ids[11]])
    assert {row[1] for row in found} == {"23514"}
    [[report]] = sql("SELECT report FROM ops.backfill_run")
    assert ids[3] in report
    assert "Jane" not in f"{report} {found} {ended}"
    assert sql('SELECT count(*) FROM intake."Audit"') == [[1]]


def test_resuming_after_the_rows_are_mended_tries_them_first_and_ends_well(
    desk: Desk, sql: Sql, expected: list[list[Any]]
) -> None:
    ids = [row[0] for row in sql('SELECT id::text FROM intake."Lead" ORDER BY name')]
    _poison(sql, "P0001", ids[3], ids[11])
    run = desk.run(dryRun=False, **SMALL)["cause"]["runId"]
    sql('DROP TRIGGER poison ON intake."Lead"')
    resumed = desk.output(action="resume", runId=run)
    assert resumed["counts"] == COUNTS
    assert outcome(sql) == expected
    assert sql('SELECT count(*) FROM intake."Audit"') == [[1]]


def test_a_resume_that_came_too_early_forgets_no_row_error(desk: Desk, sql: Sql, expected: list[list[Any]]) -> None:
    """It stops in the middle of the recorded errors, having been refused again; the next one begins with the first."""
    ids = [row[0] for row in sql('SELECT id::text FROM intake."Lead" ORDER BY name')]
    _poison(sql, "P0001", ids[3], ids[11])
    run = desk.run(dryRun=False, maxRowErrors=1, **SMALL)["cause"]["runId"]
    assert desk.run(action="resume", runId=run)["error"] == "TooManyRowErrors"
    sql('DROP TRIGGER poison ON intake."Lead"')
    assert desk.output(action="resume", runId=run)["counts"] == COUNTS
    assert outcome(sql) == expected


def test_more_row_errors_than_allowed_stop_the_run(desk: Desk, sql: Sql, expected: list[list[Any]]) -> None:
    ids = [row[0] for row in sql('SELECT id::text FROM intake."Lead" ORDER BY name')]
    _poison(sql, "P0001", *ids)
    ended = desk.run(dryRun=False, maxRowErrors=3, **SMALL)
    assert ended["error"] == "TooManyRowErrors"
    assert ended["cause"]["counts"]["Errors"] == 4
    assert sql('SELECT count(*) FROM intake."Audit"') == [[0]]
    sql('DROP TRIGGER poison ON intake."Lead"')
    assert desk.output(action="resume", runId=ended["cause"]["runId"])["counts"] == COUNTS
    assert outcome(sql) == expected


def test_a_full_disk_is_told_clearly_and_the_run_goes_on_afterwards(
    desk: Desk, sql: Sql, expected: list[list[Any]]
) -> None:
    ids = [row[0] for row in sql('SELECT id::text FROM intake."Lead" ORDER BY name')]
    _poison(sql, "53100", ids[9])
    ended = desk.run(dryRun=False, **SMALL)
    assert ended["error"] == "RunFailed"
    assert "53100" in ended["cause"]["message"]
    sql('DROP TRIGGER poison ON intake."Lead"')
    assert desk.output(action="resume", runId=ended["cause"]["runId"])["counts"] == COUNTS
    assert outcome(sql) == expected


def test_a_read_only_database_is_told_clearly_and_the_run_goes_on_afterwards(
    desk: Desk, sql: Sql, expected: list[list[Any]]
) -> None:
    task = desk.begin(execution="the-one", dryRun=False, **SMALL)
    [[name]] = sql("SELECT current_database()")
    sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    desk.database.close()
    with pytest.raises(errors.DatabaseError, match="25006"):
        desk.slice(task["run"], task["step"], task["lanes"][0])
    sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    desk.database.close()
    assert desk.go_on(task)["output"]["counts"] == COUNTS
    assert outcome(sql) == expected


def test_a_pause_at_any_batch_and_a_resume_do_the_work_once(desk: Desk, sql: Sql, expected: list[list[Any]]) -> None:
    for stop_after in range(1, 9):
        empty(sql)
        settle(sql, TOWN)
        run, slices = _pause_after(desk, sql, stop_after)
        assert slices == stop_after
        resumed = desk.output(action="resume", runId=run)
        assert resumed["counts"] == COUNTS
        assert outcome(sql) == expected


def _pause_after(desk: Desk, sql: Sql, batches: int) -> tuple[str, int]:
    """Starts a run and pauses it when so many slices have been asked for."""
    task, asked = desk.begin(execution="one", dryRun=False, **SMALL), 0
    [[run]] = sql("SELECT id FROM ops.backfill_run")
    while task["next"] == "work":
        for lane in task["lanes"]:
            asked += 1
            if asked == batches:
                desk.output(action="pause", runId=run)
            desk.slice(task["run"], task["step"], lane)
            if asked == batches:
                ended = desk.fail(task, execution="one")
                assert ended["error"] == "RunPaused"
                assert sql("SELECT state FROM ops.backfill_run WHERE id = :id", id=run) == [["paused"]]
                return run, asked
        task = after_lanes(task["run"], task["step"], database=desk.database, now=desk.now)
    raise AssertionError("the run ended before it was paused")


def test_a_paused_run_keeps_its_place_until_it_is_aborted(desk: Desk, sql: Sql) -> None:
    settle(sql, TOWN)
    run, _ = _pause_after(desk, sql, 2)
    second = desk.run()
    assert second["error"] == "AlreadyRunning"
    assert second["cause"]["runId"] == run
    assert desk.output(action="abort", runId=run)["status"] == "aborted"
    assert desk.output(dryRun=False)["counts"]["Leads linked"] == 24
    assert desk.run(action="resume", runId=run)["error"] == "InvalidInput"


def test_of_two_operators_at_once_one_runs_and_the_other_is_told(desk: Desk, sql: Sql) -> None:
    settle(sql, TOWN)
    first = desk.begin(execution="one", dryRun=False)
    [[run]] = sql("SELECT id FROM ops.backfill_run")
    for action in ({"action": "run"}, {"action": "resume", "runId": run}):
        refused = desk.run(**action)
        assert refused["error"] == "AlreadyRunning"
        assert refused["cause"]["runId"] == run
    assert desk.go_on(first)["ok"]


def test_rows_that_come_during_a_run_are_caught_up(desk: Desk, sql: Sql) -> None:
    settle(sql, TOWN)
    task, step = desk.begin(dryRun=False, **SMALL), 0
    while task["next"] == "work":
        step += 1
        for lane in task["lanes"]:
            while desk.slice(task["run"], task["step"], lane):
                pass
        if step == 2:
            sql(
                'INSERT INTO intake."Lead" (channel, "messengerPsid", name)'
                " VALUES ('sms', 'p1', 'Late'), ('sms', 'new', 'New')"
            )
            sql("UPDATE intake.\"Lead\" SET \"messengerPsid\" = 'moved' WHERE name = 'N1'")
            sql("DELETE FROM intake.\"Lead\" WHERE name = 'N2'")
        if step == 4:
            sql('INSERT INTO intake."Job" (lead_id) SELECT id FROM intake."Lead" WHERE name = \'Late\'')
        task = after_lanes(task["run"], task["step"], database=desk.database, now=desk.now)
    answer = finish_run(task["run"], database=desk.database, now=desk.now)
    assert answer["ok"], answer
    assert sql('SELECT count(*) FROM intake."Lead" WHERE customer_id IS NULL') == [[0]]
    [[keys]] = sql(
        "SELECT array_agg(DISTINCT c.metadata ->> 'groupKey') FROM intake.\"Lead\" AS l"
        " JOIN intake.\"Customer\" AS c ON c.id = l.customer_id WHERE l.name IN ('Late', 'New', 'N1')"
    )
    assert sorted(keys) == ["psid:moved", "psid:new", "psid:p1"]


def _poison(sql: Sql, state: str, *ids: str) -> None:
    listed = ", ".join(f"'{row_id}'" for row_id in ids)
    sql(
        f"""CREATE OR REPLACE FUNCTION public.poison() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'Jane Doe +15555550101' USING ERRCODE = '{state}'; END $$"""
    )
    sql(
        f"""CREATE TRIGGER poison BEFORE UPDATE ON intake."Lead" FOR EACH ROW
            WHEN (NEW.id IN ({listed})) EXECUTE FUNCTION public.poison()"""
    )


def test_a_slice_that_step_functions_gave_up_on_fails_at_its_next_batch(desk: Desk, sql: Sql) -> None:
    settle(sql, TOWN)
    task = desk.begin(dryRun=False, batchSize=1, lanes=1)
    taken = threading.Event()
    slow = Desk(desk.database, clock=_slow(desk, taken))
    zombie = threading.Thread(target=slow.slice, args=(task["run"], task["step"], 1))
    zombie.start()
    taken.wait(10)
    while desk.slice(task["run"], task["step"], 1):
        pass
    zombie.join()
    assert desk.go_on(task)["output"]["counts"] == COUNTS


def _slow(desk: Desk, taken: threading.Event) -> Any:
    def monotonic() -> float:
        taken.set()
        time.sleep(0.05)
        return time.monotonic()

    return replace(desk.clock, monotonic=monotonic)


def test_a_customer_that_is_refused_leaves_its_leads_until_the_resume(
    desk: Desk, sql: Sql, expected: list[list[Any]]
) -> None:
    sql("ALTER TABLE intake.\"Customer\" ADD CONSTRAINT no_p3 CHECK (metadata ->> 'groupKey' <> 'psid:p3')")
    ended = desk.run(dryRun=False, **SMALL)
    assert ended["error"] == "VerifyFailed"
    assert ended["cause"]["counts"]["Errors"] == 1
    assert sql("SELECT sqlstate, message FROM ops.backfill_row_error") == [["23514", "no_p3 refused the row"]]
    sql('ALTER TABLE intake."Customer" DROP CONSTRAINT no_p3')
    assert desk.output(action="resume", runId=ended["cause"]["runId"])["counts"] == COUNTS
    assert outcome(sql) == expected


def test_a_run_whose_images_are_past_their_time_is_not_rolled_back(desk: Desk, sql: Sql) -> None:
    settle(sql, TOWN)
    run = desk.output(dryRun=False)["runId"]
    drop_old_images(database=desk.database, now=desk.now() + timedelta(days=91), keep=timedelta(days=90))
    refused = desk.run(action="rollback", runId=run, dryRun=False)
    assert refused["error"] == "RunFailed"
    assert "keeping time" in refused["cause"]["message"]


def test_a_new_run_has_as_many_passes_as_a_resumed_one_has_again(
    desk: Desk, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "CATCH_UP_PASSES", 1)
    settle(sql, TOWN)
    desk.begin(dryRun=False)
    assert sql("SELECT last_pass FROM ops.backfill_run") == [[2]]


def test_rows_after_the_last_pass_are_reported_and_do_not_fail_the_run(desk: Desk, sql: Sql) -> None:
    settle(sql, TOWN)
    task = desk.begin(dryRun=False, **SMALL)
    while task["next"] == "work":
        for lane in task["lanes"]:
            while desk.slice(task["run"], task["step"], lane):
                pass
        task = after_lanes(task["run"], task["step"], database=desk.database, now=desk.now)
    [[late]] = sql("INSERT INTO intake.\"Lead\" (channel, \"messengerPsid\") VALUES ('sms', 'late') RETURNING id::text")
    sql('INSERT INTO intake."Job" (lead_id) SELECT id FROM intake."Lead" WHERE name = \'N1\' OR id = :late', late=late)
    answer = finish_run(task["run"], database=desk.database, now=desk.now)
    assert answer["ok"], answer
    assert "Rows after the last pass: 3" in answer["output"]["report"]
    assert late in answer["output"]["report"]
    assert desk.run(action="verify")["error"] == "VerifyFailed"
    assert desk.output(dryRun=False)["counts"]["Leads linked"] == 1
