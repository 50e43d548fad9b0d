"""POST /webhooks/twilio/inbound-fallback: Twilio could not reach receive_text."""

from switchboard import runtime
from switchboard.services.authenticate_twilio import authentic_form
from switchboard.services.queue_text import queue_text
from switchboard.web import Request, Response, answering, twiml_response


@answering(unauthorized=403)
def lambda_handler(request: Request) -> Response:
    """Authenticates, queues, answers."""
    form = authentic_form(
        request,
        public_base_url=runtime.public_base_url(),
        secrets=runtime.secrets(),
        secret_id=runtime.settings().twilio_secret_id,
    )
    queue_text(form, arrived_at=request.arrived_at, queue=runtime.inbound_queue())
    return twiml_response()
