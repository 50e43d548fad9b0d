"""What operators are told about a run: its answer as the contract has it, and how far it is."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from switchboard.backfills import rollback
from switchboard.backfills.definition import Counts, Definition
from switchboard.backfills.runs import Run, row_error_count, totals_so_far
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
    by_step, errors = totals_so_far(tx, run.number), row_error_count(tx, run.number)
    return {
        "runId": run.id,
        "backfill": run.backfill,
        "action": action or run.action,
        "dryRun": run.dry_run,
        "status": run.state,
        "counts": published(definition, run, sum(by_step.values(), Counter({"Errors": errors}))),
        "steps": _steps(tx, definition, run, by_step),
        "checks": [dict(check) for check in run.checks],
        "report": cut(report, REPORT_BYTES),
        "rowErrors": errors,
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


def _steps(
    tx: Transaction, definition: Definition, run: Run, by_key: Mapping[str, Counter[str]]
) -> list[dict[str, Any]]:
    if run.action == "verify":
        return []
    if run.action == "rollback":
        planned = [(step.name, step.key) for step in rollback.undo_steps(tx, definition, run)]
    else:
        planned = [(step.name, step.key) for step in definition.steps]
    shown = []
    last = 0
    for name, group in groupby(planned, key=lambda pair: pair[0]):
        keys = [key for _, key in group]
        counts: Counter[str] = sum((by_key.get(key, Counter()) for key in keys), Counter())
        first, last = last + 1, last + len(keys)
        shown.append(
            {"name": name, "status": _step_status(run, first, last), "counts": _shown(definition, run, counts)}
        )
    ended = "done" if run.state == "completed" else "waiting"
    closing = definition.closing_steps if run.action == "run" else ()
    return shown + [{"name": name, "status": ended, "counts": {}} for name in closing]


def _step_status(run: Run, first: int, last: int) -> str:
    if run.state == "completed" or run.step > last:
        return "done"
    return "working" if first <= run.step else "waiting"


def _shown(definition: Definition, run: Run, counts: Mapping[str, int]) -> dict[str, int]:
    labels = labels_of(definition, run)
    return {label: counts[label] for label in labels if counts.get(label)}


def progress(tx: Transaction, definition: Definition, run: Run, *, now: datetime) -> dict[str, Any]:
    """percent, rowsPerSecond, secondsLeft: by the rows of the present step and the pace since the run was resumed."""
    pace = tx.one("backfill.pace", run_number=run.number)
    share = _share_of(tx, definition, run, pace)
    seconds = max(((run.ended_at or now) - run.resumed_at).total_seconds(), 0.001)
    gained = share - pace["resumed_share"]
    left = round(seconds * (1 - share) / gained) if gained > 0 and run.state == "running" else None
    return {
        "percent": round(100 * share, 1),
        "rowsPerSecond": round(pace["scanned"] / seconds),
        "secondsLeft": 0 if run.state == "completed" else left,
    }


def share_done(tx: Transaction, definition: Definition, run: Run) -> float:
    """How much of a run is done, 0 to 1."""
    return _share_of(tx, definition, run, tx.one("backfill.pace", run_number=run.number))


def _share_of(tx: Transaction, definition: Definition, run: Run, pace: Mapping[str, Any]) -> float:
    """Steps by their weights, the present one by its rows; a later pass counts nothing, verification and report one."""
    if run.state == "completed":
        return 1.0
    steps = rollback.undo_steps(tx, definition, run) if run.action == "rollback" else definition.steps
    done = sum(float(step.weight) for step in steps[: max(run.step - 1, 0)])
    if 0 < run.step <= len(steps):
        done += steps[run.step - 1].weight * float(pace["done"])
    return min(0.99, done / (sum(step.weight for step in steps) + 1))


def cut(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, no character halved."""
    raw = text.encode()
    return text if len(raw) <= size else raw[: size - 4].decode(errors="ignore") + "…"
