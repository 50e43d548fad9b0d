"""Inbound texts through the handler on a real PostgreSQL server: who gets them."""

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from switchboard import runtime
from tests.builders import SITTER_NUMBER, World
from tests.inbound_texts import BASE_URL, TOKEN, Switchboard

ROOT = Path(__file__).parent.parent.parent


def load_handler(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"handler_{name}", ROOT / "functions" / name / "handler.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def cloud(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("PUBLIC_BASE_URL", BASE_URL)
    with mock_aws():
        sqs = boto3.client("sqs")
        monkeypatch.setenv("SEND_QUEUE_URL", sqs.create_queue(QueueName="send")["QueueUrl"])
        monkeypatch.setenv("INBOUND_QUEUE_URL", sqs.create_queue(QueueName="inbound")["QueueUrl"])
        boto3.client("secretsmanager").create_secret(
            Name="switchboard/twilio", SecretString=json.dumps({"accountSid": "AC1", "authTokens": [TOKEN]})
        )
        runtime.forget()
        yield
        runtime.inbound_database().close()
    runtime.forget()


@pytest.fixture
def board(cloud: None, sql: Callable[..., list[list[Any]]]) -> Switchboard:
    return Switchboard(load_handler("receive_text"), sql)


@pytest.fixture
def world(sql: Callable[..., list[list[Any]]]) -> World:
    world = World(sql)
    world.organisation()
    return world


def test_a_clients_text_in_a_window_goes_to_the_sitter_from_the_threads_number(
    board: Switchboard, world: World
) -> None:
    world.assigned()
    answer = board.text("Hello Sam")
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "text/xml")
    assert board.sent() == [(SITTER_NUMBER, "+15555550102", "Jane D.: Hello Sam")]
    assert board.reasons() == ["Exactly one active assignment window matches timestamp"]
    assert board.notices() == []
