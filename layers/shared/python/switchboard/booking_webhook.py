"""The booking webhook's bytes: size, signature and schema, checked in this order; and its answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from switchboard import errors
from switchboard.aws import Secrets
from switchboard.domain.bookings import BookingEvent
from switchboard.domain.changes import Answer
from switchboard.domain.desired_state import Outcome
from switchboard.web import Request, Response, json_response
from switchboard.webhooks import verify_booking

MAX_BODY_BYTES = 256 * 1024
MAX_ID_LENGTH = 255
logger = Logger(service="switchboard", child=True)


def read_booking_event(
    request: Request, *, secrets: Secrets, secret_id: str, now: datetime
) -> tuple[BookingEvent, str]:
    """The event and its snapshot as JSON text. Raises BodyTooLarge, Unauthorized, SecretUnavailable, InvalidRequest."""
    if len(request.body) > MAX_BODY_BYTES:
        raise errors.BodyTooLarge
    _check_signature(request, secrets=secrets, secret_id=secret_id, now=now)
    if len(request.headers["webhook-id"]) > MAX_ID_LENGTH:
        raise errors.InvalidRequest(("webhook-id",))
    from switchboard.booking_snapshots import read_snapshot  # pydantic's models, at the first authentic event

    return read_snapshot(request.body, webhook_id=request.headers["webhook-id"])


def _check_signature(request: Request, *, secrets: Secrets, secret_id: str, now: datetime) -> None:
    """Tries the known secrets, then, at most once a minute, those of Secrets Manager as they are now (rotation)."""

    def signed_with(secret: Mapping[str, Any] | None) -> bool:
        live = tuple(secret.get("secrets", ())) if secret else ()
        return verify_booking(body=request.body, headers=request.headers, secrets=live, now=now)

    if not request.headers.get("webhook-signature"):
        raise errors.Unauthorized
    if not signed_with(secrets.get(secret_id)) and not signed_with(secrets.reread(secret_id)):
        logger.warning("booking_signature_refused")
        raise errors.Unauthorized


def answer_response(answer: Answer) -> Response:
    """200 with what was done; 202 where the event is stored and will be retried."""
    body = {
        "outcome": answer.outcome,
        "reason": answer.reason,
        "threadId": answer.thread_id,
        "windowId": answer.window_id,
        "numberClass": answer.number_class,
    }
    return json_response(202 if answer.outcome is Outcome.DEFERRED else 200, body)
