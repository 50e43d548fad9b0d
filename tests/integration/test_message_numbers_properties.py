"""What holds for message-numbers on any database, on a real one without the contract's constraints."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.store.database import Database
from tests.backfill_desk import Answer, Desk
from tests.builders import Sql
from tests.number_town import LOOSEN, PLATFORM, Number, Person, Thread, Town, empty, outcome, picture, settle

ANY_TOWN = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

orgs = st.sampled_from(["a", "a", "b"])
clients = st.sampled_from([None, "c1", "c2", "c3"])
sitters = st.sampled_from([None, "s1", "s2"])
numbers = st.builds(
    Number,
    org=orgs,
    e164=st.sampled_from([PLATFORM, *(f"+1555010000{n}" for n in range(1, 8))]),
    number_class=st.sampled_from(["pool", "pool", "pool", "sitter", "sitter", "front_desk"]),
    status=st.sampled_from(["active", "active", "active", "active", "quarantined", "disabled"]),
    sitter=sitters,
    mask=st.sampled_from([None, None, "s1"]),
    minute=st.integers(0, 2),
)
threads = st.builds(
    Thread,
    org=orgs,
    scope=st.sampled_from([*["client_booking"] * 6, "client_general", "owner_sitter", "internal"]),
    status=st.sampled_from(["open", "open", "open", "open", "closed", "archived"]),
    client=clients,
    sitter=sitters,
    booking=st.sampled_from([None, None, None, "b1", "b2", "gone"]),
    number=st.sampled_from([None, None, None, None, None, 0, 1, 3, 6]),
    stored_class=st.sampled_from([None, "front_desk", "pool", "sitter"]),
    one_time=st.sampled_from([None, True, False]),
    meet_and_greet=st.sampled_from([False, False, False, True]),
    minute=st.integers(0, 2),
)
people = st.builds(
    Person,
    org=orgs,
    id=st.sampled_from(["c1", "c2", "s1", "s2", "b1", "b2"]),
    flag=st.sampled_from([None, True, False]),
    weekly=st.booleans(),
    client=clients,
)
several = st.lists(people, max_size=4).map(tuple)
towns = st.builds(
    Town,
    numbers=st.lists(numbers, min_size=1, max_size=6).map(tuple),
    threads=st.lists(threads, min_size=2, max_size=10).map(
        lambda found: tuple(
            t for n, t in enumerate(found) if t.booking is None or t.booking not in _bookings(found[:n])
        )
    ),
    clients=several,
    sitters=several,
    bookings=several,
    leases=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["c1", "c2"])), max_size=2).map(tuple),
)
ways = st.fixed_dictionaries({"batchSize": st.sampled_from([1, 1, 2, 3, 5]), "lanes": st.integers(1, 3)})
params = st.sampled_from([{}, {"frontDeskNumber": PLATFORM}])


def _bookings(found: list[Thread]) -> set[str | None]:
    return {thread.booking for thread in found}


@pytest.fixture
def desk(database: Database, sql: Sql) -> Desk:
    for statement in LOOSEN:
        sql(statement)
    return Desk(database)


def run(desk: Desk, **fields: Any) -> Answer:
    """The output, or the cause, of an execution; a run with row errors ends VerifyFailed."""
    answer = desk.run("message-numbers", **fields)
    assert answer["ok"] or answer["error"] == "VerifyFailed", answer
    found: Answer = answer["output"] if answer["ok"] else answer["cause"]
    return found


@ANY_TOWN
@given(town=towns, way=ways, given_params=params)
def test_the_dry_run_predicts_the_run_and_a_second_run_changes_nothing(
    desk: Desk, sql: Sql, town: Town, way: dict[str, Any], given_params: dict[str, str]
) -> None:
    empty(sql)
    settle(sql, town)
    before = picture(sql)
    predicted = run(desk, params=given_params, **way)
    assert picture(sql) == before
    done = run(desk, dryRun=False, params=given_params, **way)
    assert done["counts"] == predicted["counts"]
    failed = [check for check in predicted["checks"] if not check["ok"]]
    assert failed == [check for check in done["checks"] if not check["ok"]]
    after = picture(sql)
    again = run(desk, dryRun=False, params=given_params, **way)
    assert {label: n for label, n in again["counts"].items() if n and label != "Errors"} == {}
    assert picture(sql) == after


@ANY_TOWN
@given(town=towns, way=ways, given_params=params)
def test_a_run_and_its_rollback_leave_every_byte_as_it_was(
    desk: Desk, sql: Sql, town: Town, way: dict[str, Any], given_params: dict[str, str]
) -> None:
    empty(sql)
    settle(sql, town)
    before = picture(sql)
    done = run(desk, dryRun=False, params=given_params, **way)
    foreseen = run(desk, action="rollback", runId=done["runId"], **way)
    undone = run(desk, action="rollback", runId=done["runId"], dryRun=False, **way)
    assert undone["counts"] == foreseen["counts"]
    assert undone["counts"]["Left alone"] == 0
    assert picture(sql) == before


@ANY_TOWN
@given(town=towns, both_ways=st.tuples(ways, ways), given_params=params)
def test_the_result_is_the_same_whatever_the_batches_and_lanes(
    desk: Desk, sql: Sql, town: Town, both_ways: tuple[dict[str, Any], ...], given_params: dict[str, str]
) -> None:
    found = []
    for way in both_ways:
        empty(sql)
        settle(sql, town)
        counts = run(desk, dryRun=False, params=given_params, **way)["counts"]
        found.append((counts, outcome(sql)))
    assert found[0] == found[1]


@ANY_TOWN
@given(town=towns, given_params=params)
def test_no_thread_is_left_without_a_number_where_there_is_a_front_desk(
    desk: Desk, sql: Sql, town: Town, given_params: dict[str, str]
) -> None:
    empty(sql)
    settle(sql, town)
    run(desk, dryRun=False, params=given_params)
    assert (
        sql(
            """SELECT t.id FROM messaging."MessageThread" AS t
           LEFT JOIN messaging."MessageNumber" AS n ON n.id = t."messageNumberId"
           WHERE (n.id IS NULL OR n."numberClass" IS DISTINCT FROM t."numberClass")
             AND EXISTS (SELECT 1 FROM messaging."MessageNumber" AS d
                         WHERE d."orgId" = t."orgId" AND d."numberClass" = 'front_desk' AND d.status = 'active')"""
        )
        == []
    )
    doubled = "SELECT number_id FROM ops.pool_lease WHERE released_at IS NULL GROUP BY 1 HAVING count(*) > 1"
    assert sql(doubled) == []
