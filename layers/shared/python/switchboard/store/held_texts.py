"""Sitters' texts that are held until they say for whom they are."""

from dataclasses import dataclass
from datetime import datetime

from switchboard.store.database import Transaction
from switchboard.store.texts import Place


@dataclass(frozen=True, slots=True)
class HoldingSitter:
    """A sitter with held texts on a number, the oldest of which arrived at arrived_at."""

    place: Place
    sitter_e164: str
    number_e164: str
    arrived_at: datetime


def holding_sitters(tx: Transaction, *, held_before: datetime, most: int) -> list[HoldingSitter]:
    """Whose texts have been held since before an instant."""
    return [
        HoldingSitter(Place(row["org_id"], row["number_id"]), row["sitter_e164"], row["number_e164"], row["arrived_at"])
        for row in tx.rows("held_texts.sitters", held_before=held_before, most=most)
    ]


def give_up(tx: Transaction, *, held_before: datetime, now: datetime) -> int:
    """Gives the owner the held texts of sitters without a phone; answers with how many."""
    return len(tx.rows("held_texts.give_up", held_before=held_before, now=now))


def wait_for(tx: Transaction, sender_e164: str) -> None:
    """Waits until no text of this sender is being received elsewhere, and keeps others waiting."""
    tx.rows("held_texts.wait_for", sender=sender_e164)
