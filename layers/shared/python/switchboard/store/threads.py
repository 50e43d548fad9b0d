"""Threads that change hands outside a booking's own change."""

from collections.abc import Sequence
from datetime import datetime

from switchboard.store.database import Transaction


def adopt_guests(tx: Transaction, *, org_id: str, client_id: str, guests: Sequence[str], now: datetime) -> None:
    """What guests with this client's phone said and were told becomes the client's; the guests are gone."""
    tx.later("threads.adopt_guests", org_id=org_id, client_id=client_id, guests=list(guests), now=now)
