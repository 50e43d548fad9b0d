"""What a backfill has to say for itself; the engine does the rest. To add one: docs/runbooks/add-a-backfill.md.

A backfill is a `Definition`: ordered `Step`s, an `Undo` for each kind of change, checks and a report. A step works on
keys in an order of its own, in batches of about `size` rows. For each batch the engine calls, in this order:
- `decide` reads and says what is to change; in a dry run inside a READ ONLY transaction. It must not write.
- `prepare` (rare; real runs) does what cannot be in a transaction, such as CREATE INDEX CONCURRENTLY.
- `apply` (real runs) writes business tables and answers with what it wrote, with before-images.
- `stage` (both) writes the step's own rows in schema ops, for later steps and for predictions.

In a real run decide, apply, stage, ledger and cursor are one transaction. In a dry run decide is its own, READ ONLY.
Steps made of SQL alone use `deciding`, `applying` and `staging`, which name statements of store/sql.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from switchboard.backfills.params import Params
from switchboard.store.database import Database, Transaction

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch to do: up to `size` rows from key `after` (itself included) up to key `until` (not included)."""

    run_number: int
    run_id: str
    dry_run: bool
    as_of: datetime
    started_at: datetime  # of the run: the one instant that its rows carry
    params: Mapping[str, Any]
    pass_number: int  # 1, or a later catch-up pass
    after: str
    until: str | None
    size: int

    def values(self) -> dict[str, Any]:
        """The parameters that every statement may use."""
        return {
            "run_number": self.run_number,
            "dry_run": self.dry_run,
            "as_of": self.as_of,
            "started_at": self.started_at,
            "pass": self.pass_number,
            "after": self.after,
            "until": self.until,
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that a rule of the backfill refuses: `key` is where a retry starts, `row_id` and `message` are shown."""

    key: str
    row_id: str
    message: str
    sqlstate: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a batch would change. `next_key` is where the next batch starts; None: the lane is done."""

    next_key: str | None
    scanned: int
    counts: Counts = field(default_factory=dict)
    first_key: str | None = None  # key and id of the first row: names the row when a batch of one fails
    first_id: str | None = None
    errors: tuple[RowError, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)  # handed on to apply and stage


@dataclass(frozen=True, slots=True)
class Image:
    """What one batch changed, for rollback: array literals of equal length, `kind` names the Undo."""

    kind: str
    keys: str
    rows: int
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What apply wrote; its counts replace the decision's of the same label."""

    counts: Counts = field(default_factory=dict)
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class LaneStart:
    """A lane's first key, and about how many rows it has (0: not known)."""

    first_key: str
    rows: int = 0


Bounds = Callable[[Transaction, Batch, int], Sequence[LaneStart]]
Decide = Callable[[Transaction, Batch], Decision]
Prepare = Callable[[Database, Batch, Decision], None]
Apply = Callable[[Transaction, Batch, Decision], Written]
Stage = Callable[[Transaction, Batch, Decision], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One pass over keys. `bounds` answers with where each lane starts, at most as many as asked; none: no rows."""

    key: str
    name: str  # steps with the same one are one step in outputs
    bounds: Bounds
    decide: Decide
    apply: Apply | None = None
    stage: Stage | None = None
    prepare: Prepare | None = None
    catch_up: bool = False  # done again while rows are late
    weight: int = 1  # its share of a run, for showing how far one is


@dataclass(frozen=True, slots=True)
class Part:
    """A part of one before-image to roll back: array literals of equal length; `before` may be null: all were null."""

    run_number: int  # the rollback's
    target_number: int
    dry_run: bool
    params: Mapping[str, Any]
    keys: str
    before: str | None
    after: str | None

    def values(self) -> dict[str, Any]:
        """The parameters that an undo's statements may use."""
        return {
            "run_number": self.run_number,
            "target_number": self.target_number,
            "dry_run": self.dry_run,
            "keys": self.keys,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Undone:
    """What a part's rollback does or did: counts (`Restored`, `Deleted`), and (id, why) of what is left alone."""

    counts: Counts = field(default_factory=dict)
    left_alone: tuple[tuple[str, str], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def _always(*_: object) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Undo:
    """How one kind of change is taken back: `decide` reads, `apply` writes (real), `stage` notes it for a dry run.

    A kind that is not `wanted` under a rollback's params stays as it is, for a later rollback that wants it.
    """

    decide: Callable[[Transaction, Part], Undone]
    apply: Callable[[Transaction, Part, Undone], Undone]
    stage: Callable[[Transaction, Part, Undone], None] | None = None
    wanted: Callable[[Mapping[str, Any]], bool] = _always


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the proof."""

    name: str
    expected: str | int
    actual: str | int
    ok: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What verification found: the checks, and figures for the report."""

    checks: tuple[Check, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Late:
    """Rows that came after the last pass."""

    rows: int = 0
    ids: tuple[str, ...] = ()  # the first hundred
    kinds: Counts = field(default_factory=dict)  # how many of each kind, so that checks can look past them


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run as its verification, record and report see it. `counts` holds published and other labels."""

    number: int
    id: str
    action: str  # run, verify or rollback
    dry_run: bool
    verbose: bool
    as_of: datetime
    started_at: datetime
    params: Mapping[str, Any]
    counts: Counts
    row_errors: tuple[RowError, ...] = ()  # the first hundred
    row_error_count: int = 0
    late: Late = Late()
    target_id: str | None = None
    left_alone: tuple[tuple[str, str], ...] = ()  # the first thousand


def _nothing(*_: object) -> None:
    """What a backfill does not need."""


def _no_reasons(*_: object) -> Sequence[str]:
    return ()


def _no_late(*_: object) -> Late:
    return Late()


def _as_given(params: Mapping[str, Any], *_: object) -> Mapping[str, Any]:
    return params


@dataclass(frozen=True, slots=True)
class Definition:
    """A backfill. Every callable is given what it needs; none holds state."""

    name: str
    labels: tuple[str, ...]  # the published counts in their order, without `Errors`
    tables: tuple[str, ...]  # regclass texts with schema placeholders: '{intake}."Lead"'
    steps: tuple[Step, ...]
    undos: Mapping[str, Undo]
    verify: Callable[[Transaction, RunFacts], Findings]
    report: Callable[[RunFacts, Findings], str]
    run_params: type[BaseModel] = Params  # its own, on this base
    rollback_params: type[BaseModel] = Params
    closing_steps: tuple[str, ...] = ()  # names of steps that are the end itself: verify, audit
    fill_params: Callable[[Mapping[str, Any], Callable[[], Mapping[str, str]]], Mapping[str, Any]] = _as_given
    forget: Callable[[Transaction], None] = _nothing  # empties its staged rows, before and after a run
    refusals: Callable[[Transaction, Mapping[str, Any], int], Sequence[str]] = _no_reasons  # of a rollback
    run_refusals: Callable[[Transaction, Mapping[str, Any]], Sequence[str]] = _no_reasons  # of a run
    late: Callable[[Transaction, Batch], Late] = _no_late  # after a pass; batch.pass_number is that pass
    # A real run's audit row, which may come again; answers with figures for the report, or None.
    record: Callable[[Transaction, RunFacts, datetime], Mapping[str, Any] | None] = _nothing
    erase: Callable[[Transaction, RunFacts, datetime], object] = _nothing  # a real rollback's: audit rows


def bounds_by(statement: str) -> Bounds:
    """Lane starts out of a statement with parameters :lanes and :pass: `first_key` and `rows`, in key order."""

    def bounds(tx: Transaction, batch: Batch, lanes: int) -> Sequence[LaneStart]:
        starts = {row["first_key"]: LaneStart(**row) for row in tx.rows(statement, lanes=lanes, **batch.values())}
        return [start for key, start in starts.items() if key is not None]

    return bounds


def _no_values(*_: object) -> Mapping[str, Any]:
    return {}


def deciding(statement: str, values: Callable[[Batch], Mapping[str, Any]] = _no_values) -> Decide:
    """A statement that returns one row: next_key, first_key, first_id, scanned, counts (jsonb), and values to hand on.

    `errors` is optional: a jsonb array of {"key", "row_id", "message"}. `values` are further parameters of the step.
    """

    def decide(tx: Transaction, batch: Batch) -> Decision:
        further = values(batch)
        row = tx.one(statement, **batch.values(), **further)
        errors = tuple(RowError(e["key"], e["row_id"], e["message"]) for e in row.pop("errors", None) or ())
        return Decision(
            next_key=row.pop("next_key"),
            first_key=row.pop("first_key"),
            first_id=row.pop("first_id"),
            scanned=row.pop("scanned"),
            counts=row.pop("counts") or {},
            errors=errors,
            values=row | dict(further),
        )

    return decide


def applying(statement: str) -> Apply:
    """A statement that writes and returns rows: counts (jsonb or null), image (kind), keys, before, after, written."""

    def apply(tx: Transaction, batch: Batch, decision: Decision) -> Written:
        counts: dict[str, int] = {}
        images = []
        for row in tx.rows(statement, **(batch.values() | dict(decision.values))):
            counts.update(row["counts"] or {})
            if row["written"]:
                images.append(Image(row["image"], row["keys"], row["written"], row["before"], row["after"]))
        return Written(counts, tuple(images))

    return apply


def staging(statement: str) -> Stage:
    """A statement that writes rows of schema ops."""

    def stage(tx: Transaction, batch: Batch, decision: Decision) -> None:
        tx.later(statement, **(batch.values() | dict(decision.values)))

    return stage


def undoing(*, decide: str, apply: str, lock: str | None = None, stage: str | None = None) -> Undo:
    """An Undo of statements; each of decide and apply returns one row: counts (jsonb), left_alone (jsonb [[id, why]]).

    `lock` runs before `apply` in the same transaction, so that apply's own snapshot is newer than the locks.
    """

    def read(tx: Transaction, part: Part) -> Undone:
        return _undone(tx.one(decide, **part.values()))

    def write(tx: Transaction, part: Part, _decided: Undone) -> Undone:
        if lock:
            tx.rows(lock, **part.values())
        return _undone(tx.one(apply, **part.values()))

    def note(tx: Transaction, part: Part, undone: Undone) -> None:
        if stage:
            tx.rows(stage, **(part.values() | dict(undone.values)))

    return Undo(read, write, note if stage else None)


def _undone(row: dict[str, Any]) -> Undone:
    left = tuple((str(row_id), str(why)) for row_id, why in row.pop("left_alone") or ())
    return Undone(counts=row.pop("counts") or {}, left_alone=left, values=row)
