"""Numbers written down as an organisation's: out of the Twilio account, or bought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from switchboard.domain.numbers import NumberClass
from switchboard.store.database import Transaction, as_json


@dataclass(frozen=True, slots=True)
class NewNumber:
    """A number of the Twilio account, and the id of its row if it becomes one."""

    id: str
    sid: str
    e164: str


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number as it stands. `outcome`: imported, known, elsewhere (another organisation's), or refused."""

    e164: str
    sid: str
    number_class: str
    status: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What an organisation has beside the numbers that were looked at."""

    is_known: bool
    has_front_desk: bool
    others: list[str]


def add(
    tx: Transaction,
    numbers: Sequence[NewNumber],
    *,
    org_id: str,
    number_class: NumberClass,
    may_be_front_desk: bool,
    now: datetime,
) -> list[WrittenNumber]:
    """Writes down those that are not known; whoever else writes numbers waits until the transaction's end."""
    tx.rows("number_rows.hold")
    told = [{"n": n, "id": one.id, "sid": one.sid, "e164": one.e164} for n, one in enumerate(numbers)]
    rows = tx.rows(
        "number_rows.add",
        org_id=org_id,
        numbers=as_json(told),
        number_class=number_class.value,
        may_be_front_desk=may_be_front_desk,
        now=now,
    )
    return [WrittenNumber(**row) for row in rows]


def standing(tx: Transaction, *, org_id: str, beside: Sequence[str]) -> Standing:
    """What else the organisation has."""
    return Standing(**tx.one("number_rows.standing", org_id=org_id, e164s=list(beside)))
