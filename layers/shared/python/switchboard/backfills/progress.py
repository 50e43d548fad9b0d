"""What operators are told about a run: its answer as the contract has it, and how far it is."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from switchboard.backfills import rollback
from switchboard.backfills.definition import Counts, Definition
from switchboard.backfills.runs import Run, row_error_count, totals, totals_by_step
from switchboard.store.database import Transaction

REPORT_BYTES = 16_384


def labels_of(definition: Definition, run: Run) -> tuple[str, ...]:
    """The published labels of a run's counts, in order."""
    if run.action == "verify":
        return ()
    return (*(rollback.LABELS if run.action == "rollback" else definition.labels), "Errors")


def published(definition: Definition, run: Run, counts: Counts) -> dict[str, int]:
    """A run's counts under the contract's labels."""
    return {label: counts.get(label, 0) for label in labels_of(definition, run)}


def answer(
    tx: Transaction, definition: Definition, run: Run, *, action: str | None = None, report: str = ""
) -> dict[str, Any]:
    """The output of an execution, as contracts.md has it."""
    return {
        "runId": run.id,
        "backfill": run.backfill,
        "action": action or run.action,
        "dryRun": run.dry_run,
        "status": run.state,
        "counts": published(definition, run, totals(tx, run.number)),
        "steps": _steps(tx, definition, run),
        "checks": [dict(check) for check in run.checks],
        "report": cut(report, REPORT_BYTES),
        "rowErrors": row_error_count(tx, run.number),
    }


def no_run(definition: Definition) -> dict[str, Any]:
    """The status of a backfill that has never run."""
    return {
        "runId": None,
        "backfill": definition.name,
        "action": "status",
        "dryRun": True,
        "status": "none",
        "counts": dict.fromkeys((*definition.labels, "Errors"), 0),
        "steps": [],
        "checks": [],
        "report": "",
        "rowErrors": 0,
        "percent": 0.0,
        "rowsPerSecond": 0,
        "secondsLeft": None,
    }


def _steps(tx: Transaction, definition: Definition, run: Run) -> list[dict[str, Any]]:
    if run.action == "verify":
        return []
    by_key = totals_by_step(tx, run.number)
    if run.action == "rollback":
        planned = [(step.name, step.key) for step in rollback.undo_steps(tx, definition, run)]
    else:
        planned = [(step.name, step.key) for step in definition.steps]
    shown = []
    for place, (name, group) in enumerate(groupby(planned, key=lambda pair: pair[0])):
        keys = [key for _, key in group]
        counts: Counter[str] = sum((by_key.get(key, Counter()) for key in keys), Counter())
        last = max(number for number, pair in enumerate(planned, 1) if pair[1] in keys)
        shown.append(
            {"name": name, "status": _step_status(run, last, place), "counts": _shown(definition, run, counts)}
        )
    ended = "done" if run.state == "completed" else "waiting"
    closing = definition.closing_steps if run.action == "run" else ()
    return shown + [{"name": name, "status": ended, "counts": {}} for name in closing]


def _step_status(run: Run, last: int, place: int) -> str:
    if run.state == "completed" or run.step > last:
        return "done"
    return "working" if run.step == last or (run.step and place == 0) else "waiting"


def _shown(definition: Definition, run: Run, counts: Mapping[str, int]) -> dict[str, int]:
    labels = labels_of(definition, run)
    return {label: counts[label] for label in labels if counts.get(label)}


def progress(tx: Transaction, definition: Definition, run: Run, *, now: datetime) -> dict[str, Any]:
    """percent, rowsPerSecond, secondsLeft: by the lanes of the present step and the pace since the run was resumed."""
    pace = tx.one("backfill.pace", run_number=run.number)
    seconds = max(((run.ended_at or now) - run.resumed_at).total_seconds(), 0.001)
    planned = len(rollback.undo_steps(tx, definition, run) if run.action == "rollback" else definition.steps)
    share = _share_done(planned, run, pace)
    elapsed = max(((run.ended_at or now) - run.started_at).total_seconds(), 0.001)
    left = None if share <= 0 or run.state != "running" else round(elapsed * (1 - share) / share)
    return {
        "percent": round(100 * share, 1),
        "rowsPerSecond": round(pace["scanned"] / seconds),
        "secondsLeft": 0 if run.state == "completed" else left,
    }


def _share_done(planned: int, run: Run, pace: Mapping[str, Any]) -> float:
    if run.state == "completed":
        return 1.0
    steps = planned + 1  # one more: verification and report
    done = min(max(run.step - 1, 0), planned)
    within = pace["done"] if pace["lanes"] else 0
    return min(0.99, (done + float(within)) / steps)


def cut(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, no character halved."""
    raw = text.encode()
    return text if len(raw) <= size else raw[: size - 4].decode(errors="ignore") + "…"
