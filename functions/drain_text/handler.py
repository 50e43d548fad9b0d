"""The inbound queue: texts that came while the database was away, or through Twilio's fallback address."""

from typing import Any

from switchboard import runtime
from switchboard.batches import answer_batch
from switchboard.services.queue_text import read_queued
from switchboard.services.receive_text import Receiving, route_text


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Takes a batch the way that receive_text goes; the messages that could not be stored are answered to come back."""
    using = Receiving(
        database=runtime.database(),
        send_queue=runtime.send_queue(),
        flags=runtime.flags(),
        now=runtime.now,
        new_id=runtime.new_id,
    )

    def route(body: str) -> None:
        form, arrived_at = read_queued(body)
        route_text(form, arrived_at=arrived_at, using=using)

    return answer_batch(event, context, route)
