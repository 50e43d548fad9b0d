"""account-priorities' schema step, one object a batch, and how a rollback takes the objects back.

Types, columns, tables and foreign keys are made in the batch's transaction; indexes are built before it, CONCURRENTLY.
"""

from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from typing import Any

from switchboard import errors
from switchboard.backfills.account_schema import (
    OBJECTS,
    Found,
    Index,
    Object,
    Reference,
    Standing,
    State,
    Validation,
    differences,
    kind_of,
    shown_name,
    statement_name,
)
from switchboard.backfills.definition import Batch, Decision, Image, LaneStart, Part, Step, Undo, Undone, Written
from switchboard.backfills.errors import RunFailed
from switchboard.store.database import Database, Limits, Transaction

BUILD = Limits(statement_ms=840_000, lock_ms=0, idle_ms=10_000)  # waits for old transactions, and stops nobody
VALIDATION = Limits(statement_ms=840_000, lock_ms=2_000, idle_ms=10_000)
NAME_TAKEN = "42P07"
LOOKS = 3_300  # a quarter of a second apart: as long as a build may take
ABANDONED = 4  # looks: a build lets go of its lock a moment before it commits, and may begin between two statements
MADE = "Schema objects made"
KINDS = ("call_plan_table", "column", "enum", "index", "reference")


def read_found(tx: Transaction) -> Found:
    """Every object of the accounts schema."""
    row = tx.one("account_schema.found")
    return {"enums": row["enums"] or {}, "tables": row["tables"] or {}, "indexes": row["indexes"] or [],
            "references": row["references"] or []}  # fmt: skip


def run_refusals(tx: Transaction, _params: Mapping[str, Any]) -> Sequence[str]:
    """What stands in the way of a run: objects with another definition."""
    return differences(read_found(tx))


def missing_objects(found: Found) -> int:
    """How many objects a run would make."""
    states = [wanted.state(found) for wanted in OBJECTS if not isinstance(wanted, Validation)]
    return sum(state.standing is not Standing.AS_WANTED for state in states)


def _bounds(_tx: Transaction, _batch: Batch, _lanes: int) -> Sequence[LaneStart]:
    return [LaneStart("00", len(OBJECTS))]


def _decide(tx: Transaction, batch: Batch) -> Decision:
    """The next objects that are not as wanted or that this run began. Raises RunFailed for a different one."""
    found = read_found(tx)
    if batch.dry_run:
        return Decision(next_key=None, scanned=1, counts={MADE: missing_objects(found)})
    noted = {row["name"] for row in tx.rows("account_schema.noted_builds", run_number=batch.run_number)}
    pending = [
        (place, wanted)
        for place, wanted in enumerate(OBJECTS)
        if place >= int(batch.after)
        and (_state(wanted, found).standing is not Standing.AS_WANTED or shown_name(wanted) in noted)
    ]
    if not pending:
        return Decision(next_key=None, scanned=0)
    return _decision(_together(pending), found, noted)


def _state(wanted: Object, found: Found) -> State:
    state = wanted.state(found)
    if state.standing is Standing.DIFFERENT:
        raise RunFailed(state.detail)
    return state


def _together(pending: Sequence[tuple[int, Object]]) -> list[tuple[int, Object]]:
    """An index alone; foreign keys to validate together; what is made in the batch's own transaction together."""
    first = pending[0][1]
    if isinstance(first, Index):
        return [pending[0]]
    return list(takewhile(lambda p: not isinstance(p[1], Index)
                          and isinstance(p[1], Validation) == isinstance(first, Validation), pending))  # fmt: skip


def _decision(objects: Sequence[tuple[int, Object]], found: Found, noted: set[str]) -> Decision:
    """What cannot be made in a transaction stays at its place until `prepare` has made it."""
    place, wanted = objects[0]
    waits = isinstance(wanted, (Index, Validation)) and wanted.state(found).standing is not Standing.AS_WANTED
    following = place if waits else objects[-1][0] + 1
    return Decision(
        next_key=f"{following:02d}" if following < len(OBJECTS) else None,
        scanned=0 if waits else len(objects),
        first_key=f"{place:02d}",
        first_id=shown_name(wanted),
        values={"objects": [o for _, o in objects], "found": found, "waits": waits, "noted": noted},
    )


def _prepare(database: Database, batch: Batch, decision: Decision) -> None:
    if not decision.values.get("waits"):
        return
    for wanted in decision.values["objects"]:
        if isinstance(wanted, Index):
            _build(database, batch, wanted)
        elif isinstance(wanted, Validation):
            own_name = wanted.state(decision.values["found"]).detail
            with database.transaction(limits=VALIDATION) as tx:
                tx.rows("account_schema.validate_reference", table=wanted.reference.table, name=own_name)


def _build(database: Database, batch: Batch, index: Index) -> None:
    """Builds the index, waits for somebody else's build, replaces an invalid left-over. Raises RunFailed."""
    with database.outside_transaction(limits=BUILD) as tx:
        abandoned = 0  # looks in a row that found it unfinished and nobody building
        for look in count():
            is_building = tx.one("account_schema.is_building", table=index.table)["found"]
            found = index.state(read_found(tx))
            if found.standing is Standing.AS_WANTED:
                return
            if look > LOOKS or found.standing is Standing.DIFFERENT:
                raise RunFailed(
                    found.detail or f"index {index.name} was not built in time: docs/runbooks/build-an-index-by-hand.md"
                )
            abandoned = 0 if is_building or found.standing is Standing.MISSING else abandoned + 1
            if found.standing is Standing.MISSING:
                _make(tx, batch, index)
            elif abandoned > ABANDONED:
                tx.rows(statement_name("clear", index.name))
            else:
                tx.rows("account_schema.wait")


