"""What the worker and the status callbacks read and write: leases, queued texts with their attempts, opt-outs."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from switchboard.domain.attempts import Attempt, QueuedText, Settled, State
from switchboard.domain.messages import Purpose
from switchboard.domain.sending import LEASE
from switchboard.store.database import Row, Transaction, as_json, read_instant


@dataclass(frozen=True, slots=True)
class Lease:
    """A thread that one worker alone sends for; whoever comes after has a greater fence."""

    thread_id: str
    holder: str
    fence: int


def take_lease(tx: Transaction, thread_id: str, *, holder: str, now: datetime) -> tuple[Lease, list[QueuedText]] | None:
    """Takes the lease and locks the thread's texts; None while another worker holds it."""
    rows = tx.rows("sending.take", thread_id=thread_id, holder=holder, now=now, until=now + LEASE)
    return (Lease(thread_id, holder, rows[0]["fence"]), _gather(tx, rows)) if rows else None


def keep_lease(tx: Transaction, lease: Lease, *, now: datetime) -> list[QueuedText] | None:
    """Renews the lease and locks the thread's texts; None when another worker has taken it."""
    rows = tx.rows("sending.keep", thread_id=lease.thread_id, fence=lease.fence, now=now, until=now + LEASE)
    return _gather(tx, rows) if rows else None


def release_lease(tx: Transaction, lease: Lease, *, now: datetime) -> None:
    """Whoever waits for the lease has it when this transaction commits."""
    tx.rows("sending.release", thread_id=lease.thread_id, fence=lease.fence, now=now)


def lock_text(tx: Transaction, *, event_id: str | None, sid: str) -> QueuedText | None:
    """One text by its event, else by the sid of one of its attempts."""
    rows = tx.rows("sending.lock", event_id=event_id, sid=sid)
    return _gather(tx, rows)[0] if rows else None


def claim(tx: Transaction, text: QueuedText, *, holder: str, now: datetime) -> QueuedText:
    """The text with its next attempt begun."""
    number = text.newest.number + 1 if text.attempts else 1
    tx.rows("sending.claim", event_id=text.event_id, org_id=text.org_id, attempt=number, holder=holder, now=now)
    return replace(text, state=State.CLAIMED, attempts=(*text.attempts, Attempt(number, "claimed", now)))


def store(tx: Transaction, settled: Sequence[Settled], *, now: datetime) -> None:
    """Stores texts as they are to be, and what changed of their attempts."""
    if settled:
        tx.rows("sending.store", texts=as_json([_changed(one) for one in settled]), now=now)


def raise_unread(tx: Transaction, thread_id: str, *, count: int, now: datetime) -> None:
    """The owner has so much more to see on the thread."""
    tx.rows("sending.raise_unread", thread_id=thread_id, count=count, now=now)


def opt_out(tx: Transaction, text: QueuedText, *, code: int, row_id: str, now: datetime) -> bool:
    """Records that the recipient opted out; True when a newer START made it this pair of numbers alone."""
    tx.later("sending.hold_person", person=text.recipient_e164)
    row = tx.one(
        "sending.opt_out",
        id=row_id,
        org_id=text.org_id,
        person=text.recipient_e164,
        number=text.sender_e164,
        code=code,
        claimed_at=text.newest.claimed_at,
        now=now,
    )
    return bool(row["pair_only"])


def early_statuses(tx: Transaction, sid: str) -> list[tuple[str, int | None]]:
    """Statuses and error codes that came before the sid was known, in the order of their coming."""
    return [(row["status"], row["error_code"]) for row in tx.rows("sending.early", sid=sid)]


def keep_early_status(tx: Transaction, *, sid: str, status: str, error_code: int | None, now: datetime) -> None:
    """Keeps a status whose sid no attempt holds yet."""
    tx.rows("sending.keep_early", sid=sid, status=status, error_code=error_code, now=now)


def sids_of_others(tx: Transaction, sids: Collection[str], *, event_id: str) -> set[str]:
    """Which of the sids another event holds."""
    return {row["sid"] for row in tx.rows("sending.held_sids", sids=list(sids), event_id=event_id)}


def _gather(tx: Transaction, locked: Sequence[Row]) -> list[QueuedText]:
    event_ids = [row["event_id"] for row in locked if row["event_id"]]
    return [_text(row) for row in tx.rows("sending.gather", event_ids=event_ids)] if event_ids else []


def _text(row: Row) -> QueuedText:
    return QueuedText(
        event_id=row["event_id"],
        org_id=row["org_id"],
        thread_id=row["thread_id"],
        sender_e164=row["sender_e164"],
        recipient_e164=row["recipient_e164"],
        body=row["body"],
        purpose=Purpose(row["purpose"]),
        state=State(row["state"]),
        delivery_status=row["delivery_status"],
        media_urls=tuple(medium["url"] for medium in json.loads(row["media"] or "[]")),
        attempts=tuple(_attempt(one) for one in row["attempts"]),
        next_attempt_at=row["next_attempt_at"],
        not_after=row["not_after"],
        live_until=row["live_until"],
        provider_sid=row["provider_sid"],
        failure_code=row["failure_code"],
        failure_detail=row["failure_detail"],
        opted_out=row["opted_out"],
        pair_blocked=row["pair_blocked"],
        sitter_gone=row["sitter_gone"],
        window_open=row["window_open"],
    )


def _attempt(facts: Row) -> Attempt:
    return Attempt(**facts | {name: read_instant(facts[name]) for name in ("claimed_at", "ended_at")})


def _changed(settled: Settled) -> dict[str, object]:
    text, attempt = settled.text, settled.attempt
    return {
        "event_id": text.event_id,
        "state": text.state.value,
        "next_attempt_at": text.next_attempt_at,
        "delivery_status": text.delivery_status,
        "provider_sid": text.provider_sid,
        "failure_code": text.failure_code,
        "failure_detail": text.failure_detail,
    } | (_changed_attempt(attempt) if attempt else {})


def _changed_attempt(attempt: Attempt) -> dict[str, object]:
    return {
        "attempt": attempt.number,
        "status": attempt.status,
        "sid": attempt.sid,
        "error_code": attempt.error_code,
        "ended_at": attempt.ended_at,
        "looks": attempt.looks,
        "looks_needed": attempt.looks_needed,
    }
