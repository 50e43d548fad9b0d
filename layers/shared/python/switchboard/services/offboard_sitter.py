"""An operator says that a sitter has left, or is back: what `active` in a snapshot does, until taken back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field

from switchboard.domain.bookings import to_milliseconds
from switchboard.domain.numbers import NumberClass
from switchboard.errors import NotFound
from switchboard.orders import read_order
from switchboard.services.sitter_access import end_access, give_back_access
from switchboard.services.supply_numbers import supply
from switchboard.store import bookings, sitters
from switchboard.store.database import Database, Transaction

ACTOR = "operator"
logger = Logger(service="switchboard", child=True)


class SitterOrder(BaseModel):
    """`active`: false, they have left; true, they are back."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True, strict=True)

    sitter_id: str = Field(alias="sitterId", min_length=1)
    org_id: str | None = Field(default=None, alias="orgId", min_length=1)
    active: bool = False


def offboard_sitter(
    order: Mapping[str, Any], *, database: Database, default_org_id: str, now: datetime, new_id: Callable[[], str]
) -> dict[str, Any]:
    """Answers with what changed; the same order again changes nothing. Raises InvalidRequest, NotFound."""
    asked = read_order(SitterOrder, order)
    org_id, now = asked.org_id or default_org_id, to_milliseconds(now)
    with database.transaction() as tx:
        work = _take_back if asked.active else _let_go
        answer = work(tx, asked.sitter_id, org_id=org_id, now=now, new_id=new_id)
    logger.info("sitter_offboarded", org_id=org_id, sitter_id=asked.sitter_id, active=asked.active)
    return {"orgId": org_id, "sitterId": asked.sitter_id, "active": asked.active, **answer}


def _let_go(
    tx: Transaction, sitter_id: str, *, org_id: str, now: datetime, new_id: Callable[[], str]
) -> dict[str, Any]:
    gathered = bookings.gather_sitter(tx, sitter_id, org_id=org_id, now=now)
    if sitter_id not in gathered.sitters:
        raise NotFound
    rows = end_access(
        tx, sitter_id, org_id=org_id, threads=gathered.other_threads, front_desk=gathered.front_desk, now=now
    )
    sitters.offboard(tx, org_id=org_id, sitter_id=sitter_id, now=now)
    bookings.write_rows(tx, rows, org_id=org_id, actor=ACTOR, reason="sitter_left", now=now, new_id=new_id)
    if rows.frees_pool_number:
        supply(tx, {NumberClass.POOL}, org_id=org_id, now=now)
    number, is_in_use = gathered.sitter_numbers.get(sitter_id, (None, False))
    return {
        "threads": len(rows.threads),
        "windows": len(rows.windows),
        "number": number.e164 if number else None,
        "wasInUse": is_in_use,
        "frontDeskMissing": rows.front_desk_missing,
    }


def _take_back(
    tx: Transaction, sitter_id: str, *, org_id: str, now: datetime, new_id: Callable[[], str]
) -> dict[str, Any]:
    gathered = bookings.gather_sitter(tx, sitter_id, org_id=org_id, now=now)
    sitter = gathered.sitters.get(sitter_id)
    if sitter is None:
        raise NotFound
    if sitter.active:
        return {"number": None, "wasAway": False}
    sitters.take_back(tx, org_id=org_id, sitter_id=sitter_id, now=now)
    number = give_back_access(tx, sitter_id, org_id=org_id, gathered=gathered, but_booking=None, now=now, new_id=new_id)
    return {"number": number.e164 if number else None, "wasAway": True}
