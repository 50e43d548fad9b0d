"""Bookings, clients and sitters as the booking system tells of them, and which of two snapshots is the newer."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from switchboard.domain.windows import Interval, window_for

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


class EventType(StrEnum):
    """What the booking system says happened; what is done follows from the snapshot."""

    ASSIGNED = "booking.assigned"
    REASSIGNED = "booking.reassigned"
    UNASSIGNED = "booking.unassigned"
    UPDATED = "booking.updated"
    CANCELLED = "booking.cancelled"
    COMPLETED = "booking.completed"


class Status(StrEnum):
    """Where a booking stands; pending counts as confirmed."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the visit is over or off."""
        return self in (Status.COMPLETED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a snapshot was taken, and the webhook-id that brought it; a row that no event wrote has neither."""

    occurred_at: datetime | None = None
    webhook_id: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """A visit, or several, at a client's home."""

    id: str
    client_id: str | None
    sitter_id: str | None
    service: str | None
    start_at: datetime | None
    end_at: datetime | None
    status: Status
    is_recurring: bool = False
    is_meet_and_greet: bool = False
    has_weekly_plan: bool = False
    stamp: Stamp = Stamp()

    @property
    def window(self) -> Interval | None:
        """When client and sitter may talk; None where times or service are missing."""
        if not self.service or self.start_at is None or self.end_at is None:
            return None
        return window_for(self.service, self.start_at, self.end_at)


@dataclass(frozen=True, slots=True)
class Client:
    """Whose home it is. `phone` is E.164 or None; `is_recurring_override` is the owner's."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    has_weekly_plan: bool = False
    is_recurring_override: bool | None = None
    stamp: Stamp = Stamp()


@dataclass(frozen=True, slots=True)
class Sitter:
    """Who goes there. `phone` is their own, E.164 or None; `offboarded`: an operator says that they have left."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    active: bool = True
    offboarded: bool = False
    stamp: Stamp = Stamp()


@dataclass(frozen=True, slots=True)
class BookingEvent:
    """One authentic call of the booking webhook: a full snapshot."""

    webhook_id: str
    org_id: str
    type: EventType
    occurred_at: datetime
    booking: Booking
    client: Client | None
    sitter: Sitter | None


def to_milliseconds(instant: datetime) -> datetime:
    """The instant as the columns of bookings, threads and windows hold it."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def told_status(event_type: EventType, status: Status) -> Status:
    """The status of a snapshot: the data's, except that type cancelled or completed is final."""
    if event_type is EventType.CANCELLED:
        return Status.CANCELLED
    if event_type is EventType.COMPLETED and status is not Status.CANCELLED:
        return Status.COMPLETED
    return status


def is_older(told: Booking, stored: Booking | None) -> bool:
    """Whether the booking that is told of occurred before the stored one: a stale event."""
    return (
        stored is not None
        and stored.stamp.occurred_at is not None
        and told.stamp.occurred_at is not None
        and told.stamp.occurred_at < stored.stamp.occurred_at
    )


def newer_booking(told: Booking, stored: Booking | None) -> Booking:
    """The snapshot that stands: the newer; at the same instant a final status, then the greater webhook-id."""
    if stored is None or stored.stamp.occurred_at is None:
        return told
    return max(
        stored, told, key=lambda booking: (*_age(booking.stamp), booking.status.is_final, booking.stamp.webhook_id)
    )


def newer_client(told: Client, stored: Client | None) -> Client:
    """The client as told last; whether the owner marked them recurring stays the owner's."""
    if stored is None:
        return told
    if _is_newer(stored.stamp, told.stamp):
        return stored
    return replace(told, is_recurring_override=stored.is_recurring_override)


def newer_sitter(told: Sitter, stored: Sitter | None) -> Sitter:
    """The sitter as told last, by snapshot or by an operator; one whom an operator off-boarded stays inactive."""
    if stored is None:
        return told
    if not _is_newer(told.stamp, stored.stamp):  # the same one again, settled anew, does not undo an operator's word
        return stored
    return replace(told, active=told.active and not stored.offboarded, offboarded=stored.offboarded)


def pause_before(attempt: int) -> timedelta:
    """How long deferred work waits before its next attempt (the first is 1): doubling, from a minute to an hour."""
    doublings = min(max(attempt, 1) - 1, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _is_newer(one: Stamp, other: Stamp) -> bool:
    return (*_age(one), one.webhook_id) > (*_age(other), other.webhook_id)


def _age(stamp: Stamp) -> tuple[bool, float]:
    return stamp.occurred_at is not None, stamp.occurred_at.timestamp() if stamp.occurred_at else 0.0
