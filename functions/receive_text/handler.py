"""POST /webhooks/twilio/inbound: a text came in."""

from switchboard import runtime
from switchboard.services.authenticate_twilio import authentic_form
from switchboard.services.receive_text import Receiving, receive_text
from switchboard.web import Request, Response, answering, twiml_response


@answering(unauthorized=403)
def lambda_handler(request: Request) -> Response:
    """200 once the text is stored, or on its queue while the database is away."""
    form = authentic_form(
        request,
        public_base_url=runtime.public_base_url(),
        secrets=runtime.secrets(),
        secret_id=runtime.settings().twilio_secret_id,
    )
    receive_text(
        form,
        arrived_at=request.arrived_at,
        queue=runtime.inbound_queue(),
        using=Receiving(
            database=runtime.inbound_database(),
            send_queue=runtime.send_queue(),
            flags=runtime.flags(),
            now=runtime.now,
            new_id=runtime.new_id,
        ),
    )
    return twiml_response()
