"""message-numbers on a real database: front desks, masks, threads' numbers, classes, checks, rollback."""

from typing import Any

import pytest

from switchboard.backfills.plan import after_lanes
from switchboard.store.database import Database
from tests.backfill_desk import Answer, Desk
from tests.builders import FRONT_DESK, NOON, POOL, SITTER_NUMBER, Sql, World


class NumbersDesk:
    """An operator who runs message-numbers."""

    def __init__(self, database: Database, parameters: dict[str, str] | None = None) -> None:
        self._desk = Desk(database, parameters=parameters or {})

    def output(self, **fields: Any) -> Answer:
        """The output of an execution that has to succeed."""
        return self._desk.output("message-numbers", **fields)

    def failure(self, **fields: Any) -> Answer:
        """The answer of an execution that has to fail."""
        answer = self._desk.run("message-numbers", **fields)
        assert not answer["ok"], answer
        return answer


@pytest.fixture
def desk(database: Database) -> NumbersDesk:
    return NumbersDesk(database)


@pytest.fixture
def bare(sql: Sql) -> World:
    """An organisation without a front desk."""
    world = World(sql)
    world.organisation(front_desk=None)
    return world


def threads(sql: Sql) -> list[list[Any]]:
    return sql('SELECT "maskedNumberE164", "numberClass" FROM messaging."MessageThread" ORDER BY "createdAt", id')


def booking(world: World, *, client_id: str, recurring: bool = True, sitter_id: str | None = None) -> str:
    booking_id = world._id("booking")
    world._insert(
        "Booking", id=booking_id, orgId=world.org_id, clientId=client_id, sitterId=sitter_id, isRecurring=recurring,
        isMeetAndGreet=False, hasWeeklyPlan=False, status="confirmed",
    )  # fmt: skip
    return booking_id


def in_order(sql: Sql, *thread_ids: str) -> None:
    """Makes the threads a minute apart."""
    for place, thread_id in enumerate(thread_ids):
        sql(
            'UPDATE messaging."MessageThread" SET "createdAt" = "createdAt" + :place * interval \'1 minute\''
            " WHERE id = :id",
            place=place,
            id=thread_id,
        )


def published(answer: Answer) -> dict[str, int]:
    """The counts that are not zero."""
    return {label: count for label, count in answer["counts"].items() if count}


def both(desk: NumbersDesk, **fields: Any) -> dict[str, int]:
    """The counts of a dry run, and that the real one's are the same."""
    dry = desk.output(**fields)
    real = desk.output(dryRun=False, **fields)
    assert dry["counts"] == real["counts"]
    assert dry["checks"] == real["checks"]
    return published(real)


def test_every_thread_gets_the_number_that_the_rule_asks_for(desk: NumbersDesk, world: World, sql: Sql) -> None:
    sitter = world.sitter()
    world.number(SITTER_NUMBER, sitter_id=sitter)
    world.number(POOL, "pool")
    client = world.client()
    recurring = booking(world, client_id=client)
    once = world.client("+15555550155")
    in_order(
        sql,
        world.thread(client_id=client, sitter_id=sitter, booking_id=recurring),
        world.thread(client_id=client, sitter_id=sitter),  # its booking is not there: any of the client's counts
        world.thread(client_id=once, sitter_id=sitter),
        world.thread(client_id=once, scope="client_general"),
        world.thread(sitter_id=sitter, scope="owner_sitter"),
    )
    assert both(desk) == {"Threads updated": 5, "Classification fields updated": 3}
    assert threads(sql) == [
        [SITTER_NUMBER, "sitter"],
        [SITTER_NUMBER, "sitter"],
        [POOL, "pool"],
        [FRONT_DESK, "front_desk"],
        [FRONT_DESK, "front_desk"],
    ]
    assert sql("SELECT count(*) FROM ops.pool_lease WHERE released_at IS NULL") == [[1]]
    assert both(desk) == {}


def test_the_report_is_as_operators_know_it(desk: NumbersDesk, bare: World, sql: Sql) -> None:
    bare.thread(client_id=bare.client(), scope="client_general")
    refused = desk.failure(dryRun=False)
    assert refused["error"] == "VerifyFailed"
    assert [error["name"] for error in refused["cause"]["checks"]] == [
        "Front desk numbers per org", "Threads missing messageNumberId", "Errors",
    ]  # fmt: skip
    [[report]] = sql("SELECT report FROM ops.backfill_run ORDER BY number DESC LIMIT 1")
    assert "Front Desk Numbers Per Org: (empty)" in report
    assert "Threads Missing messageNumberId: 1 (expected: 0) ❌" in report
    assert "  null: 1" in report
    assert "No front desk number for organisation default: set TWILIO_PHONE_NUMBER or insert one" in report
    done = desk.output(dryRun=False, params={"frontDeskNumber": FRONT_DESK})
    assert "   Front desk numbers created: 1\n   Front desk numbers promoted: 0\n" in done["report"]
    assert desk.output(action="verify")["report"] == VERIFIED


