"""The parts around one worker, for the tests of what leaves; and what receives texts, with the world around it."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from local.twilio_simulator import TwilioSimulator
from switchboard.store.database import Database
from tests.builders import World
from tests.delivery_builders import Sql, arrange_conversation
from tests.delivery_stage import ACCOUNT, BASE_URL, TOKEN, Stage, staged
from tests.inbound_texts import Switchboard


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS of moto's. What boto3 has read of the services' descriptions stays: reading takes half a second."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        yield


@pytest.fixture(scope="module")
def stage_simulator() -> Iterator[TwilioSimulator]:
    """One simulator for a module: it reads its OpenAPI document once. Tests say what was delivered."""
    simulator = TwilioSimulator(account_sid=ACCOUNT, auth_token=TOKEN, public_base_url=BASE_URL)
    simulator._callbacks.deliver = lambda message: None  # type: ignore[method-assign]  # no carrier in the background
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def stage(database: Database, sql: Sql, stage_simulator: TwilioSimulator) -> Iterator[Stage]:
    """A conversation, a worker's collaborators, and a clock that they and the simulator share."""
    arrange_conversation(sql)
    yield from staged(database, sql, stage_simulator)


@pytest.fixture
def board(database: Database, sql: Sql) -> Switchboard:
    """What receives texts, on the test's own database."""
    return Switchboard(database, sql)


@pytest.fixture
def world(sql: Sql) -> World:
    """An organisation with its front desk, to be peopled."""
    world = World(sql)
    world.organisation()
    return world
