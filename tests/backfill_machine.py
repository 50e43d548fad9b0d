"""The deployed state machine on moto in this process, with the real handlers and a place to break things."""

import io
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto import mock_aws

from local.facts import AWS_ACCOUNT, REGION, ROOT
from local.lambdas import load_handler
from local.step_functions import FUNCTIONS, create_machine, interpreting

SECOND_S = 0.02  # how long a second of waiting between tries lasts
Answer = dict[str, Any]
Hook = Callable[[str, Answer, int], None]


class Lambdas:
    """The part of a Lambda client that the interpreter uses. `before` and `after` may raise: a function that dies."""

    def __init__(self) -> None:
        self._handlers = {name: load_handler(ROOT / "functions" / name) for name in FUNCTIONS.values()}
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.payloads: list[str] = []
        self._lock = threading.Lock()

    def invoke(self, FunctionName: str, Payload: bytes = b"{}", **_: Any) -> Answer:  # noqa: N803  Lambda's names
        name = FunctionName.split(":")[6]
        with self._lock:
            self.payloads.append(Payload.decode() if isinstance(Payload, bytes) else Payload)
            number = len(self.payloads)
        try:
            result = self._call(name, json.loads(Payload), number)
        except Exception as error:  # noqa: BLE001  as Lambda's runtime answers an unhandled error
            told = {"errorMessage": str(error), "errorType": type(error).__name__}
            return self._response(json.dumps(told)) | {"FunctionError": "Unhandled"}
        return self._response(json.dumps(result))

    def _call(self, name: str, event: Answer, number: int) -> Answer:
        if self.before:
            self.before(name, event, number)
        result: Answer = self._handlers[name](event, None)
        if self.after:
            self.after(name, event, number)
        return result

    def _response(self, body: str) -> Answer:
        with self._lock:
            self.payloads.append(body)
        meta = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RequestId": "1", "RetryAttempts": 0}
        return {
            "StatusCode": 200,
            "ExecutedVersion": "$LATEST",
            "Payload": io.BytesIO(body.encode()),
            "ResponseMetadata": meta,
        }


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution that has ended."""

    arn: str
    status: str
    error: str | None
    cause: Answer
    output: Answer


class Machine:
    """The state machine and its executions."""

    def __init__(self, lambdas: Lambdas) -> None:
        self.lambdas = lambdas
        self.client = boto3.client("stepfunctions", region_name=REGION)
        self.arn = create_machine(self.client)

    def start(self, backfill: str = "lead-customers", *, name: str | None = None, **fields: Any) -> str:
        """The ARN of a new execution."""
        arn: str = self.client.start_execution(
            stateMachineArn=self.arn,
            name=name or f"test-{uuid.uuid4()}",
            input=json.dumps({"backfill": backfill, **fields}),
        )["executionArn"]
        return arn

    def wait(self, arn: str, *, at_most_s: float = 120, look_every_s: float = 0.01) -> Ended:
        """The execution's end. Looking into moto costs a hundredth of asking it through a client."""
        from moto.stepfunctions.parser.models import stepfunctions_parser_backends

        end = time.monotonic() + at_most_s
        backend = stepfunctions_parser_backends[AWS_ACCOUNT][REGION]
        while backend.describe_execution(arn).status == "RUNNING":
            if time.monotonic() > end:
                raise TimeoutError(arn)
            time.sleep(look_every_s)
        found = self.client.describe_execution(executionArn=arn)
        cause = found.get("cause")
        return Ended(
            arn,
            found["status"],
            found.get("error"),
            json.loads(cause) if cause else {},
            json.loads(found.get("output") or "{}"),
        )

    def run(self, backfill: str = "lead-customers", **fields: Any) -> Ended:
        """A whole execution."""
        return self.wait(self.start(backfill, **fields))


@contextmanager
def machine() -> Iterator[Machine]:
    """A state machine of its own; the handlers' settings are the environment's."""
    lambdas = Lambdas()
    config: Any = {"core": {"reset_boto3_session": False}, "stepfunctions": {"execute_state_machine": True}}
    with mock_aws(config=config), interpreting(lambdas, second_s=SECOND_S):
        yield Machine(lambdas)
