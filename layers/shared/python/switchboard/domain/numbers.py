"""Our phone numbers: which class a thread needs, and how long numbers rest."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

QUARANTINE = timedelta(days=90)
POOL_REST = timedelta(days=30)
POOL_AFTER_LAST_WINDOW = timedelta(hours=72)
POOL_SILENCE = timedelta(days=7)


class NumberClass(StrEnum):
    """Whose number it is: the organisation's, one sitter's, or lent for a while."""

    FRONT_DESK = "front_desk"
    SITTER = "sitter"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Number:
    """One of our numbers; `sitter_id` is the sitter who keeps it."""

    id: str
    e164: str
    number_class: NumberClass
    status: str = "active"
    sitter_id: str | None = None


def number_class(*, is_meet_and_greet: bool, is_one_time: bool, has_sitter: bool) -> NumberClass:
    """The class that a thread's number has to have; first match wins."""
    if is_meet_and_greet:
        return NumberClass.FRONT_DESK
    if is_one_time:
        return NumberClass.POOL
    return NumberClass.SITTER if has_sitter else NumberClass.FRONT_DESK
