"""lead-customers on a real database: counts, second run, dry run, rollback."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from switchboard.backfills.plan import after_lanes
from switchboard.store.database import Database
from tests.backfill_desk import Desk, counts
from tests.builders import Sql

KNOWN_REPORT = """\
🚀 Starting Batch 3: Customer Backfill
   Mode: ✏️  WRITE
[1/4] Grouping leads by customer identifiers...
📊 Found 3 total leads
🔗 Grouped into 3 potential customers
   - By PSID: 3
   - By Phone: 0
   - By Email: 0
   - Individual: 0
[2/4] Creating customers and linking leads...
   ✓ Created 3 customer(s)
   ✓ Linked 3 lead(s) to customers
[3/4] Linking jobs to customers...
   ✓ Linked 1 job(s) to customers
[4/4] Recording audit log...
   ✓ Audit log created
✅ BACKFILL COMPLETE
📊 Statistics:
   Customers created:      3
   Customers reused:       0
   Leads linked:           3
   Leads already linked:   0
   Jobs linked:            1
   Jobs already linked:    0
   Errors:                 0
"""


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


def test_the_report_is_the_one_that_operators_know(desk: Desk, sql: Sql) -> None:
    three_leads_and_a_job(sql)
    dry = desk.output()["report"]
    assert "   Mode: 🔍 DRY RUN\n" in dry
    assert "\n🔍 DRY RUN COMPLETE\n" in dry
    assert desk.output(dryRun=False)["report"].startswith(KNOWN_REPORT)


def test_letters_beyond_ascii_are_lowered_in_emails(desk: Desk, sql: Sql) -> None:
    add_leads(sql, {"email": "ÉLODIE@Example.com"}, {"email": " élodie@example.COM"})
    assert counts(desk.output(dryRun=False)) == [1, 0, 2, 0, 0, 0, 0]
    assert sql('SELECT email FROM intake."Customer"') == [["élodie@example.com"]]


def test_a_row_error_that_is_mended_before_the_resume_leaves_one_customer(desk: Desk, sql: Sql) -> None:
    add_leads(sql, {"phone": "5550000001"}, {"phone": "5550000002"}, {"phone": "5550000002"})
    sql("ALTER TABLE intake.\"Customer\" ADD CONSTRAINT no_twos CHECK (phone <> '5550000002') NOT VALID")
    failed = desk.run(dryRun=False)
    assert failed["error"] == "VerifyFailed"
    sql('ALTER TABLE intake."Customer" DROP CONSTRAINT no_twos')
    done = desk.output(action="resume", runId=failed["cause"]["runId"])
    assert counts(done) == [2, 0, 3, 0, 0, 0, 0]
    assert sql('SELECT count(*) FROM intake."Customer"') == [[2]]
    assert "Found 3 total leads" in done["report"]
    assert {check["name"]: check["actual"] for check in done["checks"]}["Audit entries"] == 1


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


def test_a_rollback_leaves_alone_what_others_changed_and_lists_it(desk: Desk, sql: Sql) -> None:
    ids = add_leads(sql, *({"psid": f"p{n}", "name": f"N{n}"} for n in range(6)))
    run = desk.output(dryRun=False)["runId"]
    customers = {row[0]: row[1] for row in sql('SELECT id::text, customer_id::text FROM intake."Lead"')}
    sql('UPDATE intake."Lead" SET customer_id = NULL WHERE id = :id', id=ids[0])  # unlinked by somebody
    sql('DELETE FROM intake."Lead" WHERE id = :id', id=ids[1])
    sql("UPDATE intake.\"Customer\" SET name = 'Mine' WHERE id = :id", id=customers[ids[2]])
    sql('DELETE FROM intake."Customer" WHERE id = :id', id=customers[ids[3]])
    sql('CREATE TABLE public.invoice (id serial PRIMARY KEY, customer_id uuid REFERENCES intake."Customer" (id))')
    sql("INSERT INTO public.invoice (customer_id) VALUES (:id)", id=customers[ids[4]])
    sql("INSERT INTO intake.\"CustomerAddress\" (customer_id, city) VALUES (:id, 'Here')", id=customers[ids[5]])
    predicted = desk.output(action="rollback", runId=run)
    done = desk.output(action="rollback", runId=run, dryRun=False)
    assert done["counts"] == predicted["counts"] == {"Restored": 3, "Deleted": 3, "Left alone": 6, "Errors": 0}
    left = sql("SELECT row_id, why FROM ops.backfill_left_alone WHERE run_number = 3 ORDER BY row_id")
    assert sorted(left) == sorted(
        [
            [ids[0], "lead changed since"],
            [ids[1], "lead deleted since"],
            [ids[3], "lead changed since"],
            [customers[ids[2]], "customer edited since"],
            [customers[ids[3]], "customer deleted since"],
            [customers[ids[4]], "customer in use"],
        ]
    )
    assert customers[ids[4]] in done["report"]
    assert "   Restored:    3\n   Deleted:     3\n   Left alone:  6\n" in done["report"]
    assert sql('SELECT count(*) FROM intake."Customer"') == [[2]]
    assert sql('SELECT count(*) FROM intake."CustomerAddress"') == [[0]]


def test_a_rollback_is_refused_where_a_link_may_not_be_null(desk: Desk, sql: Sql) -> None:
    three_leads_and_a_job(sql)
    run = desk.output(dryRun=False)["runId"]
    sql('ALTER TABLE intake."Lead" ALTER customer_id SET NOT NULL')
    refused = desk.run(action="rollback", runId=run, dryRun=False)
    assert refused["error"] == "RunFailed"
    assert "Lead.customer_id" in refused["cause"]["message"]
    assert sql('SELECT count(customer_id) FROM intake."Lead"') == [[3]]


def test_a_customers_metadata_counts_leads_that_join_later_and_a_rollback_takes_that_back(desk: Desk, sql: Sql) -> None:
    add_leads(sql, {"phone": "555-123-4567"})
    desk.output(dryRun=False)
    before = sql('SELECT t::text FROM intake."Customer" AS t')
    add_leads(sql, {"phone": "(555) 123 4567"})
    done = desk.output(dryRun=False)
    assert counts(done) == [0, 1, 1, 1, 0, 0, 0]
    assert sql("SELECT metadata -> 'leadCount', metadata -> 'multipleLeads' FROM intake.\"Customer\"") == [[2, True]]
    desk.output(action="rollback", runId=done["runId"], dryRun=False)
    assert sql('SELECT t::text FROM intake."Customer" AS t') == before


def test_a_job_whose_customer_is_not_its_leads_keeps_every_run_at_verify_failed(desk: Desk, sql: Sql) -> None:
    ids = three_leads_and_a_job(sql)
    sql("INSERT INTO intake.\"Customer\" (name) VALUES ('Other')")
    sql('UPDATE intake."Job" SET customer_id = (SELECT id FROM intake."Customer")')
    ended = desk.run(dryRun=False)
    assert (ended["error"], [check["name"] for check in ended["cause"]["checks"]]) == (
        "VerifyFailed",
        ["Job/lead mismatch"],
    )
    assert desk.run(action="verify")["error"] == "VerifyFailed"
    sql('UPDATE intake."Job" SET customer_id = (SELECT customer_id FROM intake."Lead" WHERE id = :id)', id=ids[0])
    assert desk.output(action="resume", runId=ended["cause"]["runId"])["status"] == "completed"
    assert desk.output(action="verify")["counts"] == {}


def test_organisations_are_never_crossed_and_none_is_one_of_its_own(desk: Desk, sql: Sql) -> None:
    for table in ("Lead", "Job", "Customer"):
        sql(f'ALTER TABLE intake."{table}" ADD org_id text')
    ids = add_leads(sql, *({"phone": "5551234567"} for _ in range(5)))
    for row_id, org in zip(ids, ("a", "b", "a", None, None), strict=True):
        sql('UPDATE intake."Lead" SET org_id = :org WHERE id = :id', org=org, id=row_id)
    sql("INSERT INTO intake.\"Customer\" (name, phone, org_id) VALUES ('Old B', '+1 555 123 4567', 'b')")
    assert counts(desk.output()) == [2, 1, 5, 0, 0, 0, 0]
    assert counts(desk.output(dryRun=False)) == [2, 1, 5, 0, 0, 0, 0]
    found = sql('SELECT l.org_id, c.org_id FROM intake."Lead" AS l JOIN intake."Customer" AS c ON c.id = l.customer_id')
    assert all(lead == customer for lead, customer in found)
    assert counts(desk.output(dryRun=False)) == [0, 3, 0, 5, 0, 0, 0]
    for [run] in sql("SELECT id FROM ops.backfill_run WHERE NOT dry_run ORDER BY number DESC"):
        desk.output(action="rollback", runId=run, dryRun=False)
    assert sql('SELECT name FROM intake."Customer"') == [["Old B"]]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_a_group_that_is_larger_than_a_batch_gets_one_customer_of_its_earliest_leads(
    desk: Desk, sql: Sql, size: int
) -> None:
    """Ids are out of order, so that the first name, phone and e-mail are met in any part of the group."""
    leads: list[dict[str, Any]] = [{"psid": "one"} for _ in range(7)]
    leads[2]["name"], leads[5]["name"] = "First", "Second"
    leads[3]["phone"], leads[1]["phone"] = "555 000 0003", "short"
    leads[4]["email"], leads[6]["email"] = " A@B.example", "c@d.example"
    add_leads(sql, *leads, {"psid": "two"})
    assert counts(desk.output(batchSize=size)) == [2, 0, 8, 0, 0, 0, 0]
    assert counts(desk.output(dryRun=False, batchSize=size)) == [2, 0, 8, 0, 0, 0, 0]
    [row] = sql("SELECT name, phone, email, metadata ->> 'leadCount' FROM intake.\"Customer\" WHERE name IS NOT NULL")
    assert row == ["First", "5550000003", "a@b.example", "7"]
    assert counts(desk.output(dryRun=False, batchSize=size)) == [0, 2, 0, 8, 0, 0, 0]


def test_a_refused_customer_of_a_large_group_is_made_when_the_run_is_resumed(desk: Desk, sql: Sql) -> None:
    add_leads(sql, *({"phone": "5550000001"} for _ in range(5)), {"phone": "5550000002"})
    sql("ALTER TABLE intake.\"Customer\" ADD CONSTRAINT no_ones CHECK (phone <> '5550000001') NOT VALID")
    failed = desk.run(dryRun=False, batchSize=2)
    assert (failed["error"], failed["cause"]["counts"]["Errors"]) == ("VerifyFailed", 1)
    sql('ALTER TABLE intake."Customer" DROP CONSTRAINT no_ones')
    add_leads(sql, {"phone": "5550000001"})
    done = desk.output(action="resume", runId=failed["cause"]["runId"])
    assert counts(done) == [2, 0, 7, 0, 0, 0, 0]
    counted = sql("SELECT cast(metadata ->> 'leadCount' AS integer) FROM intake.\"Customer\" ORDER BY 1")
    assert counted == [[1], [6]]


def test_a_step_of_several_parts_is_working_from_its_first_part_to_its_last(desk: Desk, sql: Sql) -> None:
    add_leads(sql, {"psid": "p1"}, {"psid": "p2"})
    sql('INSERT INTO intake."Customer" (name) VALUES (NULL)')
    sql('INSERT INTO intake."Job" (lead_id) SELECT id FROM intake."Lead"')
    task = desk.begin(dryRun=False, lanes=1)
    seen = []
    while task["next"] == "work":
        seen.append([step["status"] for step in desk.output(action="status")["steps"]])
        while desk.slice(task["run"], task["step"], task["lanes"][0]):
            pass
        task = after_lanes(task["run"], task["step"], database=desk.database, now=desk.now)
    group, create, jobs = (
        ["working", "waiting", "waiting", "waiting"],
        ["done", "working", "waiting", "waiting"],
        ["done", "done", "working", "waiting"],
    )
    assert seen == [group, group, create, create, jobs]


def test_the_status_moves_with_every_batch_and_its_counts_are_the_ledgers(desk: Desk, sql: Sql) -> None:
    """The clock lets a slice do one batch."""
    add_leads(sql, *({"psid": f"p{n % 4}"} for n in range(12)))
    desk.clock = replace(desk.clock, monotonic=itertools.count(0.0, 30.0).__next__)
    task = desk.begin(dryRun=False, batchSize=4, lanes=1)
    percents = [desk.output(action="status")["percent"]]
    while task["next"] == "work":
        while desk.slice(task["run"], task["step"], task["lanes"][0]):
            status = desk.output(action="status")
            percents.append(status["percent"])
            assert status["counts"]["Leads linked"] == counted(sql, "Leads linked")
        task = after_lanes(task["run"], task["step"], database=desk.database, now=desk.now)
    assert len(percents) > 12
    assert percents == sorted(set(percents))
    assert percents[0] >= 0
    assert percents[-1] < 100
    desk.go_on(task)
    assert desk.output(action="status")["percent"] == 100.0


def counted(sql: Sql, label: str) -> int:
    [[total]] = sql("SELECT coalesce(sum(cast(counts ->> :label AS bigint)), 0) FROM ops.backfill_batch", label=label)
    return int(total)
