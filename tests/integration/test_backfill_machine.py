"""The deployed state machine with the real handlers, on moto: answers, faults of Lambda, the operator's console."""

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from switchboard import errors, runtime
from switchboard.backfills.runs import pause_lost_runs
from tests.backfill_machine import Machine, machine
from tests.builders import Sql
from tests.lead_town import Lead, Town, outcome, settle

TOWN = Town(tuple(Lead(psid=f"p{n % 9}", name=f"N{n}", minute=n, jobs=(False,)) for n in range(30)))
MAX_PAYLOAD = 32_768


@pytest.fixture
def states(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    runtime.forget()
    with machine() as made:
        yield made
    runtime.forget()


def test_the_machine_runs_a_backfill_to_its_report(states: Machine, sql: Sql) -> None:
    settle(sql, TOWN)
    ended = states.run(dryRun=False)
    assert (ended.status, ended.error, ended.cause) == ("SUCCEEDED", None, {})
    assert list(ended.output) == [
        "runId", "backfill", "action", "dryRun", "status", "counts", "steps", "checks", "report", "rowErrors",
    ]  # fmt: skip
    assert ended.output["counts"]["Leads linked"] == 30
    assert "✅ BACKFILL COMPLETE" in ended.output["report"]
    assert all(check["ok"] for check in ended.output["checks"])
    assert {step["status"] for step in ended.output["steps"]} == {"done"}
    verified = states.run(action="verify")
    assert (verified.status, verified.output["counts"]) == ("SUCCEEDED", {})


def test_a_wrong_input_fails_the_execution_naming_every_bad_field(states: Machine, sql: Sql) -> None:
    ended = states.run(batchSize=0, lanes="8", colour="red", asOf="yesterday", params={"level": "data"}, action="runn")
    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    for name in ("batchSize", "lanes", "colour", "asOf", "params.level", "action"):
        assert name in ended.cause["message"]
    assert sql("SELECT count(*) FROM ops.backfill_run") == [[0]]


@pytest.mark.parametrize("given", ["[]", '"lead-customers"', "5", "null", "{}"])
def test_an_input_that_names_no_backfill_is_an_invalid_input(states: Machine, given: str) -> None:
    execution = states.client.start_execution(stateMachineArn=states.arn, input=given)
    ended = states.wait(execution["executionArn"])
    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    assert "backfill: one of account-priorities" in ended.cause["message"]


def test_payloads_stay_small_with_as_many_lanes_as_there_may_be(states: Machine, sql: Sql) -> None:
    sql(
        """INSERT INTO intake."Lead" (channel, "messengerPsid")
           SELECT 'sms', 'p' || n FROM generate_series(1, 2000) AS n"""
    )
    ended = states.run(dryRun=False, lanes=500, concurrency=40)
    assert ended.output["counts"]["Leads linked"] == 2_000
    assert sql("SELECT max(lane) FROM ops.backfill_lane") == [[500]]
    assert max(len(payload) for payload in states.lambdas.payloads) < MAX_PAYLOAD
    told = "".join(states.lambdas.payloads)
    assert sql('SELECT count(*) FROM intake."Lead" WHERE strpos(:told, cast(id AS text)) > 0', told=told) == [[0]]


def test_functions_that_die_and_answers_that_are_lost_only_cost_retries(states: Machine, sql: Sql) -> None:
    settle(sql, TOWN)
    dice, lock = random.Random(4), threading.Lock()
    died: list[str] = []

    def maybe_die(name: str, event: dict[str, Any], number: int) -> None:
        with lock:
            if len(died) < 12 and dice.random() < 0.3:
                died.append(name)
                raise errors.DatabaseUnavailable

    states.lambdas.before = states.lambdas.after = maybe_die
    ended = states.run(dryRun=False, batchSize=5, lanes=2)
    assert died
    assert ended.status == "SUCCEEDED"
    assert ended.output["counts"]["Leads linked"] == 30
    assert sql('SELECT count(*) FROM intake."Lead" WHERE customer_id IS NULL') == [[0]]
    assert sql('SELECT count(*) FROM intake."Audit"') == [[1]]


def test_a_bug_in_a_function_ends_the_run_with_its_name_and_the_run_can_go_on(states: Machine, sql: Sql) -> None:
    settle(sql, TOWN)

    def stumble(name: str, event: dict[str, Any], number: int) -> None:
        if name == "work_backfill" and event["step"] == 4:
            raise ZeroDivisionError

    states.lambdas.before = stumble
    ended = states.run(dryRun=False, lanes=2)
    assert (ended.status, ended.error) == ("FAILED", "RunFailed")
    assert ended.cause["status"] == "failed"
    states.lambdas.before = None
    resumed = states.run(action="resume", runId=ended.cause["runId"])
    assert resumed.output["counts"]["Leads linked"] == 30
    assert len(outcome(sql)) == 30


def test_a_run_that_is_stopped_in_the_console_is_noticed_and_resumed(states: Machine, sql: Sql) -> None:
    settle(sql, TOWN)
    reached, go_on = threading.Event(), threading.Event()

    def hold(name: str, event: dict[str, Any], number: int) -> None:
        if name == "plan_backfill" and event.get("step") == 3:
            reached.set()
            go_on.wait(20)
            raise errors.DatabaseUnavailable

    states.lambdas.before = hold
    arn = states.start(dryRun=False, lanes=2)
    assert reached.wait(20)
    states.client.stop_execution(executionArn=arn)
    go_on.set()
    states.lambdas.before = None
    [[run]] = sql("SELECT id FROM ops.backfill_run")
    assert states.run(action="resume", runId=run).error == "AlreadyRunning"
    sql("UPDATE ops.backfill_run SET lease_until = now() - interval '1 second'")
    sql("UPDATE ops.backfill_lane SET lease_until = now() - interval '1 second'")
    assert pause_lost_runs(database=runtime.database(), now=runtime.now()) == [run]
    resumed = states.run(action="resume", runId=run)
    assert resumed.output["counts"]["Leads linked"] == 30


def test_pause_and_status_answer_while_the_run_works_and_the_run_ends_paused(states: Machine, sql: Sql) -> None:
    settle(sql, TOWN)
    run: list[str] = [""]
    status: list[dict[str, Any]] = [{}]

    def pause_once(name: str, event: dict[str, Any], number: int) -> None:
        if name == "work_backfill" and event["step"] == 3 and not run[0]:
            [[run[0]]] = sql("SELECT id FROM ops.backfill_run")
            status[0] = states.run(action="status").output
            states.run(action="pause", runId=run[0])

    states.lambdas.before = pause_once
    ended = states.run(dryRun=False, lanes=2)
    assert (ended.error, ended.cause["status"], ended.cause["runId"]) == ("RunPaused", "paused", run[0])
    assert (status[0]["runId"], status[0]["status"]) == (run[0], "running")
    assert {"percent", "rowsPerSecond", "secondsLeft", "rowErrors", "counts"} <= set(status[0])
    assert states.run().error == "AlreadyRunning"
    assert states.run(action="resume", runId=run[0]).output["counts"]["Leads linked"] == 30


def test_the_same_name_and_input_while_running_is_the_same_execution(states: Machine, sql: Sql) -> None:
    settle(sql, TOWN)
    first, second = (states.start(name="the-one", dryRun=False) for _ in range(2))
    assert first == second
    assert states.wait(first).status == "SUCCEEDED"
    assert sql("SELECT count(*) FROM ops.backfill_run") == [[1]]
