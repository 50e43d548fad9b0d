"""The inbound handlers as deployed: signatures, the queue, the fallback address, partial failures."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from local.event import EVENTS, signed_event
from local.facts import TWILIO_AUTH_TOKEN
from local.lambdas import load_handler
from local.signing import sign_twilio
from switchboard import runtime
from tests.builders import NOON, SITTER_NUMBER, World
from tests.inbound_texts import BASE_URL, PATH, TOKEN, event, form

FUNCTIONS = Path(__file__).parent.parent.parent / "functions"
SITTER = "+15555550102"
FALLBACK = "/webhooks/twilio/inbound-fallback"
Handler = Callable[[dict[str, Any], Any], Any]
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def cloud(aws: None, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Moto's AWS with the queues and the secret, and the settings that name them."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("PUBLIC_BASE_URL", BASE_URL)
    sqs, secrets = boto3.client("sqs"), boto3.client("secretsmanager")
    for name in ("send", "inbound"):
        monkeypatch.setenv(f"{name.upper()}_QUEUE_URL", sqs.create_queue(QueueName=name)["QueueUrl"])
    secret = {"accountSid": "AC1", "authTokens": [TWILIO_AUTH_TOKEN, TOKEN]}
    secrets.create_secret(Name="switchboard/twilio", SecretString=json.dumps(secret))
    runtime.forget()
    yield SimpleNamespace(sqs=sqs, secrets=secrets, env=monkeypatch.setenv)
    runtime.inbound_database().close()
    runtime.database().close()
    runtime.forget()


def handler(name: str) -> Handler:
    return load_handler(FUNCTIONS / name)


def queued(cloud: SimpleNamespace, queue: str = "inbound") -> list[dict[str, Any]]:
    url = cloud.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def relays(world: World) -> list[list[Any]]:
    return world.sql("SELECT recipient_e164 FROM ops.outbound_text WHERE purpose = 'relay'")


def test_an_authentic_text_is_answered_with_empty_twiml_and_announced(cloud: SimpleNamespace, world: World) -> None:
    ids = world.assigned()
    answer = handler("receive_text")(event(form()), None)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "text/xml")
    assert "<Response/>" in answer["body"]
    assert queued(cloud, "send") == [{"threadId": ids["thread"]}]


@pytest.mark.parametrize("name", ["receive_text", "queue_text"])
@pytest.mark.parametrize("signature", ["", "bm90IGl0", "é"])
def test_a_bad_signature_is_forbidden_and_nothing_stored(
    cloud: SimpleNamespace, world: World, name: str, signature: str
) -> None:
    world.assigned()
    path = PATH if name == "receive_text" else FALLBACK
    answer = handler(name)(event(form(), path=path, signature=signature), None)
    assert answer["statusCode"] == 403
    assert world.sql("SELECT count(*) FROM ops.inbound_text") == [[0]]
    assert queued(cloud) == []


def test_a_text_signed_for_another_address_is_forbidden(cloud: SimpleNamespace, world: World) -> None:
    fields = form()
    elsewhere = sign_twilio(url="https://evil.example.test" + PATH, params=fields, auth_token=TOKEN)
    assert handler("receive_text")(event(fields, signature=elsewhere), None)["statusCode"] == 403


def test_an_unreadable_secret_is_503_not_403(cloud: SimpleNamespace, world: World) -> None:
    cloud.secrets.delete_secret(SecretId="switchboard/twilio", ForceDeleteWithoutRecovery=True)
    assert handler("receive_text")(event(form()), None)["statusCode"] == 503


@pytest.mark.parametrize("name", ["receive_text", "queue_text"])
def test_without_a_database_the_text_is_queued_and_acknowledged(
    cloud: SimpleNamespace, world: World, name: str
) -> None:
    cloud.env("DATABASE_URL", NOWHERE)
    runtime.forget()
    answer = handler(name)(event(form(), path=PATH if name == "receive_text" else FALLBACK), None)
    assert answer["statusCode"] == 200
    [message] = queued(cloud)
    assert set(message) == {"arrivedAt", "body"}
    assert message["arrivedAt"] == NOON.isoformat()


@pytest.mark.parametrize("name", ["receive_text", "queue_text"])
def test_without_database_and_queue_the_answer_is_503(cloud: SimpleNamespace, world: World, name: str) -> None:
    cloud.env("DATABASE_URL", NOWHERE)
    cloud.env("INBOUND_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/gone")
    runtime.forget()
    assert handler(name)(event(form(), path=PATH if name == "receive_text" else FALLBACK), None)["statusCode"] == 503


def record(message: object, message_id: str = "m1") -> dict[str, Any]:
    body = message if isinstance(message, str) else json.dumps(message)
    return {"messageId": message_id, "body": body, "eventSource": "aws:sqs"}


def test_drained_texts_are_routed_as_at_their_arrival_and_only_the_unreadable_come_back(
    cloud: SimpleNamespace, world: World
) -> None:
    world.assigned()
    handler("queue_text")(event(form("late"), path=FALLBACK), None)
    [message] = queued(cloud)
    records = [record("not json", "bad"), record(message, "good"), record(message, "again")]
    assert handler("drain_text")({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert relays(world) == [[SITTER]]


def test_texts_that_cannot_be_stored_go_back_to_the_queue(cloud: SimpleNamespace, world: World) -> None:
    handler("queue_text")(event(form("late"), path=FALLBACK), None)
    good = record(queued(cloud)[0], "good")
    cloud.env("DATABASE_URL", NOWHERE)
    runtime.forget()
    with pytest.raises(Exception, match="All records failed"):
        handler("drain_text")({"Records": [good]}, None)


def test_with_ssm_away_texts_are_relayed_under_the_safe_defaults(
    cloud: SimpleNamespace, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> dict[str, str]:
        raise ConnectionError

    world.assigned()
    monkeypatch.setattr(runtime.flags(), "_read_parameters", away)
    assert handler("receive_text")(event(form(to=SITTER_NUMBER)), None)["statusCode"] == 200
    assert relays(world) == [[SITTER]]


@pytest.mark.parametrize("name", sorted(path.stem for path in EVENTS.glob("receive_text*.json")))
def test_each_event_that_is_kept_for_trying_out_is_stored_with_its_reason(
    cloud: SimpleNamespace, world: World, name: str
) -> None:
    world.assigned()
    answer = handler("receive_text")(signed_event(name, now=NOON, new_id=runtime.new_id), None)
    assert answer["statusCode"] == 200
    assert world.sql("SELECT state FROM ops.inbound_text") == [["routed"]]
    [[metadata]] = world.sql("""SELECT "metadataJson" FROM messaging."MessageEvent" WHERE direction = 'inbound'""")
    assert json.loads(str(metadata))["route"]["reason"]


def test_the_events_for_the_fallback_and_its_queue_are_taken(cloud: SimpleNamespace, world: World) -> None:
    world.assigned()
    assert handler("queue_text")(signed_event("queue_text", now=NOON, new_id=runtime.new_id), None)["statusCode"] == 200
    drained = handler("drain_text")(signed_event("drain_text", now=NOON, new_id=runtime.new_id), None)
    assert drained == {"batchItemFailures": []}
    assert world.sql("SELECT count(*) FROM messaging.\"MessageEvent\" WHERE direction = 'inbound'")[0][0] >= 1


def test_the_secret_is_read_again_after_a_token_was_rotated(
    cloud: SimpleNamespace, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.assigned()
    at = [0.0]
    monkeypatch.setattr(runtime.secrets(), "_clock", lambda: at[0])
    fields = form()
    rotated = event(fields, signature=sign_twilio(url=BASE_URL + PATH, params=fields, auth_token="a newer token"))
    assert handler("receive_text")(rotated, None)["statusCode"] == 403
    secret = {"accountSid": "AC1", "authTokens": ["a newer token"]}
    cloud.secrets.put_secret_value(SecretId="switchboard/twilio", SecretString=json.dumps(secret))
    at[0] = 59.0
    assert handler("receive_text")(rotated, None)["statusCode"] == 403
    at[0] = 61.0
    assert handler("receive_text")(rotated, None)["statusCode"] == 200
