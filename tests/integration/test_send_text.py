"""The worker on real parts: PostgreSQL, Twilio's own client, the Twilio simulator."""

from collections.abc import Iterator

import pytest

from local.twilio_simulator import TwilioSimulator
from switchboard.store.database import Database
from tests.delivery_builders import Sql, a_relay, arrange_conversation, queue_texts
from tests.delivery_stage import ACCOUNT, BASE_URL, TOKEN, Clock, Stage


@pytest.fixture(scope="module")
def running_simulator() -> Iterator[TwilioSimulator]:
    simulator = TwilioSimulator(account_sid=ACCOUNT, auth_token=TOKEN, public_base_url=BASE_URL)
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def stage(database: Database, sql: Sql, running_simulator: TwilioSimulator) -> Iterator[Stage]:
    arrange_conversation(sql)
    clock = Clock()
    running_simulator._now = clock
    yield Stage(database, sql, running_simulator, clock)
    running_simulator.account.forget_messages()
    running_simulator.account.forget_faults()
    running_simulator.account.opted_out.clear()


def test_a_queued_text_is_sent_once_and_its_sid_recorded(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay("Jane: hi"))
    stage.work()
    stage.work()
    [message] = stage.simulator.account.messages()
    assert (message.body, message.sender, message.recipient) == ("Jane: hi", "+15550100011", "+15555550102")
    assert message.status_callback == f"{BASE_URL}/webhooks/twilio/status?event={event_id}&attempt=1"
    assert message.validity_period_s == 2 * 3600
    assert stage.event(event_id) == {"status": "queued", "sid": message.sid, "code": None, "attempts": 1, "next": None}
    assert stage.state(event_id) == "done"
