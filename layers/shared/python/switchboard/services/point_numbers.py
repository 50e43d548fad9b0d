"""Compares the webhook addresses of the account's numbers with what they should be, and sets them where asked to."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict

from switchboard.domain.delivery import NotSent, Refused, Unknown
from switchboard.domain.webhook_addresses import OwnedNumber, WebhookAddresses, differences, wanted_addresses
from switchboard.orders import read_order
from switchboard.twilio_numbers import TwilioNumbers

logger = Logger(service="switchboard", child=True)


class PointingOrder(BaseModel):
    """`numbers`: only these, by E.164; without them all of the account."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True, strict=True)

    apply: bool = False
    numbers: list[str] | None = None


def point_numbers(order: Mapping[str, Any], *, twilio: TwilioNumbers, public_base_url: str) -> dict[str, Any]:
    """Answers with what differs, and what came of it where it was to be set; may be run twice at once.

    Raises InvalidRequest, TwilioUnavailable.
    """
    asked = read_order(PointingOrder, order)
    wanted = wanted_addresses(public_base_url)
    owned, unknown = chosen(twilio.owned(), asked.numbers)
    able = [number for number in owned if number.can_text]
    compared = (_compared(number, wanted, twilio if asked.apply else None) for number in able)
    drift = [found for found in compared if found]
    logger.info("numbers_pointed", applied=asked.apply, numbers=len(owned), drifted=len(drift))
    return {
        "applied": asked.apply,
        "numbers": len(owned),
        "cannotText": len(owned) - len(able),
        "drift": drift,
        "notInAccount": unknown,
    }


def chosen(owned: Sequence[OwnedNumber], only: Sequence[str] | None) -> tuple[list[OwnedNumber], list[str]]:
    """Those asked for, and what was asked for and is not there."""
    if only is None:
        return list(owned), []
    known = {number.e164 for number in owned}
    return [number for number in owned if number.e164 in only], [e164 for e164 in only if e164 not in known]


def _compared(number: OwnedNumber, wanted: WebhookAddresses, twilio: TwilioNumbers | None) -> dict[str, Any] | None:
    changes = differences(number, wanted)
    if not changes and not number.application_sid:
        return None
    outcome = "drift"
    if twilio is not None:
        outcome = _failure(twilio.point(number.sid, wanted)) if changes else "set"
        if outcome == "set" and number.application_sid:
            outcome = "application"
    return {
        "number": number.e164,
        "sid": number.sid,
        "outcome": outcome,
        "applicationSid": number.application_sid or None,
        "changes": [{"field": one.field, "found": one.found, "wanted": one.wanted} for one in changes],
    }


def _failure(failure: Refused | NotSent | Unknown | None) -> str:
    match failure:
        case None:
            return "set"
        case Refused(code=code, http_status=status):
            return f"refused {code or status}"
        case NotSent(reason=reason) | Unknown(reason=reason):
            return f"failed {reason}"
