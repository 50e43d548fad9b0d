"""Pause, resume, abort, status: what operators ask of a run that exists."""

from datetime import datetime
from typing import Any

from switchboard.backfills.definition import Definition
from switchboard.backfills.errors import (
    AlreadyRunning,
    InvalidInput,
    RunAborted,
    RunPaused,
    TooManyRowErrors,
)
from switchboard.backfills.input import BackfillInput
from switchboard.backfills.progress import answer, no_run, progress, share_done
from switchboard.backfills.runs import SHORT, TASK_LEASE, Run, change_run, get_run, read_run
from switchboard.store.database import Database, Transaction
from switchboard.store.statements import Schemas

FIRST_PASS, CATCH_UP_PASSES = 1, 2


def require_tables(tx: Transaction, definition: Definition, schemas: Schemas) -> None:
    """Raises InvalidInput where the backfill's tables are not in this database."""
    tables = [schemas.fill(table) for table in definition.tables]
    missing = [row["name"] for row in tx.rows("backfill.missing_tables", tables=tables)]
    if missing:
        raise InvalidInput(f"backfill: {definition.name} needs tables that are not in this database: {missing}")


def find_run(tx: Transaction, request: BackfillInput, definition: Definition) -> Run:
    """The run that the input names, locked. Raises InvalidInput."""
    row = tx.row("backfill.run_by_id", id=request.run_id, backfill=definition.name)
    if row is None:
        raise _no_such_run(tx, request, definition)
    if row["action"] == "verify":
        raise InvalidInput("runId: it only verified")
    return read_run(row)


def _no_such_run(tx: Transaction, request: BackfillInput, definition: Definition) -> InvalidInput:
    other = tx.row("backfill.backfill_of_run", id=request.run_id)
    where = f"; it is one of {other['backfill']}" if other else ""
    return InvalidInput(f"runId: there is no such run of {definition.name}{where}")


def target_of(tx: Transaction, request: BackfillInput, definition: Definition) -> Run:
    """The run to undo: a real one that has ended. Raises InvalidInput, AlreadyRunning."""
    target = find_run(tx, request, definition)
    if target.action != "run":
        raise InvalidInput("runId: only a run can be rolled back")
    if target.dry_run:
        raise InvalidInput("runId: a dry run changed nothing")
    if target.state in ("running", "paused"):
        raise AlreadyRunning(f"run {target.id} is {target.state}: abort it first", run_id=target.id)
    return target


def missing_images(tx: Transaction, run: Run) -> list[str]:
    """Why a rollback would not find all that it has to undo."""
    target = get_run(tx, run.target_number) if run.target_number else None
    if target and target.images_dropped and target.rolled_back_at is None:
        return [f"the before-images of run {target.id} are past their keeping time"]
    return []


def require_running(tx: Transaction, run_number: int) -> Run:
    """The run, if it is to go on. Raises how it ended."""
    run = get_run(tx, run_number)
    ending = {
        "pause": RunPaused("paused as asked; resume goes on", run_id=run.id),
        "abort": RunAborted("aborted as asked", run_id=run.id),
        "stop": TooManyRowErrors(run_id=run.id),
    }.get(run.wanted)
    if ending:
        raise ending
    if run.state != "running":
        raise RunPaused(f"the run is {run.state}", run_id=run.id)
    return run


def ask(request: BackfillInput, definition: Definition, *, database: Database, now: datetime) -> dict[str, Any]:
    """Pauses or aborts: by the next batch where somebody works on the run, at once where nobody does."""
    wanted, state = ("pause", "paused") if request.action == "pause" else ("abort", "aborted")
    with database.transaction(limits=SHORT) as tx:
        run = find_run(tx, request, definition)
        _require_askable(run, request.action)
        if run.state == "running":
            tx.rows("backfill.want", number=run.number, wanted=wanted)
        if run.state == "paused" or not _is_alive(tx, run, now):
            change_run(tx, run.number, state=state, wanted=wanted, ended_at=now)
        return answer(tx, definition, get_run(tx, run.number), action=request.action)


def _require_askable(run: Run, action: str) -> None:
    if run.state not in ("running", "paused"):
        raise InvalidInput(f"runId: the run is {run.state}; there is nothing to {action}", run_id=run.id)
    if action == "pause" and run.wanted == "abort":
        raise InvalidInput("runId: the run is being aborted", run_id=run.id)


def _is_alive(tx: Transaction, run: Run, now: datetime) -> bool:
    live_until: datetime = tx.one("backfill.live_until", number=run.number)["live_until"]
    return live_until > now


def resume(request: BackfillInput, definition: Definition, *, execution: str, database: Database, now: datetime) -> Run:
    """Hands the run to this execution; recorded row errors come first. Raises InvalidInput, AlreadyRunning."""
    with database.transaction(limits=SHORT) as tx:
        require_tables(tx, definition, database.schemas)
        run = find_run(tx, request, definition)
        _require_resumable(tx, run, definition, now)
        tx.rows("backfill.rewind_error_lanes", run_number=run.number)
        tx.rows("backfill.add_error_lanes", run_number=run.number)
        first_open = tx.one("backfill.first_open_step", run_number=run.number)["step"]
        tx.rows(
            "backfill.resume_run",
            number=run.number,
            execution=execution,
            now=now,
            lease_until=now + TASK_LEASE,
            step=first_open if first_open is not None else run.step,
            last_pass=_last_pass(run, definition),
            share=share_done(tx, definition, run),
        )
        return get_run(tx, run.number)


def _last_pass(run: Run, definition: Definition) -> int:
    """Late rows are looked for again: two passes more than there have been."""
    again = sum(step.catch_up for step in definition.steps) or 1
    done = FIRST_PASS + max(0, run.step - len(definition.steps) + again - 1) // again
    return done + CATCH_UP_PASSES


def _require_resumable(tx: Transaction, run: Run, definition: Definition, now: datetime) -> None:
    if run.state in ("completed", "aborted"):
        raise InvalidInput(f"runId: the run is {run.state} and cannot be resumed", run_id=run.id)
    if run.state == "running" and _is_alive(tx, run, now):
        raise AlreadyRunning(f"run {run.id} of {definition.name} is running", run_id=run.id)
    newer = tx.row("backfill.newer_run", number=run.number)
    if newer:
        raise InvalidInput(f"runId: run {newer['id']} is newer; only the newest run can be resumed", run_id=run.id)
    active = tx.row("backfill.active_run", backfill=definition.name)
    if active and active["number"] != run.number:
        raise AlreadyRunning(f"run {active['id']} of {definition.name} is {active['state']}", run_id=active["id"])


def status(request: BackfillInput, definition: Definition, *, database: Database, now: datetime) -> dict[str, Any]:
    """How far a run is: the named one, or the newest. Raises InvalidInput where there is none."""
    with database.transaction(read_only=True, limits=SHORT) as tx:
        if request.run_id is None:
            row = tx.row("backfill.newest_run", backfill=definition.name)
        else:
            row = tx.row("backfill.run_of_backfill", id=request.run_id, backfill=definition.name)
        if row is None and request.run_id is None:
            return no_run(definition)
        if row is None:
            raise _no_such_run(tx, request, definition)
        run = read_run(row)
        return answer(tx, definition, run, action="status") | progress(tx, definition, run, now=now)