VERIFIED = """\
Front Desk Numbers Per Org:
  ✓ Org default: 1 (expected: 1) ✅
Sitter Masked Numbers: 0
Pool Numbers: 0
Threads Missing messageNumberId: 0 (expected: 0) ✅
Threads By Number Class:
  front_desk: 1
✅ All checks passed!"""


def test_a_run_that_lacked_a_front_desk_goes_on_once_there_is_one(desk: NumbersDesk, bare: World, sql: Sql) -> None:
    bare.thread(client_id=bare.client(), scope="client_general")
    failed = desk.failure(dryRun=False)
    bare.number(FRONT_DESK, "front_desk")
    done = desk.output(action="resume", runId=failed["cause"]["runId"])
    assert published(done) == {"Threads updated": 1, "Classification fields updated": 1}
    assert threads(sql) == [[FRONT_DESK, "front_desk"]]


def test_the_platforms_number_out_of_ssm_is_created_once_for_the_lowest_organisation(
    database: Database, sql: Sql
) -> None:
    desk = NumbersDesk(database, {"TWILIO_PHONE_NUMBER": "+1 555 010 0000"})
    for org_id in ("b", "a", "c"):
        world = World(sql, org_id=org_id)
        world.thread(client_id=world.client(), scope="client_general")
    World(sql, org_id="c").number("+15550100002", "pool")
    for fields in ({"lanes": 1}, {"lanes": 8, "batchSize": 1}):
        dry = desk.output(**fields)
        assert published(dry) == {
            "Front desk numbers created": 1, "Front desk numbers promoted": 1, "Threads updated": 2,
            "Classification fields updated": 3, "Errors": 1,
        }  # fmt: skip
    real = desk.failure(dryRun=False)
    assert real["cause"]["counts"] == dry["counts"]
    assert sql(
        'SELECT "orgId", e164, "ownerId", "providerNumberSid" FROM messaging."MessageNumber" ORDER BY "orgId"'
    ) == [["a", FRONT_DESK, "system", "SYSTEM_CREATED"], ["c", "+15550100002", "system", None]]
    assert "organisation b:" in str(sql("SELECT message FROM ops.backfill_row_error"))


def test_the_row_that_holds_the_platforms_number_becomes_front_desk(desk: NumbersDesk, bare: World, sql: Sql) -> None:
    bare.number(FRONT_DESK, "front_desk", status="disabled")
    bare.number(POOL, "pool")
    bare.thread(client_id=bare.client(), scope="client_general")
    found = both(desk, params={"frontDeskNumber": FRONT_DESK})
    assert found == {"Front desk numbers promoted": 1, "Threads updated": 1, "Classification fields updated": 1}
    look = 'SELECT e164, status, "ownerId" FROM messaging."MessageNumber" WHERE "numberClass" = \'front_desk\''
    assert sql(look) == [[FRONT_DESK, "active", "system"]]


def test_a_sitters_number_is_never_promoted_and_no_used_pool_number_either(
    desk: NumbersDesk, bare: World, sql: Sql
) -> None:
    bare.number(FRONT_DESK, "sitter")
    used = bare.number(POOL, "pool")
    bare.thread(client_id=bare.client(), number_id=used)
    assert desk.failure(dryRun=False, params={"frontDeskNumber": FRONT_DESK})["error"] == "VerifyFailed"
    assert sql("""SELECT count(*) FROM messaging."MessageNumber" WHERE "numberClass" = 'front_desk'""") == [[0]]
    free = bare.number("+15550100002", "pool")
    assert both(desk, params={"frontDeskNumber": FRONT_DESK}) == {"Front desk numbers promoted": 1}
    look = """SELECT id FROM messaging."MessageNumber" WHERE "numberClass" = 'front_desk'"""
    assert sql(look) == [[free]]


