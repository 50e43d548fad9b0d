"""The inbox on databases that an earlier application left; and the backfills that an owner follows there."""

import base64
import json

import pytest

from switchboard.services.follow_backfills import RUNS_SHOWN
from tests.backfill_desk import Desk as Operator
from tests.builders import HOUR, NOON, Sql, World
from tests.inbound_texts import Switchboard
from tests.inbox_desk import Desk

CLIENT = "+15555550101"
LEAK = "Call me on 415-555-0134"


@pytest.fixture
def adopted(board: Switchboard, world: World) -> Desk:
    """An owner whose database keeps instants without a zone."""
    columns = world.sql(
        """SELECT table_name, column_name FROM information_schema.columns
           WHERE table_schema = 'messaging' AND data_type = 'timestamp with time zone'"""
    )
    for table, column in columns:
        world.sql(f"""ALTER TABLE messaging."{table}" ALTER COLUMN "{column}" TYPE timestamp(3)""")
    return Desk(board)


def test_instants_without_a_zone_are_utc(board: Switchboard, world: World, adopted: Desk) -> None:
    ids = world.assigned()
    board.text("Is Rex fine?", sender=CLIENT)
    thread = adopted.get(f"/api/threads/{ids['thread']}")
    assert thread["window"] == {
        "state": "active",
        "startAt": "2025-01-15T11:00:00.000Z",
        "endAt": "2025-01-15T13:00:00.000Z",
    }
    assert thread["lastMessageAt"] == thread["messages"][0]["createdAt"] == "2025-01-15T12:00:00.000Z"


def test_pages_of_such_threads_follow_one_another(world: World, adopted: Desk) -> None:
    threads = [world.thread(client_id=world.client(f"+155555502{n:02}")) for n in range(5)]
    for n, thread in enumerate(threads[:3]):
        at = (NOON - n * HOUR).replace(tzinfo=None)
        world.sql("""UPDATE messaging."MessageThread" SET "lastMessageAt" = cast(:at AS timestamp) WHERE id = :id""",
                  at=at.isoformat(), id=thread)  # fmt: skip
    first = adopted.get("/api/threads?limit=2")
    second = adopted.get(f"/api/threads?limit=2&cursor={first['nextCursor']}")
    third = adopted.get(f"/api/threads?limit=2&cursor={second['nextCursor']}")
    shown = [thread["id"] for page in (first, second, third) for thread in page["threads"]]
    assert shown == threads
    assert third["nextCursor"] is None


def test_all_that_an_owner_does_is_done_there(board: Switchboard, world: World, adopted: Desk) -> None:
    ids = world.assigned()
    board.text(LEAK, sender=CLIENT)
    held = board.inbound()[0]["id"]
    calls = [
        ("POST", f"/api/messages/{held}/release", {"reason": "the vet's"}, 200),
        ("POST", f"/api/threads/{ids['thread']}/messages", {"body": "Hello"}, 201),
        ("POST", f"/api/threads/{ids['thread']}/read", None, 204),
        ("POST", f"/api/sitters/{ids['sitter']}/unlock", None, 204),
        ("PUT", f"/api/clients/{ids['client']}", {"isRecurringOverride": True}, 204),
    ]
    assert [adopted.call(method, path, body).status for method, path, body, _ in calls] == [one[3] for one in calls]


def test_runs_are_followed_newest_first(board: Switchboard, world: World) -> None:
    desk, operator = Desk(board), Operator(board.database)
    assert desk.get("/api/backfills") == {"runs": [], "nextCursor": None}
    first = operator.output("lead-customers")
    second = operator.output("lead-customers", dryRun=False)
    runs = desk.get("/api/backfills")["runs"]
    assert [(run["runId"], run["dryRun"], run["status"]) for run in runs] == [
        (second["runId"], False, "completed"),
        (first["runId"], True, "completed"),
    ]
    one = desk.get(f"/api/backfills/{first['runId']}")
    assert one == runs[1]
    assert (one["backfill"], one["percent"], one["secondsLeft"]) == ("lead-customers", 100.0, 0)
    assert one["counts"] == first["counts"]


def test_a_run_under_way_shows_how_far_it_is(board: Switchboard, sql: Sql, world: World) -> None:
    operator = Operator(board.database)
    task = operator.begin("lead-customers")
    [run] = Desk(board).get("/api/backfills")["runs"]
    assert run["status"] == "running"
    assert 0 <= run["percent"] < 100
    operator.go_on(task)


def test_a_failed_check_names_no_other_organisation(board: Switchboard, world: World) -> None:
    World(world.sql, org_id="rivals").organisation(front_desk="+15550200000")
    world.sql("""UPDATE messaging."MessageNumber" SET "numberClass" = 'pool' WHERE "orgId" = 'rivals'""")
    told = Operator(board.database).run("message-numbers", action="verify")
    assert not told["ok"]
    [run] = Desk(board).get("/api/backfills")["runs"]
    assert "rivals" not in str(run)
    [failed] = [check for check in run["checks"] if not check["ok"]]
    assert (failed["name"], failed["actual"]) == ("Front desk numbers per org", "not all")
    assert "rivals" in str(told)


def test_runs_are_listed_by_page(board: Switchboard, world: World) -> None:
    operator, desk = Operator(board.database), Desk(board)
    made = [operator.output("lead-customers")["runId"] for _ in range(RUNS_SHOWN + 1)]
    first = desk.get("/api/backfills")
    operator.output("lead-customers")
    second = desk.get(f"/api/backfills?cursor={first['nextCursor']}")
    assert [run["runId"] for page in (first, second) for run in page["runs"]] == made[::-1]
    assert (len(first["runs"]), second["nextCursor"]) == (RUNS_SHOWN, None)


@pytest.mark.parametrize("parts", [[None], [None, "x"], [None, "-1"], [None, "9" * 19], [None, "\u0661"], [None, 1]])
def test_a_cursor_of_runs_that_is_none_of_ours_is_400(board: Switchboard, world: World, parts: list[object]) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
    reply = Desk(board).call("GET", f"/api/backfills?cursor={cursor}")
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")
