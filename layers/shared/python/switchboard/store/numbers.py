"""Numbers taken and given back: each claim is settled by row locks and unique indexes."""

from collections.abc import Callable
from datetime import datetime

from switchboard.domain.numbers import (
    POOL_AFTER_LAST_WINDOW,
    POOL_REST,
    POOL_SILENCE,
    QUARANTINE,
    Number,
    NumberClass,
)
from switchboard.store.database import Transaction


def claim_sitter_number(
    tx: Transaction, *, org_id: str, sitter_id: str, now: datetime, new_id: Callable[[], str]
) -> Number | None:
    """A number for a sitter who has none, kept for good; None where all are taken."""
    row = tx.row("numbers.claim_sitter_number", org_id=org_id, sitter_id=sitter_id, masked_id=new_id(), now=now)
    return Number(row["id"], row["e164"], NumberClass.SITTER, sitter_id=sitter_id) if row else None


def keep_sitter_number(
    tx: Transaction, *, org_id: str, number: Number, sitter_id: str, now: datetime, new_id: Callable[[], str]
) -> None:
    """Puts a sitter's own number in use (again) and writes it down as theirs."""
    tx.rows(
        "numbers.keep_sitter_number",
        org_id=org_id,
        number_id=number.id,
        sitter_id=sitter_id,
        masked_id=new_id(),
        now=now,
    )


def quarantine_sitter_numbers(tx: Transaction, *, org_id: str, sitter_id: str, now: datetime) -> None:
    """The number of a sitter who left rests, so that late texts reach the owner."""
    tx.rows("numbers.quarantine_sitter_numbers", org_id=org_id, sitter_id=sitter_id, now=now, until=now + QUARANTINE)


def claim_pool_number(
    tx: Transaction, *, org_id: str, thread_id: str, client_id: str | None, now: datetime, new_id: Callable[[], str]
) -> Number | None:
    """A pool number, leased to the thread; None where none is free."""
    while True:
        row = tx.row(
            "numbers.claim_pool_number",
            org_id=org_id,
            thread_id=thread_id,
            client_id=client_id,
            lease_id=new_id(),
            rested_before=now - POOL_REST,
            now=now,
        )
        if row is None:
            return None
        if row["is_leased"]:
            return Number(row["id"], row["e164"], NumberClass.POOL)


def organizations_with_pool_threads(tx: Transaction) -> list[str]:
    """Organisations in which a pool number may have to be released."""
    return [row["org_id"] for row in tx.rows("numbers.pool_candidates")]


def release_pool_numbers(tx: Transaction, *, org_id: str, now: datetime) -> int:
    """Takes pool numbers back from threads that are over or silent; answers how many."""
    tx.rows("numbers.hold_organization", hold_org=hold_name(org_id))
    row = tx.one(
        "numbers.release_pool_numbers",
        org_id=org_id,
        now=now,
        ended_before=now - POOL_AFTER_LAST_WINDOW,
        silent_since=now - POOL_SILENCE,
    )
    freed: int = row["freed"]
    return freed


def organizations_with_ended_quarantines(tx: Transaction, *, now: datetime) -> list[str]:
    """Organisations in which a number's quarantine has ended."""
    return [row["org_id"] for row in tx.rows("numbers.quarantine_candidates", now=now)]


def end_quarantines(tx: Transaction, *, org_id: str, now: datetime) -> int:
    """Makes pool numbers of those whose quarantine has ended; answers how many."""
    tx.rows("numbers.hold_organization", hold_org=hold_name(org_id))
    ended: int = tx.one("numbers.end_quarantines", org_id=org_id, now=now)["ended"]
    return ended


def fewest_free_pool_numbers(tx: Transaction) -> tuple[str, int] | None:
    """The organisation with the fewest free pool numbers, of those that have any; None where none has."""
    row = tx.row("numbers.fewest_free_pool_numbers")
    return (row["org_id"], row["free"]) if row else None


def hold_name(org_id: str) -> str:
    """The name of the lock that a change across bookings holds alone, and any other shared."""
    return f"organization {org_id}"
