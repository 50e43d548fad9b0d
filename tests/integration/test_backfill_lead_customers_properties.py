"""What holds for lead-customers on any database, on a real one."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.store.database import Database
from tests.backfill_desk import Desk
from tests.builders import Sql
from tests.lead_town import Customer, Lead, Town, email_of, empty, groups_of, outcome, phone_of, picture, settle

ANY_TOWN = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

psids = st.sampled_from([None, "", "  ", "\u00a0", "p1", " p1 ", "p2", "p3"])
phones = st.sampled_from(
    [
        None,
        "",
        "+1 (555) 123-4567",
        "555.123.4567",
        "15551234567",
        "555-1234",
        "25551234567",
        "٠١٢٣٤٥٦٧٨٩٠١",
        "x555 765 4321y",
    ]
)
emails = st.sampled_from([None, "", "a@x.com", " A@X.COM\t", "nonsense", "b@x.com", "@"])
names = st.sampled_from([None, " ", "Jane", "Omar", 'Quo"te, \\ {x}', "NULL"])
leads = st.builds(
    Lead,
    psid=psids,
    phone=phones,
    email=emails,
    name=names,
    customer=st.none() | st.integers(0, 3),
    minute=st.integers(0, 3),
    jobs=st.lists(st.booleans(), max_size=2).map(tuple),
)
customers = st.builds(
    Customer,
    phone=phones,
    email=emails,
    made_for=st.sampled_from([None, None, "psid:p1", "phone:5551234567", "email:a@x.com", "psid:gone"]),
)
towns = st.builds(
    Town, leads=st.lists(leads, max_size=14).map(tuple), customers=st.lists(customers, max_size=4).map(tuple)
)
ways = st.fixed_dictionaries({"batchSize": st.integers(1, 9), "lanes": st.integers(1, 5)})


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@ANY_TOWN
@given(town=towns, way=ways)
def test_the_dry_run_predicts_the_run_and_the_counts_add_up(
    desk: Desk, sql: Sql, town: Town, way: dict[str, Any]
) -> None:
    empty(sql)
    ids = settle(sql, town)
    before = picture(sql)
    predicted = desk.run(**way)
    assert predicted["ok"]
    assert picture(sql) == before
    done = desk.run(dryRun=False, **way)
    counts = (done["output"] if done["ok"] else done["cause"])["counts"]
    assert predicted["output"]["counts"] == counts
    assert counts["Customers created"] + counts["Customers reused"] == len(groups_of(town, ids))
    assert counts["Leads linked"] + counts["Leads already linked"] == len(town.leads)
    assert counts["Jobs linked"] + counts["Jobs already linked"] == sum(len(lead.jobs) for lead in town.leads)
    failed = [check["name"] for check in predicted["output"]["checks"] if not check["ok"]]
    assert failed == ([] if done["ok"] else [check["name"] for check in done["cause"]["checks"]])


@ANY_TOWN
@given(town=towns, way=ways)
def test_a_second_run_changes_nothing(desk: Desk, sql: Sql, town: Town, way: dict[str, Any]) -> None:
    empty(sql)
    settle(sql, town)
    desk.run(dryRun=False)
    after = picture(sql)
    desk.run(dryRun=False, **way)
    assert picture(sql) == after


@ANY_TOWN
@given(town=towns, way=ways)
def test_a_run_and_its_rollback_are_nothing_to_the_byte(desk: Desk, sql: Sql, town: Town, way: dict[str, Any]) -> None:
    empty(sql)
    settle(sql, town)
    before = picture(sql)
    desk.run(dryRun=False, **way)
    [[run]] = sql("SELECT id FROM ops.backfill_run")
    predicted = desk.output(action="rollback", runId=run)
    undone = desk.output(action="rollback", runId=run, dryRun=False, **way)
    assert picture(sql) == before
    assert undone["counts"] == predicted["counts"]
    assert undone["counts"]["Left alone"] == 0


@ANY_TOWN
@given(town=towns, way=ways, order=st.randoms(use_true_random=False))
def test_the_result_does_not_hang_on_batches_lanes_or_the_order_of_rows(
    desk: Desk, sql: Sql, town: Town, way: dict[str, Any], order: Any
) -> None:
    empty(sql)
    settle(sql, town)
    desk.run(dryRun=False, batchSize=20_000, lanes=1)
    expected = outcome(sql)
    empty(sql)
    settle(sql, town)
    rows = sql('SELECT id FROM intake."Lead"')
    order.shuffle(rows)
    for [row_id] in rows:  # moves the row to the table's end
        sql('UPDATE intake."Lead" SET name = name WHERE id = :id', id=row_id)
    desk.run(dryRun=False, **way)
    assert outcome(sql) == expected


@ANY_TOWN
@given(town=towns)
def test_every_group_gets_the_customer_that_the_rules_name(desk: Desk, sql: Sql, town: Town) -> None:
    empty(sql)
    ids = settle(sql, town)
    linked_before = {row[0]: row[1] for row in sql('SELECT id::text, customer_id::text FROM intake."Lead"')}
    desk.run(dryRun=False)
    linked = {row[0]: row[1] for row in sql('SELECT id::text, customer_id::text FROM intake."Lead"')}
    for key, members in groups_of(town, ids).items():
        already = [linked_before[ids[place]] for place in members if linked_before[ids[place]]]
        got = {linked[ids[place]] for place in members if not linked_before[ids[place]]}
        assert len(got) <= 1
        if already and got:
            assert got == {already[0]}
        if not already:
            [customer] = got
            _holds_to_the_rules(sql, town, key, members, customer)
    assert all(linked[row_id] == customer for row_id, customer in linked_before.items() if customer)


def _holds_to_the_rules(sql: Sql, town: Town, key: str, members: list[int], customer: str) -> None:
    group = [town.leads[place] for place in members]
    [[name, phone, email, metadata]] = sql(
        'SELECT name, phone, email, metadata FROM intake."Customer" WHERE id = cast(:id AS uuid)', id=customer
    )
    made = [place for place, old in enumerate(town.customers) if old.made_for == key]
    kind, _, value = key.partition(":")
    same = [
        place
        for place, old in enumerate(town.customers)
        if not old.made_for and value == {"phone": phone_of(old.phone), "email": email_of(old.email)}.get(kind)
    ]
    if made or same:
        [[place]] = sql("SELECT right(:id, 12)", id=customer)
        assert int(place, 16) == (made or same)[0]
        return
    assert name == next((lead.name for lead in group if lead.name and lead.name.strip()), None)
    assert phone == next((phone_of(lead.phone) for lead in group if phone_of(lead.phone)), None)
    assert email == next((email_of(lead.email) for lead in group if email_of(lead.email)), None)
    assert (metadata["groupType"], metadata["groupKey"]) == (kind, key)
    assert (metadata["leadCount"], metadata["multipleLeads"]) == (len(group), len(group) > 1)
    assert metadata["createdBy"] == "backfill-customers.ts"
