"""Points the account's numbers at our webhooks: invoked by `switchboard numbers webhooks`."""

from typing import Any

from switchboard import runtime
from switchboard.services.point_numbers import point_numbers


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Takes {"apply": false, "numbers": [...] or null} and answers with what differs; only `apply` changes anything."""
    return point_numbers(event, twilio=runtime.twilio_numbers(), public_base_url=runtime.public_base_url())
