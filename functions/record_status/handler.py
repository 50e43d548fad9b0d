"""Twilio's status callbacks."""

from switchboard import runtime
from switchboard.services.authenticate_twilio import authentic_form
from switchboard.services.record_status import read_status, record_status
from switchboard.web import Request, Response, answering, empty_response


@answering(unauthorized=403)
def lambda_handler(request: Request) -> Response:
    """204 for what is authentic, repeats and unknown statuses too."""
    form = authentic_form(
        request,
        public_base_url=runtime.public_base_url(),
        secrets=runtime.secrets(),
        secret_id=runtime.settings().twilio_secret_id,
    )
    if report := read_status(form, request.query):
        record_status(
            report,
            database=runtime.database(),
            queue=runtime.send_queue(),
            now=runtime.now(),
            new_id=runtime.new_id,
            fraction=runtime.fraction(),
        )
    return empty_response()
