"""A sitter leaves: by the booking system's snapshot and by an operator's command they lose the same, at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from local.twilio_simulator import TwilioSimulator
from switchboard.domain.desired_state import Outcome
from switchboard.errors import InvalidRequest, NotFound
from switchboard.services.offboard_sitter import offboard_sitter
from switchboard.services.rest_numbers import end_quarantines
from switchboard.services.send_text import send_thread
from switchboard.store.database import Database
from tests.booking_desk import BO, JANE, OMAR, SAM, BookingDesk, opened_desk
from tests.builders import FRONT_DESK, HOUR, NOON, SITTER_NUMBER, Sql
from tests.concurrency import all_at_once
from tests.conftest import connector_to
from tests.delivery_stage import Clock, Stage, new_ids
from tests.inbound_texts import Switchboard
from tests.integration.test_message_numbers_adopted import Earlier

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ELEVEN = NOON - HOUR
AWAY = SAM | {"active": False}
SILENT = {name: value for name, value in SAM.items() if name != "active"}  # `active` defaults to true


@dataclass
class Office:
    """Sam sits for Jane and for Omar, at eleven; texts come and go."""

    desk: BookingDesk
    board: Switchboard
    stage: Stage
    ids: Callable[[], str] = field(default_factory=lambda: new_ids("office"))

    def order(self, **order: Any) -> dict[str, Any]:
        return offboard_sitter(
            {"sitterId": "sitter-1"} | order,
            database=self.desk.database,
            default_org_id="default",
            now=self.desk.now,
            new_id=self.ids,
        )

    def leaves_by_snapshot(self) -> None:
        self.desk.tell(minute=5, sitter=AWAY)

    def leaves_by_command(self) -> None:
        self.order()

    def back_by_snapshot(self) -> None:
        self.desk.tell(minute=6)

    def back_by_command(self) -> None:
        self.order(active=True)

    def send_all(self) -> None:
        self.stage.clock.at = self.desk.now
        for [thread_id] in self.desk.sql("SELECT DISTINCT thread_id FROM ops.outbound_text WHERE state <> 'done'"):
            send_thread(str(thread_id), using=self.stage.sending())

    def arrived(self, phone: object) -> list[str]:
        return [text.body for text in self.stage.simulator.account.messages() if text.recipient == phone]

    def number(self) -> list[Any]:
        [row] = self.desk.sql(
            'SELECT status, "numberClass", "quarantinedUntil", "assignedSitterId" FROM messaging."MessageNumber"'
            " WHERE e164 = :e164",
            e164=SITTER_NUMBER,
        )
        return row


@pytest.fixture
def office(database: Database, sql: Sql, stage_simulator: TwilioSimulator) -> Any:
    desk = opened_desk(database, sql)
    desk.tell()
    desk.tell(id="booking-2", client=OMAR)
    desk.now = ELEVEN
    clock = Clock(ELEVEN)
    stage_simulator._now = clock
    yield Office(desk, Switchboard(database, sql), Stage(database, sql, stage_simulator, clock))
    stage_simulator.account.forget_messages()


WAYS = pytest.mark.parametrize("way", ["snapshot", "command"])


@WAYS
def test_a_sitter_who_leaves_loses_windows_threads_and_number_at_once(office: Office, way: str) -> None:
    getattr(office, f"leaves_by_{way}")()
    assert office.desk.windows() == []
    for booking_id, client_id in (("booking-1", "client-1"), ("booking-2", "client-2")):
        thread = office.desk.thread(booking_id, client_id)
        assert (thread["sitter"], thread["number"], thread["class"]) == (None, FRONT_DESK, "front_desk")
    assert office.number() == ["quarantined", "sitter", ELEVEN + 90 * DAY, "sitter-1"]
    assert office.desk.count('messaging."SitterMaskedNumber"', "status = 'active'") == 0
    assert office.desk.count('messaging."MessageParticipant"', "role = 'sitter'") == 0
    assert office.desk.count('messaging."Sitter"', "active") == 0
    audits = office.desk.sql(
        'SELECT DISTINCT "actorUserId" FROM messaging."ThreadAssignmentAudit" WHERE "toSitterId" IS NULL'
    )
    assert audits == [[{"snapshot": "booking-webhook", "command": "operator"}[way]]]


@WAYS
def test_texts_that_waited_for_or_from_a_sitter_who_left_are_not_sent(office: Office, way: str) -> None:
    office.board.text("see you at two", sender=JANE["phone"], at=ELEVEN)
    office.board.text("#1 on my way", sender=SAM["phone"], at=ELEVEN + timedelta(seconds=1))
    assert len(office.board.sent()) == 2
    getattr(office, f"leaves_by_{way}")()
    office.send_all()
    assert office.arrived(SAM["phone"]) == office.arrived(JANE["phone"]) == []
    failed = office.desk.sql(
        """SELECT "failureDetail" FROM messaging."MessageEvent"
           WHERE direction = 'outbound' AND "actorType" <> 'system'"""
    )
    assert len(failed) == 2
    assert [detail for [detail] in failed] == ["The sitter is not active any more."] * 2
    assert office.desk.thread()["sitter"] is None
    assert office.board.unread()["client_booking"] >= 2


@WAYS
def test_what_a_sitter_who_left_writes_goes_to_the_owner_and_so_do_their_clients_texts(
    office: Office, way: str
) -> None:
    getattr(office, f"leaves_by_{way}")()
    office.board.text("#1 it is me", sender=SAM["phone"], at=ELEVEN + MINUTE)
    office.board.text("is Sam there?", sender=JANE["phone"], at=ELEVEN + MINUTE)
    office.send_all()
    assert office.board.sent() == []
    assert office.arrived(SAM["phone"]) == office.arrived(JANE["phone"]) == []
    assert sum(office.board.unread().values()) == 2


@pytest.mark.parametrize(("way", "back"), [("snapshot", "snapshot"), ("snapshot", "command"), ("command", "command")])
def test_a_sitter_who_comes_back_in_time_has_number_windows_and_threads_again(
    office: Office, way: str, back: str
) -> None:
    getattr(office, f"leaves_by_{way}")()
    office.desk.now += MINUTE
    getattr(office, f"back_by_{back}")()
    office.desk.retry()
    assert office.number() == ["active", "sitter", None, "sitter-1"]
    assert [window["sitter"] for window in office.desk.windows()] == ["sitter-1", "sitter-1"]
    assert office.desk.thread("booking-2", "client-2")["number"] == SITTER_NUMBER
    office.board.text("back again?", sender=JANE["phone"], at=ELEVEN + 2 * MINUTE)
    office.desk.now += MINUTE
    office.send_all()
    assert [body for body in office.arrived(SAM["phone"]) if "back again?" in body]


@pytest.mark.parametrize("told", [SAM, SILENT], ids=["active", "silent"])
def test_no_snapshot_brings_back_whom_an_operator_sent_away(office: Office, told: dict[str, Any]) -> None:
    office.leaves_by_command()
    answer = office.desk.tell(minute=9, sitter=told | {"phone": "+15555550199"})
    office.desk.tell(id="booking-3", minute=9, sitter=told)
    office.desk.retry(after=10 * MINUTE)
    assert answer.outcome in (Outcome.UNCHANGED, Outcome.UNASSIGNED)
    assert office.desk.windows() == []
    assert office.number()[0] == "quarantined"
    assert office.desk.sql('SELECT phone, active FROM messaging."Sitter"') == [[SAM["phone"], False]]
    office.desk.now += MINUTE
    office.back_by_command()
    office.desk.retry()
    assert len(office.desk.windows()) == 3


def test_after_a_return_the_booking_systems_word_counts_again(office: Office) -> None:
    office.leaves_by_command()
    office.back_by_command()
    office.desk.tell(minute=9, sitter=AWAY)
    assert office.number()[0] == "quarantined"
    office.desk.tell(minute=10)
    assert office.number()[0] == "active"


def test_a_sitter_who_is_taken_back_too_late_gets_another_number(office: Office) -> None:
    office.leaves_by_command()
    end_quarantines(database=office.desk.database, now=ELEVEN + 90 * DAY)
    assert office.order(active=True) == {
        "orgId": "default", "sitterId": "sitter-1", "active": True, "number": None, "wasAway": True,
    }  # fmt: skip
    office.desk.retry()
    assert office.desk.thread()["number"] == "+15550100012"


def test_the_command_says_what_it_did_and_again_that_nothing_was_left(office: Office) -> None:
    first, second = office.order(), office.order()
    told = {"orgId": "default", "sitterId": "sitter-1", "active": False, "frontDeskMissing": False}
    assert first == told | {"threads": 2, "windows": 2, "number": SITTER_NUMBER, "wasInUse": True}
    assert second == told | {"threads": 0, "windows": 0, "number": SITTER_NUMBER, "wasInUse": False}
    assert office.number()[2] == ELEVEN + 90 * DAY
    assert office.order(active=True)["wasAway"] is True
    assert office.order(active=True)["wasAway"] is False


def test_others_keep_what_is_theirs(office: Office) -> None:
    office.desk.tell(id="booking-3", minute=1, sitter=BO)
    office.leaves_by_command()
    assert [window["sitter"] for window in office.desk.windows()] == ["sitter-2"]
    assert office.desk.thread("booking-3")["number"] == "+15550100012"


def test_without_a_front_desk_the_windows_close_all_the_same(office: Office) -> None:
    office.desk.sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE "numberClass" = 'front_desk'""")
    assert office.order()["frontDeskMissing"] is True
    assert office.desk.windows() == []
    assert office.desk.thread()["sitter"] is None


