"""The command `switchboard`, against AWS or the local stack: backfills go through the state machine."""

import argparse
import json
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from switchboard.backfills.catalogue import definitions
from switchboard.cli_functions import STACK_FILE, Answer, CallFailed, functions_of, say
from switchboard.cli_numbers import add_numbers
from switchboard.cli_sitters import add_sitters
from switchboard.errors import SettingsInvalid
from switchboard.settings import read_region, read_settings

_POLL_S = 0.5
_SHOW_EVERY_S = 2.0


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; answers 0 only where all was done."""
    options = _parser().parse_args(arguments)
    try:
        return _backfill(options) if options.area == "backfill" else _operate(options)
    except (BotoCoreError, ClientError) as error:
        say(f"AWS was not reached, or refused: {error}", style="red")
        return 1
    except SettingsInvalid as error:
        say(str(error), style="red")
        return 2


def _operate(options: argparse.Namespace) -> int:
    """What a function of the deployment does."""
    try:
        functions = functions_of(options)
        if functions is None:
            say("no deployment: give --stage, set STAGE, or start the local stack", style="red")
            return 2
        status: int = options.call(functions, options)
    except CallFailed as error:
        say(str(error), style="red")
        return 1
    return status


def _backfill(options: argparse.Namespace) -> int:
    """Answers 0 only for SUCCEEDED."""
    console = Console(soft_wrap=True, highlight=False)
    machine = _machine(options)
    if machine is None:
        console.print(
            "no state machine: give --state-machine, set STATE_MACHINE_ARN, or start the local stack", style="red"
        )
        return 2
    if options.action == "status" and options.run is None:
        return _newest(machine, console)
    fields = _fields(options)
    if "backfill" not in fields:
        found = machine.backfill_of(options.run)
        if found is None:
            console.print(f"no backfill has a run {options.run}", style="red", markup=False)
            return 1
        fields["backfill"] = found
    return _carry_out(machine, fields, console, watch=getattr(options, "watch", False))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="switchboard", description="Masked texting and safe data backfills.")
    areas = parser.add_subparsers(dest="area", required=True)
    add_numbers(areas)
    add_sitters(areas)
    backfill = areas.add_parser("backfill", help="runs, watches and undoes data backfills")
    actions = backfill.add_subparsers(dest="action", required=True)
    names = sorted(definitions())

    def action(name: str, text: str) -> argparse.ArgumentParser:
        found = actions.add_parser(name, help=text)
        found.add_argument(
            "--state-machine", metavar="ARN", help="its ARN; else STATE_MACHINE_ARN, else the local stack's"
        )
        found.add_argument("--stack", type=Path, default=STACK_FILE, help="the local stack's file")
        return found

    run = action("run", "runs a backfill; without --apply it is a dry run")
    run.add_argument("name", choices=names, metavar="NAME", help=", ".join(names))
    run.add_argument("--as-of", help="a date or an instant that stands for now")
    run.add_argument("--verbose", action="store_true", help="a line for each row, at most 1,000")
    run.add_argument("--batch-size", type=int, metavar="ROWS", help="where the adaptive size starts (1000)")
    run.add_argument("--concurrency", type=int, metavar="N", help="how many lanes are worked at once (2)")
    run.add_argument("--lanes", type=int, metavar="N", help="into how many parts the rows are divided (8)")
    run.add_argument(
        "--max-row-errors", type=int, metavar="N", help="how many rows may fail before the run is given up (100)"
    )
    run.add_argument("--params", type=_params, metavar="JSON", help="the backfill's own")
    action("verify", "checks the data as it is").add_argument(
        "name", choices=names, metavar="NAME", help=", ".join(names)
    )
    rollback = action("rollback", "undoes a run; without --apply it is a dry run")
    rollback.add_argument("run", metavar="RUN", help="the id of the run to undo")
    rollback.add_argument("--level", help="account-priorities: data, tables or columns")
    rollback.add_argument("--force", action="store_true", help="account-priorities: tables that hold rows too")
    for made in (run, rollback):
        made.add_argument("--apply", action="store_true", help="for real")
    for name, text in (("pause", "pauses a run"), ("resume", "goes on with a run"), ("abort", "gives a run up")):
        made = action(name, text)
        made.add_argument("run", metavar="RUN", help="the run's id")
    for name in ("run", "rollback", "resume"):
        actions.choices[name].add_argument("--watch", action="store_true", help="shows how far it is")
        actions.choices[name].add_argument("--reason", default="", help="why, for the books")
    action("status", "how far a run is; without RUN the newest of each backfill").add_argument(
        "run", metavar="RUN", nargs="?", help="the run's id"
    )
    return parser


def _params(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise argparse.ArgumentTypeError('JSON, like \'{"level": "data"}\'') from None


def _fields(options: argparse.Namespace) -> Answer:
    """The execution's input."""
    fields: Answer = {"action": options.action, "requestedBy": "switchboard backfill"}
    if options.action in ("run", "verify"):
        fields["backfill"] = options.name
    else:
        fields["runId"] = options.run
    if options.action in ("run", "rollback"):
        fields["dryRun"] = not options.apply
    given = {
        "asOf": getattr(options, "as_of", None),
        "verbose": getattr(options, "verbose", None) or None,
        "batchSize": getattr(options, "batch_size", None),
        "concurrency": getattr(options, "concurrency", None),
        "lanes": getattr(options, "lanes", None),
        "maxRowErrors": getattr(options, "max_row_errors", None),
        "params": getattr(options, "params", None) or _rollback_params(options),
        "reason": getattr(options, "reason", None) or None,
    }
    return fields | {name: value for name, value in given.items() if value is not None}


