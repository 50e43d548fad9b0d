"""send_text, record_status and keep_house as Lambda runs them, with the files in events/."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from local.lambdas import LambdaContext, load_handler
from local.signing import sign_twilio
from switchboard import runtime
from tests.delivery_builders import NOW, THREAD, a_relay, queue_texts
from tests.delivery_stage import ACCOUNT, BASE_URL, TOKEN, Stage

ROOT = Path(__file__).parent.parent.parent
SIGNATURE = "x-twilio-signature"


def event_file(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return found


@dataclass
class Functions:
    """The handlers, and the queue that they put threads on."""

    queue_url: str

    def invoke(self, name: str, event: dict[str, Any], *, seconds_left: float = 60) -> Any:
        context = LambdaContext(name, 256, time.monotonic() + seconds_left)
        return load_handler(ROOT / "functions" / name)(event, context)

    def announced(self) -> list[str]:
        received = boto3.client("sqs").receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"])["threadId"] for message in received.get("Messages", [])]


@pytest.fixture
def functions(aws: None, stage: Stage, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("PUBLIC_BASE_URL", BASE_URL)
    monkeypatch.setenv("TWILIO_API_URL", stage.simulator.url)
    queue_url = boto3.client("sqs").create_queue(QueueName="send")["QueueUrl"]
    monkeypatch.setenv("SEND_QUEUE_URL", queue_url)
    put_secret([TOKEN])
    runtime.forget()
    yield Functions(queue_url)
    runtime.database().close()
    runtime.forget()


def put_secret(tokens: list[str]) -> None:
    client = boto3.client("secretsmanager")
    secret = json.dumps({"accountSid": ACCOUNT, "authTokens": tokens})
    try:
        client.create_secret(Name="switchboard/twilio", SecretString=secret)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId="switchboard/twilio", SecretString=secret)


def test_a_message_of_the_send_queue_sends_the_threads_texts(stage: Stage, functions: Functions) -> None:
    queue_texts(stage.database, a_relay(not_after=None))
    answer = functions.invoke("send_text", event_file("send_text"))
    assert answer == {"batchItemFailures": []}
    assert stage.sent() == ["hello"]


def test_one_messages_trouble_leaves_the_others_of_its_batch_done(stage: Stage, functions: Functions) -> None:
    queue_texts(stage.database, a_relay(not_after=None))
    event = event_file("send_text")
    [good] = event["Records"]
    event["Records"] = [good | {"messageId": "bad", "body": "{}"}, good | {"messageId": "worse", "body": "["}, good]
    answer = functions.invoke("send_text", event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}, {"itemIdentifier": "worse"}]}
    assert stage.sent() == ["hello"]


def test_a_worker_whose_time_is_short_announces_the_thread_again(stage: Stage, functions: Functions) -> None:
    queue_texts(stage.database, a_relay(not_after=None))
    functions.invoke("send_text", event_file("send_text"), seconds_left=10)
    assert stage.sent() == []
    assert functions.announced() == [THREAD]


def test_a_rotated_token_is_read_anew_and_the_text_sent(stage: Stage, functions: Functions) -> None:
    queue_texts(stage.database, a_relay(not_after=None))
    runtime.secrets().get("switchboard/twilio")
    runtime.secrets()._clock = lambda: time.monotonic() + 61
    put_secret(["token-2", TOKEN])
    stage.simulator.auth_token = "token-2"
    try:
        functions.invoke("send_text", event_file("send_text"))
    finally:
        stage.simulator.auth_token = TOKEN
    assert stage.sent() == ["hello"]


def callback(event: dict[str, Any], *, token: str = TOKEN, **changed: str) -> dict[str, Any]:
    """The event with changed form fields, signed as Twilio signs."""
    form = [(name, changed.pop(name, value)) for name, value in FORM.items()]
    url = f"{BASE_URL}{event['rawPath']}?{event['rawQueryString']}"
    headers = event["headers"] | {SIGNATURE: sign_twilio(url=url, params=form, auth_token=token)}
    return event | {"headers": headers, "body": urlencode(form)}


FORM = {"AccountSid": ACCOUNT, "MessageSid": "SM1", "MessageStatus": "sent", "To": "", "From": "", "ErrorCode": ""}


def sent_text(stage: Stage, functions: Functions) -> tuple[str, str]:
    text = a_relay(not_after=None, window_id=None, event_id="event-1")
    queue_texts(stage.database, text)
    functions.invoke("send_text", event_file("send_text"))
    return text.event_id, str(stage.event(text.event_id)["sid"])


def test_an_authentic_callback_moves_the_text_and_is_answered_204(stage: Stage, functions: Functions) -> None:
    event_id, sid = sent_text(stage, functions)
    event = callback(event_file("record_status"), MessageSid=sid, MessageStatus="delivered")
    answer = functions.invoke("record_status", event)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert stage.event(event_id)["status"] == "delivered"
    assert functions.invoke("record_status", event)["statusCode"] == 204


def test_a_callback_of_an_unreachable_handset_plans_another_try(stage: Stage, functions: Functions) -> None:
    event_id, sid = sent_text(stage, functions)
    event = callback(
        event_file("record_status_undelivered"), MessageSid=sid, MessageStatus="undelivered", ErrorCode="30003"
    )
    assert functions.invoke("record_status", event)["statusCode"] == 204
    assert stage.event(event_id)["status"] == "undelivered"
    assert stage.event(event_id)["next"] is not None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event | {"headers": {"content-type": "application/x-www-form-urlencoded"}},
        lambda event: event | {"headers": event["headers"] | {SIGNATURE: "x"}},
        lambda event: event | {"body": event["body"] + "&More=1"},
        lambda event: event | {"rawQueryString": "event=event-1&attempt=2"},
        lambda event: callback(event, token="another"),
    ],
)
def test_a_callback_that_is_not_twilios_is_answered_403_and_changes_nothing(
    stage: Stage, functions: Functions, spoil: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    event_id, sid = sent_text(stage, functions)
    event = callback(event_file("record_status"), MessageSid=sid, MessageStatus="delivered")
    assert functions.invoke("record_status", spoil(event))["statusCode"] == 403
    assert stage.event(event_id)["status"] == "queued"
    assert stage.sql("SELECT count(*) FROM ops.early_status") == [[0]]


def test_a_callback_signed_with_a_token_that_was_rotated_in_a_minute_ago_is_authentic(
    stage: Stage, functions: Functions
) -> None:
    event_id, sid = sent_text(stage, functions)
    put_secret(["token-2"])
    event = callback(event_file("record_status"), token="token-2", MessageSid=sid, MessageStatus="delivered")
    assert functions.invoke("record_status", event)["statusCode"] == 403
    runtime.secrets()._clock = lambda: time.monotonic() + 61
    assert functions.invoke("record_status", event)["statusCode"] == 204
    assert stage.event(event_id)["status"] == "delivered"


def test_a_status_that_nobody_knows_is_answered_204_and_changes_nothing(stage: Stage, functions: Functions) -> None:
    event_id, sid = sent_text(stage, functions)
    event = callback(event_file("record_status"), MessageSid=sid, MessageStatus="teleported")
    assert functions.invoke("record_status", event)["statusCode"] == 204
    assert stage.event(event_id)["status"] == "queued"


def test_without_its_secret_nothing_is_judged(functions: Functions) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId="switchboard/twilio", ForceDeleteWithoutRecovery=True)
    assert functions.invoke("record_status", callback(event_file("record_status")))["statusCode"] == 503


def test_without_its_database_a_callback_is_answered_503(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    runtime.forget()
    assert functions.invoke("record_status", callback(event_file("record_status")))["statusCode"] == 503


def test_housekeeping_announces_texts_that_wait(stage: Stage, functions: Functions) -> None:
    queue_texts(stage.database, a_relay(), now=NOW)
    done = functions.invoke("keep_house", event_file("keep_house"))
    assert done["announce_waiting"] == 1
    assert functions.announced() == [THREAD]
