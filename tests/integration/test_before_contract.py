"""The running switchboard on an earlier application's database before the contract: no unique index helps it."""

import itertools
import os
import re
from collections.abc import Iterator
from typing import Any

import pg8000.exceptions
import pg8000.native
import pytest

from local.twilio_simulator import TwilioSimulator
from switchboard.domain.desired_state import Outcome
from switchboard.services import receive_text as service
from switchboard.store import owner_notices
from switchboard.store.connection import Address
from switchboard.store.database import Database
from switchboard.store.revisions import upgrade
from switchboard.store.statements import Schemas, load
from tests.booking_desk import BO, BookingDesk
from tests.builders import FRONT_DESK, NOON, ORG, OWNER_PHONE, SITTER_NUMBER, Sql, World
from tests.concurrency import all_at_once
from tests.conftest import MIGRATIONS, PATIENCE, connector_to, create_database
from tests.delivery_builders import a_relay, queue_texts
from tests.delivery_stage import Stage, new_ids, staged
from tests.earlier_database import EARLIER_ROWS, EARLIER_TABLES
from tests.inbound_texts import Switchboard

CLIENT, SITTER = "+15555550101", "+15555550102"
# The tables that these work on are other contexts', and they look first at what is there.
BACKFILLS = ("account_priorities.", "account_schema.", "lead_customers.")
PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
_numbers = itertools.count(1)


def run(url: str, *scripts: str) -> None:
    """Runs scripts in a database."""
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    for script in scripts:
        connection.run(script)
    connection.close()


def adopt(url: str, *kinds: str, instant: str = "timestamp(3)") -> None:
    """Makes an earlier application's database with these kinds of revisions of an empty one."""
    run(url, EARLIER_TABLES.replace("timestamp(3)", instant), EARLIER_ROWS)
    upgrade(connector_to(url), folder=MIGRATIONS, schemas=Schemas(), default_org_id=ORG, kinds=kinds)


