"""Housekeeping, each minute. A new part is one line."""

from functools import partial
from typing import Any

from switchboard import runtime
from switchboard.services import keep_outbox, rest_numbers, retry_bookings
from switchboard.services.keep_house import Part, keep_house


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Runs the parts; answers with how much each did."""
    now = runtime.now()
    sending: dict[str, Any] = {"database": runtime.database(), "queue": runtime.send_queue(), "now": now}
    settling = sending | {"new_id": runtime.new_id, "fraction": runtime.fraction}
    resting: dict[str, Any] = {"database": runtime.database(), "now": now}
    creating = runtime.flags()().enable_proactive_thread_creation
    parts: dict[str, Part] = {
        "announce_waiting": partial(keep_outbox.announce_waiting, **sending),
        "apply_early_statuses": partial(keep_outbox.apply_early_statuses, **settling),
        "retry_deferred": partial(retry_bookings.retry_deferred, may_create=creating, new_id=runtime.new_id, **sending),
        "release_pool_numbers": partial(rest_numbers.release_pool_numbers, **resting),
        "end_quarantines": partial(rest_numbers.end_quarantines, **resting),
        "poll_unfinished": partial(keep_outbox.poll_unfinished, twilio=runtime.twilio_sender(), **settling),
    }
    return keep_house(parts, turn=now.minute)
