"""A slice: one invocation on one lane, batch after batch, until the lane is done, time is up or the run shall stop."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from switchboard import errors
from switchboard.backfills import batches
from switchboard.backfills.batches import RowsRefused
from switchboard.backfills.catalogue import definition_named
from switchboard.backfills.errors import LaneTaken
from switchboard.backfills.lanes import LANE_LEASE, Lane, Tools
from switchboard.backfills.legs import leg_of
from switchboard.backfills.runs import RUN_LEASE, SHORT, get_run
from switchboard.backfills.sizes import Size
from switchboard.store.database import Database

SLICE_S = 50.0
_TRIES_WITHOUT_PROGRESS = 8
_PAUSE_S = 0.1
logger = Logger(service="switchboard", child=True)


def work_slice(*, run_number: int, step: int, lane: int, tools: Tools) -> dict[str, Any]:
    """Works on one lane for at most `SLICE_S`; `again` says whether the lane wants another slice.

    Raises DatabaseUnavailable and the like when nothing moves; the cursor stands where the last batch committed.
    """
    held = _take(run_number, step, lane, tools)
    if held is None:
        return {"again": False}
    try:
        again = _work(held, tools)
    except LaneTaken:
        logger.info("lane_was_taken", run=run_number, step=step, lane=lane)
        return {"again": False}
    except errors.SwitchboardError as error:
        _leave(held, database=tools.database, lease_until=None, error=_explain(error))
        raise
    until = tools.clock.now() + RUN_LEASE if again else None
    _leave(held, database=tools.database, lease_until=until, error=None)
    return {"again": again}


def _take(run_number: int, step: int, lane: int, tools: Tools) -> Lane | None:
    with tools.database.transaction(limits=SHORT) as tx:
        run = get_run(tx, run_number)
        until = tools.clock.now() + LANE_LEASE
        row = tx.row("backfill.lease_lane", run_number=run_number, step=step, lane=lane, lease_until=until)
        leg = leg_of(tx, definition_named(run.backfill), run, step) if row else None
    if row is None or leg is None:
        return None
    return Lane(
        run=run,
        step_number=step,
        number=lane,
        kind=row["kind"],
        step=leg.step,
        pass_number=row["pass"],
        cursor=row["cursor"],
        until=row["until"],
        fence=row["fence"],
        size=Size(row["batch_size"]),
    )


def _work(lane: Lane, tools: Tools) -> bool:
    """Whether the lane wants another slice."""
    end, failures = tools.clock.monotonic() + SLICE_S, 0
    while lane.cursor is not None:
        if tools.clock.monotonic() >= end:
            return True
        try:
            lane, wanted = batches.do_batch(lane, tools)
            failures = 0
        except RowsRefused as refused:
            lane, wanted = _after_refusal(lane, refused, tools)
        except (errors.LockNotAvailable, errors.StatementTimedOut, errors.DatabaseUnavailable) as error:
            failures += 1
            lane, wanted = _after_delay(lane, error, failures, tools)
        if wanted != "run":
            return False
    return False


def _after_refusal(lane: Lane, refused: RowsRefused, tools: Tools) -> tuple[Lane, str]:
    if refused.decision.scanned > 1 and lane.kind == "range" and lane.size.now > 1:
        return replace(lane, size=lane.size.after_bad_row(scanned=refused.decision.scanned)), "run"
    return batches.record_bad_row(lane, refused, tools)


def _after_delay(lane: Lane, error: errors.DatabaseError, failures: int, tools: Tools) -> tuple[Lane, str]:
    """Tries again with half the rows. The cursor is read anew: the answer to COMMIT may have been lost."""
    logger.warning("batch_was_delayed", run=lane.run.number, lane=lane.number, error=type(error).__name__)
    if failures >= _TRIES_WITHOUT_PROGRESS:
        raise error
    tools.clock.sleep(min(2.0, _PAUSE_S * 2**failures) * tools.clock.jitter())
    smaller = lane if isinstance(error, errors.DatabaseUnavailable) else replace(lane, size=lane.size.after_delay())
    try:
        return batches.reread(smaller, tools), "run"
    except errors.DatabaseUnavailable:
        return smaller, "run"


def _leave(lane: Lane, *, database: Database, lease_until: datetime | None, error: str | None) -> None:
    try:
        with database.transaction(limits=SHORT) as tx:
            tx.rows("backfill.leave_lane", error=error, lease_until=lease_until, **lane.place())
    except errors.DatabaseError:
        logger.warning("lane_was_not_left", run=lane.run.number, lane=lane.number)  # its lease ends by itself


def _explain(error: errors.SwitchboardError) -> str:
    return f"{type(error).__name__}: {error}"[:500]
