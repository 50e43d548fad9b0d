"""Signatures as Twilio and the booking system make them, for the simulator, the demo and the tests."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook
from twilio.request_validator import RequestValidator


class _Form:
    """A form with repeated names, in the shape that Twilio's own library reads."""

    def __init__(self, params: Sequence[tuple[str, str]]) -> None:
        self._params = params

    def __iter__(self) -> Iterator[str]:
        return iter(name for name, _ in self._params)

    def __len__(self) -> int:
        return len(self._params)

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self._params if key == name]


def sign_twilio(*, url: str, params: Sequence[tuple[str, str]], auth_token: str) -> str:
    """The X-Twilio-Signature of a form-encoded request, by Twilio's own library."""
    signature: str = RequestValidator(auth_token).compute_signature(url.partition("#")[0], _Form(params))
    return signature


def sign_booking(*, body: str, message_id: str, secret: str, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks for this body; now carries a zone."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now.astimezone(UTC), body),
    }
