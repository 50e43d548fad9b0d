"""What the booking system sends, checked against the contract: JSON in, domain events out."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from switchboard import errors
from switchboard.domain.bookings import (
    Booking,
    BookingEvent,
    Client,
    EventType,
    Sitter,
    Stamp,
    Status,
    to_milliseconds,
    told_status,
)
from switchboard.domain.phone import to_e164
from switchboard.field_paths import problems_by_path

_YEARS = range(1970, 9000)


def _default_for_null(default: bool) -> BeforeValidator:
    return BeforeValidator(lambda value: default if value is None else value)


def _instant_text(value: object) -> object:
    """Instants are text with a date and a time: a bare number is no instant."""
    if value is not None and not (isinstance(value, str) and "T" in value.upper()):
        raise ValueError("an instant is ISO 8601 text")
    return value


def _plausible(value: datetime) -> datetime:
    if value.year not in _YEARS:
        raise ValueError("the year is out of range")
    return value


Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Instant = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_instant_text), AfterValidator(_plausible)]
VisitTime = Annotated[Instant, AfterValidator(to_milliseconds)]
Text = Annotated[str, AfterValidator(lambda value: value.replace("\x00", ""))]  # PostgreSQL cannot hold NUL
FalseByDefault = Annotated[bool, _default_for_null(False)]
TrueByDefault = Annotated[bool, _default_for_null(True)]


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", frozen=True, strict=True, hide_input_in_errors=True
    )


class _Booking(_Part):
    id: Id
    service: Text | None = None
    start_at: VisitTime | None = None
    end_at: VisitTime | None = None
    status: Literal["pending", "confirmed", "completed", "cancelled"]
    is_recurring: FalseByDefault = False
    is_meet_and_greet: FalseByDefault = False

    @field_validator("end_at")
    @classmethod
    def _not_before_start(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        start_at = info.data.get("start_at")
        if value is not None and start_at is not None and value < start_at:
            raise ValueError("the end is before the start")
        return value


class _Client(_Part):
    id: Id
    first_name: Text | None = None
    last_name: Text | None = None
    phone: Text | None = None
    has_weekly_plan: FalseByDefault = False


class _Sitter(_Part):
    id: Id
    first_name: Text | None = None
    last_name: Text | None = None
    phone: Text | None = None
    active: TrueByDefault = True


class _Data(_Part):
    org_id: Id
    booking: _Booking
    client: _Client | None = None
    sitter: _Sitter | None = None


class _Snapshot(_Part):
    type: Literal[
        "booking.assigned",
        "booking.reassigned",
        "booking.unassigned",
        "booking.updated",
        "booking.cancelled",
        "booking.completed",
    ]
    occurred_at: Instant
    data: _Data


def read_snapshot(body: bytes | str, *, webhook_id: str) -> tuple[BookingEvent, str]:
    """The event, and as JSON text what of it is kept. Raises InvalidRequest naming the fields that are wrong."""
    snapshot = _validated(body)
    return _to_event(snapshot, webhook_id=webhook_id), snapshot.model_dump_json(by_alias=True)


def _validated(body: bytes | str) -> _Snapshot:
    try:
        return _Snapshot.model_validate_json(body)
    except ValidationError as error:
        raise errors.InvalidRequest(tuple(problems_by_path(error, whole="body"))) from None


def _to_event(snapshot: _Snapshot, *, webhook_id: str) -> BookingEvent:
    data, stamp = snapshot.data, Stamp(snapshot.occurred_at, webhook_id)
    event_type = EventType(snapshot.type)
    booking = Booking(
        id=data.booking.id,
        client_id=data.client.id if data.client else None,
        sitter_id=data.sitter.id if data.sitter else None,
        service=data.booking.service if _text(data.booking.service) else None,
        start_at=data.booking.start_at,
        end_at=data.booking.end_at,
        status=told_status(event_type, Status(data.booking.status)),
        is_recurring=data.booking.is_recurring,
        is_meet_and_greet=data.booking.is_meet_and_greet,
        has_weekly_plan=data.client is not None and data.client.has_weekly_plan,
        stamp=stamp,
    )
    return BookingEvent(
        webhook_id=webhook_id,
        org_id=data.org_id,
        type=event_type,
        occurred_at=snapshot.occurred_at,
        booking=booking,
        client=_to_client(data.client, stamp) if data.client else None,
        sitter=_to_sitter(data.sitter, stamp) if data.sitter else None,
    )


def _to_client(told: _Client, stamp: Stamp) -> Client:
    names = _text(told.first_name), _text(told.last_name)
    return Client(told.id, *names, _phone(told.phone), told.has_weekly_plan, stamp=stamp)


def _to_sitter(told: _Sitter, stamp: Stamp) -> Sitter:
    names = _text(told.first_name), _text(told.last_name)
    return Sitter(told.id, *names, _phone(told.phone), told.active, stamp=stamp)


def _text(value: str | None) -> str | None:
    """Blank counts as missing."""
    return (value or "").strip() or None


def _phone(value: str | None) -> str | None:
    return to_e164(value) if value else None
