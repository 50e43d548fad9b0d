"""How the command reaches the deployed functions: Lambda in AWS, or the local stack's."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from switchboard.settings import read_region, read_settings

Answer = dict[str, Any]
_STACK_FILE = Path(".local") / "stack.json"
LOCAL = "local"
# A function may take its 15 minutes, on a line that gateways would take for dead, and is not called twice by itself.
_PATIENT = Config(connect_timeout=5, read_timeout=930, tcp_keepalive=True, retries={"total_max_attempts": 1})


class CallFailed(Exception):
    """The function was not reached, or raised."""


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of one deployment."""

    client: Any
    stage: str

    def call(self, function: str, **order: Any) -> Answer:
        """What the function answers; fields that are None are left out. Raises CallFailed."""
        name = f"switchboard-{self.stage}-{function.replace('_', '-')}"
        payload = json.dumps({field: value for field, value in order.items() if value is not None})
        try:
            answered = self.client.invoke(FunctionName=name, Payload=payload)
            told = json.loads(answered["Payload"].read() or b"{}")
        except (BotoCoreError, ClientError, ValueError) as error:
            raise CallFailed(f"{name} was not reached: {error}") from None
        if answered.get("FunctionError"):
            raise CallFailed(f"{told.get('errorType', 'Error')}: {told.get('errorMessage', '')}")
        found: Answer = told
        return found


def add_deployment(parser: argparse.ArgumentParser) -> None:
    """The options that say which deployment is meant."""
    parser.add_argument("--stage", help="the deployment in AWS; else STAGE, else the local stack")
    add_stack(parser)


def add_stack(parser: argparse.ArgumentParser) -> None:
    """The option that says where the local stack is."""
    parser.add_argument("--stack", type=Path, default=_STACK_FILE, help="the local stack's file")


def functions_of(options: argparse.Namespace) -> Functions | None:
    """The deployment's functions; None where there is no deployment to be found. Raises CallFailed."""
    stage = options.stage or read_settings().stage
    if stage != LOCAL:
        return Functions(_in_aws(), stage)
    stack = read_stack(options)
    return Functions(local_client("lambda", stack, config=_PATIENT), LOCAL) if stack else None


def read_stack(options: argparse.Namespace) -> Answer | None:
    """Where the local stack's parts are; None where it is not started."""
    if not options.stack.exists():
        return None
    stack: Answer = json.loads(options.stack.read_text(encoding="utf-8"))
    return stack


def local_client(service: Literal["lambda", "stepfunctions"], stack: Answer, *, config: Config | None = None) -> Any:
    """A client of the local stack's AWS."""
    return boto3.client(
        service,
        endpoint_url=stack["aws_endpoint_url"],
        region_name=stack["state_machine_arn"].split(":")[3],
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  the local stack asks for any
        config=config,
    )


def _in_aws() -> Any:
    try:
        return boto3.client("lambda", region_name=read_region(), config=_PATIENT)
    except BotoCoreError as error:
        raise CallFailed(str(error)) from None


def many(count: int, thing: str) -> str:
    """A count with its thing, one or several."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def say(text: str, *, style: str | None = None) -> None:
    """Something for the person at the terminal, beside what a pipe reads."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(text, style=style, markup=False)