def _make(tx: Transaction, batch: Batch, index: Index) -> None:
    """Notes the build before it begins, so that it is the run's after a crash; not where somebody else came first."""
    is_first_try = bool(tx.rows("account_schema.note_build", run_number=batch.run_number, name=index.name))
    try:
        tx.rows(statement_name("make", index.name))
    except errors.DatabaseError as error:
        if error.sqlstate != NAME_TAKEN:
            raise
        if is_first_try:
            tx.rows("account_schema.forget_build", run_number=batch.run_number, name=index.name)
        tx.rows("account_schema.wait")


def _apply(tx: Transaction, _batch: Batch, decision: Decision) -> Written:
    if not decision.scanned or decision.values["waits"]:
        return Written()
    made: list[Object] = []
    for wanted in decision.values["objects"]:
        if isinstance(wanted, Index):
            made += [wanted] if wanted.name in decision.values["noted"] else []
        elif not isinstance(wanted, Validation):
            tx.rows(statement_name("make", shown_name(wanted)))
            made.append(wanted)
    by_kind: dict[str, list[str]] = {}
    for one in made:
        by_kind.setdefault(kind_of(one), []).append(f'"{shown_name(one)}"')
    images = [Image(kind, "{" + ",".join(names) + "}", len(names)) for kind, names in by_kind.items()]
    return Written({MADE: len(made)}, tuple(images))


def _undo_kind(kind: str) -> Undo:
    """Drops what is still there. Tables go at the level `tables` and `columns`, the rest at `columns`."""

    def decide(tx: Transaction, part: Part) -> Undone:
        return Undone(counts={"Deleted": len(_there(tx, part, kind))})

    def apply(tx: Transaction, part: Part, _undone: Undone) -> Undone:
        names = _there(tx, part, kind)
        for name in names:
            if kind == "call_plan_table":
                _hold_empty(tx, name, force=bool(part.params["force"]))
            tx.rows(statement_name("drop", name))
        return Undone(counts={"Deleted": len(names)})

    levels = ("tables", "columns") if kind == "call_plan_table" else ("columns",)
    return Undo(decide, apply, wanted=lambda params: params["level"] in levels)


def _there(tx: Transaction, part: Part, kind: str) -> list[str]:
    found = read_found(tx)
    by_name = {shown_name(wanted): wanted for wanted in OBJECTS if kind_of(wanted) == kind}
    names = [row["name"] for row in tx.rows("account_schema.names", keys=part.keys)]
    dropped = _dropped_before(tx, part) if part.dry_run else set()
    return [
        name
        for name in names
        if by_name[name].state(found).standing is not Standing.MISSING and not _goes_with(by_name[name], dropped)
    ]


def _dropped_before(tx: Transaction, part: Part) -> set[str]:
    """The tables and columns that the real rollback drops before it comes to indexes and foreign keys."""
    made = tx.rows("account_schema.made_by_run", target_number=part.target_number)
    return {row["name"] for row in made if row["kind"] in ("call_plan_table", "column")}


def _goes_with(wanted: Object, dropped: set[str]) -> bool:
    """Whether PostgreSQL drops the object together with these tables and columns."""
    if isinstance(wanted, Index):
        return not dropped.isdisjoint({wanted.table, *(f"{wanted.table}.{column}" for column in wanted.columns)})
    return isinstance(wanted, Reference) and wanted.table in dropped


def _hold_empty(tx: Transaction, table: str, *, force: bool) -> None:
    tx.rows(statement_name("lock", table))
    rows = tx.one(statement_name("rows", table))["rows"]
    if rows and not force:
        raise RunFailed(f"{table} holds {rows} rows")


def rollback_refusals(tx: Transaction, params: Mapping[str, Any], target_number: int) -> Sequence[str]:
    """What stands in a rollback's way: rows in its tables, what leans on its objects, columns it cannot restore."""
    found = read_found(tx)
    kinds = {row["kind"] for row in tx.rows("account_schema.kinds_to_undo", target_number=target_number)}
    refusals = _unrestorable(found, kinds)
    if params["level"] == "data":
        return refusals
    made: dict[str, list[str]] = {}
    for row in tx.rows("account_schema.made_by_run", target_number=target_number):
        made.setdefault(row["kind"], []).append(row["name"])
    tables = [name for name in made.get("call_plan_table", ()) if name in found["tables"]]
    if not params["force"]:
        counted = [(name, tx.one(statement_name("rows", name))["rows"]) for name in tables]
        refusals += [f"{name} holds {rows:,} rows" for name, rows in counted if rows]
    whole = params["level"] == "columns"
    dependents = tx.rows(
        "account_schema.dependents",
        tables=tables,
        columns=made.get("column", []) if whole else [],
        enums=made.get("enum", []) if whole else [],
    )
    return refusals + [f"{row['name']} depends on what would be dropped" for row in dependents]


def _unrestorable(found: Found, kinds: set[str]) -> list[str]:
    columns = found["tables"].get("Customer", {})
    refusals = []
    for kind, name in (("class", "accountType"), ("priority", "accountPriority")):
        if kind in kinds and name not in columns:
            refusals.append(f"Customer.{name} is missing")
        elif kind in kinds and not columns[name]["is_nullable"]:
            refusals.append(f"Customer.{name} is NOT NULL")
    return refusals


STEP = Step(
    key="schema",
    name="Phase 2 Schema Migration",
    bounds=_bounds,
    decide=_decide,
    prepare=_prepare,
    apply=_apply,
)
UNDOS = {kind: _undo_kind(kind) for kind in KINDS}
