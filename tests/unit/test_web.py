"""HTTP API events in, responses out."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard import errors
from switchboard.web import Request, Response, answering, empty_response, json_response, read_request, twiml_response


def event(body: str = "", *, encoded: bool = False, query: str = "") -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/webhooks/twilio/inbound",
        "rawQueryString": query,
        "headers": {"X-Twilio-Signature": "abc"},
        "requestContext": {"http": {"method": "POST"}, "timeEpoch": 1_736_935_200_123},
        "body": body,
        "isBase64Encoded": encoded,
    }


def test_a_body_is_bytes_whether_api_gateway_encoded_it_or_not() -> None:
    plain = read_request(event("Body=Caf%C3%A9"))
    encoded = read_request(event(base64.b64encode(b"Body=Caf%C3%A9").decode(), encoded=True))
    assert plain.body == encoded.body == b"Body=Caf%C3%A9"


def test_header_names_are_lower_case_and_the_time_is_api_gateways() -> None:
    request = read_request(event())
    assert request.headers["x-twilio-signature"] == "abc"
    assert request.arrived_at == datetime(2025, 1, 15, 10, 0, 0, 123_000, UTC)


def test_what_is_signed_is_the_raw_path_and_the_raw_query() -> None:
    assert read_request(event(query="a=%20&b=")).path_and_query == "/webhooks/twilio/inbound?a=%20&b="
    assert read_request(event()).path_and_query == "/webhooks/twilio/inbound"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Unauthorized(), 401, "unauthorized"),
        (errors.BodyTooLarge(), 413, "too_large"),
        (errors.NotFound(), 404, "not_found"),
        (errors.Conflict(), 409, "conflict"),
        (errors.Refused(), 422, "refused"),
        (errors.SecretUnavailable(), 503, "unavailable"),
        (errors.QueueUnavailable(), 503, "unavailable"),
        (errors.DatabaseUnavailable(), 503, "unavailable"),
        (errors.StatementTimedOut(), 503, "unavailable"),
        (errors.DatabaseError("42P01"), 503, "unavailable"),
    ],
)
def test_every_error_becomes_a_response_by_its_class(error: Exception, status: int, code: str) -> None:
    @answering()
    def handle(request: Request) -> Response:
        raise error

    response = handle(event(), None)
    assert response["statusCode"] == status
    assert json.loads(response["body"])["error"] == code


def test_an_invalid_request_names_its_fields_and_no_values() -> None:
    @answering()
    def handle(request: Request) -> Response:
        raise errors.InvalidRequest(("data.booking.startAt", "data.orgId"))

    response = handle(event(), None)
    assert response["statusCode"] == 400
    assert json.loads(response["body"]) == {
        "error": "invalid_request",
        "fields": ["data.booking.startAt", "data.orgId"],
    }


def test_a_webhook_of_twilios_answers_a_bad_signature_with_403() -> None:
    @answering(unauthorized=403)
    def handle(request: Request) -> Response:
        raise errors.Unauthorized

    response = handle(event(), None)
    assert response["statusCode"] == 403
    assert json.loads(response["body"]) == {"error": "forbidden"}


def test_answers_have_the_shapes_that_the_callers_expect() -> None:
    assert json_response(202, {"outcome": "deferred"})["statusCode"] == 202
    assert twiml_response()["headers"]["content-type"] == "text/xml"
    assert twiml_response()["body"].endswith("<Response/>")
    assert empty_response()["statusCode"] == 204
