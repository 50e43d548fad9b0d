"""What invokes functions beside HTTP: SQS event source mappings and the schedule."""

import itertools
import logging
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.facts import AWS_ACCOUNT, REGION
from local.gateway import log_unhandled
from local.lambdas import Lambdas
from local.template import QueueSource

logger = logging.getLogger("local.event_sources")
_LONG_POLL_S = 1
_AFTER_TROUBLE_S = 0.5
_MOST_POLLERS = 4
_FAILED_COME_BACK_S = 5


class QueuePoller:
    """Takes batches from a queue and invokes a function with them, as Lambda's event source mapping does.

    Records that failed come back after a few seconds, not after the queue's whole visibility time-out: nobody at
    a laptop waits minutes. A batch whose function died comes back after the time-out, as it would on AWS.
    """

    def __init__(
        self,
        lambdas: Lambdas,
        *,
        function: str,
        source: QueueSource,
        queue_url: str,
        failed_come_back_s: int = _FAILED_COME_BACK_S,
    ) -> None:
        self._lambdas = lambdas
        self._function = function
        self._source = source
        self._url = queue_url
        self._failed_come_back_s = failed_come_back_s
        self._stopped = threading.Event()
        self._asking = threading.Lock()  # one asks for messages at a time, while the others handle theirs
        count = min(source.concurrency, _MOST_POLLERS)
        self._threads = [threading.Thread(target=self._work, name=f"{function}-{n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        """Polls from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes no more batches; those under way end."""
        self._stopped.set()

    def join(self, timeout_s: float) -> None:
        """Waits for the batches under way."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _work(self) -> None:
        client = boto3.client("sqs", config=Config(read_timeout=_LONG_POLL_S + 5, retries={"total_max_attempts": 1}))
        while not self._stopped.is_set():
            try:
                self._handle_one_batch(client)
            except (BotoCoreError, ClientError):
                self._stopped.wait(_AFTER_TROUBLE_S)

    def _handle_one_batch(self, client: Any) -> None:
        with self._asking:
            if self._stopped.is_set():
                return
            received = client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(self._source.batch_size, 10),
                WaitTimeSeconds=_LONG_POLL_S,
                AttributeNames=["All"],
            )
        messages = received.get("Messages", [])
        if not messages:
            return
        failed = self._failed(messages)
        for message in messages:
            receipt = message["ReceiptHandle"]
            if message["MessageId"] in failed:
                client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=self._failed_come_back_s
                )
            else:
                client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)

    def _failed(self, messages: Sequence[dict[str, Any]]) -> set[str]:
        """The ids of the messages that stay on the queue."""
        everything = {message["MessageId"] for message in messages}
        try:
            result = self._lambdas.invoke(self._function, sqs_event(messages, queue_name=self._url.rsplit("/", 1)[-1]))
        except Exception as error:  # noqa: BLE001  whatever a handler raises, its batch stays on the queue
            log_unhandled(self._function, error)
            return everything
        if not self._source.reports_failures or not isinstance(result, dict):
            return set()
        named = {failure.get("itemIdentifier") for failure in result.get("batchItemFailures") or ()}
        return everything if named - everything else named  # as Lambda: an unknown id fails the whole batch


def sqs_event(messages: Sequence[dict[str, Any]], *, queue_name: str) -> dict[str, Any]:
    """The event that Lambda makes of received messages."""
    arn = f"arn:aws:sqs:{REGION}:{AWS_ACCOUNT}:{queue_name}"
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {
                    name: message.get("Attributes", {}).get(name, "")
                    for name in (
                        "ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp",
                    )
                },
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }  # fmt: skip


class Schedule:
    """Invokes functions, as EventBridge does, each in rounds of as many minutes as it says; a minute is every_s."""

    def __init__(
        self, lambdas: Lambdas, every_minutes: Mapping[str, int], *, every_s: float, now: Callable[[], datetime]
    ) -> None:
        self._lambdas = lambdas
        self._every_minutes = every_minutes
        self._every_s = every_s
        self._now = now
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="schedule", daemon=True)

    def start(self) -> None:
        """Each function's first round begins after one period of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Begins no further round."""
        self._stopped.set()

    def due(self, minute: int) -> list[str]:
        """The functions whose round begins in this minute, the first being 1."""
        return [name for name, every in self._every_minutes.items() if minute % every == 0]

    def _work(self) -> None:
        for minute in itertools.count(1):
            if self._stopped.wait(self._every_s):
                return
            for name in self.due(minute):
                try:
                    self._lambdas.invoke(name, schedule_event(self._now()))
                except Exception as error:  # noqa: BLE001  the next round comes all the same
                    log_unhandled(name, error)


def schedule_event(now: datetime) -> dict[str, Any]:
    """The event of an EventBridge schedule rule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": AWS_ACCOUNT,
        "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{AWS_ACCOUNT}:rule/local"],
        "detail": {},
    }
