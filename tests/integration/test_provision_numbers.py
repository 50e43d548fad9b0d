"""Numbers are bought when bookings wait for one: once, whatever happens in between, and no more than allowed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from local.simulated_numbers import SimulatedNumbers
from local.twilio_simulator import TwilioSimulator
from switchboard.domain.desired_state import Outcome
from switchboard.domain.webhook_addresses import OwnedNumber
from switchboard.services.import_numbers import import_numbers
from switchboard.services.provision_numbers import Shop, provision_numbers
from switchboard.services.rest_numbers import measure_pool
from switchboard.store.database import Database
from switchboard.twilio import TwilioCredentials
from switchboard.twilio_numbers import TwilioNumbers
from tests.booking_desk import BO, NOW, BookingDesk, opened_desk
from tests.builders import FRONT_DESK, POOL, Sql
from tests.concurrency import all_at_once
from tests.conftest import connector_to
from tests.delivery_stage import ACCOUNT, BASE_URL, TOKEN, new_ids
from tests.fakes import ListQueue
from tests.integration.test_message_numbers_adopted import Earlier
from tests.integration.test_numbers import lend

MINUTE = timedelta(minutes=1)
FIRST = "+155555509"  # how the numbers begin that the simulator offers


class Dying(TwilioNumbers):
    """Twilio has taken the order, and the process dies before it hears so."""

    def buy(self, e164: str, **fields: Any) -> OwnedNumber:
        super().buy(e164, **fields)
        raise SystemExit


class Hasty(TwilioNumbers):
    """Waits hardly for the answer to an order, and as long as ever for all others."""

    def buy(self, e164: str, **fields: Any) -> Any:
        hasty = TwilioNumbers(self._read_credentials, base_url=self._base_url, read_timeout_s=0.5)
        return hasty.buy(e164, **fields)


@dataclass
class Market:
    """A desk whose bookings wait, housekeeping, and the shop."""

    desk: BookingDesk
    account: SimulatedNumbers
    url: str
    queue: ListQueue = field(default_factory=ListQueue)

    def twilio(self, kind: type[TwilioNumbers] = TwilioNumbers) -> TwilioNumbers:
        return kind(
            lambda *, fresh: None if fresh else TwilioCredentials(ACCOUNT, TOKEN),
            base_url=self.url,
        )

    def minute(self, *, twilio: TwilioNumbers | None = None, prefix: str | None = None, **changes: Any) -> int:
        """What housekeeping does in the next minute; answers how many numbers were bought."""
        self.desk.now += MINUTE
        return self.buy(twilio=twilio, prefix=prefix, **changes)

    def buy(
        self, *, twilio: TwilioNumbers | None = None, may_buy: bool = True, a_day: int = 5, prefix: str | None = None,
        database: Database | None = None,
    ) -> int:  # fmt: skip
        return provision_numbers(
            shop=Shop(twilio or self.twilio(), lambda: BASE_URL, "US", a_day),
            may_buy=may_buy,
            database=database or self.desk.database,
            queue=self.queue,
            now=self.desk.now,
            new_id=new_ids(prefix or f"buy-{self.desk.now:%H%M}"),
        )

    def bought(self) -> list[str]:
        return sorted(number.e164 for number in self.account.all())

    def rows(self) -> list[list[Any]]:
        return self.desk.sql(
            'SELECT e164, "numberClass" FROM messaging."MessageNumber" WHERE e164 <> :e ORDER BY e164', e=FRONT_DESK
        )

    def told(self) -> list[str]:
        found = self.desk.sql(
            """SELECT event.body FROM ops.outbound_text AS text
               JOIN messaging."MessageEvent" AS event ON event.id = text.event_id
               WHERE text.purpose = 'owner_notice' AND event.body NOT LIKE 'Booking booking-%' ORDER BY text.position"""
        )
        return [str(body) for [body] in found]


@pytest.fixture
def market(database: Database, sql: Sql, stage_simulator: TwilioSimulator) -> Iterator[Market]:
    desk = opened_desk(database, sql, sitter_numbers=0, pool_numbers=0)
    yield Market(desk, stage_simulator.numbers, stage_simulator.url)
    stage_simulator.numbers.forget()


def test_with_the_flag_off_nothing_is_bought(market: Market) -> None:
    market.desk.tell()
    assert market.minute(may_buy=False) == 0
    assert market.bought() == []
    assert market.desk.count("ops.number_purchase") == 0


def test_a_missing_sitter_number_is_bought_pointed_here_and_the_booking_is_settled(market: Market) -> None:
    assert market.desk.tell().outcome is Outcome.DEFERRED
    assert market.minute() == 1
    [number] = market.account.all()
    assert number.e164.startswith(FIRST)
    assert number.sms_url == f"{BASE_URL}/webhooks/twilio/inbound#rc=2&rp=ct,rt,5xx&rt=4500"
    assert number.sms_fallback_url == f"{BASE_URL}/webhooks/twilio/inbound-fallback"
    assert market.rows() == [[number.e164, "sitter"]]
    assert market.desk.retry() == 1
    assert market.desk.thread()["number"] == number.e164
    assert market.told() == [
        f"No sitter number was free, so one was bought at Twilio, for its monthly fee: {number.e164}."
    ]
    assert market.minute() == 0
    assert len(market.bought()) == 1


def test_a_missing_pool_number_is_bought(market: Market) -> None:
    number = market.desk.world.number("+15550100011", "sitter")
    market.desk.tell()
    market.desk.tell(minute=1, isRecurring=False)
    market.desk.sql('UPDATE messaging."MessageNumber" SET "assignedSitterId" = NULL WHERE id = :id', id=number)
    answer = market.desk.tell(minute=2, isRecurring=False, sitter=BO)
    assert answer.reason == "pool_exhausted"
    assert market.minute() == 1
    assert ["pool"] in [[number_class] for _, number_class in market.rows()]
    assert market.desk.count("ops.owner_notice", "subject = 'pool_exhausted'") == 0
    assert market.desk.retry() == 1
    assert market.minute() == 0


def test_bookings_of_one_sitter_want_one_number_and_those_of_two_want_two(market: Market) -> None:
    market.desk.tell()
    market.desk.tell(id="booking-2", minute=1)
    market.desk.tell(id="booking-3", minute=2, sitter=BO)
    assert [market.minute() for _ in range(4)] == [1, 1, 0, 0]
    assert len(market.bought()) == 2


def test_a_number_that_is_free_by_now_is_not_bought_another(market: Market) -> None:
    market.desk.tell()
    market.desk.world.number("+15550100011", "sitter")
    assert market.minute() == 0
    assert market.bought() == []


def test_after_a_death_between_purchase_and_row_the_number_is_found_and_none_is_bought_twice(market: Market) -> None:
    market.desk.tell()
    with pytest.raises(SystemExit):
        market.minute(twilio=market.twilio(Dying))
    assert market.rows() == []
    assert market.minute() == 0  # the lease of the one who died
    assert market.minute() == 1
    assert market.rows() == [[market.bought()[0], "sitter"]]
    assert len(market.bought()) == 1


def test_what_was_bought_in_doubt_is_written_down_even_when_the_flag_is_off_by_then(market: Market) -> None:
    market.desk.tell()
    with pytest.raises(SystemExit):
        market.minute(twilio=market.twilio(Dying))
    market.desk.now += MINUTE
    assert market.minute(may_buy=False) == 1
    assert len(market.bought()) == 1


@pytest.mark.parametrize("kind", ["accept_then_hang", "http_500", "refuse"])
def test_an_answer_that_never_came_is_looked_for_twice_before_a_number_is_bought_again(
    market: Market, kind: str
) -> None:
    market.desk.tell()
    market.account.add_faults(kind)
    assert market.minute(twilio=market.twilio(Hasty)) == 0
    outcomes = [market.minute() for _ in range(3)]
    assert outcomes == ([1, 0, 0] if kind == "accept_then_hang" else [0, 1, 0])
    assert len(market.bought()) == 1


def test_a_number_that_somebody_else_bought_first_is_replaced_by_another(market: Market) -> None:
    market.desk.tell()
    market.account.add_faults("error", code=21422)
    assert [market.minute(), market.minute()] == [0, 1]
    assert market.told() != []


def test_a_refusal_is_told_once_and_tried_again_after_an_hour(market: Market, caplog: pytest.LogCaptureFixture) -> None:
    market.desk.tell()
    market.account.add_faults("error", code=21404, times=2)
    assert [market.minute() for _ in range(5)] == [0] * 5
    assert market.told() == ["A sitter number could not be bought. Please add one."]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["number_not_bought"]
    market.desk.now += timedelta(hours=1)
    assert [market.minute(), market.minute()] == [0, 0]
    market.desk.now += timedelta(hours=1)
    assert market.minute() == 1


def test_no_more_are_bought_than_a_day_allows_and_the_owner_hears_of_it_once(market: Market) -> None:
    for index in range(3):
        sitter = {"id": f"sitter-{index}", "phone": f"+1555555020{index}"}
        market.desk.tell(id=f"booking-{index}", minute=index, sitter=sitter)
    assert [market.minute(a_day=2) for _ in range(5)] == [1, 1, 0, 0, 0]
    assert sum("no more than 2" in body for body in market.told()) == 1
    market.desk.now += timedelta(days=1)
    assert market.minute(a_day=2) == 1


def test_housekeepings_at_once_buy_one_number(market: Market, database_url: str) -> None:
    market.desk.tell()
    database = Database(connector_to(database_url))
    all_at_once(4, lambda index: market.buy(database=database, prefix=f"run{index}"))
    database.close()
    assert len(market.bought()) == 1
    assert market.rows() == [[market.bought()[0], "sitter"]]


def test_a_number_imported_while_it_was_in_doubt_keeps_its_row(market: Market) -> None:
    market.desk.tell()
    with pytest.raises(SystemExit):
        market.minute(twilio=market.twilio(Dying))
    import_numbers(
        {"apply": True}, twilio=market.twilio(), database=market.desk.database, default_org_id="default",
        now=market.desk.now, new_id=new_ids("import"),
    )  # fmt: skip
    market.desk.now += MINUTE
    market.minute()
    assert market.rows() == [[market.bought()[0], "sitter"]]


def test_a_twilio_that_is_away_is_asked_again_in_a_later_minute(market: Market) -> None:
    market.desk.tell()
    away = market.twilio()
    away._base_url = "http://127.0.0.1:1"
    assert market.minute(twilio=away) == 0
    market.desk.now += MINUTE
    assert market.minute() == 1


def test_numbers_near_the_front_desk_are_bought_first_and_any_where_there_are_none(market: Market) -> None:
    for area, expected in (("415", "+141555509"), ("533", FIRST)):
        market.desk.sql(
            """UPDATE messaging."MessageNumber" SET e164 = :e WHERE "numberClass" = 'front_desk'""",
            e=f"+1{area}5550100",
        )
        market.desk.tell(id=f"booking-{area}", sitter={"id": area, "phone": f"+1555555{area}0"})
        assert market.minute() == 1
        assert any(e164.startswith(expected) for e164 in market.bought())


@pytest.mark.parametrize("is_contracted", [False, True])
def test_an_earlier_applications_database_gets_what_its_bookings_wait_for(
    empty_database_url: str, stage_simulator: TwilioSimulator, is_contracted: bool
) -> None:
    earlier = Earlier(empty_database_url, "public")
    if is_contracted:
        earlier.output(dryRun=False)
        earlier.revise("contract")
    earlier.sql("""UPDATE "Organization" SET "ownerPhone" = '+15550109999'""")
    earlier.sql("""UPDATE "MessageNumber" SET status = 'disabled' WHERE id = 'number-3'""")
    earlier.sql(
        """INSERT INTO ops.booking_event (webhook_id, org_id, booking_id, type, occurred_at, received_at, body, outcome,
                                          reason, next_attempt_at)
           VALUES ('w', 'default', 'booking-1', 'booking.assigned', :now, :now, '{}', 'deferred',
                   'sitter_number_missing', :later)""",
        now=NOW,
        later=NOW + timedelta(hours=1),
    )
    twilio = TwilioNumbers(lambda *, fresh: TwilioCredentials(ACCOUNT, TOKEN), base_url=stage_simulator.url)
    bought = provision_numbers(
        shop=Shop(twilio, lambda: BASE_URL, "US", 5), may_buy=True, database=earlier.database, queue=ListQueue(),
        now=NOW, new_id=new_ids("buy"),
    )  # fmt: skip
    assert bought == 1
    assert earlier.sql("""SELECT count(*) FROM "MessageNumber" WHERE e164 LIKE '+155555509%'""") == [[1]]
    assert earlier.sql("SELECT next_attempt_at FROM ops.booking_event") == [[NOW]]
    assert earlier.sql("SELECT purpose FROM ops.outbound_text") == [["owner_notice"]]
    earlier.close()
    stage_simulator.numbers.forget()


def test_the_pool_is_measured_where_fewest_numbers_are_free(market: Market, caplog: pytest.LogCaptureFixture) -> None:
    assert measure_pool(database=market.desk.database) == 0
    for number in (POOL, "+15550100002", "+15550100003"):
        market.desk.world.number(number, "pool")
    lend(market.desk.database, "thread-1", "client-1")
    with caplog.at_level("INFO"):
        assert measure_pool(database=market.desk.database) == 1
    [record] = [record for record in caplog.records if record.message == "pool_measured"]
    assert (record.fewest_free, record.org_id) == (2, "default")  # type: ignore[attr-defined]
