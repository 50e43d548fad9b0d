"""A fourth backfill is a module and its SQL: the one in tests/toy runs on the engine as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from switchboard.backfills.catalogue import definitions
from switchboard.store.database import Database
from tests.backfill_desk import Desk
from tests.builders import Sql
from tests.conftest import connector_to
from tests.toy import trim_names

NAMES = [" Jane", "Omar ", "Lee", None, " a b ", "  ", " Zoë "]


@pytest.fixture
def desk(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    known = definitions()
    assert isinstance(known, dict)
    monkeypatch.setitem(known, trim_names.DEFINITION.name, trim_names.DEFINITION)
    database = Database(connector_to(database_url), more_statements=Path(trim_names.__file__).parent)
    yield Desk(database)
    database.close()


def _add(sql: Sql, names: list[str | None]) -> None:
    for name in names:
        sql("INSERT INTO intake.\"Lead\" (channel, name) VALUES ('sms', :name)", name=name)


def test_it_predicts_runs_and_goes_back(desk: Desk, sql: Sql) -> None:
    _add(sql, [name for name in NAMES if name != "  "])
    before = sql('SELECT l::text FROM intake."Lead" AS l ORDER BY id')
    assert desk.output("trim-names", lanes=3, batchSize=2)["counts"] == {"Names trimmed": 4, "Errors": 0}
    assert sql('SELECT l::text FROM intake."Lead" AS l ORDER BY id') == before
    done = desk.output("trim-names", dryRun=False, lanes=3, batchSize=2)
    assert done["counts"] == {"Names trimmed": 4, "Errors": 0}
    assert desk.output("trim-names", dryRun=False)["counts"] == {"Names trimmed": 0, "Errors": 0}
    assert desk.output("trim-names", action="verify")["checks"][0]["ok"]
    undone = desk.output("trim-names", action="rollback", runId=done["runId"], dryRun=False)
    assert undone["counts"] == {"Restored": 4, "Deleted": 0, "Left alone": 0, "Errors": 0}
    assert sql('SELECT l::text FROM intake."Lead" AS l ORDER BY id') == before


def test_its_own_rules_errors_are_predicted_counted_once_and_tried_again_on_resume(desk: Desk, sql: Sql) -> None:
    _add(sql, NAMES)
    predicted = desk.output("trim-names", batchSize=3)
    assert predicted["counts"] == {"Names trimmed": 4, "Errors": 1}
    ended = desk.run("trim-names", dryRun=False, batchSize=3)
    assert (ended["error"], ended["cause"]["counts"]) == ("VerifyFailed", predicted["counts"])
    sql("UPDATE intake.\"Lead\" SET name = ' Mended ' WHERE name = '  '")
    resumed = desk.output("trim-names", action="resume", runId=ended["cause"]["runId"])
    assert resumed["counts"] == {"Names trimmed": 5, "Errors": 0}


def test_a_batch_costs_the_same_statements_whatever_its_size(
    desk: Desk, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    from switchboard.store.database import Transaction

    spoken: list[str] = []
    rows = Transaction.rows

    def counted(self: Transaction, name: str, /, **params: Any) -> Any:
        spoken.append(name)
        return rows(self, name, **params)

    monkeypatch.setattr(Transaction, "rows", counted)
    _add(sql, [" x"] * 60)
    per_batch = []
    for size in (60, 5):
        spoken.clear()
        done = desk.output("trim-names", dryRun=False, batchSize=size, lanes=1)
        [[batches]] = sql(
            "SELECT count(*) FROM ops.backfill_batch AS b JOIN ops.backfill_run AS r ON r.number = b.run_number"
            " WHERE r.id = :id",
            id=done["runId"],
        )
        per_batch.append(spoken.count("trim_names.apply") / batches)
        sql("UPDATE intake.\"Lead\" SET name = ' x'")
    assert per_batch == [1.0, 1.0]
