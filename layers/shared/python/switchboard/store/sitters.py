"""Sitters, as far as operators decide about them."""

from datetime import datetime

from switchboard.store.database import Transaction


def offboard(tx: Transaction, *, org_id: str, sitter_id: str, now: datetime) -> None:
    """Inactive from now on, until `take_back`."""
    tx.rows("sitters.set_standing", org_id=org_id, sitter_id=sitter_id, active=False, offboarded_at=now, now=now)


def take_back(tx: Transaction, *, org_id: str, sitter_id: str, now: datetime) -> None:
    """Active again, and as the booking system tells of them from now on."""
    tx.rows("sitters.set_standing", org_id=org_id, sitter_id=sitter_id, active=True, offboarded_at=None, now=now)
