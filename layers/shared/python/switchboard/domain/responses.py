"""Answers that are owed to clients: when one is overdue, and when nobody needs it any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

KEPT_AFTER_WINDOW = timedelta(hours=24)


class Resolution(StrEnum):
    """What time makes of a pending record."""

    ESCALATED = "escalated"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PendingResponse:
    """A client's text that nobody has answered. window_end: the thread's last window's, None without any."""

    id: str
    org_id: str
    thread_id: str
    client_name: str
    inbound_at: datetime
    sla_seconds: int | None
    window_end: datetime | None


def resolution(record: PendingResponse, *, now: datetime) -> Resolution | None:
    """Escalated once the promised time has passed, else expired 24 h after the window (and the text); else None."""
    if record.sla_seconds is not None and now >= record.inbound_at + timedelta(seconds=record.sla_seconds):
        return Resolution.ESCALATED
    over_at = max(record.inbound_at, record.window_end or record.inbound_at)
    return Resolution.EXPIRED if now >= over_at + KEPT_AFTER_WINDOW else None