def test_a_promoted_number_is_not_lent_by_a_later_step(desk: NumbersDesk, bare: World, sql: Sql) -> None:
    bare.number(POOL, "pool")
    bare.thread(client_id=bare.client())
    assert both(desk) == {
        "Front desk numbers promoted": 1,
        "Threads updated": 1,
        "Threads flagged for review": 1,
        "Classification fields updated": 1,
    }
    assert threads(sql) == [[POOL, "front_desk"]]
    assert sql("SELECT reason FROM ops.thread_review") == [["no pool number is free"]]


def test_a_masked_number_that_the_run_makes_serves_the_sitters_threads(
    desk: NumbersDesk, world: World, sql: Sql
) -> None:
    sitter, left = world.sitter(), world.sitter("+15555550103", active=False)
    numbers = [world.number(SITTER_NUMBER), world.number("+15550100012"), world.number("+15550100013")]
    for number, owner in zip(numbers, (sitter, sitter, left), strict=True):
        sql('UPDATE messaging."MessageNumber" SET "assignedSitterId" = :o WHERE id = :id', o=owner, id=number)
    client = world.client()
    booking(world, client_id=client)
    in_order(sql, world.thread(client_id=client, sitter_id=sitter), world.thread(client_id=client, sitter_id=left))
    assert both(desk) == {
        "Sitter masked numbers created": 1,
        "Threads updated": 2,
        "Threads flagged for review": 1,
    }
    assert threads(sql) == [[SITTER_NUMBER, "sitter"], [FRONT_DESK, "front_desk"]]
    assert sql("SELECT reason FROM ops.thread_review") == [["the sitter has no active masked number"]]
    assert both(desk) == {}


def test_several_front_desks_are_an_error_that_names_them(desk: NumbersDesk, world: World, sql: Sql) -> None:
    sql("DROP INDEX messaging.number_one_active_front_desk")
    second = world.number("+15550100009", "front_desk")
    world.thread(client_id=world.client(), scope="client_general")
    dry = desk.output()
    failed = desk.failure(dryRun=False)
    assert failed["cause"]["counts"] == dry["counts"]
    assert dry["counts"]["Errors"] == 1
    assert second in dry["report"]
    assert "✗ Org default: 2 (expected: 1) ❌" in dry["report"]
    assert threads(sql) == [[FRONT_DESK, "front_desk"]]


def test_pool_numbers_go_to_open_threads_in_their_order_and_back_to_the_client_who_had_one(
    desk: NumbersDesk, world: World, sql: Sql
) -> None:
    first, second = world.number(POOL, "pool"), world.number("+15550100002", "pool")
    clients = [world.client(f"+1555555020{n}") for n in range(4)]
    sql(
        "INSERT INTO ops.pool_lease VALUES ('l', 'default', :number, 'gone', :client, :since, :until)",
        number=first, client=clients[2], since=NOON, until=NOON,
    )  # fmt: skip
    in_order(
        sql,
        world.thread(client_id=clients[0], status="closed", one_time=True),
        *(world.thread(client_id=client, one_time=True) for client in clients[1:]),
    )
    assert both(desk, asOf="2025-01-20", batchSize=1) == {"Threads updated": 4, "Threads flagged for review": 1}
    assert threads(sql) == [
        [FRONT_DESK, "front_desk"], ["+15550100002", "pool"], [POOL, "pool"], [FRONT_DESK, "front_desk"],
    ]  # fmt: skip
    leases = sql("SELECT number_id, client_id FROM ops.pool_lease WHERE released_at IS NULL ORDER BY number_id")
    assert leases == [[first, clients[2]], [second, clients[1]]]


def test_a_class_that_is_not_its_numbers_is_corrected(desk: NumbersDesk, world: World, sql: Sql) -> None:
    sitter = world.sitter()
    number = world.number(SITTER_NUMBER, sitter_id=sitter)
    world.thread(client_id=world.client(), sitter_id=sitter, number_id=number, one_time=True)
    sql('UPDATE messaging."MessageThread" SET "numberClass" = \'pool\', "maskedNumberE164" = NULL')
    assert both(desk) == {"Threads updated": 1}
    assert threads(sql) == [[SITTER_NUMBER, "sitter"]]


def test_the_owners_word_wins_over_every_other_signal(desk: NumbersDesk, world: World, sql: Sql) -> None:
    client = world.client()
    recurring = booking(world, client_id=client)
    sql('UPDATE messaging."Client" SET "isRecurringOverride" = false')
    world.thread(client_id=client, booking_id=recurring)
    sql('UPDATE messaging."MessageThread" SET "isOneTimeClient" = NULL')
    both(desk)
    assert sql('SELECT "isOneTimeClient" FROM messaging."MessageThread"') == [[True]]


