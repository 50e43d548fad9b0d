"""How the command reaches the state machine: Step Functions in AWS, or the local stack's."""

import argparse
import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from switchboard.backfills.catalogue import definitions
from switchboard.cli_functions import Answer, local_client, read_stack
from switchboard.settings import read_region, read_settings

_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution that has ended, or a call that could not be made."""

    succeeded: bool
    output: Answer
    error: str = ""
    cause: Answer | None = None


class Machine:
    """The state machine, through its own API."""

    def __init__(
        self, states: Any, arn: str, *, poll_s: float = _POLL_S, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._states = states
        self._arn = arn
        self._poll_s = poll_s
        self._sleep = sleep

    def start(self, **fields: Any) -> str:
        """The ARN of a new execution."""
        arn: str = self._states.start_execution(
            stateMachineArn=self._arn, name=f"cli-{uuid.uuid4()}", input=json.dumps(fields)
        )["executionArn"]
        return arn

    def run(self, **fields: Any) -> Execution:
        """A whole execution."""
        return self.wait(self.start(**fields))

    def wait(self, arn: str, look: Callable[[], None] = lambda: None) -> Execution:
        """The execution's end; `look` is called while it runs."""
        while (found := self._states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            look()
            self._sleep(self._poll_s)
        output = json.loads(found.get("output") or "{}")
        return Execution(found["status"] == "SUCCEEDED", output, found.get("error", ""), _read(found.get("cause")))

    def backfill_of(self, run_id: str) -> str | None:
        """Which backfill a run belongs to."""
        first = next(iter(definitions()))
        found = self.run(backfill=first, action="status", runId=run_id)
        if found.succeeded:
            return first
        named = re.search(r"it is one of (\S+)$", str((found.cause or {}).get("message", "")))
        return named[1] if named else None


def _read(cause: str | None) -> Answer | None:
    try:
        told = json.loads(cause or "")
    except ValueError:
        return {"message": cause} if cause else None
    return told if isinstance(told, dict) else {"message": cause}


def machine_of(options: argparse.Namespace) -> Machine | None:
    """The deployment's state machine; None where there is no deployment to be found."""
    arn = options.state_machine or read_settings().state_machine_arn
    if arn:
        named = re.match(r"arn:[^:]*:states:([a-z0-9-]+):", arn)
        return Machine(boto3.client("stepfunctions", region_name=named[1] if named else read_region()), arn)
    stack = read_stack(options)
    return Machine(local_client("stepfunctions", stack), stack["state_machine_arn"]) if stack else None
