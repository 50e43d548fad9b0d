"""Which class a sales account has by its last order, and which priority a class has."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

ACTIVE_MONTHS = 6
TARGET_MONTHS = 12
PRIORITIES = {"ACTIVE": "HIGH", "TARGET": "MEDIUM", "PROSPECT": "LOW"}


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """The first instants, 00:00 UTC, that make an account ACTIVE or TARGET: a boundary day is of the better class."""

    active_from: datetime
    target_from: datetime


def cutoffs(as_of: datetime) -> Cutoffs:
    """By whole calendar months before the day of `as_of` in UTC."""
    day = as_of.astimezone(UTC).date()
    return Cutoffs(
        active_from=datetime.combine(months_before(day, ACTIVE_MONTHS), time(), UTC),
        target_from=datetime.combine(months_before(day, TARGET_MONTHS), time(), UTC),
    )


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last: 31 August less six months is 28 or 29 February."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
