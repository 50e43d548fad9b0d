"""The owner follows the backfills: the newest runs and how far each is, without reports."""

import re
from datetime import datetime
from typing import Any

from switchboard.backfills.catalogue import definition_named
from switchboard.backfills.progress import answer, progress
from switchboard.backfills.runs import get_run
from switchboard.errors import NotFound
from switchboard.store import inbox
from switchboard.store.database import Database, Row, Transaction

RUNS_SHOWN = 20
_FIGURE = re.compile(r"[0-9][0-9.,]*%?")


def list_runs(*, before: int | None, database: Database, now: datetime) -> tuple[list[dict[str, Any]], int | None]:
    """The newest runs of all backfills, or those before a number, newest first; and before which the next ones are."""
    with database.transaction(read_only=True) as tx:
        rows = inbox.backfill_runs(tx, most=RUNS_SHOWN + 1, before=before)
        runs = [_run(tx, row, now=now) for row in rows[:RUNS_SHOWN]]
    return runs, rows[RUNS_SHOWN - 1]["number"] if len(rows) > RUNS_SHOWN else None


def read_run(run_id: str, *, database: Database, now: datetime) -> dict[str, Any]:
    """One run. Raises NotFound."""
    with database.transaction(read_only=True) as tx:
        for row in inbox.backfill_runs(tx, most=1, run_id=run_id):
            return _run(tx, row, now=now)
    raise NotFound


def _run(tx: Transaction, row: Row, *, now: datetime) -> dict[str, Any]:
    definition, run = definition_named(row["backfill"]), get_run(tx, row["number"])
    times = {"startedAt": run.started_at.isoformat(), "endedAt": run.ended_at.isoformat() if run.ended_at else None}
    told = answer(tx, definition, run)
    checks = [_nameless(check) for check in told["checks"]]
    return told | {"checks": checks} | progress(tx, definition, run, now=now) | times


def _nameless(check: dict[str, Any]) -> dict[str, Any]:
    """A check without the organisations in which it failed: runs are the platform's, an owner is one organisation's."""
    actual = check["actual"]
    if check["ok"] or not isinstance(actual, str) or _FIGURE.fullmatch(actual):
        return check
    return check | {"actual": "not all"}
