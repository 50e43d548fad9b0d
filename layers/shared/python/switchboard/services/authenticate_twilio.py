"""Whether a request is Twilio's own; the forms of those that are."""

from typing import Any, Protocol

from switchboard.errors import Unauthorized
from switchboard.web import Request
from switchboard.webhooks import parse_form, verify_twilio


class SecretReader(Protocol):
    """Secrets Manager, as aws.Secrets reads it. Both raise SecretUnavailable."""

    def get(self, secret_id: str) -> dict[str, Any]: ...

    def reread(self, secret_id: str) -> dict[str, Any] | None: ...


def authentic_form(
    request: Request, *, public_base_url: str, secrets: SecretReader, secret_id: str
) -> list[tuple[str, str]]:
    """The request's form, when one of the live auth tokens signed it; a token rotated a moment ago counts too.

    Raises Unauthorized, or SecretUnavailable when it cannot be told.
    """
    form = parse_form(request.body)

    def signed(secret: dict[str, Any]) -> bool:
        return verify_twilio(
            url=public_base_url + request.path_and_query,
            params=form,
            signature=request.headers.get("x-twilio-signature"),
            auth_tokens=secret["authTokens"],
        )

    if signed(secrets.get(secret_id)):
        return form
    renewed = secrets.reread(secret_id)
    if renewed is None or not signed(renewed):
        raise Unauthorized
    return form
