"""Parameters, secrets and queues on moto."""

import json

import boto3
import pytest

from switchboard.aws import Queue, Secrets, parameters_under, read_parameter
from switchboard.errors import ParameterUnavailable, QueueUnavailable, SecretUnavailable

pytestmark = pytest.mark.usefixtures("aws")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def _put_secret(value: str) -> None:
    client = boto3.client("secretsmanager")
    try:
        client.create_secret(Name="twilio", SecretString=value)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId="twilio", SecretString=value)


def test_parameters_are_read_by_their_name_under_the_path_over_all_pages() -> None:
    ssm = boto3.client("ssm")
    for number in range(25):
        ssm.put_parameter(Name=f"/switchboard/test/flags/FLAG_{number}", Value=str(number), Type="String")
    found = parameters_under("/switchboard/test/flags")()
    assert found == {f"FLAG_{number}": str(number) for number in range(25)}


def test_one_parameter_is_read_by_its_name_and_a_missing_one_is_told() -> None:
    name = "/switchboard/test/settings/public_base_url"
    with pytest.raises(ParameterUnavailable):
        read_parameter(name)
    boto3.client("ssm").put_parameter(Name=name, Value="https://api.example.test", Type="String")
    assert read_parameter(name) == "https://api.example.test"


def test_a_secret_is_kept_and_read_again_after_a_refusal_at_most_once_a_minute() -> None:
    _put_secret(json.dumps({"authTokens": ["old"]}))
    clock = Clock()
    secrets = Secrets(clock=clock)
    assert secrets.get("twilio") == {"authTokens": ["old"]}
    _put_secret(json.dumps({"authTokens": ["new", "old"]}))
    assert secrets.reread("twilio") is None
    clock.seconds += 60
    assert secrets.get("twilio") == {"authTokens": ["old"]}
    assert secrets.reread("twilio") == {"authTokens": ["new", "old"]}
    assert secrets.get("twilio") == {"authTokens": ["new", "old"]}


def test_a_secret_that_was_never_read_is_unavailable_and_one_that_was_outlives_an_outage() -> None:
    clock = Clock()
    secrets = Secrets(clock=clock)
    with pytest.raises(SecretUnavailable):
        secrets.get("twilio")
    _put_secret(json.dumps({"authTokens": ["a"]}))
    assert secrets.get("twilio")["authTokens"] == ["a"]
    boto3.client("secretsmanager").delete_secret(SecretId="twilio", ForceDeleteWithoutRecovery=True)
    clock.seconds += 3_600
    assert secrets.get("twilio")["authTokens"] == ["a"]


@pytest.mark.parametrize("content", ["not json", '["a list"]'])
def test_a_secret_of_another_shape_is_refused_without_showing_it(content: str) -> None:
    _put_secret(content)
    with pytest.raises(SecretUnavailable) as caught:
        Secrets().get("twilio")
    assert content not in str(caught.value)


def test_a_message_put_on_a_queue_is_there_and_a_missing_queue_is_told() -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="send")["QueueUrl"]
    Queue(url).put({"threadId": "t"})
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"threadId": "t"}
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(QueueUnavailable):
        Queue(url).put({"threadId": "t"})
