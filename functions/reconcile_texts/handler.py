"""Each day: what Twilio has and we do not, and the other way round."""

from typing import Any

from switchboard import runtime
from switchboard.services.receive_text import Receiving
from switchboard.services.reconcile_texts import Reconciling, reconcile_texts

# The longest call to Twilio, with a text's media, and storing it still fit in.
_TIME_TO_STOP_MS = 60_000


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Answers with what it found and did; a run that had no time for all fails, and the next one goes on from there."""
    receiving = Receiving(
        database=runtime.database(),
        send_queue=runtime.send_queue(),
        flags=runtime.flags(),
        now=runtime.now,
        new_id=runtime.new_id,
    )
    using = Reconciling(
        receiving=receiving,
        twilio=runtime.twilio_sender(),
        fraction=runtime.fraction,
        out_of_time=lambda: context.get_remaining_time_in_millis() < _TIME_TO_STOP_MS,
    )
    return reconcile_texts(using=using)
