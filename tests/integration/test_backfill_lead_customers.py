"""lead-customers on a real database: counts, second run, dry run, rollback."""

from collections.abc import Callable
from typing import Any

import pytest

from switchboard.store.database import Database
from tests.backfill_desk import Desk, counts

Sql = Callable[..., list[list[Any]]]


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def add_leads(sql: Sql, *leads: dict[str, Any]) -> list[str]:
    ids = []
    for place, lead in enumerate(leads):
        values = {"psid": None, "phone": None, "email": None, "name": None, "customer_id": None} | lead
        [[row_id]] = sql(
            'INSERT INTO intake."Lead" (channel, "messengerPsid", phone, email, name, customer_id, created_at)'
            " VALUES ('sms', :psid, :phone, :email, :name, cast(:customer_id as uuid),"
            " timestamptz '2025-01-01Z' + :place * interval '1 minute') RETURNING id::text",
            place=place,
            **values,
        )
        ids.append(row_id)
    return ids


def three_leads_and_a_job(sql: Sql) -> list[str]:
    ids = add_leads(sql, {"psid": "a"}, {"psid": "b"}, {"psid": "c"})
    sql('INSERT INTO intake."Job" (lead_id) VALUES (cast(:id as uuid))', id=ids[0])
    return ids


def test_the_dry_run_predicts_the_run_and_a_second_run_only_finds(desk: Desk, sql: Sql) -> None:
    three_leads_and_a_job(sql)
    assert counts(desk.output()) == [3, 0, 3, 0, 1, 0, 0]
    assert sql('SELECT count(*) FROM intake."Customer"') == [[0]]
    assert sql('SELECT count(*) FROM intake."Audit"') == [[0]]
    assert counts(desk.output(dryRun=False)) == [3, 0, 3, 0, 1, 0, 0]
    assert counts(desk.output(dryRun=False)) == [0, 3, 0, 3, 0, 1, 0]
    assert counts(desk.output()) == [0, 3, 0, 3, 0, 1, 0]
    assert sql("SELECT count(*) FROM intake.\"Audit\" WHERE action = 'backfill_customers'") == [[2]]


def test_a_rollback_gives_back_what_was_there(desk: Desk, sql: Sql) -> None:
    three_leads_and_a_job(sql)
    before = [sql(f'SELECT * FROM intake."{table}" ORDER BY id') for table in ("Lead", "Job", "Customer")]
    run = desk.output(dryRun=False)["runId"]
    assert desk.output(action="rollback", runId=run)["counts"] == {
        "Restored": 4,
        "Deleted": 3,
        "Left alone": 0,
        "Errors": 0,
    }
    done = desk.output(action="rollback", runId=run, dryRun=False)
    assert done["counts"] == {"Restored": 4, "Deleted": 3, "Left alone": 0, "Errors": 0}
    assert [sql(f'SELECT * FROM intake."{table}" ORDER BY id') for table in ("Lead", "Job", "Customer")] == before
    assert sql('SELECT action FROM intake."Audit"') == [["backfill_customers_rollback"]]
    again = desk.output(action="rollback", runId=run, dryRun=False)
    assert counts(again) == [0, 0, 0, 0]
    assert sql('SELECT count(*) FROM intake."Audit"') == [[1]]
