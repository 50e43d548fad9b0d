"""Step Functions on this machine: moto's interpreter on the deployed file, with the real functions as its Lambdas."""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectionError, HTTPClientError  # noqa: A004  botocore's own, beside OSError

from local.facts import AWS_ACCOUNT, REGION, ROOT
from local.lambdas import function_arn

MACHINE_NAME = "switchboard-local-backfill"
FILE = ROOT / "statemachines" / "backfill.asl.json"
FUNCTIONS = {
    "PlanBackfillFunctionArn": "plan_backfill",
    "WorkBackfillFunctionArn": "work_backfill",
    "FinishBackfillFunctionArn": "finish_backfill",
}
_LONGEST_TASK_S = 900
_ENDING = "_reflect_execution_status"  # moto's, called when an execution ends
_STACK_BYTES = 128 * 1024 * 1024  # virtual: the interpreter's Map recurses once for each of up to 500 lanes
_RECURSION = 200_000


class LambdaClient:
    """Lambda behind the local Invoke API; a function whose process died is `Lambda.Unknown`, as on AWS."""

    def __init__(self, invoke_url: str) -> None:
        self._client: Any = boto3.client(
            "lambda",
            endpoint_url=invoke_url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(
                connect_timeout=5,
                read_timeout=_LONGEST_TASK_S,
                retries={"total_max_attempts": 1},  # Step Functions does not ask twice by itself either
                max_pool_connections=64,
            ),
        )

    def invoke(self, **parameters: Any) -> Any:
        """What the Invoke API answers; moto takes an error's name from a function's answer alone."""
        try:
            return self._client.invoke(**parameters)
        except (ConnectionError, HTTPClientError, OSError) as error:
            told = {"errorType": "Lambda.Unknown", "errorMessage": type(error).__name__}
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": BytesIO(json.dumps(told).encode())}


def lambda_client(invoke_url: str) -> LambdaClient:
    """A client for the local Invoke API."""
    return LambdaClient(invoke_url)


@contextmanager
def interpreting(client: Any, *, second_s: float = 1.0) -> Iterator[None]:
    """Makes moto in this process run state machines while the block lasts, their Lambda tasks through `client`.

    Of what it waits before it tries a task again, a second lasts `second_s`.
    """
    from moto.core.config import default_user_config
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
    from moto.stepfunctions.parser.asl.utils import json_path
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

    sys.setrecursionlimit(max(_RECURSION, sys.getrecursionlimit()))
    logging.getLogger("moto").setLevel(logging.ERROR)  # it warns, each time, of what it leaves out
    with ExitStack() as ends:
        ends.callback(threading.stack_size, threading.stack_size(_STACK_BYTES))
        for module, name, replacement in (
            (lambda_eval_utils, "boto_client_for", lambda *_, **__: client),
            (retrier_decl, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * second_s))),
            (json_path, "parse", cache(json_path.parse)),  # which makes a parser anew each time
            (
                BaseExecutionWorkerCommunication,
                _ENDING,
                _ending_last(getattr(BaseExecutionWorkerCommunication, _ENDING)),
            ),
        ):
            ends.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, replacement)
        switch = default_user_config["stepfunctions"]
        ends.callback(switch.update, dict(switch))
        switch["execute_state_machine"] = True
        yield


def _ending_last(reflect: Callable[[Any], None]) -> Callable[[Any], None]:
    """moto shows that an execution has ended before it shows its output, or its error and cause: here it is after."""

    def reflected(communication: Any) -> None:
        execution = communication.execution
        ended = SimpleNamespace(exec_worker=execution.exec_worker)
        reflect(SimpleNamespace(execution=ended))
        shown = vars(ended)
        del shown["exec_worker"]
        shown["exec_status"] = shown.pop("exec_status")  # the last one
        for name, value in shown.items():
            setattr(execution, name, value)

    return reflected


def definition(file: Path = FILE) -> str:
    """The deployed file with the local functions' ARNs filled in, as the template fills in the deployed ones'."""
    return filled(file.read_text(encoding="utf-8"), {name: function_arn(folder) for name, folder in FUNCTIONS.items()})


def filled(text: str, substitutions: Mapping[str, str]) -> str:
    """Every ${name} replaced. Raises KeyError for one that nothing is given for."""
    return re.sub(r"\$\{(\w+)\}", lambda match: substitutions[match[1]], text)


def create_machine(states: Any) -> str:
    """Creates the state machine through a Step Functions client; answers with its ARN."""
    arn: str = states.create_state_machine(
        name=MACHINE_NAME, definition=definition(), roleArn=f"arn:aws:iam::{AWS_ACCOUNT}:role/local"
    )["stateMachineArn"]
    return arn


def problems_of(machine: Mapping[str, Any]) -> list[str]:
    """States that are missing or out of reach: neither cfn-lint nor the interpreter notices."""
    return [problem for scope, part in _scopes("", machine) for problem in _problems(scope, part)]


def _scopes(name: str, machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield name, machine
    for state_name, state in machine["States"].items():
        for branch in (*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())):
            yield from _scopes(f"{name}/{state_name}", branch)


def _problems(scope: str, machine: Mapping[str, Any]) -> Iterator[str]:
    states, seen, todo = machine["States"], set[str](), [machine["StartAt"]]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in states:
            yield f"{scope}: there is no state {name}"
            continue
        todo += _targets(states[name])
    yield from (f"{scope}: state {name} cannot be reached" for name in states if name not in seen)


def _targets(state: Mapping[str, Any]) -> list[str]:
    found = [state[key] for key in ("Next", "Default") if key in state]
    return found + [rule["Next"] for key in ("Choices", "Catch") for rule in state.get(key, ())]
