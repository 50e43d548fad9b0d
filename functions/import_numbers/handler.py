"""Writes the account's numbers down as an organisation's: invoked by `switchboard numbers import`."""

from typing import Any

from switchboard import runtime
from switchboard.services.import_numbers import import_numbers


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Takes {"apply": false, "orgId", "class": "sitter" or "pool", "numbers"}; without `apply` nothing is written."""
    return import_numbers(
        event,
        twilio=runtime.twilio_numbers(),
        database=runtime.database(),
        default_org_id=runtime.settings().default_org_id,
        now=runtime.now(),
        new_id=runtime.new_id,
    )
