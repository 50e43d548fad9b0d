"""A rollback's steps: the before-images of a run, the last change first, each taken back by its definition's Undo."""

from collections.abc import Sequence
from typing import Any

from switchboard.backfills.definition import (
    Apply,
    Batch,
    Bounds,
    Decide,
    Decision,
    Definition,
    LaneStart,
    Part,
    Stage,
    Step,
    Undo,
    Undone,
    Written,
)
from switchboard.backfills.errors import RunFailed
from switchboard.backfills.runs import Run
from switchboard.store.database import Transaction

LABELS = ("Restored", "Deleted", "Left alone")


def undo_steps(tx: Transaction, definition: Definition, run: Run) -> list[Step]:
    """One step for each kind of change in each of the run's own steps; fixed once the rollback is planned."""
    if run.target_number is None:
        raise RunFailed("a rollback needs the run to undo", run_id=run.id)
    rows = tx.rows("backfill.image_steps", target_number=run.target_number)
    steps = []
    for row in rows:
        undo = definition.undos.get(row["kind"])
        if undo is None:
            raise RunFailed(f"this version cannot undo {row['kind']}", run_id=run.id)
        if undo.wanted(run.params):
            steps.append(_step(undo, row["kind"], row["step"], run.target_number))
    return steps


def _step(undo: Undo, kind: str, image_step: int, target_number: int) -> Step:
    place = {"kind": kind, "image_step": image_step, "target_number": target_number}
    return Step(
        key=f"{kind}:{image_step}",
        name=f"undo {kind}",
        bounds=_bounds(place),
        decide=_decide(undo, place),
        apply=_apply(undo, kind),
        stage=_stage(undo, kind),
    )


def _bounds(place: dict[str, Any]) -> Bounds:
    def bounds(tx: Transaction, _batch: Batch, lanes: int) -> Sequence[LaneStart]:
        found = tx.rows("backfill.image_bounds", lanes=lanes, **place)
        return [LaneStart(row["first_key"], row["rows"]) for row in found]

    return bounds


def _decide(undo: Undo, place: dict[str, Any]) -> Decide:
    def decide(tx: Transaction, batch: Batch) -> Decision:
        row = tx.row("backfill.image_part", after=batch.after, until=batch.until, size=batch.size)
        if row is None:  # past its keeping time meanwhile
            return Decision(next_key=None, scanned=0)
        part = Part(
            run_number=batch.run_number,
            target_number=place["target_number"],
            dry_run=batch.dry_run,
            params=batch.params,
            keys=row["keys"],
            before=row["before"],
            after=row["after"],
        )
        undone = undo.decide(tx, part)
        return Decision(
            next_key=row["next_key"],
            scanned=row["rows"],
            counts=_counts(undone),
            first_key=batch.after,
            first_id=row["first_id"],
            values={"part": part, "undone": undone, "number": row["number"], "done": row["done"]},
        )

    return decide


def _apply(undo: Undo, kind: str) -> Apply:
    def apply(tx: Transaction, batch: Batch, decision: Decision) -> Written:
        if not decision.scanned:
            return Written()
        undone = undo.apply(tx, decision.values["part"], decision.values["undone"])
        _note_left_alone(tx, batch, kind, undone)
        tx.rows("backfill.mark_undone", number=decision.values["number"], done=decision.values["done"])
        return Written(counts=_counts(undone))

    return apply


def _stage(undo: Undo, kind: str) -> Stage:
    def stage(tx: Transaction, batch: Batch, decision: Decision) -> None:
        if not batch.dry_run or not decision.scanned:
            return
        _note_left_alone(tx, batch, kind, decision.values["undone"])
        if undo.stage:
            undo.stage(tx, decision.values["part"], decision.values["undone"])

    return stage


def _note_left_alone(tx: Transaction, batch: Batch, kind: str, undone: Undone) -> None:
    if undone.left_alone:
        ids, whys = zip(*undone.left_alone, strict=True)
        tx.rows("backfill.add_left_alone", run_number=batch.run_number, kind=kind, row_ids=list(ids), whys=list(whys))


def _counts(undone: Undone) -> dict[str, int]:
    return dict(undone.counts) | {"Left alone": len(undone.left_alone)}
