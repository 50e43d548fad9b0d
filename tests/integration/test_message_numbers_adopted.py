"""message-numbers between expand and contract on an earlier application's database, and after the contract."""

from collections.abc import Iterator
from typing import Any

import pg8000.native
import pytest

from switchboard.store.connection import Address
from switchboard.store.database import Database
from switchboard.store.revisions import upgrade
from switchboard.store.statements import Schemas
from tests.backfill_desk import Answer, Desk
from tests.builders import Sql
from tests.conftest import MIGRATIONS, connector_to
from tests.earlier_database import EARLIER_ROWS, EARLIER_TABLES

MORE_ROWS = """
INSERT INTO messaging."Booking" VALUES
    ('booking-2', 'client-1', NULL, 'Dog Walking', '2025-01-16 10:00', '2025-01-16 12:00', 'confirmed',
     '2024-12-01', '2024-12-01');
INSERT INTO messaging."MessageThread" (id, "orgId", scope, "bookingId", "clientId", "assignedSitterId", "updatedAt")
VALUES ('thread-2', 'default', 'client', 'booking-2', 'client-1', NULL, '2024-12-01'),
       ('thread-3', 'third', 'client_general', NULL, 'client-7', NULL, '2024-12-01');
INSERT INTO messaging."MessageNumber" (id, "orgId", e164, "numberClass", "updatedAt")
VALUES ('number-6', 'third', '+15550100077', 'pool', '2024-12-01');
"""
LOOK = 'SELECT to_jsonb(t) FROM {}."{}" AS t ORDER BY id'


class Earlier:
    """An expanded database of the earlier application, in a schema of any name."""

    def __init__(self, url: str, schema: str) -> None:
        self._url, self.schema = url, schema
        self._schemas = Schemas(messaging=schema)
        self.connection = pg8000.native.Connection(**Address.from_url(url).arguments())
        self.sql: Sql = self.connection.run
        self.sql("SET TIME ZONE 'America/Chicago'")
        for script in (EARLIER_TABLES, EARLIER_ROWS, MORE_ROWS):
            create = "CREATE SCHEMA messaging;" if schema == "public" else ""
            self.sql(script.replace(create, "").replace("messaging.", f'"{schema}".'))
        self.revise("expand")
        self.database = Database(connector_to(url), schemas=self._schemas)
        self.desk = Desk(self.database)

    def revise(self, *kinds: str) -> None:
        """Runs the schema revisions of these kinds."""
        upgrade(
            connector_to(self._url), folder=MIGRATIONS, schemas=self._schemas, default_org_id="default", kinds=kinds
        )

    def output(self, **fields: Any) -> Answer:
        """The output of a run that has to succeed."""
        return self.desk.output("message-numbers", **fields)

    def tables(self) -> list[Any]:
        """The rows that the backfill may change."""
        return [self.sql(LOOK.format(f'"{self.schema}"', name)) for name in ("MessageNumber", "MessageThread")]

    def close(self) -> None:
        """Leaves the database."""
        self.database.close()
        self.connection.close()


@pytest.fixture(params=["messaging", "public"])
def earlier(empty_database_url: str, request: pytest.FixtureRequest) -> Iterator[Earlier]:
    made = Earlier(empty_database_url, request.param)
    yield made
    made.close()


def test_the_threads_of_an_earlier_database_get_their_numbers(earlier: Earlier) -> None:
    dry = earlier.output()
    real = earlier.output(dryRun=False)
    assert real["counts"] == dry["counts"]
    assert {label: n for label, n in real["counts"].items() if n} == {
        "Front desk numbers promoted": 1,
        "Sitter masked numbers created": 1,
        "Threads updated": 3,
        "Threads flagged for review": 2,
        "Classification fields updated": 3,
    }
    found = earlier.sql(
        f"""SELECT id, "messageNumberId", "numberClass", "isOneTimeClient"
            FROM "{earlier.schema}"."MessageThread" ORDER BY id"""
    )
    assert found == [
        ["thread-1", "number-1", "front_desk", True],
        ["thread-2", "number-1", "front_desk", True],
        ["thread-3", "number-6", "front_desk", True],
    ]


def test_contract_passes_after_it_and_a_later_run_finds_nothing(earlier: Earlier) -> None:
    earlier.output(dryRun=False)
    earlier.revise("contract")
    again = earlier.output(dryRun=False)
    assert not any(again["counts"].values())


def test_a_rollback_gives_the_earlier_rows_back_to_the_byte(earlier: Earlier) -> None:
    before = earlier.tables()
    run = earlier.output(dryRun=False)["runId"]
    assert earlier.tables() != before
    undone = earlier.output(action="rollback", runId=run, dryRun=False)
    assert undone["counts"]["Left alone"] == 0
    assert earlier.tables() == before


def test_a_front_desk_that_a_run_made_stays_while_a_thread_uses_it_without_a_foreign_key(earlier: Earlier) -> None:
    schema = f'"{earlier.schema}"'
    earlier.sql(f"""DELETE FROM {schema}."MessageNumber" WHERE id = 'number-1'""")
    run = earlier.output(dryRun=False, params={"frontDeskNumber": "+15550100000"})
    assert run["counts"]["Front desk numbers created"] == 1
    [[made]] = earlier.sql(f"""SELECT id FROM {schema}."MessageNumber" WHERE "providerNumberSid" = 'SYSTEM_CREATED'""")
    earlier.sql(
        f"""INSERT INTO {schema}."MessageThread" (id, "orgId", scope, status, "messageNumberId", "updatedAt")
            VALUES ('thread-9', 'default', 'internal', 'open', :made, '2024-12-01')""",
        made=made,
    )
    undone = earlier.output(action="rollback", runId=run["runId"], dryRun=False)
    assert undone["counts"]["Left alone"] == 1
    assert f"{made}: number in use" in undone["report"]
