"""A batch: decided, written, staged and accounted for together, under the lane's fence."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from switchboard import errors
from switchboard.backfills.definition import Batch, Decision, RowError, Step, Written
from switchboard.backfills.errors import LaneTaken
from switchboard.backfills.runs import SHORT, Run
from switchboard.backfills.sizes import Size
from switchboard.store.database import Database, Limits, Transaction, as_json

if TYPE_CHECKING:
    from switchboard.backfills.slices import Clock

LIMITS = Limits(statement_ms=900, lock_ms=500, idle_ms=10_000)
LAST_TRY = Limits(statement_ms=20_000, lock_ms=500, idle_ms=30_000)  # a batch of one cannot be made smaller
_PLANNING = (
    "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off; SET LOCAL enable_seqscan = off; "
    "SET CONSTRAINTS ALL IMMEDIATE"
)
PREPARE_LEASE = timedelta(minutes=15)
_ROW_STATES = ("22", "23", "44", "P0")  # data, constraints, views' checks, raised by a trigger
_SHOWN_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane as a slice holds it."""

    run: Run
    step_number: int
    number: int
    kind: str
    step: Step
    pass_number: int
    cursor: str | None
    until: str | None
    fence: int
    size: Size

    def place(self) -> dict[str, int]:
        """Which lane it is, and under which fence."""
        return {"run_number": self.run.number, "step": self.step_number, "lane": self.number, "fence": self.fence}

    def batch(self) -> Batch:
        """The next batch of a range."""
        return self.run.batch(
            pass_number=self.pass_number, after=self.cursor or "", until=self.until, size=self.size.now
        )


class RowsRefused(Exception):
    """The database refused what a batch wrote, because of one of its rows."""

    def __init__(self, decision: Decision, error: errors.DatabaseError, row_key: str | None = None) -> None:
        super().__init__(error.sqlstate)
        self.decision = decision
        self.error = error
        self.row_key = row_key


def do_batch(lane: Lane, *, database: Database, clock: "Clock", lease: timedelta) -> tuple[Lane, str]:
    """The lane after its next batch, and what the run wants now. Raises LaneTaken, RowsRefused, DatabaseError."""
    started = clock.monotonic()
    if lane.kind == "errors":
        return _try_again(lane, database=database, clock=clock, lease=lease)
    batch = lane.batch()
    if lane.run.dry_run:
        decision = _decide_only(lane, batch, database=database)
        with database.transaction(limits=SHORT) as tx:
            counts = _stage(tx, lane, batch, decision, Written(), clock)
            return _close(tx, lane, decision.next_key, decision.scanned, counts, started, clock, lease)
    if lane.step.prepare:
        _prepare(lane, batch, database=database, clock=clock)
    with database.transaction(limits=_limits(lane)) as tx:
        decision, written = _write(tx, lane, batch)
        counts = _stage(tx, lane, batch, decision, written, clock)
        return _close(tx, lane, decision.next_key, decision.scanned, counts, started, clock, lease)


def record_bad_row(
    lane: Lane, refused: RowsRefused, *, database: Database, clock: "Clock", lease: timedelta
) -> tuple[Lane, str]:
    """Notes the one row of a refused batch and goes on behind it."""
    started, decision = clock.monotonic(), refused.decision
    key = refused.row_key or decision.first_key or lane.cursor or ""
    error = RowError(key, decision.first_id or key, _message(refused.error), refused.error.sqlstate)
    with database.transaction(limits=SHORT) as tx:
        _add_errors(tx, lane, (error,), clock)
        next_key = decision.next_key if lane.kind == "range" else key
        return _close(tx, lane, next_key, 0, {}, started, clock, lease)


def reread(lane: Lane, *, database: Database) -> Lane:
    """The lane with the cursor as it stands in the database. Raises LaneTaken."""
    with database.transaction(limits=SHORT) as tx:
        row = tx.row("backfill.held_lane", **lane.place())
    if row is None:
        raise LaneTaken
    return replace(lane, cursor=None if row["state"] == "done" else row["cursor"])


