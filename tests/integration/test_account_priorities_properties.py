"""What holds for account-priorities on any database, on a real one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.domain.account_classes import PRIORITIES, cutoffs
from switchboard.store.database import Database
from tests.accounts import account_class, add_tenant, snapshot
from tests.backfill_desk import Desk
from tests.builders import Sql

NAME = "account-priorities"
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
days = st.datetimes(datetime(2023, 12, 1), datetime(2026, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001  bounds have no zone
near = st.sampled_from([datetime(2025, 2, 28, tzinfo=UTC), datetime(2024, 8, 31, tzinfo=UTC)])
instants = st.none() | days | near | near.map(lambda at: at - timedelta(milliseconds=1))
as_ofs = st.sampled_from(["2025-08-31", "2024-02-29", "2025-10-25T23:59:59+02:00"])
customers = st.lists(
    st.tuples(
        instants.map(lambda at: at and at.replace(microsecond=at.microsecond // 1000 * 1000, fold=0)),
        st.sampled_from([None, None, "ACTIVE", "TARGET", "PROSPECT", "HOLD"]),
        st.sampled_from([None, "LOW", "MEDIUM", "HIGH"]),
    ),
    max_size=12,
)
ways = st.fixed_dictionaries({"batchSize": st.integers(1, 6), "lanes": st.integers(1, 4), "asOf": as_ofs})


@pytest.fixture
def desk(database: Database, sql: Sql) -> Desk:
    sql("ALTER TYPE accounts.\"AccountType\" ADD VALUE 'HOLD'")
    add_tenant(sql)
    return Desk(database)


def settle(sql: Sql, rows: list[Any], *, with_priority: bool) -> None:
    sql('TRUNCATE accounts."Customer", ops.backfill_run CASCADE')
    further = (', "accountPriority"', ', CAST(:priority AS accounts."AccountPriority")') if with_priority else ("", "")
    for at, account_type, priority in rows:
        values = {"at": at, "type": account_type} | ({"priority": priority} if with_priority else {})
        sql(
            f"""INSERT INTO accounts."Customer" ("tenantId", "lastOrderDate", "accountType"{further[0]})
                SELECT id, CAST(:at AS timestamptz), CAST(:type AS accounts."AccountType"){further[1]}
                FROM accounts."Tenant" """,
            **values,
        )


@settings(max_examples=4, deadline=None, suppress_health_check=QUIET)
@given(rows=customers, way=ways)
def test_on_a_database_without_the_schema_a_run_is_predicted_repeatable_and_taken_back_whole(
    desk: Desk, sql: Sql, rows: list[Any], way: dict[str, Any]
) -> None:
    settle(sql, rows, with_priority=False)
    before = snapshot(sql)
    predicted = desk.output(NAME, **way)
    assert snapshot(sql) == before
    done = desk.output(NAME, dryRun=False, **way)
    assert done["counts"] == predicted["counts"]
    assert done["checks"] == predicted["checks"]
    after = snapshot(sql)
    assert not any(desk.output(NAME, dryRun=False, **way)["counts"].values())
    assert snapshot(sql) == after
    desk.output(NAME, action="rollback", runId=done["runId"], params={"level": "columns"}, dryRun=False)
    assert snapshot(sql) == before


@settings(max_examples=8, deadline=None, suppress_health_check=QUIET)
@given(rows=customers, both_ways=st.tuples(ways, ways))
def test_on_a_database_with_the_schema_too_and_the_result_is_the_rules_own(
    desk: Desk, sql: Sql, rows: list[Any], both_ways: tuple[dict[str, Any], ...]
) -> None:
    desk.output(NAME, dryRun=False)
    way = both_ways[0] | {"asOf": both_ways[1]["asOf"]}
    for one_way in (way, both_ways[1]):
        settle(sql, rows, with_priority=True)
        before = snapshot(sql)
        predicted = desk.output(NAME, **one_way)
        done = desk.output(NAME, dryRun=False, **one_way)
        assert done["counts"] == predicted["counts"]
        assert sorted(map(str, _state(sql))) == sorted(map(str, _expected(rows, way["asOf"])))
        assert not any(desk.output(NAME, dryRun=False, **one_way)["counts"].values())
        [[run_id]] = sql("SELECT id FROM ops.backfill_run WHERE NOT dry_run ORDER BY number LIMIT 1")
        undone = desk.output(NAME, action="rollback", runId=run_id, dryRun=False)
        assert undone["counts"]["Left alone"] == 0
        assert snapshot(sql) == before


def _state(sql: Sql) -> list[Any]:
    return sql('SELECT "lastOrderDate", "accountType"::text, "accountPriority"::text FROM accounts."Customer"')


def _expected(rows: list[Any], as_of: str) -> list[Any]:
    instant = datetime.fromisoformat(as_of)
    found = cutoffs(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    expected = []
    for at, account_type, priority in rows:
        became = account_type or account_class(at, found)
        expected.append([at, became, PRIORITIES.get(became, priority)])
    return expected
