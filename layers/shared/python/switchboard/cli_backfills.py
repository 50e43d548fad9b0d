"""`switchboard backfill`: runs, watches and undoes backfills through the state machine."""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from switchboard.backfills.catalogue import definitions
from switchboard.cli_functions import Answer, add_deployment, say
from switchboard.cli_machine import Execution, Machine, MachineMissing, machine_of

_SHOW_EVERY_S = 2.0


def add_backfills(areas: Any) -> None:
    """The area's commands."""
    backfill = areas.add_parser("backfill", help="runs, watches and undoes data backfills")
    actions = backfill.add_subparsers(dest="action", required=True)
    names = sorted(definitions())

    def action(name: str, text: str) -> argparse.ArgumentParser:
        found: argparse.ArgumentParser = actions.add_parser(name, help=text)
        found.add_argument(
            "--state-machine", metavar="ARN", help="its ARN; else --stage's, else STATE_MACHINE_ARN, else STAGE's"
        )
        add_deployment(found)
        return found

    run = action("run", "runs a backfill; without --apply it is a dry run")
    run.add_argument("name", choices=names, metavar="NAME", help=", ".join(names))
    run.add_argument("--as-of", help="a date or an instant that stands for now")
    run.add_argument("--verbose", action="store_true", help="a line for each row, at most 1,000")
    run.add_argument(
        "--batch-size", type=int, metavar="ROWS", help="where the adaptive size starts (1000), at most 20,000"
    )
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
        "run", metavar="RUN", nargs="?", help="the run's id, or a backfill's name: its newest run"
    )


def run_backfill(options: argparse.Namespace) -> int:
    """`backfill` and its action; answers 0 only for SUCCEEDED."""
    console = Console(soft_wrap=True, highlight=False)
    try:
        machine = machine_of(options)
    except MachineMissing as error:
        say(str(error), style="red")
        return 2
    if options.action == "status" and (options.run is None or options.run in definitions()):
        return _newest(machine, [options.run] if options.run else list(definitions()), console)
    fields = _fields(options)
    if "backfill" not in fields:
        found = machine.backfill_of(options.run)
        if found is None:
            say(f"no backfill has a run {options.run}: switchboard backfill status shows the newest", style="red")
            return 1
        fields["backfill"] = found
    return _carry_out(machine, fields, console, watch=getattr(options, "watch", False))


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
    ahead = "" if not left else f", {left // 60}:{left % 60:02d} left"
    return f"{status['rowsPerSecond']:,} rows/s{ahead}, {status['rowErrors']:,} row errors"


def _tell(ended: Execution, console: Console) -> None:
    if not ended.succeeded:
        say(f"{ended.error}: {(ended.cause or {}).get('message', '')}", style="red")
        console.print(json.dumps(ended.cause, indent=2, ensure_ascii=False), markup=False)
        return
    output = ended.output
    if output.get("report"):
        console.print(output["report"], markup=False)
    if "percent" in output:
        console.print(_line(output), markup=False)
    if output["runId"] is not None:
        console.print(f"run {output['runId']}: {output['status']}")


def _newest(machine: Machine, names: Sequence[str], console: Console) -> int:
    failed = 0
    for name in names:
        found = machine.run(backfill=name, action="status")
        if found.succeeded:
            console.print(_line(found.output), markup=False)
        else:
            failed += 1
            say(f"{name}: {found.error}: {(found.cause or {}).get('message', '')}", style="red")
    return 1 if failed else 0
