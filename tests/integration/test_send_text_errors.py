"""Twilio's error codes: what each does to the text, the person, and the owner."""

from datetime import timedelta
from typing import Any

import pytest

from switchboard.domain.messages import Purpose
from tests.delivery_builders import NOW, SITTER_PHONE, a_relay, queue_texts
from tests.delivery_stage import Stage


@pytest.mark.parametrize("code", [21211, 21612, 21614, 30006, 21602, 21605, 21617, 21408, 30007, 30034, 14107, 12345])
def test_a_permanent_error_is_not_tried_again_and_the_owner_sees_it(stage: Stage, code: int) -> None:
    ids = queue_texts(stage.database, a_relay("bad"), a_relay("good"))
    stage.simulator.account.add_faults("error", code=code, times=1)
    stage.work()
    assert stage.event(ids[0]) == {
        "status": "failed", "sid": None, "code": str(code), "attempts": 1, "next": None,
    }  # fmt: skip
    assert stage.sent() == ["good"]
    assert stage.unread() == 1
    assert len(stage.notices()) == 1


@pytest.mark.parametrize("code", [21611, 30001, 30022, 30023])
def test_a_full_queue_is_backed_off_from_and_holds_nobody_longer_than_a_minute(stage: Stage, code: int) -> None:
    ids = queue_texts(stage.database, a_relay("1"), a_relay("2"))
    stage.simulator.account.add_faults("error", code=code, times=2)
    stage.work()
    stage.clock.move(seconds=45)
    stage.work()
    assert stage.sent() == ["2"]
    stage.clock.move(minutes=5)
    stage.work()
    assert stage.sent() == ["2", "1"]
    assert stage.attempts(ids[0]) == [["refused", code], ["refused", code], ["queued", None]]


@pytest.mark.parametrize("code", [21610, 30004])
def test_an_opt_out_that_twilio_knows_is_recorded_for_the_person(stage: Stage, code: int) -> None:
    queue_texts(stage.database, a_relay("1"), a_relay("2"))
    stage.simulator.account.add_faults("error", code=code, times=1)
    stage.work()
    assert stage.sql('SELECT "phoneE164", state, source FROM messaging."OptOutState"') == [
        [SITTER_PHONE, "opted_out", "provider"]
    ]
    assert stage.sent() == []
    assert stage.unread() == 2


def test_a_confirmation_that_twilio_has_made_needless_is_no_news_to_the_owner(stage: Stage) -> None:
    queue_texts(stage.database, a_relay("You will get no more texts.", purpose=Purpose.CONFIRMATION))
    stage.simulator.account.add_faults("error", code=21610, times=1)
    stage.work()
    assert (stage.unread(), stage.notices()) == (0, [])


def start(stage: Stage, *, at: Any, source: str = "inbound_keyword") -> None:
    stage.sql(
        """INSERT INTO messaging."OptOutState" (id, "orgId", "phoneE164", state, source, "updatedAt")
           VALUES ('o', 'org-1', :phone, 'opted_in', :source, :at)""",
        phone=SITTER_PHONE,
        source=source,
        at=at,
    )


@pytest.mark.parametrize(("code", "started"), [(21610, -1), (21610, 1), (30004, 1)])
def test_an_opt_out_that_is_older_than_the_persons_start_blocks_that_number_alone(
    stage: Stage, code: int, started: int
) -> None:
    start(stage, at=NOW + timedelta(seconds=started))
    [event_id] = queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("error", code=code, times=1)
    stage.work()
    assert stage.sql('SELECT state FROM messaging."OptOutState"') == [["opted_in"]]
    assert stage.sql("SELECT person_e164, number_e164 FROM ops.blocked_pair") == [[SITTER_PHONE, "+15550100011"]]
    assert stage.event(event_id)["status"] == "failed"
    assert stage.notices() == ["A text was not delivered. The recipient has blocked this number. See your inbox."]


def test_a_30004_after_the_persons_start_opts_them_out(stage: Stage) -> None:
    start(stage, at=NOW - timedelta(seconds=1))
    queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("error", code=30004, times=1)
    stage.work()
    assert stage.sql('SELECT state, source FROM messaging."OptOutState"') == [["opted_out", "provider"]]


def test_an_opt_in_that_the_person_did_not_write_gives_way_to_twilios_word(stage: Stage) -> None:
    start(stage, at=NOW - timedelta(seconds=1), source="admin_override")
    queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("error", code=21610, times=1)
    stage.work()
    assert stage.sql('SELECT state, source FROM messaging."OptOutState"') == [["opted_out", "provider"]]
