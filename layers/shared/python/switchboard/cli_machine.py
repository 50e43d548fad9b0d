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
from switchboard.cli_functions import LOCAL, Answer, local_client, read_stack
from switchboard.settings import read_region, read_settings

_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution that has ended, or a call that could not be made."""

    succeeded: bool
    output: Answer
    error: str = ""
    cause: Answer | None = None


class MachineMissing(Exception):
    """There is no state machine where the command looked; says what to do."""


class Machine:
    """The state machine, through its own API."""

    def __init__(
        self, states: Any, arn: str, *, poll_s: float = _POLL_S, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._states = states
        self.arn = arn
        self._poll_s = poll_s
        self._sleep = sleep

    def start(self, **fields: Any) -> str:
        """The ARN of a new execution."""
        arn: str = self._states.start_execution(
            stateMachineArn=self.arn, name=f"cli-{uuid.uuid4()}", input=json.dumps(fields)
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


def machine_of(options: argparse.Namespace) -> Machine:
    """The deployment's state machine: never the local stack's where another stage is meant. Raises MachineMissing."""
    settings = read_settings()
    arn = options.state_machine or (None if options.stage else settings.state_machine_arn)
    if arn:
        named = re.match(r"arn:[^:]*:states:([a-z0-9-]+):", arn)
        return Machine(boto3.client("stepfunctions", region_name=named[1] if named else read_region()), arn)
    stage = options.stage or settings.stage
    if stage != LOCAL:
        return _named(f"switchboard-{stage}-backfill")
    stack = read_stack(options)
    if stack is None:
        raise MachineMissing("no state machine: give --stage or --state-machine, set STAGE, or start the local stack")
    return Machine(local_client("stepfunctions", stack), stack["state_machine_arn"])


def _named(name: str) -> Machine:
    """The state machine with the name that the template gives it."""
    states = boto3.client("stepfunctions", region_name=read_region())
    for page in states.get_paginator("list_state_machines").paginate():
        for found in page["stateMachines"]:
            if found["name"] == name:
                return Machine(states, found["stateMachineArn"])
    raise MachineMissing(f"no state machine {name} in this account and region: give --state-machine")
