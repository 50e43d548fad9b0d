"""A batch: decided, written, staged and accounted for together, under the lane's fence."""

from dataclasses import replace
from datetime import timedelta

from switchboard import errors
from switchboard.backfills import ledger
from switchboard.backfills.definition import Batch, Decision, RowError, Written
from switchboard.backfills.errors import LaneTaken
from switchboard.backfills.lanes import Lane, Tools
from switchboard.backfills.ledger import Outcome
from switchboard.backfills.runs import SHORT
from switchboard.store.database import Limits, Transaction

LIMITS = Limits(statement_ms=900, lock_ms=500, idle_ms=10_000)
LAST_TRY = Limits(statement_ms=1_900, lock_ms=500, idle_ms=10_000)  # a batch of one cannot be made smaller
_PLANNING = (
    "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off; SET LOCAL enable_seqscan = off; "
    "SET LOCAL random_page_cost = 1.1; "
    "SET CONSTRAINTS ALL IMMEDIATE"
)
PREPARE_LEASE = timedelta(minutes=15)
_ROW_STATES = ("22", "23", "44", "P0")  # data, constraints, views' checks, raised by a trigger


class RowsRefused(Exception):
    """The database refused what a batch wrote, because of one of its rows."""

    def __init__(self, decision: Decision, error: errors.DatabaseError) -> None:
        super().__init__(error.sqlstate)
        self.decision = decision
        self.error = error
        self.row_key: str | None = None  # where it is known which row it was


def do_batch(lane: Lane, tools: Tools) -> tuple[Lane, str]:
    """The lane after its next batch, and what the run wants now. Raises LaneTaken, RowsRefused, DatabaseError."""
    if lane.kind == "errors":
        return _try_again(lane, tools)
    started, batch = tools.clock.monotonic(), lane.batch()
    if lane.run.dry_run:
        decision = _decide_only(lane, batch, tools)
        with tools.database.transaction(limits=SHORT) as tx:
            return _close(tx, lane, batch, decision, Written(), tools, started)
    if lane.step.prepare:
        _prepare(lane, batch, tools)
    with tools.database.transaction(limits=_limits(lane)) as tx:
        tx.script(_PLANNING)
        decision = lane.step.decide(tx, batch)
        written = _apply(tx, lane, batch, decision)
        return _close(tx, lane, batch, decision, written, tools, started)


def record_bad_row(lane: Lane, refused: RowsRefused, tools: Tools) -> tuple[Lane, str]:
    """Notes the one row of a refused batch and goes on behind it."""
    started, decision = tools.clock.monotonic(), refused.decision
    key = refused.row_key or decision.first_key or lane.cursor or ""
    error = RowError(key, decision.first_id or key, _message(refused.error), refused.error.sqlstate)
    next_key = decision.next_key if lane.kind == "range" else key
    with tools.database.transaction(limits=SHORT) as tx:
        ledger.add_errors(tx, lane, (error,), now=tools.clock.now())
        return ledger.close(tx, lane, Outcome(next_key, started=started), tools.clock)


def reread(lane: Lane, tools: Tools) -> Lane:
    """The lane with the cursor as it stands in the database. Raises LaneTaken."""
    with tools.database.transaction(limits=SHORT) as tx:
        row = tx.row("backfill.held_lane", **lane.place())
    if row is None:
        raise LaneTaken
    return replace(lane, cursor=None if row["state"] == "done" else row["cursor"])


def _try_again(lane: Lane, tools: Tools) -> tuple[Lane, str]:
    """One recorded row error after the other: gone when its row can be written now, or is no more."""
    started = tools.clock.monotonic()
    with tools.database.transaction(limits=SHORT) as tx:
        key = ledger.next_error(tx, lane)
        if key is None:
            return ledger.close(tx, lane, Outcome(None, started=started), tools.clock)
    batch = lane.run.batch(pass_number=lane.pass_number, after=key, size=1)
    predicted = _decide_only(lane, batch, tools) if lane.run.dry_run else None
    try:
        with tools.database.transaction(limits=LAST_TRY) as tx:
            ledger.clear_error(tx, lane, key)
            decision = predicted or lane.step.decide(tx, batch)
            if decision.first_key != key:  # the row is no more
                return ledger.close(tx, lane, Outcome(key, started=started), tools.clock)
            written = Written() if predicted else _apply(tx, lane, batch, decision)
            return _close(tx, lane, batch, replace(decision, next_key=key), written, tools, started)
    except RowsRefused as refused:
        refused.row_key = key
        raise


def _limits(lane: Lane) -> Limits:
    return LAST_TRY if lane.size.now == 1 else LIMITS


def _decide_only(lane: Lane, batch: Batch, tools: Tools) -> Decision:
    with tools.database.transaction(read_only=True, limits=_limits(lane)) as tx:
        tx.script(_PLANNING)
        return lane.step.decide(tx, batch)


def _prepare(lane: Lane, batch: Batch, tools: Tools) -> None:
    with tools.database.transaction(limits=SHORT) as tx:
        if not tx.rows("backfill.extend_lease", lease_until=tools.clock.now() + PREPARE_LEASE, **lane.place()):
            raise LaneTaken
    decision = _decide_only(lane, batch, tools)
    if lane.step.prepare:
        lane.step.prepare(tools.database, batch, decision)


def _apply(tx: Transaction, lane: Lane, batch: Batch, decision: Decision) -> Written:
    if lane.step.apply is None:
        return Written()
    try:
        return lane.step.apply(tx, batch, decision)
    except errors.DatabaseError as error:
        if error.sqlstate.startswith(_ROW_STATES):
            raise RowsRefused(decision, error) from None
        raise


def _close(  # noqa: PLR0917  all that a batch is made of
    tx: Transaction, lane: Lane, batch: Batch, decision: Decision, written: Written, tools: Tools, started: float
) -> tuple[Lane, str]:
    """Stages in both modes, notes images and row errors, moves the cursor; the caller commits when this returns."""
    if lane.step.stage:
        lane.step.stage(tx, batch, decision)
    ledger.add_images(tx, lane, written.images)
    if decision.errors:
        ledger.add_errors(tx, lane, decision.errors, now=tools.clock.now())
    counts = dict(decision.counts) | dict(written.counts)
    return ledger.close(tx, lane, Outcome(decision.next_key, decision.scanned, counts, started), tools.clock)


def _message(error: errors.DatabaseError) -> str:
    return f"{error.constraint} refused the row" if error.constraint else "the database refused the row"
