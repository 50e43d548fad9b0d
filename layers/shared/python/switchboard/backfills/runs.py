"""Runs as stored: reading them, and what they add up to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from switchboard.backfills.definition import Batch, Late, RowError, RunFacts
from switchboard.store.database import Database, Limits, Row, Transaction, as_json

RUN_LEASE = timedelta(seconds=60)  # how long a run may be between two tasks before it counts as stopped
TASK_LEASE = timedelta(minutes=16)  # planning and verifying may take a Lambda's whole time
SHORT = Limits(statement_ms=5_000, lock_ms=4_000, idle_ms=10_000)
LONG = Limits(statement_ms=840_000, lock_ms=2_000, idle_ms=860_000)
SHOWN_ERRORS = 100
SHOWN_LEFT_ALONE = 1_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run's row, without its report."""

    number: int
    id: str
    backfill: str
    action: str
    dry_run: bool
    state: str
    wanted: str
    execution: str | None
    step: int
    last_pass: int
    as_of: datetime
    batch_size: int
    concurrency: int
    lanes: int
    max_row_errors: int
    params: Mapping[str, Any]
    verbose: bool
    target_number: int | None
    error: str | None
    detail: str | None
    late: Late
    checks: tuple[Mapping[str, Any], ...]
    lease_until: datetime
    rolled_back_at: datetime | None
    images_dropped: bool
    started_at: datetime
    resumed_at: datetime
    ended_at: datetime | None
    reason: str
    requested_by: str

    def batch(self, *, pass_number: int, after: str = "", until: str | None = None, size: int = 1) -> Batch:
        """A batch of this run."""
        return Batch(
            run_number=self.number,
            run_id=self.id,
            dry_run=self.dry_run,
            as_of=self.as_of,
            started_at=self.started_at,
            params=self.params,
            pass_number=pass_number,
            after=after,
            until=until,
            size=size,
        )


def read_run(row: Row) -> Run:
    """A run out of its row."""
    late = row["late"]
    return Run(
        **{name: row[name] for name in _AS_STORED},
        verbose=row["is_verbose"],
        late=Late(late.get("rows", 0), tuple(late.get("ids", ()))),
        checks=tuple(row["checks"]),
    )


_AS_STORED = tuple(name for name in Run.__slots__ if name not in ("verbose", "late", "checks"))


def get_run(tx: Transaction, number: int) -> Run:
    """The run with this number."""
    return read_run(tx.one("backfill.run", number=number))


class RunChanges(TypedDict, total=False):
    """What a run's row may be changed to."""

    state: str
    wanted: str
    began: bool
    step: int
    error: str | None
    detail: str
    late: Mapping[str, Any]
    checks: Sequence[Mapping[str, Any]]
    report: str
    lease_until: datetime
    ended_at: datetime


def change_run(tx: Transaction, number: int, **changes: Unpack[RunChanges]) -> None:
    """Sets the given columns; the others stay."""
    values: dict[str, Any] = dict.fromkeys(RunChanges.__annotations__) | changes
    for name in ("late", "checks"):
        if values[name] is not None:
            values[name] = as_json(values[name])
    tx.rows("backfill.change_run", number=number, **values)


def totals(tx: Transaction, number: int) -> Counter[str]:
    """Sums over the ledger by label, and `Errors`: the row errors that are recorded now."""
    summed = Counter({row["label"]: row["total"] for row in tx.rows("backfill.totals", run_number=number)})
    summed["Errors"] = row_error_count(tx, number)
    return summed


def totals_so_far(tx: Transaction, number: int) -> dict[str, Counter[str]]:
    """The same by step key, as the lanes carry it along: as quick at the end of a long run as at its beginning."""
    found: dict[str, Counter[str]] = {}
    for row in tx.rows("backfill.totals_so_far", run_number=number):
        found.setdefault(row["step_key"], Counter())[row["label"]] = row["total"]
    return found


def row_error_count(tx: Transaction, number: int) -> int:
    """How many row errors are recorded now."""
    count: int = tx.one("backfill.row_error_count", run_number=number)["rows"]
    return count


def facts(tx: Transaction, run: Run) -> RunFacts:
    """The run as its definition sees it."""
    errors = tx.rows("backfill.row_errors", run_number=run.number, size=SHOWN_ERRORS)
    left = tx.rows("backfill.left_alone", run_number=run.number, size=SHOWN_LEFT_ALONE)
    target = get_run(tx, run.target_number) if run.target_number else None
    return RunFacts(
        number=run.number,
        id=run.id,
        action=run.action,
        dry_run=run.dry_run,
        verbose=run.verbose,
        as_of=run.as_of,
        started_at=run.started_at,
        params=run.params,
        counts=totals(tx, run.number),
        row_errors=tuple(RowError(e["row_key"], e["row_id"], e["message"], e["sqlstate"]) for e in errors),
        row_error_count=row_error_count(tx, run.number),
        late=run.late,
        target_id=target.id if target else None,
        left_alone=tuple((row["row_id"], row["why"]) for row in left),
    )


def running(tx: Transaction) -> list[tuple[str, int]]:
    """The runs that are under way: the backfill's name and the run's number."""
    return [(row["backfill"], row["number"]) for row in tx.rows("backfill.running")]


def pause_lost_runs(*, database: Database, now: datetime) -> list[str]:
    """Marks runs that nobody holds a lease on any more as paused, for housekeeping; answers with their ids."""
    with database.transaction(limits=SHORT) as tx:
        return [row["id"] for row in tx.rows("backfill.pause_lost_runs", now=now)]


def drop_old_images(*, database: Database, now: datetime, keep: timedelta) -> None:
    """Deletes before-images past their keeping time, for housekeeping."""
    with database.transaction(limits=SHORT) as tx:
        tx.rows("backfill.drop_old_images", before=now - keep)