def _rollback_params(options: argparse.Namespace) -> Answer | None:
    level, force = getattr(options, "level", None), getattr(options, "force", False)
    return ({"level": level} if level else {}) | ({"force": True} if force else {}) or None


def _machine(options: argparse.Namespace) -> Machine | None:
    arn = options.state_machine or read_settings().state_machine_arn
    if arn:
        named = re.match(r"arn:[^:]*:states:([a-z0-9-]+):", arn)
        return Machine(boto3.client("stepfunctions", region_name=named[1] if named else read_region()), arn)
    if not options.stack.exists():
        return None
    stack = json.loads(options.stack.read_text(encoding="utf-8"))
    region = stack["state_machine_arn"].split(":")[3]
    states = boto3.client(
        "stepfunctions",
        endpoint_url=stack["aws_endpoint_url"],
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  the local stack asks for any
    )
    return Machine(states, stack["state_machine_arn"])


def _carry_out(machine: Machine, fields: Answer, console: Console, *, watch: bool) -> int:
    arn = machine.start(**fields)
    if watch:
        with _shown(console) as show:
            ended = machine.wait(arn, _looker(machine, fields["backfill"], show))
    else:
        ended = machine.wait(arn)
    _tell(ended, console)
    return 0 if ended.succeeded else 1


def _looker(machine: Machine, backfill: str, show: Callable[[Answer], None]) -> Callable[[], None]:
    """Asks for the newest run's progress every two seconds."""
    last = [0.0]

    def look() -> None:
        if time.monotonic() - last[0] >= _SHOW_EVERY_S:
            status = machine.run(backfill=backfill, action="status")
            last[0] = time.monotonic()
            if status.succeeded:
                show(status.output)

    return look


@contextmanager
def _shown(console: Console) -> Iterator[Callable[[Answer], None]]:
    """A bar in a terminal, a line each time elsewhere."""
    if not console.is_terminal:
        yield lambda status: console.print(_line(status), markup=False)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>5.1f}% {task.fields[rest]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("backfill", total=100, rest="")
        yield lambda status: progress.update(
            task, completed=status["percent"], description=status["backfill"], rest=_rest(status)
        )


def _line(status: Answer) -> str:
    if status["runId"] is None:
        return f"{status['backfill']}: has not run yet"
    return f"{status['backfill']} {status['runId']} {status['status']} {status['percent']}% {_rest(status)}"


def _rest(status: Answer) -> str:
    left = status["secondsLeft"]
    ahead = "" if left is None else f", {left // 60}:{left % 60:02d} left"
    return f"{status['rowsPerSecond']:,} rows/s{ahead}, {status['rowErrors']:,} row errors"


def _tell(ended: Execution, console: Console) -> None:
    if not ended.succeeded:
        console.print(f"{ended.error}: {(ended.cause or {}).get('message', '')}", style="red", markup=False)
        console.print(json.dumps(ended.cause, indent=2, ensure_ascii=False), markup=False)
        return
    output = ended.output
    if output.get("report"):
        console.print(output["report"], markup=False)
    if "percent" in output:
        console.print(_line(output), markup=False)
    if output["runId"] is not None:
        console.print(f"run {output['runId']}: {output['status']}")


def _newest(machine: Machine, console: Console) -> int:
    for name in definitions():
        found = machine.run(backfill=name, action="status")
        line = _line(found.output) if found.succeeded else f"{name}: {(found.cause or {}).get('message', '')}"
        console.print(line, markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
