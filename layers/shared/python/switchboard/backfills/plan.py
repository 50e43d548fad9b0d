"""Starting a run and leading it from step to step; each function is one task of the state machine, safe to repeat."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from switchboard import errors
from switchboard.backfills import control
from switchboard.backfills.catalogue import definition_named
from switchboard.backfills.definition import Definition
from switchboard.backfills.errors import AlreadyRunning, RunFailed
from switchboard.backfills.input import BackfillInput, full_params, read_input
from switchboard.backfills.legs import Leg, leg_of
from switchboard.backfills.runs import LONG, RUN_LEASE, SHORT, TASK_LEASE, Run, change_run, get_run, read_run
from switchboard.backfills.sizes import Size
from switchboard.store.database import Database, Transaction, as_json


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What planning needs from outside."""

    database: Database
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    parameters: Callable[[], Mapping[str, str]]


def plan_run(given: object, *, execution: str, use: Collaborators) -> dict[str, Any]:
    """The first task: what is asked for, checked and begun. Raises the errors of backfills.errors."""
    request, definition = read_input(given)
    if request.action in ("pause", "abort"):
        return {"next": "answer", "output": control.ask(request, definition, database=use.database, now=use.now())}
    if request.action == "status":
        return {"next": "answer", "output": control.status(request, definition, database=use.database, now=use.now())}
    with use.database.transaction(limits=SHORT) as tx:
        row = tx.row("backfill.run_of_execution", execution=execution)
    if row is None and request.action == "resume":
        run = control.resume(request, definition, execution=execution, database=use.database, now=use.now())
    elif row is None:
        run = _start(request, definition, execution=execution, use=use)
    else:  # this very task, again: its answer was lost
        run = read_run(row)
    if run.action == "verify":
        return {"next": "finish", "run": run.number}
    if run.step == 0:
        _refuse_or_begin(definition, run, use=use)
    return advance(run.number, database=use.database, now=use.now)


def _start(request: BackfillInput, definition: Definition, *, execution: str, use: Collaborators) -> Run:
    now = use.now()
    with use.database.transaction(limits=SHORT) as tx:
        control.require_tables(tx, definition, use.database.schemas)
        target = control.target_of(tx, request, definition) if request.action == "rollback" else None
        params = full_params(definition, request)
        if request.action != "rollback":
            params = dict(definition.fill_params(params, use.parameters))
        try:
            number = _add(tx, request, params, target=target, execution=execution, now=now, run_id=use.new_id())
        except errors.ConstraintViolated as error:
            if error.constraint != "backfill_run_one_active":
                raise
        else:
            return get_run(tx, number)
    raise _already_running(definition, use.database)


def _add(
    tx: Transaction,
    request: BackfillInput,
    params: Mapping[str, Any],
    *,
    target: Run | None,
    execution: str,
    now: datetime,
    run_id: str,
) -> int:
    with tx.savepoint():
        row = tx.one(
            "backfill.add_run",
            id=run_id,
            backfill=request.backfill,
            action=request.action,
            dry_run=request.dry_run and request.action != "verify",
            execution=execution,
            as_of=request.as_of,
            batch_size=request.batch_size,
            concurrency=request.concurrency,
            lanes=request.lanes,
            max_row_errors=request.max_row_errors,
            last_pass=control.FIRST_PASS + control.CATCH_UP_PASSES,
            params=as_json(params),
            is_verbose=request.verbose,
            requested_by=request.requested_by,
            reason=request.reason,
            target_number=target.number if target else None,
            lease_until=now + TASK_LEASE,
            now=now,
        )
    number: int = row["number"]
    return number


def _already_running(definition: Definition, database: Database) -> AlreadyRunning:
    with database.transaction(limits=SHORT) as tx:
        row = tx.row("backfill.active_run", backfill=definition.name)
    if row is None:  # it has just ended
        return AlreadyRunning("another run of this backfill was active a moment ago; start again")
    return AlreadyRunning(f"run {row['id']} of {definition.name} is {row['state']}", run_id=row["id"])


