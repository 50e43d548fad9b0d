"""API Gateway HTTP API events (payload 2.0) in, responses out; every error becomes a response here, by its class."""

import base64
import functools
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from aws_lambda_powertools import Logger

from switchboard import errors

Response = dict[str, Any]
logger = Logger(service="switchboard", child=True)


class Request(NamedTuple):
    """One HTTP request. Header names are lower case; `arrived_at` is API Gateway's own request time."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    arrived_at: datetime
    claims: Mapping[str, Any]
    path_parameters: Mapping[str, str]

    @property
    def path_and_query(self) -> str:
        """What a webhook's signature covers after the public base: raw path, and raw query where there is one."""
        return f"{self.path}?{self.query}" if self.query else self.path


def read_request(event: Mapping[str, Any]) -> Request:
    """The request in a payload 2.0 event."""
    context = event["requestContext"]
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    return Request(
        method=context["http"]["method"],
        path=event["rawPath"],
        query=event.get("rawQueryString") or "",
        headers={name.lower(): value for name, value in event.get("headers", {}).items()},
        body=raw,
        arrived_at=datetime.fromtimestamp(context["timeEpoch"] / 1000, UTC),
        claims=context.get("authorizer", {}).get("jwt", {}).get("claims", {}),
        path_parameters=event.get("pathParameters") or {},
    )


def json_response(status: int, body: Any) -> Response:
    """A JSON answer."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body, ensure_ascii=False),
    }


def twiml_response() -> Response:
    """The empty TwiML answer: replies leave through the API, so that they can be retried and tracked."""
    xml = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
    return {"statusCode": 200, "headers": {"content-type": "text/xml"}, "body": xml}


def empty_response() -> Response:
    """An answer without a body."""
    return {"statusCode": 204, "headers": {}, "body": ""}


_CODES: tuple[tuple[type[errors.SwitchboardError], int, str], ...] = (
    (errors.BodyTooLarge, 413, "too_large"),
    (errors.CallMalformed, 400, "invalid_request"),
    (errors.TokenMissing, 401, "unauthorized"),
    (errors.Forbidden, 403, "forbidden"),
    (errors.NotFound, 404, "not_found"),
    (errors.Conflict, 409, "conflict"),
    (errors.Refused, 422, "refused"),
    (errors.SecretUnavailable, 503, "unavailable"),
    (errors.ParameterUnavailable, 503, "unavailable"),
    (errors.QueueUnavailable, 503, "unavailable"),
    (errors.DatabaseUnavailable, 503, "unavailable"),
    (errors.LockNotAvailable, 503, "unavailable"),
    (errors.StatementTimedOut, 503, "unavailable"),
)


def answering(
    *, unauthorized: int = 401
) -> Callable[[Callable[[Request], Response]], Callable[[dict[str, Any], Any], Response]]:
    """Makes a Lambda handler out of a function from request to response; errors become responses by their class."""

    def wrap(handle: Callable[[Request], Response]) -> Callable[[dict[str, Any], Any], Response]:
        @functools.wraps(handle)
        def lambda_handler(event: dict[str, Any], _context: Any) -> Response:
            try:
                return handle(read_request(event))
            except errors.Unauthorized:
                return json_response(unauthorized, {"error": HTTPStatus(unauthorized).phrase.lower()})
            except errors.InvalidRequest as error:
                return json_response(400, {"error": "invalid_request", "fields": list(error.fields)})
            except errors.SwitchboardError as error:
                return _response_for(error)

        return lambda_handler

    return wrap


def _response_for(error: errors.SwitchboardError) -> Response:
    for kind, status, code in _CODES:
        if isinstance(error, kind):
            return json_response(status, {"error": code, "detail": str(error)})
    logger.error("request_failed", error=type(error).__name__)
    return json_response(503, {"error": "unavailable", "detail": "the request could not be carried out; send it again"})
