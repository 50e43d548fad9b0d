"""Writes the numbers of the Twilio account down as an organisation's; what is known of them already stays."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field

from switchboard.domain.numbers import NumberClass
from switchboard.domain.webhook_addresses import OwnedNumber
from switchboard.errors import InvalidRequest
from switchboard.orders import read_order
from switchboard.services.point_numbers import chosen
from switchboard.services.supply_numbers import supply
from switchboard.store import number_rows
from switchboard.store.database import Database, Transaction
from switchboard.store.number_rows import NewNumber, Standing, WrittenNumber
from switchboard.twilio_numbers import TwilioNumbers

logger = Logger(service="switchboard", child=True)


class ImportOrder(BaseModel):
    """`numbers`: only these, by E.164; `class`: of those that are new, but for a front desk that is missing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True, strict=True)

    apply: bool = False
    org_id: str | None = Field(default=None, alias="orgId", min_length=1)
    number_class: Literal["sitter", "pool"] = Field(default="sitter", alias="class")
    numbers: list[str] | None = None


def import_numbers(
    order: Mapping[str, Any],
    *,
    twilio: TwilioNumbers,
    database: Database,
    default_org_id: str,
    now: datetime,
    new_id: Callable[[], str],
) -> dict[str, Any]:
    """Answers with each number's class and what came of it; without `apply` the same, and nothing is written.

    Raises InvalidRequest (for an unknown organisation too), TwilioUnavailable.
    """
    asked = read_order(ImportOrder, order)
    org_id = asked.org_id or default_org_id
    account = twilio.owned()
    owned, unknown = chosen(account, asked.numbers)
    able = [NewNumber(new_id(), number.sid, number.e164) for number in owned if number.can_text]
    with database.transaction() as tx, tx.savepoint() as take_back:
        written, standing = _write(tx, able, account, org_id=org_id, asked=asked, now=now)
        if not asked.apply:
            take_back()
    imported = sum(one.outcome == "imported" for one in written)
    logger.info("numbers_imported", org_id=org_id, applied=asked.apply, numbers=len(owned), imported=imported)
    return {
        "applied": asked.apply,
        "orgId": org_id,
        "numbers": [
            {
                "number": one.e164,
                "sid": one.sid,
                "class": one.number_class,
                "status": one.status,
                "outcome": one.outcome,
            }
            for one in written
        ],
        "cannotText": len(owned) - len(able),
        "notInAccount": unknown,
        "lostAtTwilio": standing.others,
        "hasFrontDesk": standing.has_front_desk,
    }


def _write(
    tx: Transaction,
    able: Sequence[NewNumber],
    account: Sequence[OwnedNumber],
    *,
    org_id: str,
    asked: ImportOrder,
    now: datetime,
) -> tuple[list[WrittenNumber], Standing]:
    number_class = NumberClass(asked.number_class)
    written = number_rows.add(tx, able, org_id=org_id, number_class=number_class, may_be_front_desk=True, now=now)
    standing = number_rows.standing(tx, org_id=org_id, beside=[number.e164 for number in account])
    if not standing.is_known:
        raise InvalidRequest(("orgId",))
    supply(
        tx,
        {NumberClass(one.number_class) for one in written if one.outcome == "imported"},
        org_id=org_id,
        now=now,
    )
    return written, standing