def _refuse_or_begin(definition: Definition, run: Run, *, use: Collaborators) -> None:
    with use.database.transaction(read_only=True, limits=LONG) as tx:
        if run.action == "rollback" and run.target_number is not None:
            refusals = definition.refusals(tx, run.params, run.target_number)
        else:
            refusals = definition.run_refusals(tx, run.params)
        if run.action == "rollback":
            refusals = [*refusals, *control.missing_images(tx, run)]
    if refusals:
        raise RunFailed("refused, nothing was changed: " + "; ".join(refusals), run_id=run.id)
    with use.database.transaction(limits=SHORT) as tx:
        if run.action == "run":
            definition.forget(tx)
        change_run(tx, run.number, began=True)


def advance(run_number: int, *, database: Database, now: Callable[[], datetime]) -> dict[str, Any]:
    """The task after each step: the lanes to work on next, or `finish`. Raises how the run ended otherwise."""
    with database.transaction(limits=SHORT) as tx:
        run = control.require_running(tx, run_number)
        change_run(tx, run_number, lease_until=now() + TASK_LEASE)
        definition = definition_named(run.backfill)
    while True:
        waiting = _open_lanes(run, database=database, now=now())
        if waiting is not None:
            return waiting
        with database.transaction(limits=LONG) as tx:
            leg = _next_leg(tx, definition, run)
            if leg is None:
                change_run(tx, run.number, lease_until=now() + TASK_LEASE)
                return {"next": "finish", "run": run.number}
            _plan_leg(tx, run, leg, now=now())
            run = get_run(tx, run.number)


def _open_lanes(run: Run, *, database: Database, now: datetime) -> dict[str, Any] | None:
    with database.transaction(limits=SHORT) as tx:
        if run.step == 0:
            return None
        lanes = tx.rows("backfill.open_lanes", run_number=run.number, step=run.step)
        if not lanes:
            return None
        change_run(tx, run.number, lease_until=now + RUN_LEASE)
    return {
        "next": "work",
        "run": run.number,
        "step": run.step,
        "lanes": [lane["lane"] for lane in lanes],
        "concurrency": run.concurrency,
    }


def _next_leg(tx: Transaction, definition: Definition, run: Run) -> Leg | None:
    """The leg after the run's present one; None after the last one. Looks for late rows at the end of a pass."""
    again = tx.one("backfill.first_open_step", run_number=run.number)["step"]
    if again is not None:
        return leg_of(tx, definition, run, again)
    present = leg_of(tx, definition, run, run.step) if run.step else None
    following = leg_of(tx, definition, run, run.step + 1)
    if present is None or not present.ends_pass or run.action == "rollback":
        return following
    late = definition.late(tx, run.batch(pass_number=present.pass_number, size=100))
    change_run(tx, run.number, late={"rows": late.rows, "ids": list(late.ids)})
    if late.rows == 0 or present.pass_number >= run.last_pass:
        return None
    return following


def _plan_leg(tx: Transaction, run: Run, leg: Leg, *, now: datetime) -> None:
    starts = leg.step.bounds(tx, run.batch(pass_number=leg.pass_number), run.lanes)
    tx.rows(
        "backfill.add_lanes",
        run_number=run.number,
        step=leg.number,
        step_key=leg.step.key,
        first_keys=[start.first_key for start in starts],
        rows=[start.rows for start in starts],
        batch_size=Size.first(run.batch_size).rows,
        **{"pass": leg.pass_number},
    )
    change_run(tx, run.number, step=leg.number, lease_until=now + TASK_LEASE)


def after_lanes(run_number: int, step: int, *, database: Database, now: Callable[[], datetime]) -> dict[str, Any]:
    """The task after the Map: any lane not done means that the run does not go on, whatever the Map said."""
    with database.transaction(limits=SHORT) as tx:
        run = control.require_running(tx, run_number)
        lanes = tx.rows("backfill.open_lanes", run_number=run_number, step=step) if run.step == step else []
    if any(lane["lease_until"] and lane["lease_until"] > now() for lane in lanes):
        return {"next": "wait", "run": run_number, "step": step}
    if lanes:
        reasons = "; ".join(sorted({lane["error"] or "no slice finished it" for lane in lanes}))
        raise RunFailed(f"{len(lanes)} lanes are not done: {reasons}"[:500], run_id=run.id)
    return advance(run_number, database=database, now=now)
