"""SQS batches reach a function as Lambda's event source mapping brings them, and what fails stays on its queue."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.cloud import serve
from local.event_sources import QueuePoller
from local.facts import REGION
from local.lambdas import Lambdas
from local.players import eventually
from local.template import Function, QueueSource

HANDLER = """
import json
import pathlib

def lambda_handler(event, context):
    seen = pathlib.Path({seen!r})
    failed = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        with seen.open("a") as file:
            file.write(json.dumps([body, context.function_name, context.get_remaining_time_in_millis() > 0]) + "\\n")
        if body.get("raise"):
            raise RuntimeError
        if body.get("fail"):
            failed.append({{"itemIdentifier": record["messageId"]}})
    return {{"batchItemFailures": failed}}
"""


class Mapping:
    """A queue, a function behind it, and what the function has seen."""

    def __init__(self, sqs: Any, folder: Path) -> None:
        self.sqs = sqs
        self.url: str = sqs.create_queue(QueueName=f"q{os.urandom(4).hex()}", Attributes={"VisibilityTimeout": "600"})[
            "QueueUrl"
        ]
        self.file = folder / "seen"
        place = folder / "functions" / "work_text"
        place.mkdir(parents=True)
        (place / "handler.py").write_text(HANDLER.format(seen=str(self.file)))
        source = QueueSource("Q", 10, 2, reports_failures=True)
        function = Function("Work", "functions/work_text", 30, 128, (), (source,), scheduled=False)
        lambdas = Lambdas([function], root=folder)
        self.poller = QueuePoller(
            lambdas, function="work_text", source=source, queue_url=self.url, failed_come_back_s=1
        )

    def put(self, **body: Any) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(body))

    def seen(self) -> list[Any]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def left(self) -> tuple[int, int]:
        """Messages visible, and in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


@pytest.fixture(scope="module")
def sqs() -> Iterator[Any]:
    server = serve(0)
    url = f"http://127.0.0.1:{server.server_port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
        }.items():  # fmt: skip
            patch.setenv(name, value)
        yield boto3.client("sqs")
    server.shutdown()
    server.server_close()


@pytest.fixture
def mapping(sqs: Any, tmp_path: Path) -> Iterator[Mapping]:
    made = Mapping(sqs, tmp_path)
    made.poller.start()
    yield made
    made.poller.stop()
    made.poller.join(timeout_s=5)


def test_a_message_that_was_handled_leaves_its_queue(mapping: Mapping) -> None:
    mapping.put(n=1)
    assert eventually(lambda: mapping.seen() == [[{"n": 1}, "work_text", True]])
    assert eventually(lambda: mapping.left() == (0, 0))


def test_only_the_failed_message_of_a_batch_stays(mapping: Mapping) -> None:
    mapping.put(n=1)
    mapping.put(n=2, fail=True)
    assert eventually(lambda: len(mapping.seen()) >= 2)
    assert eventually(lambda: sum(mapping.left()) == 1)


def test_a_batch_whose_function_raises_stays(mapping: Mapping) -> None:
    mapping.put(**{"raise": True})
    assert eventually(lambda: len(mapping.seen()) >= 1)
    assert sum(mapping.left()) == 1


def test_a_failed_message_comes_again(mapping: Mapping) -> None:
    mapping.put(n=3, fail=True)
    assert eventually(lambda: len(mapping.seen()) >= 2)
