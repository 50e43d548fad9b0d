"""The deployed state machine with the real handlers, on moto."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from switchboard import runtime
from tests.backfill_machine import Machine, machine

Sql = Callable[..., list[list[Any]]]


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
    sql(
        """INSERT INTO intake."Lead" (channel, "messengerPsid") SELECT 'sms', 'p' || n FROM generate_series(1, 30) AS n"""
    )
    ended = states.run(dryRun=False)
    assert (ended.status, ended.error, ended.cause) == ("SUCCEEDED", None, {})
    assert ended.output["counts"]["Leads linked"] == 30
    assert "✅ BACKFILL COMPLETE" in ended.output["report"]
    assert all(check["ok"] for check in ended.output["checks"])


def test_a_wrong_input_fails_the_execution_naming_every_bad_field(states: Machine, sql: Sql) -> None:
    ended = states.run(batchSize=0, lanes="8", colour="red", asOf="yesterday")
    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    for name in ("batchSize", "lanes", "colour", "asOf"):
        assert name in ended.cause["message"]
    assert sql("SELECT count(*) FROM ops.backfill_run") == [[0]]
