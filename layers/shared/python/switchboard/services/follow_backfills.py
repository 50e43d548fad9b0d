"""The owner follows the backfills: the newest runs and how far each is, without reports."""

from datetime import datetime
from typing import Any

from switchboard.backfills.catalogue import definition_named
from switchboard.backfills.progress import answer, progress
from switchboard.backfills.runs import get_run
from switchboard.errors import NotFound
from switchboard.store import inbox
from switchboard.store.database import Database, Row, Transaction

RUNS_SHOWN = 20


def list_runs(*, database: Database, now: datetime) -> list[dict[str, Any]]:
    """The newest runs of all backfills, newest first."""
    with database.transaction(read_only=True) as tx:
        return [_run(tx, row, now=now) for row in inbox.backfill_runs(tx, most=RUNS_SHOWN)]


def read_run(run_id: str, *, database: Database, now: datetime) -> dict[str, Any]:
    """One run. Raises NotFound."""
    with database.transaction(read_only=True) as tx:
        for row in inbox.backfill_runs(tx, most=1, run_id=run_id):
            return _run(tx, row, now=now)
    raise NotFound


def _run(tx: Transaction, row: Row, *, now: datetime) -> dict[str, Any]:
    definition, run = definition_named(row["backfill"]), get_run(tx, row["number"])
    times = {"startedAt": run.started_at.isoformat(), "endedAt": run.ended_at.isoformat() if run.ended_at else None}
    return answer(tx, definition, run) | progress(tx, definition, run, now=now) | times
