"""Numbers are there, new or free again: what waited is settled anew, and when they run out the owner is told anew."""

from collections.abc import Collection, Mapping
from datetime import datetime

from switchboard.domain.desired_state import Reason
from switchboard.domain.numbers import NumberClass
from switchboard.services.booking_notices import FRONT_DESK_MISSING, POOL_EXHAUSTED
from switchboard.store import bookings, owner_notices
from switchboard.store.database import Transaction

LACKS: Mapping[NumberClass, Reason] = {
    NumberClass.SITTER: Reason.SITTER_NUMBER_MISSING,
    NumberClass.POOL: Reason.POOL_EXHAUSTED,
    NumberClass.FRONT_DESK: Reason.FRONT_DESK_MISSING,
}
_TOLD = {NumberClass.POOL: POOL_EXHAUSTED, NumberClass.FRONT_DESK: FRONT_DESK_MISSING}


def supply(tx: Transaction, classes: Collection[NumberClass], *, org_id: str, now: datetime) -> None:
    """Bookings that waited for a number of these classes are due now, and the next lack is told of."""
    if not classes:
        return
    bookings.wake_wanting(tx, org_id=org_id, reasons=[LACKS[one] for one in sorted(classes)], now=now)
    for one in classes:
        if one in _TOLD:
            owner_notices.clear(tx, org_id=org_id, subject=_TOLD[one])
