"""message-numbers' steps over threads: a page is gathered, decided purely in the threads' order, and handed on."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from switchboard.backfills.definition import Batch, Decision
from switchboard.domain.classification import is_one_time
from switchboard.domain.number_assignment import Assignment, Numbers, OurNumber, Pool, ThreadFacts, assign
from switchboard.domain.numbers import POOL_REST, NumberClass
from switchboard.store.database import Row, Transaction, as_json

WITHOUT = "Threads without a number"


def decide_threads(tx: Transaction, batch: Batch, hold: Callable[[list[str]], None]) -> Decision:
    """Numbers for the threads of the next page, in the order (createdAt, id) of each organisation."""
    rows = _page(tx, batch)
    page = rows[: batch.size]
    if not page:
        return Decision(next_key=None, scanned=0)
    hold([row["org_id"] for row in page])
    numbers = _numbers(tx, batch, page)
    counts: Counter[str] = Counter()
    changes = []
    for row in page:
        thread = _facts(row)
        assignment = assign(thread, numbers(thread.org_id))
        counts.update(_counted(thread, assignment))
        if assignment:
            changes.append(_change(row, assignment))
    return _decision(rows, batch, counts=counts, changes=changes)


def decide_classification(tx: Transaction, batch: Batch) -> Decision:
    """The class of each thread's client, where it differs or is unset."""
    rows = _page(tx, batch)
    changes = [
        {"id": row["id"], "seen": row["stored_one_time"], "wanted": wanted}
        for row in rows[: batch.size]
        if (wanted := _is_one_time(row)) is not row["stored_one_time"]
    ]
    return _decision(rows, batch, counts={"Classification fields updated": len(changes)}, changes=changes)


def _page(tx: Transaction, batch: Batch) -> list[Row]:
    """The next threads, and the one after them if there is one."""
    place = {"after": batch.after, "until": batch.until, "size": batch.size, "dry_run": batch.dry_run}
    return tx.rows("message_numbers.threads", **place)


def _decision(
    rows: Sequence[Row], batch: Batch, *, counts: Mapping[str, int], changes: Sequence[Mapping[str, Any]]
) -> Decision:
    return Decision(
        next_key=rows[batch.size]["key"] if len(rows) > batch.size else None,
        scanned=min(len(rows), batch.size),
        counts=counts,
        first_key=rows[0]["key"] if rows else None,
        first_id=rows[0]["id"] if rows else None,
        values={"changes": as_json(changes) if changes else None},
    )


def _facts(row: Row) -> ThreadFacts:
    has_number = row["number_id"] is not None
    return ThreadFacts(
        id=row["id"],
        org_id=row["org_id"],
        scope=row["scope"],
        is_open=row["status"] == "open",
        client_id=row["client_id"],
        sitter_id=row["sitter_id"],
        is_meet_and_greet=row["is_meet_and_greet"],
        is_one_time=_is_one_time(row),
        number=OurNumber(row["number_id"], row["e164"], row["number_class"]) if has_number else None,
        stored_class=row["stored_class"],
    )


def _is_one_time(row: Row) -> bool:
    return is_one_time(
        says_recurring=row["says_recurring"],
        has_weekly_plan=row["has_weekly_plan"],
        owner_override=row["owner_override"],
    )


def _counted(thread: ThreadFacts, assignment: Assignment | None) -> dict[str, int]:
    """What the thread adds to the counts: the published ones, and those that a dry run's checks go by."""
    number = assignment.number if assignment else thread.number
    found = {class_label(number.number_class) if number else WITHOUT: 1}
    if assignment:
        found["Threads updated"] = 1
        found["Threads flagged for review"] = int(assignment.review is not None)
    return found


def class_label(number_class: str) -> str:
    """The ledger's label for threads that will have a number of this class."""
    return f"Threads on {number_class}"


def _change(row: Row, assignment: Assignment) -> dict[str, Any]:
    number = assignment.number
    return {
        "id": row["id"],
        "org_id": row["org_id"],
        "client_id": row["client_id"],
        "seen_number": row["stored_number"],
        "seen_class": row["stored_class"],
        "number_id": number.id,
        "e164": number.e164,
        "number_class": number.number_class,
        "is_lent": assignment.is_lent,
        "review": assignment.review,
    }


def _numbers(tx: Transaction, batch: Batch, page: Sequence[Row]) -> Callable[[str], Numbers]:
    """What each organisation of the page has to give; pools last for the whole page."""
    waiting = [row for row in page if row["number_id"] is None]
    row = tx.one(
        "message_numbers.numbers_of_organisations",
        orgs=sorted({row["org_id"] for row in waiting}),
        sitters=sorted({row["sitter_id"] for row in waiting if row["sitter_id"]}),
        clients=sorted({row["client_id"] for row in waiting if row["client_id"]}),
        rested_before=batch.as_of - POOL_REST,
        dry_run=batch.dry_run,
    )
    desks = {d["org_id"]: OurNumber(d["id"], d["e164"], NumberClass.FRONT_DESK) for d in row["desks"] or ()}
    own = {(o["org_id"], o["sitter_id"]): OurNumber(o["id"], o["e164"], NumberClass.SITTER) for o in row["own"] or ()}
    free: dict[str, list[OurNumber]] = {}
    for found in row["free"] or ():
        free.setdefault(found["org_id"], []).append(OurNumber(found["id"], found["e164"], NumberClass.POOL))
    had: dict[tuple[str, str], list[str]] = {}
    for found in row["sticky"] or ():
        had.setdefault((found["org_id"], found["client_id"]), []).append(found["number_id"])
    known: dict[str, Numbers] = {}

    def of(org_id: str) -> Numbers:
        if org_id not in known:
            pool = Pool(free.get(org_id, ()), lambda client_id: had.get((org_id, client_id), ()))
            known[org_id] = Numbers(desks.get(org_id), lambda sitter_id: own.get((org_id, sitter_id)), pool)
        return known[org_id]

    return of
