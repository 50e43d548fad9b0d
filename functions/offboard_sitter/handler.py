"""A sitter leaves, or is back: invoked by `switchboard sitter`."""

from typing import Any

from switchboard import runtime
from switchboard.services.offboard_sitter import offboard_sitter


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Takes {"sitterId", "orgId", "active": false} and answers with what changed."""
    return offboard_sitter(
        event,
        database=runtime.database(),
        default_org_id=runtime.settings().default_org_id,
        now=runtime.now(),
        new_id=runtime.new_id,
    )
