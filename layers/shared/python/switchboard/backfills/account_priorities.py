"""account-priorities: classifies sales accounts by their last order, adds the call-plan schema, sets priorities."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import StrictBool

from switchboard.backfills import account_schema_step as schema
from switchboard.backfills.account_priorities_checks import verify
from switchboard.backfills.account_priorities_report import report
from switchboard.backfills.definition import (
    Batch,
    Decision,
    Definition,
    LaneStart,
    Late,
    RunFacts,
    Step,
    applying,
    bounds_by,
    deciding,
    undoing,
)
from switchboard.backfills.params import Params
from switchboard.domain.account_classes import cutoffs
from switchboard.errors import DatabaseError, DatabaseUnavailable
from switchboard.store.database import Transaction

LABELS = ("ACTIVE customers updated", "TARGET customers updated", "PROSPECT customers updated", "HIGH priority",
          "MEDIUM priority", "LOW priority")  # fmt: skip


class RollbackParams(Params):
    """How far a rollback goes: the data, the two tables too, or the columns and enums as well."""

    level: Literal["data", "tables", "columns"] = "data"
    force: StrictBool = False


def _cutoffs(batch: Batch) -> Mapping[str, Any]:
    found = cutoffs(batch.as_of)
    return {"active_from": found.active_from, "target_from": found.target_from}


_page = deciding("account_priorities.page", _cutoffs)
_foresee_classes = deciding("account_priorities.foresee_classes", _cutoffs)
_foresee_priorities = deciding("account_priorities.foresee_priorities", _cutoffs)


def _decide_classes(tx: Transaction, batch: Batch) -> Decision:
    return (_foresee_classes if batch.dry_run else _page)(tx, batch)


def _decide_priorities(tx: Transaction, batch: Batch) -> Decision:
    return (_foresee_priorities if batch.dry_run else _page)(tx, batch)


def _no_lanes(_tx: Transaction, _batch: Batch, _lanes: int) -> Sequence[LaneStart]:
    return ()


def _looking(key: str, name: str) -> Step:
    """A step of the report that writes nothing: it is looked at when the run is verified."""
    return Step(key=key, name=name, bounds=_no_lanes, decide=_page, weight=0)


def _late(tx: Transaction, batch: Batch) -> Late:
    if batch.dry_run:
        return Late()
    row = tx.one("account_priorities.late", run_number=batch.run_number, size=batch.size)
    return Late(row["rows"], tuple(row["ids"] or ()), row["kinds"])


def _record(tx: Transaction, run: RunFacts, now: datetime) -> Mapping[str, Any]:
    """The migration's row; where it cannot be written the report warns."""
    try:
        with tx.savepoint():
            row = tx.one("account_priorities.add_record", run_number=run.number, now=now)
    except DatabaseUnavailable:
        raise
    except DatabaseError as error:
        return {"record_problem": error.sqlstate}
    return {"record": row["name"], "record_is_own": row["run_number"] == run.number}


def _erase(tx: Transaction, run: RunFacts, now: datetime) -> None:
    tx.rows("account_priorities.mark_record", target_id=run.target_id, now=now)


DEFINITION = Definition(
    name="account-priorities",
    labels=LABELS,
    tables=tuple(f'{{accounts}}."{name}"' for name in ("Tenant", "Customer", "CallPlan", "ActivityType")),
    steps=(
        Step(
            key="classes",
            name="Customer Classification",
            bounds=bounds_by("account_priorities.bounds"),
            decide=_decide_classes,
            apply=applying("account_priorities.apply_classes"),
            catch_up=True,
        ),
        _looking("distribution", "Verify Customer Classification"),
        schema.STEP,
        _looking("tables", "Verify Phase 2 Tables"),
        Step(
            key="priorities",
            name="Update Account Priorities",
            bounds=bounds_by("account_priorities.bounds"),
            decide=_decide_priorities,
            apply=applying("account_priorities.apply_priorities"),
            catch_up=True,
        ),
    ),
    undos={
        **schema.UNDOS,
        **{
            kind: undoing(
                decide=f"account_priorities.decide_undo_{kind}", apply=f"account_priorities.apply_undo_{kind}"
            )
            for kind in ("class", "priority")
        },
    },
    verify=verify,
    report=report,
    rollback_params=RollbackParams,
    closing_steps=("Record Migration",),
    refusals=schema.rollback_refusals,
    run_refusals=schema.run_refusals,
    late=_late,
    record=_record,
    erase=_erase,
)
