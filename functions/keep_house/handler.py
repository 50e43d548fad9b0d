"""Housekeeping, each minute. A new part is one line."""

from functools import partial
from typing import Any

from switchboard import runtime
from switchboard.services import keep_outbox
from switchboard.services.keep_house import Part, keep_house


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Runs the parts; answers with how much each did."""
    now = runtime.now()
    sending: dict[str, Any] = {"database": runtime.database(), "queue": runtime.send_queue(), "now": now}
    settling = sending | {"new_id": runtime.new_id, "fraction": runtime.fraction}
    parts: dict[str, Part] = {
        "announce_waiting": partial(keep_outbox.announce_waiting, **sending),
        "apply_early_statuses": partial(keep_outbox.apply_early_statuses, **settling),
        "poll_unfinished": partial(keep_outbox.poll_unfinished, twilio=runtime.twilio_sender(), **settling),
    }
    return keep_house(parts, turn=now.minute)
