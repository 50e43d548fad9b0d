"""How a run ends: verified, recorded and reported; or, when something went wrong, told why."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from switchboard.backfills import errors as endings
from switchboard.backfills import rollback
from switchboard.backfills.catalogue import definition_named
from switchboard.backfills.control import require_running
from switchboard.backfills.definition import Check, Definition, Findings, RunFacts
from switchboard.backfills.legs import leg_of
from switchboard.backfills.progress import answer, cut, published
from switchboard.backfills.runs import (
    LONG,
    SHORT,
    TASK_LEASE,
    Run,
    change_run,
    facts,
    get_run,
    totals,
)
from switchboard.store.database import Database, Transaction

Answer = dict[str, Any]
CAUSE_BYTES = 8_000
logger = Logger(service="switchboard", child=True)
_STATE_AFTER = {"RunPaused": "paused", "RunAborted": "aborted"}
_NOT_ITS_OWN = ("InvalidInput", "AlreadyRunning")  # about a run that this execution did not work on


def finish_run(run_number: int, *, database: Database, now: Callable[[], datetime]) -> Answer:
    """The last task: checks, record, report, in one answer. Raises RunPaused and the like when asked to stop before."""
    with database.transaction(limits=SHORT) as tx:
        run = get_run(tx, run_number)
        if run.state in ("completed", "failed") and run.checks:  # this task, again: its answer was lost
            return _ended(tx, definition_named(run.backfill), run)
        run = require_running(tx, run_number)
        change_run(tx, run_number, lease_until=now() + TASK_LEASE)
    definition = definition_named(run.backfill)
    with database.transaction(read_only=True, repeatable_read=True, limits=LONG) as tx:  # for late rows and checks
        found = _with_late_rows(tx, definition, run, facts(tx, run))
        findings = _verify(tx, definition, found)
    if found.row_error_count > run.max_row_errors:
        raise endings.TooManyRowErrors(run_id=run.id)
    with database.transaction(limits=SHORT) as tx:
        require_running(tx, run_number)
        recorded = _record(tx, definition, found, now())
        report = _report(definition, found, replace(findings, figures={**findings.figures, **recorded}))
        good = run.dry_run or all(check.ok for check in findings.checks)
        change_run(
            tx,
            run_number,
            state="completed" if good else "failed",
            error=None if good else endings.VerifyFailed.__name__,
            checks=[asdict(check) for check in findings.checks],
            late={"rows": found.late.rows, "ids": list(found.late.ids)},
            report=report,
            ended_at=now(),
        )
        if good and run.action == "run":
            definition.forget(tx)
        return _ended(tx, definition, get_run(tx, run_number), report=report)


def _with_late_rows(tx: Transaction, definition: Definition, run: Run, found: RunFacts) -> RunFacts:
    if run.action != "run":
        return found
    leg = leg_of(tx, definition, run, run.step)
    return replace(found, late=definition.late(tx, run.batch(pass_number=leg.pass_number if leg else 1, size=100)))


def _verify(tx: Transaction, definition: Definition, found: RunFacts) -> Findings:
    findings = Findings() if found.action == "rollback" else definition.verify(tx, found)
    if found.action == "verify":
        return findings
    errors = Check("Errors", 0, found.row_error_count, found.row_error_count == 0)
    return replace(findings, checks=(*findings.checks, errors))


def _record(tx: Transaction, definition: Definition, found: RunFacts, now: datetime) -> Mapping[str, Any]:
    """Audit rows: one for a real run that came to its end, one for a rollback that undid something."""
    if found.dry_run or found.action == "verify":
        tx.rows("backfill.forget_undone", run_number=found.number)
        return {}
    if found.action == "run":
        return definition.record(tx, found, now) or {}
    target = tx.one("backfill.target_for_change", number=found.number)
    if target["rolled_back_at"] is None:
        definition.erase(tx, found, now)
        tx.rows("backfill.mark_rolled_back", number=target["number"], now=now)
    return {}


def _report(definition: Definition, found: RunFacts, findings: Findings) -> str:
    if found.action == "rollback":
        return _rollback_report(found)
    report = definition.report(found, findings)
    if found.late.rows:
        shown = "".join(f"\n   - {row_id}" for row_id in found.late.ids)
        report = f"{report}\nRows after the last pass: {found.late.rows:,}{shown}"
    if found.row_errors:
        shown = "".join(f"\n   - {e.row_id}: {e.message} {e.sqlstate}".rstrip() for e in found.row_errors)
        report = f"{report}\nRow errors: {found.row_error_count:,}{shown}"
    return report


def _rollback_report(found: RunFacts) -> str:
    mode = "🔍 DRY RUN" if found.dry_run else "✏️  WRITE"
    lines = ["↩️  Rollback", f"   Run: {found.target_id}", f"   Mode: {mode}"]
    lines += [f"   {label + ':':<12} {found.counts.get(label, 0):,}" for label in (*rollback.LABELS, "Errors")]
    lines += [f"   - {row_id}: {why}" for row_id, why in found.left_alone]
    return "\n".join(lines)


def _ended(tx: Transaction, definition: Definition, run: Run, *, report: str = "") -> Answer:
    report = report or tx.one("backfill.report", number=run.number)["report"] or ""
    if run.state == "completed":
        return {"ok": True, "output": answer(tx, definition, run, report=report)}
    counts = published(definition, run, totals(tx, run.number))
    return _failure(run.error or "RunFailed", run=run, counts=counts)


def explain(execution: str, error: Mapping[str, Any], *, database: Database, now: Callable[[], datetime]) -> Answer:
    """Why an execution failed, from what Step Functions caught; its run is left in the state that says so."""
    name, message, run_id = _read_caught(error)
    with database.transaction(limits=SHORT) as tx:
        row = None if name in _NOT_ITS_OWN else tx.row("backfill.run_of_execution", execution=execution)
        if row is None:
            return _failure(name, message=message, run_id=run_id)
        run = get_run(tx, row["number"])
        if run.state == "running":
            state = _STATE_AFTER.get(name, "failed")
            change_run(tx, run.number, state=state, error=name, detail=message, ended_at=now())
        definition = definition_named(run.backfill)
        run = get_run(tx, run.number)
        found = facts(tx, run)
        change_run(tx, run.number, report=_report_of_failure(definition, run, found, name, message))
        counts = published(definition, run, found.counts)
    logger.warning("run_ended_badly", run=run.id, backfill=run.backfill, error=name)
    return _failure(name, message=message, run=run, counts=counts)


def _report_of_failure(definition: Definition, run: Run, found: RunFacts, name: str, message: str) -> str:
    lines = [f"❌ {name}: {message}".rstrip(": ")]
    lines += [f"   {label}: {count:,}" for label, count in published(definition, run, found.counts).items()]
    lines += [f"   - {e.row_id}: {e.message} {e.sqlstate}".rstrip() for e in found.row_errors]
    return "\n".join(lines)


def _read_caught(error: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Name and message of a caught error. What a Lambda raised is JSON in Cause: errorType and errorMessage."""
    name, cause = str(error.get("Error", "")), str(error.get("Cause", ""))
    try:
        told = json.loads(cause)
    except ValueError:
        told = {}
    message = str(told.get("errorMessage", "")) if isinstance(told, dict) else ""
    run_id, rest = endings.split_message(message)
    known = {ending.__name__ for ending in endings.ENDINGS}
    if name in known:
        return name, rest, run_id
    return "RunFailed", f"{name}: {message}"[:500].rstrip(": "), None


def _failure(
    name: str,
    *,
    message: str = "",
    run: Run | None = None,
    run_id: str | None = None,
    counts: Mapping[str, int] | None = None,
) -> Answer:
    failed = [check for check in run.checks if not check["ok"]] if run else []
    cause = {
        "runId": run.id if run else run_id,
        "status": run.state if run else "refused",
        "counts": dict(counts or {}),
        "checks": failed[:20],
        "message": message or (run.detail if run else None) or "",
    }
    return {"ok": False, "error": name, "cause": cut(json.dumps(cause, ensure_ascii=False), CAUSE_BYTES)}