def _try_again(lane: Lane, *, database: Database, clock: "Clock", lease: timedelta) -> tuple[Lane, str]:
    """One recorded row error after the other: gone when its row can be written now, or is no more."""
    started = clock.monotonic()
    with database.transaction(limits=SHORT) as tx:
        found = tx.row("backfill.next_row_error", after=lane.cursor, run_number=lane.run.number, step=lane.step_number)
        if found is None:
            return _close(tx, lane, None, 0, {}, started, clock, lease)
    key = found["row_key"]
    batch = lane.run.batch(pass_number=lane.pass_number, after=key, size=1)
    decision = _decide_only(lane, batch, database=database) if lane.run.dry_run else None
    try:
        with database.transaction(limits=LAST_TRY) as tx:
            tx.rows("backfill.clear_row_error", row_key=key, run_number=lane.run.number, step=lane.step_number)
            written = Written()
            if decision is None:
                decision = lane.step.decide(tx, batch)
                if decision.first_key == key and lane.step.apply:
                    written = _apply(tx, lane, batch, decision)
            counts = _stage(tx, lane, batch, decision, written, clock) if decision.first_key == key else {}
            return _close(tx, lane, key, decision.scanned, counts, started, clock, lease)
    except RowsRefused as refused:
        refused.row_key = key
        raise


def _limits(lane: Lane) -> Limits:
    return LAST_TRY if lane.size.now == 1 else LIMITS


def _decide_only(lane: Lane, batch: Batch, *, database: Database) -> Decision:
    with database.transaction(read_only=True, limits=_limits(lane)) as tx:
        tx.script(_PLANNING)
        return lane.step.decide(tx, batch)


def _prepare(lane: Lane, batch: Batch, *, database: Database, clock: "Clock") -> None:
    with database.transaction(limits=SHORT) as tx:
        if not tx.rows("backfill.extend_lease", lease_until=clock.now() + PREPARE_LEASE, **lane.place()):
            raise LaneTaken
    decision = _decide_only(lane, batch, database=database)
    if lane.step.prepare:
        lane.step.prepare(database, batch, decision)


def _write(tx: Transaction, lane: Lane, batch: Batch) -> tuple[Decision, Written]:
    tx.script(_PLANNING)
    decision = lane.step.decide(tx, batch)
    return decision, _apply(tx, lane, batch, decision)


def _apply(tx: Transaction, lane: Lane, batch: Batch, decision: Decision) -> Written:
    if lane.step.apply is None:
        return Written()
    try:
        return lane.step.apply(tx, batch, decision)
    except errors.DatabaseError as error:
        if error.sqlstate.startswith(_ROW_STATES):
            raise RowsRefused(decision, error) from None
        raise


def _stage(
    tx: Transaction, lane: Lane, batch: Batch, decision: Decision, written: Written, clock: "Clock"
) -> dict[str, int]:
    """Stages in both modes, and notes images and row errors; answers with the batch's counts."""
    if lane.step.stage:
        lane.step.stage(tx, batch, decision)
    for image in written.images:
        tx.rows(
            "backfill.add_image",
            run_number=lane.run.number,
            step=lane.step_number,
            kind=image.kind,
            keys=image.keys,
            before=image.before,
            after=image.after,
            rows=image.rows,
            now=lane.run.started_at,
        )
    if decision.errors:
        _add_errors(tx, lane, decision.errors, clock)
    return dict(decision.counts) | dict(written.counts)


def _close(
    tx: Transaction,
    lane: Lane,
    next_key: str | None,
    scanned: int,
    counts: dict[str, int],
    started: float,
    clock: "Clock",
    lease: timedelta,
) -> tuple[Lane, str]:
    """Ledger and cursor, in the batch's own transaction; the caller commits when this returns."""
    took_ms = (clock.monotonic() - started) * 1000
    size = lane.size.after_success(took_ms=took_ms, scanned=scanned) if scanned else lane.size
    now = clock.now()
    row = tx.row(
        "backfill.close_batch",
        **lane.place(),
        next_key=next_key,
        size=size.rows,
        scanned=scanned,
        counts=as_json({label: count for label, count in counts.items() if count}),
        took_ms=int(took_ms),
        now=now,
        lease_until=now + lease,
    )
    if row is None:
        raise LaneTaken
    return replace(lane, cursor=next_key, size=size), row["wanted"]


def _add_errors(tx: Transaction, lane: Lane, found: tuple[RowError, ...], clock: "Clock") -> None:
    rows: list[dict[str, Any]] = [
        {"row_key": e.key, "row_id": e.row_id, "sqlstate": e.sqlstate, "message": e.message[:_SHOWN_MESSAGE]}
        for e in found
    ]
    tx.rows(
        "backfill.add_row_errors",
        run_number=lane.run.number,
        step=lane.step_number,
        errors=as_json(rows),
        now=clock.now(),
    )
    tx.rows("backfill.stop_over_row_errors", number=lane.run.number)


def _message(error: errors.DatabaseError) -> str:
    return f"{error.constraint} refused the row" if error.constraint else "the database refused the row"
