"""What a batch leaves in the books: cursor, ledger row, before-images and row errors, in its own transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from switchboard.backfills.definition import Image, RowError
from switchboard.backfills.errors import LaneTaken
from switchboard.backfills.lanes import LANE_LEASE, Clock, Lane
from switchboard.store.database import Transaction, as_json

_SHOWN_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a batch ended: where the next one starts (None: the lane is done), and what it counted."""

    next_key: str | None
    scanned: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    started: float = 0.0


def close(tx: Transaction, lane: Lane, outcome: Outcome, clock: Clock) -> tuple[Lane, str]:
    """The lane as it goes on, and what the run wants. Raises LaneTaken when the fence is another's by now."""
    took_ms = (clock.monotonic() - outcome.started) * 1000
    size = lane.size
    if outcome.scanned:
        size = size.after_success(took_ms=took_ms, scanned=outcome.scanned)
    now = clock.now()
    row = tx.row(
        "backfill.close_batch",
        **lane.place(),
        next_key=outcome.next_key,
        size=size.rows,
        scanned=outcome.scanned,
        counts=as_json({label: count for label, count in outcome.counts.items() if count}),
        took_ms=int(took_ms),
        now=now,
        lease_until=now + LANE_LEASE,
    )
    if row is None:
        raise LaneTaken
    return replace(lane, cursor=outcome.next_key, size=size), row["wanted"]


def add_images(tx: Transaction, lane: Lane, images: Sequence[Image]) -> None:
    """One row for each kind of change in the batch."""
    for image in images:
        tx.later(
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


def add_errors(tx: Transaction, lane: Lane, found: Sequence[RowError], *, now: datetime) -> None:
    """Records rows by id; over maxRowErrors the run is told to stop."""
    rows: list[dict[str, Any]] = [
        {"row_key": e.key, "row_id": e.row_id, "sqlstate": e.sqlstate, "message": e.message[:_SHOWN_MESSAGE]}
        for e in found
    ]
    tx.rows(
        "backfill.add_row_errors",
        run_number=lane.run.number,
        step=lane.step_number,
        errors=as_json(rows),
        now=now,
    )
    tx.rows("backfill.stop_over_row_errors", run_number=lane.run.number)


def next_error(tx: Transaction, lane: Lane) -> str | None:
    """The key of the next recorded row error behind the lane's cursor."""
    place = {"run_number": lane.run.number, "step": lane.step_number}
    row = tx.row("backfill.next_row_error", after=lane.cursor, **place)
    return row["row_key"] if row else None


def clear_error(tx: Transaction, lane: Lane, key: str) -> None:
    """A row error that is about to be tried again."""
    tx.rows("backfill.clear_row_error", row_key=key, run_number=lane.run.number, step=lane.step_number)
