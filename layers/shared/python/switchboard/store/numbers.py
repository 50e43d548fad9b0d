"""Numbers taken and given back: each claim is settled by row locks and unique indexes."""

from collections.abc import Callable
from datetime import datetime

from switchboard.domain.numbers import POOL_REST, QUARANTINE, Number, NumberClass
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
