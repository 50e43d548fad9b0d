"""No statement of the running switchboard reads a table that grows from end to end: there is an index for each.

The planner is asked for generic plans, with sequential scans only where nothing else is left.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pg8000.native import Connection, to_statement

from switchboard.store.connection import Address
from switchboard.store.revisions import upgrade
from switchboard.store.statements import Schemas, load
from tests.builders import Sql
from tests.conftest import MIGRATIONS, connector_to

GROWING = {
    "AntiPoachingAttempt", "AssignmentWindow", "Booking", "Client", "MessageEvent", "MessageNumber",
    "MessageParticipant", "MessageThread", "OptOutState", "ResponseRecord", "Sitter", "SitterMaskedNumber",
    "ThreadAssignmentAudit", "automatic_answer", "booking_event", "held_text", "inbound_text", "outbound_text",
    "owner_notice", "pool_lease", "send_attempt", "thread_lease", "window_history",
}  # fmt: skip
# Indexes of what waits only: they may be read whole, since they stay small.
WAITING = {
    "booking_event_waiting", "held_text_waiting", "inbound_text_waiting", "number_quarantined", "outbound_text_due",
    "outbound_text_waiting", "pool_lease_one_unreleased", "response_promised", "send_attempt_unfinished",
}  # fmt: skip
# Where tables are empty, as here, reading these once is cheaper than looking up; where they are full it is not.
LOOKED_UP_WHEN_FULL = {
    ("held_texts.give_up", "Sitter"),
    ("number_purchases.open", "MessageThread"),
    ("number_purchases.open", "SitterMaskedNumber"),
    ("numbers.claim_sitter_number", "SitterMaskedNumber"),
    ("outbox.early_statuses_of_attempts", "send_attempt"),
    ("unrouted_texts.keep", "MessageThread"),
}
OPERATORS = re.compile(r"(?:account_|backfill|lead_|message_numbers|number_rows|revisions|inbox\.backfill)")
STATEMENTS = {name: sql for name, sql in load(Schemas()).items() if not OPERATORS.match(name)}

GENERIC_PLANS_SINCE = 160_000


@pytest.fixture
def sql(empty_database_url: str) -> Iterator[Sql]:
    """Of a database that nobody has written to: what the server remembers of earlier rows would change its plans."""
    upgrade(connector_to(empty_database_url), folder=MIGRATIONS, schemas=Schemas(), default_org_id="default")
    connection = Connection(**Address.from_url(empty_database_url).arguments())
    yield connection.run
    connection.close()


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def read_whole(plan: Mapping[str, Any]) -> Iterator[str]:
    """The growing tables that the plan reads from end to end."""
    for node in nodes(plan):
        table, index = str(node.get("Relation Name")), node.get("Index Name")
        is_looked_up = "Index Cond" in node or index in WAITING
        if node["Node Type"].endswith("Scan") and table in GROWING and not is_looked_up:
            yield table


def test_no_statement_reads_a_growing_table_from_end_to_end(sql: Sql) -> None:
    if int(sql("SHOW server_version_num")[0][0]) < GENERIC_PLANS_SINCE:
        pytest.skip("EXPLAIN shows generic plans since PostgreSQL 16")
    for kind in ("seqscan", "bitmapscan", "hashjoin", "mergejoin", "material"):
        sql(f"SET enable_{kind} = off")
    found = {
        (name, whole)
        for name, statement in STATEMENTS.items()
        for whole in read_whole(
            sql(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {to_statement(statement)[0]}")[0][0][0]["Plan"]
        )
    }
    assert found - LOOKED_UP_WHEN_FULL == set()
    assert len(STATEMENTS) > 80
