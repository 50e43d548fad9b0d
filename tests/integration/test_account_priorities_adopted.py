"""account-priorities on an earlier application's database: other schema, text ids, zoneless instants, no defaults."""

from collections.abc import Iterator

import pg8000.native
import pytest

from switchboard.store.connection import Address
from switchboard.store.database import Database
from switchboard.store.key_types import read_key_types
from switchboard.store.revisions import upgrade
from switchboard.store.statements import Schemas
from tests.backfill_desk import Desk, counts
from tests.builders import Sql
from tests.conftest import MIGRATIONS, connector_to

SCHEMAS = Schemas(accounts="public")
TABLES = """
CREATE TYPE "AccountType" AS ENUM ('ACTIVE', 'TARGET', 'PROSPECT', 'HOLD');
CREATE TABLE "Tenant" (id text PRIMARY KEY, slug text NOT NULL, name text NOT NULL, timezone text NOT NULL);
CREATE TABLE "Customer" (id text PRIMARY KEY, "tenantId" text NOT NULL REFERENCES "Tenant", "externalId" text,
    name text, "lastOrderDate" timestamp(3), "isPermanentlyClosed" boolean NOT NULL, "accountType" "AccountType",
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL);
CREATE TABLE "CallPlan" (id text PRIMARY KEY, "tenantId" text NOT NULL REFERENCES "Tenant", "userId" text, name text,
    description text, "effectiveAt" timestamp(3), "createdAt" timestamp(3) NOT NULL, "updatedAt" timestamp(3) NOT NULL);
CREATE TABLE "ActivityType" (id text PRIMARY KEY, "tenantId" text NOT NULL, name text, code text, description text);
INSERT INTO "Tenant" VALUES ('tenant', 't', 'T', 'UTC')
"""
# As the earlier application's own schema tool would have begun it: zoneless, no default on the id.
BEGUN = """
CREATE TYPE "ContactOutcome" AS ENUM ('NOT_ATTEMPTED', 'NO_CONTACT', 'CONTACTED', 'VISITED');
CREATE TABLE "CallPlanAccount" (id text NOT NULL, "tenantId" text NOT NULL, "callPlanId" text NOT NULL,
    "customerId" text NOT NULL, objective text, "addedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "contactOutcome" "ContactOutcome" NOT NULL DEFAULT 'NOT_ATTEMPTED', "contactedAt" timestamp(3), notes text,
    CONSTRAINT "CallPlanAccount_pkey" PRIMARY KEY (id))
"""


@pytest.fixture
def adopted(empty_database_url: str) -> Iterator[tuple[Desk, Sql]]:
    connection = pg8000.native.Connection(**Address.from_url(empty_database_url).arguments())
    connection.run("SET TIME ZONE 'America/Chicago'")
    connection.run(TABLES)
    connector = connector_to(empty_database_url)
    upgrade(connector, folder=MIGRATIONS, schemas=SCHEMAS, default_org_id="default")
    database = Database(connector, schemas=read_key_types(connector, SCHEMAS))
    for n, last in enumerate(
        ("2025-04-25 00:00", "2025-04-24 23:59:59.999", "2024-10-25 00:00", "2024-10-24 23:59", None)
    ):
        connection.run(
            "INSERT INTO \"Customer\" VALUES (:id, 'tenant', NULL, NULL, cast(:last AS timestamp), false, NULL,"
            " DEFAULT, timestamp '2025-01-01')",
            id=f"c{n} '\"{{}}\\",
            last=last,
        )
    yield Desk(database), connection.run
    database.close()
    connection.close()


@pytest.mark.parametrize("begun", [False, True])
def test_a_run_and_its_rollback_work_on_text_ids_and_zoneless_instants(adopted: tuple[Desk, Sql], begun: bool) -> None:
    desk, sql = adopted
    if begun:
        sql(BEGUN)
    before = sql('SELECT t::text FROM "Customer" AS t ORDER BY id')
    dry = desk.output("account-priorities", asOf="2025-10-25", batchSize=2)
    run = desk.output("account-priorities", asOf="2025-10-25", batchSize=2, dryRun=False)
    assert counts(run) == counts(dry) == [1, 2, 2, 1, 2, 2, 0]
    assert sql('SELECT "accountType"::text FROM "Customer" ORDER BY id') == [
        ["ACTIVE"], ["TARGET"], ["TARGET"], ["PROSPECT"], ["PROSPECT"],
    ]  # fmt: skip
    sql(
        """INSERT INTO "CallPlan" VALUES ('plan', 'tenant', NULL, NULL, NULL, NULL, now(), now());
           INSERT INTO "CallPlanAccount" (id, "tenantId", "callPlanId", "customerId")
           SELECT 'x' || id, 'tenant', 'plan', id FROM "Customer";
           DELETE FROM "CallPlan" """
    )
    assert sql('SELECT count(*) FROM "CallPlanAccount"') == [[0]]
    assert not any(counts(desk.output("account-priorities", asOf="2025-10-25", dryRun=False)))
    undone = desk.output(
        "account-priorities", action="rollback", runId=run["runId"], dryRun=False, params={"level": "columns"}
    )
    assert undone["counts"]["Restored"] == 10
    assert sql('SELECT t::text FROM "Customer" AS t ORDER BY id') == before
    assert sql("SELECT to_regclass('public.\"CallPlanAccount\"')") == [['"CallPlanAccount"' if begun else None]]
