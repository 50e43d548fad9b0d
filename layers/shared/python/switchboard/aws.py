"""SSM parameters, secrets and queues, with time-outs that leave a webhook the time to answer."""

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from switchboard.errors import ParameterUnavailable, QueueUnavailable, SecretUnavailable

CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=50,
)
_SECRET_MAX_AGE_S = 300.0
_REREAD_EVERY_S = 60.0


def parameters_under(path: str) -> Callable[[], dict[str, str]]:
    """Reads all parameters under a path; their names without the path."""
    client = boto3.client("ssm", config=CONFIG)
    prefix = path.rstrip("/") + "/"

    def read() -> dict[str, str]:
        pages = client.get_paginator("get_parameters_by_path").paginate(Path=path)
        return {found["Name"].removeprefix(prefix): found["Value"] for page in pages for found in page["Parameters"]}

    return read


def read_parameter(name: str) -> str:
    """The value of one parameter. Raises ParameterUnavailable."""
    try:
        value: str = boto3.client("ssm", config=CONFIG).get_parameter(Name=name)["Parameter"]["Value"]
    except (BotoCoreError, ClientError):
        raise ParameterUnavailable(f"parameter {name} could not be read") from None
    return value


class Secrets:
    """Secrets as JSON objects, kept for five minutes and re-read, at most once a minute, when refused."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client: Any = None
        self._clock = clock
        self._kept: dict[str, dict[str, Any]] = {}
        self._tried_at: dict[str, float] = {}

    def get(self, secret_id: str) -> dict[str, Any]:
        """At most five minutes old; the last known one while Secrets Manager is away. Raises SecretUnavailable."""
        kept = self._kept.get(secret_id)
        if kept is None:
            return self._read(secret_id)
        if self._age_s(secret_id) < _SECRET_MAX_AGE_S:
            return kept
        try:
            return self._read(secret_id)
        except SecretUnavailable:
            return kept

    def reread(self, secret_id: str) -> dict[str, Any] | None:
        """The secret as it is now, after an authentication failure; None when tried less than a minute ago."""
        return None if self._age_s(secret_id) < _REREAD_EVERY_S else self._read(secret_id)

    def _age_s(self, secret_id: str) -> float:
        tried_at = self._tried_at.get(secret_id)
        return float("inf") if tried_at is None else self._clock() - tried_at

    def _read(self, secret_id: str) -> dict[str, Any]:
        self._tried_at[secret_id] = self._clock()  # a failure counts too: an outage must not slow every request
        try:
            self._client = self._client or boto3.client("secretsmanager", config=CONFIG)
            secret = json.loads(self._client.get_secret_value(SecretId=secret_id)["SecretString"])
        except (BotoCoreError, ClientError, ValueError, KeyError):
            raise SecretUnavailable(f"secret {secret_id} could not be read") from None
        if not isinstance(secret, dict):
            raise SecretUnavailable(f"secret {secret_id} is not a JSON object")
        self._kept[secret_id] = secret
        return secret


class Queue:
    """One SQS standard queue."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = boto3.client("sqs", config=CONFIG)

    def put(self, body: dict[str, Any], *, delay_s: int = 0) -> None:
        """Puts one message on the queue. Raises QueueUnavailable."""
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(body), DelaySeconds=delay_s)
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailable(type(error).__name__) from None
