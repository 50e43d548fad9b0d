"""account-priorities' seven checks: by definition, not by name; in a dry run as they would come out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from switchboard.backfills.account_schema import (
    ACCOUNT_TYPE,
    ACCOUNT_TYPE_COLUMN,
    CALL_PLAN_COLUMNS,
    CUSTOMER_COLUMNS,
    ENUMS,
    INDEXES,
    REFERENCES,
    TABLES,
    UNIQUE_KEY,
    Found,
    Object,
    Standing,
    State,
    Validation,
    shown_name,
    statement_name,
)
from switchboard.backfills.account_schema_step import missing_objects, read_found
from switchboard.backfills.definition import Check, Findings, RunFacts
from switchboard.domain.account_classes import PRIORITIES, cutoffs
from switchboard.errors import DatabaseError, DatabaseUnavailable
from switchboard.store.database import Transaction

CHECKED: Mapping[str, tuple[Object, ...]] = {
    "Enums": (*ENUMS, ACCOUNT_TYPE),
    "Tables": TABLES,
    "Customer Columns": (CUSTOMER_COLUMNS[0], ACCOUNT_TYPE_COLUMN, CUSTOMER_COLUMNS[1]),
    "CallPlan Columns": CALL_PLAN_COLUMNS,
    "Indexes": INDEXES,
    "Foreign Keys": tuple(Validation(reference) for reference in REFERENCES),
}


def verify(tx: Transaction, run: RunFacts) -> Findings:
    """The seven checks, but for rows that came after the last pass, and what the reports show."""
    found = read_found(tx)
    foreseen = run.dry_run and run.action == "run"
    problems = {name: _problems(objects, found, foreseen=foreseen) for name, objects in CHECKED.items()}
    rows = _distribution(tx, run, found, foreseen=foreseen)
    unfit = sum(row["customers"] for row in rows if not _is_fit(row)) - run.late.kinds.get("unfit", 0)
    figures = {
        "found": found,
        "problems": problems,
        "classes": _sums(rows, "class"),
        "priorities": _sums(rows, "priority"),
        "customers": sum(row["customers"] for row in rows),
        "unfit": unfit,
        "rows": {table.name: _rows(tx, table.name, found) for table in TABLES},
        "missing": missing_objects(found),
        "record": _record_in_force(tx),
    }
    schema_checks = (_check(name, len(objects), problems[name]) for name, objects in CHECKED.items())
    return Findings((*schema_checks, Check("Data Counts", 0, unfit, unfit == 0)), figures)


def _record_in_force(tx: Transaction) -> str | None:
    """The migration's row; a table that cannot be read stops nothing, as one that cannot be written."""
    try:
        with tx.savepoint():
            row = tx.row("account_priorities.record_in_force")
    except DatabaseUnavailable:
        raise
    except DatabaseError:
        return None
    return row["name"] if row else None


def _check(name: str, expected: int, problems: Mapping[str, str]) -> Check:
    return Check(name, expected, expected - len(problems), not problems)


def _problems(objects: Sequence[Object], found: Found, *, foreseen: bool) -> dict[str, str]:
    """What is wrong, by the object's name; what a run would make or finish is not, in a dry run."""
    wrong = {}
    for wanted in objects:
        state = _state(wanted, found)
        mended = foreseen and state.standing in (Standing.MISSING, Standing.UNFINISHED)
        if state.standing is not Standing.AS_WANTED and not mended:
            wrong[shown_name(wanted)] = state.detail or state.standing.name.lower()
    return wrong


def _state(wanted: Object, found: Found) -> State:
    state = wanted.state(found)
    if isinstance(wanted, Validation) and state.standing is Standing.UNFINISHED:
        return State(Standing.UNFINISHED, "not validated")
    if isinstance(wanted, Validation) and state.standing is Standing.MISSING:
        return wanted.reference.state(found)
    if wanted is TABLES[0] and state.standing is Standing.AS_WANTED:
        return UNIQUE_KEY.state(found)
    return state


def _distribution(tx: Transaction, run: RunFacts, found: Found, *, foreseen: bool) -> list[dict[str, Any]]:
    if not foreseen and "accountPriority" in found["tables"].get("Customer", {}):
        return tx.rows("account_priorities.distribution")
    limits = cutoffs(run.as_of)
    return tx.rows(
        "account_priorities.distribution_foreseen",
        foreseen=foreseen,
        active_from=limits.active_from,
        target_from=limits.target_from,
    )


def _is_fit(row: Mapping[str, Any]) -> bool:
    """A class, and its priority; other classes may have any."""
    return row["class"] is not None and PRIORITIES.get(row["class"], row["priority"]) == row["priority"]


def _sums(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str | None, int]:
    sums: Counter[str | None] = Counter()
    for row in rows:
        sums[row[name]] += row["customers"]
    return dict(sums)


def _rows(tx: Transaction, table: str, found: Found) -> int | None:
    return tx.one(statement_name("rows", table))["rows"] if table in found["tables"] else None
