"""The owner's inbox: threads by page, one thread's texts and sitters, and what the owner changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from switchboard.store.database import Row, Transaction, as_json

_FAR = 101  # one more than a page may have


@dataclass(frozen=True, slots=True)
class ThreadPlace:
    """Behind which thread a page begins: its last text's instant (none: nothing was said in it) and its id."""

    at: datetime | None
    thread_id: str


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Before which text of a thread a page ends: its instant (none: before no text), direction and id."""

    at: datetime | None
    direction: str
    id: str


def threads(tx: Transaction, *, org_id: str, after: ThreadPlace | None, most: int, now: datetime) -> list[Row]:
    """At most `most` threads, newest first, with what a list shows of each."""
    return tx.rows(
        "inbox.threads",
        org_id=org_id,
        thread_id=None,
        before=after.at if after else None,
        undated=after is not None and after.at is None,
        after_id=after.thread_id if after else "",
        most=min(most, _FAR),
        now=now,
    )


def thread(tx: Transaction, thread_id: str, *, org_id: str, now: datetime) -> Row | None:
    """One thread as in the list."""
    return tx.row(
        "inbox.threads", org_id=org_id, thread_id=thread_id, before=None, undated=False, after_id="", most=1, now=now
    )


def messages(tx: Transaction, thread_id: str, *, org_id: str, most: int, before: TextPlace | None = None) -> list[Row]:
    """The newest texts of a thread, or the newest before a place, oldest first."""
    return tx.rows(
        "inbox.messages",
        thread_id=thread_id,
        org_id=org_id,
        event_id=None,
        before=before.at if before else None,
        before_direction=before.direction if before else "",
        before_id=before.id if before else "",
        most=most,
    )


def message(tx: Transaction, event_id: str, *, thread_id: str, org_id: str) -> Row:
    """The text that is named."""
    return tx.one(
        "inbox.messages",
        thread_id=thread_id,
        org_id=org_id,
        event_id=event_id,
        before=None,
        before_direction="",
        before_id="",
        most=1,
    )


def assignments(tx: Transaction, thread_id: str, *, org_id: str) -> list[Row]:
    """The sitters that a thread has had, in order."""
    return tx.rows("inbox.assignments", thread_id=thread_id, org_id=org_id)


def recipients(tx: Transaction, thread_id: str, *, org_id: str) -> Row | None:
    """Whom the owner can text on a thread; it is locked."""
    return tx.row("inbox.recipients", thread_id=thread_id, org_id=org_id)


def mark_read(tx: Transaction, thread_id: str, *, org_id: str, now: datetime) -> bool:
    """False: there is no such thread."""
    return tx.row("inbox.mark_read", thread_id=thread_id, org_id=org_id, now=now) is not None


def unlock_sitter(tx: Transaction, sitter_id: str, *, org_id: str, now: datetime) -> bool:
    """False: there is no such sitter."""
    return tx.row("inbox.unlock_sitter", sitter_id=sitter_id, org_id=org_id, now=now) is not None


def set_override(tx: Transaction, client_id: str, *, org_id: str, override: bool | None, now: datetime) -> bool:
    """False: there is no such client."""
    return tx.row("inbox.set_override", client_id=client_id, org_id=org_id, override=override, now=now) is not None


def signals(tx: Transaction, client_id: str, *, org_id: str) -> list[Row]:
    """What speaks for a recurring client on each of their threads (thread_id, says_recurring, has_weekly_plan)."""
    return tx.rows("inbox.signals", client_id=client_id, org_id=org_id)


def classify(tx: Transaction, one_time: dict[str, bool], *, now: datetime) -> None:
    """Whether each thread's client is a one-time client."""
    rows = [{"thread_id": thread_id, "is_one_time": value} for thread_id, value in one_time.items()]
    tx.rows("inbox.classify", classified=as_json(rows), now=now)


def backfill_runs(tx: Transaction, *, most: int, run_id: str | None = None, before: int | None = None) -> Sequence[Row]:
    """The newest runs (number, backfill), or the newest before a number, or the one named."""
    return tx.rows("inbox.backfill_runs", run_id=run_id, before=before, most=most)