def test_leaving_and_a_booking_at_once_end_without_access_whoever_is_first(office: Office, database_url: str) -> None:
    database = Database(connector_to(database_url))
    others = [BookingDesk(database, office.desk.sql, office.desk.world, now=ELEVEN, prefix=f"w{n}") for n in range(3)]

    def work(index: int) -> None:
        if index < 3:
            others[index].tell(id=f"booking-{index + 5}", minute=3, webhook_id=f"w{index}")
        else:
            offboard_sitter(
                {"sitterId": "sitter-1"}, database=database, default_org_id="default", now=ELEVEN,
                new_id=new_ids(f"leave{index}"),
            )  # fmt: skip

    all_at_once(5, work)
    database.close()
    assert office.desk.windows() == []
    assert office.desk.count('messaging."MessageThread"', '"assignedSitterId" IS NOT NULL') == 0


@pytest.mark.parametrize(
    ("order", "field"),
    [({"sitterId": ""}, "sitterId"), ({"active": "no"}, "active"), ({"sitter": "sitter-1"}, "sitter")],
)
def test_an_order_that_is_not_understood_changes_nothing(office: Office, order: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        office.order(**order)
    assert refused.value.fields == (field,)
    assert len(office.desk.windows()) == 2


@pytest.mark.parametrize("order", [{"sitterId": "nobody"}, {"orgId": "elsewhere"}])
@pytest.mark.parametrize("active", [True, False])
def test_somebody_whom_nobody_knows_here_is_not_found(office: Office, order: dict[str, Any], active: bool) -> None:
    with pytest.raises(NotFound):
        office.order(active=active, **order)
    assert len(office.desk.windows()) == 2


def test_a_sitter_of_an_earlier_applications_database_leaves_and_comes_back(empty_database_url: str) -> None:
    earlier = Earlier(empty_database_url, "public")
    kept: dict[str, Any] = {"database": earlier.database, "default_org_id": "default", "new_id": new_ids("earlier")}
    left = offboard_sitter({"sitterId": "sitter-1"}, now=ELEVEN, **kept)
    assert (left["threads"], left["windows"], left["number"]) == (1, 1, SITTER_NUMBER)
    number = """SELECT status, "quarantinedUntil" FROM "public"."MessageNumber" WHERE id = 'number-2'"""
    [[status, until]] = earlier.sql(number)
    assert (status, until) == ("quarantined", ELEVEN + 90 * DAY)
    assert (
        offboard_sitter({"sitterId": "sitter-1", "active": True}, now=ELEVEN + DAY, **kept)["number"] == SITTER_NUMBER
    )
    assert earlier.sql(number)[0][0] == "active"
    earlier.close()
