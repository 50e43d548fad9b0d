"""Housekeeping, each minute. A new part is one line."""

from functools import partial
from typing import Any

from switchboard import runtime
from switchboard.services import keep_outbox, rest_numbers
from switchboard.services.keep_house import Part, keep_house
from switchboard.services.retry_bookings import retry_deferred


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Runs the parts; answers with how much each did."""
    now, flags = runtime.now(), runtime.flags()()
    rows: dict[str, Any] = {"database": runtime.database(), "now": now}
    texts = rows | {"queue": runtime.send_queue()}
    made = texts | {"new_id": runtime.new_id}
    settled = made | {"fraction": runtime.fraction}
    parts: dict[str, Part] = {
        "announce_waiting": partial(keep_outbox.announce_waiting, **texts),
        "apply_early_statuses": partial(keep_outbox.apply_early_statuses, **settled),
        "poll_unfinished": partial(keep_outbox.poll_unfinished, twilio=runtime.twilio_sender(), **settled),
        "retry_bookings": partial(retry_deferred, may_create=flags.enable_proactive_thread_creation, **made),
        "release_pool_numbers": partial(rest_numbers.release_pool_numbers, **rows),
        "end_quarantines": partial(rest_numbers.end_quarantines, **rows),
    }
    return keep_house(parts, turn=now.minute)