def test_a_class_that_changes_after_the_last_pass_is_reported(
    database: Database, desk: NumbersDesk, world: World, sql: Sql
) -> None:
    """One thread by its booking, one by any of its client's; both were classified, and differ from it afterwards."""
    client = world.client()
    with_booking = world.thread(client_id=client, booking_id=booking(world, client_id=client))
    without = world.thread(client_id=client)
    by_hand = Desk(database)
    task = by_hand.begin("message-numbers", dryRun=False, lanes=1)
    while task["next"] == "work":
        by_hand.slice(task["run"], task["step"], task["lanes"][0])
        task = after_lanes(task["run"], task["step"], database=database, now=by_hand.now)
    assert sql('SELECT DISTINCT "isOneTimeClient" FROM messaging."MessageThread"') == [[False]]
    sql('UPDATE messaging."MessageThread" SET "isOneTimeClient" = true')
    report = by_hand.go_on(task)["output"]["report"]
    assert "\nRows after the last pass: 2\n" in report
    assert with_booking in report
    assert without in report
    assert published(desk.output(dryRun=False)) == {"Classification fields updated": 2}


TABLES = ("MessageNumber", "SitterMaskedNumber", "MessageThread")


def everything(sql: Sql) -> list[Any]:
    rows = [sql(f'SELECT to_jsonb(t) FROM messaging."{table}" AS t ORDER BY id') for table in TABLES]
    return [*rows, sql("SELECT count(*) FROM ops.pool_lease"), sql("SELECT count(*) FROM ops.thread_review")]


def test_a_rollback_gives_everything_back(desk: NumbersDesk, bare: World, sql: Sql) -> None:
    sitter = bare.sitter()
    number = bare.number(SITTER_NUMBER)
    sql('UPDATE messaging."MessageNumber" SET "assignedSitterId" = :o WHERE id = :id', o=sitter, id=number)
    bare.number(POOL, "pool")
    client = bare.client()
    recurring = booking(bare, client_id=client)
    bare.thread(client_id=client, sitter_id=sitter, booking_id=recurring)
    bare.thread(client_id=bare.client("+15555550155"))
    bare.thread(client_id=bare.client("+15555550156"))
    before = everything(sql)
    run = desk.output(dryRun=False, params={"frontDeskNumber": FRONT_DESK})
    assert published(run) == {
        "Front desk numbers created": 1, "Sitter masked numbers created": 1, "Threads updated": 3,
        "Threads flagged for review": 1, "Classification fields updated": 2,
    }  # fmt: skip
    dry = desk.output(action="rollback", runId=run["runId"])
    real = desk.output(action="rollback", runId=run["runId"], dryRun=False)
    assert dry["counts"] == real["counts"] == {"Restored": 5, "Deleted": 2, "Left alone": 0, "Errors": 0}
    assert everything(sql) == before
    again = desk.output(action="rollback", runId=run["runId"], dryRun=False)
    assert published(again) == {}


def test_what_others_use_or_changed_since_is_left_alone(desk: NumbersDesk, bare: World, sql: Sql) -> None:
    bare.thread(client_id=bare.client(), scope="client_general")
    run = desk.output(dryRun=False, params={"frontDeskNumber": FRONT_DESK})["runId"]
    [[number]] = sql('SELECT id FROM messaging."MessageNumber"')
    late = bare.thread(client_id=bare.client("+15555550155"), number_id=number)
    dry = desk.output(action="rollback", runId=run)
    answer = desk.output(action="rollback", runId=run, dryRun=False)
    assert dry["counts"] == answer["counts"] == {"Restored": 2, "Deleted": 0, "Left alone": 1, "Errors": 0}
    assert "number in use" in answer["report"]
    assert sql('SELECT "messageNumberId" FROM messaging."MessageThread" WHERE id = :id', id=late) == [[number]]


def test_a_bad_number_is_named_and_nothing_begins(desk: NumbersDesk, sql: Sql) -> None:
    refused = desk.failure(params={"frontDeskNumber": "555"})
    assert refused["error"] == "InvalidInput"
    assert "params.frontDeskNumber" in refused["cause"]["message"]
    assert sql("SELECT count(*) FROM ops.backfill_run") == [[0]]


def test_an_empty_database_is_in_order(desk: NumbersDesk) -> None:
    assert both(desk) == {}
    assert "Front Desk Numbers Per Org: (empty)" in desk.output(action="verify")["report"]
