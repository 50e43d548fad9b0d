"""The account's numbers become an organisation's: once, and never against what is written down already."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from local.simulated_numbers import SimulatedNumbers
from local.twilio_simulator import TwilioSimulator
from switchboard.errors import InvalidRequest, TwilioUnavailable
from switchboard.orders import read_order
from switchboard.services.import_numbers import ImportOrder, import_numbers
from switchboard.store.database import Database
from switchboard.twilio import TwilioCredentials
from switchboard.twilio_numbers import TwilioNumbers
from tests.booking_desk import NOW, opened_desk
from tests.builders import FRONT_DESK, POOL, SITTER_NUMBER, Sql, World
from tests.concurrency import all_at_once
from tests.conftest import connector_to
from tests.delivery_stage import ACCOUNT, TOKEN
from tests.integration.test_message_numbers_adopted import Earlier

FIVE = [f"+1555010010{n}" for n in range(5)]
LOOK = 'SELECT e164, "numberClass" FROM messaging."MessageNumber" ORDER BY "createdAt", e164'
Import = Callable[..., dict[str, Any]]


@pytest.fixture
def account(stage_simulator: TwilioSimulator) -> Iterator[SimulatedNumbers]:
    yield stage_simulator.numbers
    stage_simulator.numbers.forget()


def importing(url: str, database: Database, *, prefix: str = "new") -> Import:
    count = itertools.count(1)
    twilio = TwilioNumbers(lambda *, fresh: None if fresh else TwilioCredentials(ACCOUNT, TOKEN), base_url=url)

    def run(**order: Any) -> dict[str, Any]:
        return import_numbers(
            {"apply": True} | order,
            twilio=twilio,
            database=database,
            default_org_id="default",
            now=NOW,
            new_id=lambda: f"{prefix}-{next(count)}",
        )

    return run


@pytest.fixture
def take_in(stage_simulator: TwilioSimulator, database: Database) -> Import:
    return importing(stage_simulator.url, database)


def organisation(sql: Sql, org_id: str = "default") -> World:
    world = World(sql, org_id=org_id)
    world.organisation(front_desk=None)
    return world


def outcomes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["outcome"], one["class"]) for one in answer["numbers"]]


def test_the_first_becomes_front_desk_where_there_is_none_and_the_others_what_was_asked(
    account: SimulatedNumbers, take_in: Import, sql: Sql
) -> None:
    organisation(sql)
    account.own(FIVE[3:], at=NOW)
    account.own(FIVE[:3], at=NOW - timedelta(days=1))
    answer = take_in()
    assert outcomes(answer) == [("imported", "front_desk")] + [("imported", "sitter")] * 4
    assert sql(LOOK) == [[FIVE[0], "front_desk"], *([e164, "sitter"] for e164 in FIVE[1:])]
    sids = {one.e164: one.sid for one in account.all()}
    assert dict(sql('SELECT e164, "providerNumberSid" FROM messaging."MessageNumber"')) == sids


def test_a_second_import_changes_nothing(account: SimulatedNumbers, take_in: Import, sql: Sql) -> None:
    organisation(sql)
    account.own(FIVE)
    take_in()
    before = sql('SELECT to_jsonb(n) FROM messaging."MessageNumber" AS n ORDER BY id')
    assert outcomes(take_in(**{"class": "pool"})) == [("known", "front_desk")] + [("known", "sitter")] * 4
    assert sql('SELECT to_jsonb(n) FROM messaging."MessageNumber" AS n ORDER BY id') == before


def test_a_dry_run_answers_the_same_and_writes_nothing(account: SimulatedNumbers, take_in: Import, sql: Sql) -> None:
    organisation(sql)
    account.own(FIVE)
    dry = take_in(apply=False)
    assert sql(LOOK) == []
    assert dry | {"applied": True} == take_in()


def test_a_class_already_set_stays_and_only_a_missing_sid_is_filled_in(
    account: SimulatedNumbers, take_in: Import, sql: Sql
) -> None:
    world = organisation(sql)
    world.number(FIVE[0], "pool", status="quarantined")
    account.own(FIVE[:2])
    assert outcomes(take_in(**{"class": "sitter"})) == [("known", "pool"), ("imported", "front_desk")]
    [[status, number_class, sid]] = sql(
        'SELECT status, "numberClass", "providerNumberSid" FROM messaging."MessageNumber" WHERE e164 = :e', e=FIVE[0]
    )
    assert (status, number_class, sid) == ("quarantined", "pool", account.find({"PhoneNumber": FIVE[0]})[0].sid)


def test_another_organisations_number_is_left_to_it(account: SimulatedNumbers, take_in: Import, sql: Sql) -> None:
    organisation(sql)
    organisation(sql, "elsewhere").number(FIVE[0], "front_desk")
    account.own(FIVE[:2])
    assert outcomes(take_in()) == [("elsewhere", "front_desk"), ("imported", "front_desk")]
    assert sql('SELECT "orgId", "providerNumberSid" FROM messaging."MessageNumber" WHERE e164 = :e', e=FIVE[0]) == [
        ["elsewhere", None]
    ]


def test_pool_numbers_are_named_one_by_one_and_numbers_lost_at_twilio_are_told(
    account: SimulatedNumbers, take_in: Import, sql: Sql
) -> None:
    organisation(sql).number(FRONT_DESK, "front_desk")
    account.own(FIVE)
    answer = take_in(numbers=[FIVE[4], "+15550999999"], **{"class": "pool"})
    assert outcomes(answer) == [("imported", "pool")]
    assert (answer["notInAccount"], answer["lostAtTwilio"]) == (["+15550999999"], [FRONT_DESK])
    assert sql(LOOK) == [[FRONT_DESK, "front_desk"], [FIVE[4], "pool"]]


def test_a_number_that_cannot_text_is_not_taken(account: SimulatedNumbers, take_in: Import, sql: Sql) -> None:
    organisation(sql)
    account.own(FIVE[:1], can_text=False)
    answer = take_in()
    assert (answer["numbers"], answer["cannotText"], answer["hasFrontDesk"]) == ([], 1, False)


def test_imports_at_once_write_each_number_once_and_one_front_desk(
    account: SimulatedNumbers, stage_simulator: TwilioSimulator, database_url: str, sql: Sql
) -> None:
    for index in ("number_e164", "number_one_active_front_desk"):  # as before the contract
        sql(f'DROP INDEX messaging."{index}"')
    organisation(sql)
    organisation(sql, "elsewhere")
    account.own(FIVE)
    database = Database(connector_to(database_url))
    all_at_once(
        4,
        lambda index: importing(stage_simulator.url, database, prefix=f"run{index}")(
            orgId=("default", "elsewhere")[index % 2]
        ),
    )
    database.close()
    found = sql('SELECT count(*), count(DISTINCT e164), count(DISTINCT "orgId") FROM messaging."MessageNumber"')
    assert found == [[5, 5, 1]]
    assert sql("""SELECT count(*) FROM messaging."MessageNumber" WHERE "numberClass" = 'front_desk'""") == [[1]]


def test_a_booking_that_waited_for_a_sitter_number_is_settled_in_the_next_minute(
    account: SimulatedNumbers, take_in: Import, database: Database, sql: Sql
) -> None:
    desk = opened_desk(database, sql, sitter_numbers=0)
    assert desk.tell().outcome == "deferred"
    assert desk.retry() == 0
    account.own([SITTER_NUMBER, POOL])
    take_in(apply=False)
    assert desk.retry() == 0
    take_in()
    assert desk.retry() == 1
    assert desk.thread()["number"] == SITTER_NUMBER


def test_a_thread_that_waited_for_the_front_desk_goes_there_in_the_next_minute(
    account: SimulatedNumbers, take_in: Import, database: Database, sql: Sql
) -> None:
    desk = opened_desk(database, sql)
    desk.tell()
    sql("""DELETE FROM messaging."MessageNumber" WHERE "numberClass" = 'front_desk'""")
    desk.tell(minute=1, sitter=None)
    assert desk.retry() == 0
    account.own([FIVE[0]])
    take_in()
    assert desk.retry() == 1
    assert (desk.thread()["class"], desk.thread()["number"]) == ("front_desk", FIVE[0])


def test_an_earlier_applications_database_takes_numbers_before_and_after_the_contract(
    account: SimulatedNumbers, stage_simulator: TwilioSimulator, empty_database_url: str
) -> None:
    earlier = Earlier(empty_database_url, "public")
    take_in = importing(stage_simulator.url, earlier.database)
    account.own([FRONT_DESK, *FIVE[:2]])
    expected = [("known", "front_desk"), ("imported", "sitter"), ("imported", "sitter")]
    assert outcomes(take_in()) == expected
    earlier.output(dryRun=False)
    earlier.revise("contract")
    account.own(FIVE[2:])
    assert outcomes(take_in())[3:] == [("imported", "sitter")] * 3
    earlier.close()


def test_an_unknown_organisation_is_refused(account: SimulatedNumbers, take_in: Import) -> None:
    with pytest.raises(InvalidRequest) as refused:
        take_in(orgId="nobody")
    assert refused.value.fields == ("orgId",)


@pytest.mark.parametrize(
    ("order", "field"),
    [({"class": "front_desk"}, "class"), ({"orgId": ""}, "orgId"), ({"number": []}, "number"), ({"apply": 1}, "apply")],
)
def test_an_order_that_is_not_understood_changes_nothing(take_in: Import, order: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        take_in(**order)
    assert refused.value.fields == (field,)


@pytest.mark.parametrize("order", [None, [], "numbers", 7])
def test_an_order_that_is_no_object_is_called_the_input(order: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"^invalid: input$"):
        read_order(ImportOrder, order)


def test_a_twilio_that_is_away_changes_nothing(database: Database, sql: Sql) -> None:
    organisation(sql)
    with pytest.raises(TwilioUnavailable):
        importing("http://127.0.0.1:1", database)()
    assert sql(LOOK) == []
