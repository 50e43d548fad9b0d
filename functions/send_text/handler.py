"""Sends the texts of the threads that the send queue names."""

import json
from typing import Any

from switchboard import runtime
from switchboard.batches import answer_batch
from switchboard.services.send_text import Sending, send_thread

# The longest call to Twilio, and recording it, still fit in.
_TIME_TO_STOP_MS = 30_000


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """A batch of the send queue; the messages whose threads could not be worked on are answered to come back."""
    using = Sending(
        database=runtime.database(),
        twilio=runtime.twilio_sender(),
        queue=runtime.send_queue(),
        public_base_url=runtime.public_base_url(),
        holder=runtime.new_id(),
        now=runtime.now,
        new_id=runtime.new_id,
        fraction=runtime.fraction,
    )

    def send(body: str) -> None:
        send_thread(
            json.loads(body)["threadId"],
            using=using,
            out_of_time=lambda: context.get_remaining_time_in_millis() < _TIME_TO_STOP_MS,
        )

    return answer_batch(event, context, send)