@pytest.fixture(scope="module")
def expanded(server_url: str) -> Iterator[str]:
    """The name of an expanded database whose owner has a phone, to be copied."""
    name = f"expanded_{os.getpid()}"
    url = create_database(server_url, name)
    adopt(url, "expand")
    run(url, f"UPDATE messaging.\"Organization\" SET \"ownerPhone\" = '{OWNER_PHONE}' WHERE id = '{ORG}'")
    yield name
    run(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_url(server_url: str, expanded: str) -> Iterator[str]:
    """An expanded database of the test's own: what else a test asks for works on this one."""
    name = f"{expanded}_{next(_numbers)}"
    yield create_database(server_url, name, expanded)
    run(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def stage(database: Database, sql: Sql, stage_simulator: TwilioSimulator) -> Iterator[Stage]:
    """A worker on the earlier application's rows, which have a thread and a window that delivery_builders names too."""
    yield from staged(database, sql, stage_simulator)


def opt_outs(sql: Sql) -> list[list[Any]]:
    return sql('SELECT "phoneE164", state, source FROM messaging."OptOutState"')


def internal_threads(sql: Sql) -> int:
    return len(sql("""SELECT id FROM messaging."MessageThread" WHERE scope = 'internal'"""))


@pytest.mark.parametrize(
    ("kinds", "instant"),
    [(["expand"], "timestamp(3)"), (["expand"], "timestamptz"), (["expand", "contract"], "timestamp(3)")],
)
def test_the_server_plans_every_statement(empty_database_url: str, kinds: list[str], instant: str) -> None:
    adopt(empty_database_url, *kinds, instant=instant)
    connection = pg8000.native.Connection(**Address.from_url(empty_database_url).arguments())
    refused = []
    for name, statement in load(Schemas()).items():
        if name.startswith(BACKFILLS) or not statement.startswith(PLANNED):
            continue
        nothing = dict.fromkeys(re.findall(r"(?<!:):([a-z_0-9]+)", statement))
        try:
            connection.run(f"EXPLAIN {statement}", **nothing)  # ON CONFLICT finds its index when planned, not before
        except pg8000.exceptions.DatabaseError as error:
            refused.append((name, error.args[0]["C"], error.args[0]["M"]))
    connection.close()
    assert refused == []


def test_the_owner_is_told_of_a_booking_that_waits(database: Database, sql: Sql) -> None:
    sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE id = 'number-3'""")
    desk, board = BookingDesk(database, sql, World(sql)), Switchboard(database, sql)
    assert desk.tell(id="booking-2", sitter=BO).outcome is Outcome.DEFERRED
    assert desk.tell(id="booking-3", sitter=BO, minute=1).outcome is Outcome.DEFERRED
    assert [notice.split(" waits")[0] for notice in board.notices()] == ["Booking booking-2", "Booking booking-3"]
    assert internal_threads(sql) == 1


def test_what_twilio_refuses_for_an_opt_out_opts_the_person_out(stage: Stage) -> None:
    for _ in range(2):
        queue_texts(stage.database, a_relay(org_id=ORG))
        stage.simulator.account.add_faults("error", code=21610, times=1)
        stage.work()
        assert opt_outs(stage.sql) == [[SITTER, "opted_out", "provider"]]
        stage.sql("""UPDATE messaging."OptOutState" SET state = 'opted_in', source = 'owner'""")
    assert len(stage.notices()) == 1


def test_a_21610_after_a_start_blocks_the_pair_alone(stage: Stage) -> None:
    board = Switchboard(stage.database, stage.sql)
    board.text("START", sender=SITTER, to=SITTER_NUMBER)
    queue_texts(stage.database, a_relay(org_id=ORG))
    stage.simulator.account.add_faults("error", code=21610, times=1)
    stage.work()
    assert opt_outs(stage.sql) == [[SITTER, "opted_in", "inbound_keyword"]]
    assert stage.sql("SELECT person_e164, number_e164 FROM ops.blocked_pair") == [[SITTER, SITTER_NUMBER]]


def test_a_stop_and_a_start_change_one_row(database: Database, sql: Sql) -> None:
    board = Switchboard(database, sql)
    for body, state in (("STOP", "opted_out"), ("START", "opted_in"), ("STOP", "opted_out")):
        board.text(body, sender=CLIENT)
        assert opt_outs(sql) == [[CLIENT, state, "inbound_keyword"]]


def test_a_person_whom_an_earlier_application_noted_twice_is_texted_once_and_heard(stage: Stage) -> None:
    board, world = Switchboard(stage.database, stage.sql), World(stage.sql)
    for _ in range(2):
        world.opt_out(SITTER, state="opted_in")
    queue_texts(stage.database, a_relay(org_id=ORG))
    stage.work()
    assert stage.sent() == ["hello"]
    for body, state in (("STOP", "opted_out"), ("START", "opted_in"), ("STOP", "opted_out")):
        board.text(body, sender=SITTER, to=SITTER_NUMBER)
        assert opt_outs(stage.sql) == [[SITTER, state, "inbound_keyword"]] * 2
    assert "routing error" not in board.reasons()


def test_one_of_several_opt_outs_is_enough(stage: Stage) -> None:
    world = World(stage.sql)
    for state in ("opted_in", "opted_out", "opted_in"):
        world.opt_out(SITTER, state=state)
    queue_texts(stage.database, a_relay(org_id=ORG))
    stage.work()
    assert stage.sent() == []


def test_a_text_that_cannot_be_routed_is_the_owners(
    database: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "decide", None)
    board = Switchboard(database, sql)
    board.text("important", sender=CLIENT)
    board.text("from a stranger", sender="+15555550177", to=FRONT_DESK)
    assert board.reasons() == ["routing error"] * 2
    assert board.unread() == {"client_booking": 1, "internal": 1}
    assert (len(board.notices()), internal_threads(sql)) == (2, 1)


def test_notices_at_once_share_one_internal_thread(database: Database, sql: Sql) -> None:
    def tell(index: int) -> None:
        with database.transaction(limits=PATIENCE) as tx:
            owner_notices.tell(
                tx,
                org_id=ORG,
                subject=f"subject-{index}",
                body="Look",
                now=NOON,
                new_id=new_ids(f"tell-{index}"),
                again_after=None,
            )

    all_at_once(4, tell)
    assert internal_threads(sql) == 1
    assert len(Switchboard(database, sql).notices()) == 4


def test_texts_at_once_that_are_the_owners_share_one_internal_thread(database: Database, sql: Sql) -> None:
    board = Switchboard(database, sql)
    all_at_once(4, lambda index: board.text("Hello?", sender=f"+1555555017{index}", to=FRONT_DESK))
    assert internal_threads(sql) == 1
    assert len(board.notices()) == 4


def test_refusals_at_once_leave_one_opt_out(stage: Stage) -> None:
    threads = [f"thread-{index}" for index in range(11, 15)]
    for thread_id in threads:
        stage.sql(
            'INSERT INTO messaging."MessageThread" (id, "orgId", scope, "updatedAt")'
            " VALUES (:id, :org, 'client_booking', '2024-12-01')",
            id=thread_id,
            org=ORG,
        )
        queue_texts(stage.database, a_relay(org_id=ORG, thread_id=thread_id, window_id=None, not_after=None))
    stage.simulator.account.add_faults("error", code=21610, times=4)
    all_at_once(4, lambda index: stage.work(threads[index]))
    assert opt_outs(stage.sql) == [[SITTER, "opted_out", "provider"]]


def test_of_several_internal_threads_the_oldest_is_the_home_of_notices(database: Database, sql: Sql) -> None:
    for day in (2, 1):
        sql(
            'INSERT INTO messaging."MessageThread" (id, "orgId", scope, "createdAt", "updatedAt")'
            " VALUES (:id, :org, 'internal', cast(:at AS timestamp), '2024-12-09')",
            id=f"internal-{day}",
            org=ORG,
            at=f"2024-12-0{day}",
        )
    with database.transaction() as tx:
        thread_id = owner_notices.tell(
            tx, org_id=ORG, subject="any", body="Look", now=NOON, new_id=new_ids("tell"), again_after=None
        )
    assert thread_id == "internal-1"
