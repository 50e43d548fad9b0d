"""POST /webhooks/booking: a booking changed."""

from typing import Any

from switchboard import runtime
from switchboard.booking_webhook import answer_response, read_booking_event
from switchboard.services.change_booking import change_booking
from switchboard.web import Request, Response, answering


@answering()
def _handle(request: Request) -> Response:
    now = runtime.now()
    event, body = read_booking_event(
        request, secrets=runtime.secrets(), secret_id=runtime.settings().booking_secret_id, now=now
    )
    answer = change_booking(
        event,
        body=body,
        database=runtime.database(),
        queue=runtime.send_queue(),
        may_create=runtime.flags()().enable_proactive_thread_creation,
        now=now,
        new_id=runtime.new_id,
    )
    return answer_response(answer)


def lambda_handler(event: dict[str, Any], context: Any) -> Response:
    """The Lambda function."""
    return _handle(event, context)
