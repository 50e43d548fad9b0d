"""lead-customers on an earlier application's database: other schema, text ids, zoneless instants, no defaults."""

import uuid
from collections.abc import Iterator

import pg8000.native
import pytest

from switchboard.errors import DatabaseUnavailable
from switchboard.store.connection import Address
from switchboard.store.database import Database
from switchboard.store.key_types import read_key_types
from switchboard.store.revisions import upgrade
from switchboard.store.statements import Schemas
from tests.backfill_desk import Desk, counts
from tests.builders import Sql
from tests.conftest import MIGRATIONS, connector_to

SCHEMAS = Schemas(messaging="messaging", accounts="accounts", intake="public")
TABLES = """
CREATE TABLE "Customer" (id text PRIMARY KEY, name text, phone text, email text, metadata jsonb,
    created_at timestamp(3) NOT NULL, updated_at timestamp(3) NOT NULL);
CREATE TABLE "CustomerAddress" (id text PRIMARY KEY, customer_id text NOT NULL REFERENCES "Customer" ON DELETE CASCADE,
    address text, is_primary boolean, created_at timestamp(3) NOT NULL);
CREATE TABLE "Lead" (id text PRIMARY KEY, channel text, name text, "messengerPsid" text, phone text, email text,
    created_at timestamp(3) NOT NULL, updated_at timestamp(3) NOT NULL,
    customer_id text REFERENCES "Customer" ON DELETE SET NULL);
CREATE TABLE "Job" (id text PRIMARY KEY, lead_id text REFERENCES "Lead" ON DELETE CASCADE, status text,
    customer_id text REFERENCES "Customer" ON DELETE SET NULL);
CREATE TABLE "Audit" (id text PRIMARY KEY, lead_id text, actor text, action text, payload jsonb,
    created_at timestamp(3) NOT NULL)
"""


@pytest.fixture
def adopted(empty_database_url: str) -> Iterator[tuple[Desk, Sql]]:
    connection = pg8000.native.Connection(**Address.from_url(empty_database_url).arguments())
    connection.run("SET TIME ZONE 'America/Chicago'")
    for statement in TABLES.split(";\n"):
        connection.run(statement)
    connector = connector_to(empty_database_url)
    upgrade(connector, folder=MIGRATIONS, schemas=SCHEMAS, default_org_id="default")
    database = Database(connector, schemas=read_key_types(connector, SCHEMAS))
    yield Desk(database), connection.run
    database.close()
    connection.close()


def test_a_run_and_its_rollback_work_on_text_ids_and_zoneless_instants(adopted: tuple[Desk, Sql]) -> None:
    desk, sql = adopted
    for n in range(5):
        row_id = f"c{uuid.uuid4().hex}" if n % 2 else f"Lead {n}/'x'"
        sql(
            'INSERT INTO "Lead" (id, phone, created_at, updated_at)'
            " VALUES (:id, :phone, timestamp '2025-01-01' + :n * interval '1 hour', timestamp '2025-01-01')",
            id=row_id,
            phone=f"555123{n % 2:04d}",
            n=n,
        )
        sql("INSERT INTO \"Job\" (id, lead_id, status) VALUES (:job, :id, 'booked')", job=f"job {n}", id=row_id)
    before = sql('SELECT t::text FROM "Lead" AS t ORDER BY id')
    assert counts(desk.output(batchSize=2)) == [2, 0, 5, 0, 5, 0, 0]
    done = desk.output(dryRun=False, batchSize=2)
    assert counts(done) == [2, 0, 5, 0, 5, 0, 0]
    assert sql("SELECT abs(extract(epoch FROM created_at - (now() AT TIME ZONE 'UTC'))) < 3600 FROM \"Customer\"") == [
        [True],
        [True],
    ]
    undone = desk.output(action="rollback", runId=done["runId"], dryRun=False)
    assert undone["counts"] == {"Restored": 10, "Deleted": 2, "Left alone": 0, "Errors": 0}
    assert sql('SELECT t::text FROM "Lead" AS t ORDER BY id') == before
    assert sql('SELECT count(*) FROM "Customer"') == [[0]]


def test_a_backfill_whose_tables_are_elsewhere_is_refused_by_name(empty_database_url: str) -> None:
    connector = connector_to(empty_database_url)
    upgrade(connector, folder=MIGRATIONS, schemas=Schemas(), default_org_id="default")
    database = Database(connector, schemas=Schemas(intake="nowhere"))
    refused = Desk(database).run()
    assert refused["error"] == "InvalidInput"
    assert refused["cause"]["message"].startswith("backfill: ")
    database.close()


def test_a_database_that_is_away_is_said_to_be_away_so_that_the_machine_tries_again() -> None:
    with pytest.raises(DatabaseUnavailable):
        read_key_types(connector_to("postgresql://nobody@127.0.0.1:1/none"), SCHEMAS)
