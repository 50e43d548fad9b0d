"""The local gateway makes the events, and reads the results, as API Gateway's payload format 2.0 does."""

import base64
from datetime import UTC, datetime

import pytest

from local.api_gateway import HttpRequest, RouteTable, Target, answer_for, event_for
from local.template import Function, Route

NOW = datetime(2025, 1, 15, 10, 0, 0, 123000, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


def function(*routes: Route) -> Function:
    return Function("F", "functions/f", 3, 128, routes, (), scheduled=False)


def target(**parameters: str) -> Target:
    return Target(function(), "POST /x", parameters, open_to_all=True)


def request(body: bytes = b"", content_type: str = "application/json", query: str = "", **headers: str) -> HttpRequest:
    pairs = [("Content-Type", content_type), *headers.items()]
    return HttpRequest("POST", "/x", query, pairs, body, "127.0.0.1")


def test_json_travels_as_text() -> None:
    event = event_for(request(b'{"a": 1}'), target(), now=NOW)
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": 1}', False)


@pytest.mark.parametrize("content_type", [FORM, "image/png", "application/octet-stream", ""])
def test_a_form_and_any_binary_body_travel_in_base64(content_type: str) -> None:
    event = event_for(request(b"A=1&B=", content_type), target(), now=NOW)
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"A=1&B=", True)


def test_text_that_is_not_utf8_travels_in_base64() -> None:
    event = event_for(request(b"\xff", "text/plain"), target(), now=NOW)
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff", True)


def test_a_request_without_a_body_has_none_in_its_event() -> None:
    assert "body" not in event_for(request(), target(), now=NOW)


def test_header_names_are_lower_case_and_repeated_ones_joined_by_commas() -> None:
    pairs = [("X-One", "a"), ("x-one", "b"), ("Cookie", "k=v; l=w")]
    event = event_for(HttpRequest("GET", "/x", "", pairs, b"", "127.0.0.1"), target(), now=NOW)
    assert event["headers"] == {"x-one": "a,b"}
    assert event["cookies"] == ["k=v", "l=w"]


def test_the_raw_query_stays_raw_and_repeated_parameters_are_joined() -> None:
    event = event_for(request(query="a=1%202&b=&a=3"), target(), now=NOW)
    assert event["rawQueryString"] == "a=1%202&b=&a=3"
    assert event["queryStringParameters"] == {"a": "1 2,3", "b": ""}


def test_the_context_carries_the_arrival_in_milliseconds() -> None:
    context = event_for(request(), target(), now=NOW)["requestContext"]
    assert context["timeEpoch"] == 1736935200123
    assert context["time"] == "15/Jan/2025:10:00:00 +0000"
    assert context["http"]["method"] == "POST"


def test_a_route_is_found_by_method_and_path_and_its_parameters_are_read() -> None:
    exact = Route("GET", "/api/threads/unread", open_to_all=True)
    by_id = Route("GET", "/api/threads/{id}", open_to_all=False)
    table = RouteTable([function(by_id), function(exact)])
    found = table.find("GET", "/api/threads/a%20b")
    assert found is not None
    assert found.path_parameters == {"id": "a b"}
    assert not found.open_to_all
    exactly = table.find("GET", "/api/threads/unread")
    assert exactly is not None
    assert exactly.route_key == "GET /api/threads/unread"
    assert table.find("POST", "/api/threads/x") is None
    assert table.find("GET", "/api/threads/x/y") is None


def test_a_greedy_parameter_takes_the_rest_of_the_path() -> None:
    found = RouteTable([function(Route("ANY", "/api/{proxy+}", open_to_all=True))]).find("PUT", "/api/a/b")
    assert found is not None
    assert found.path_parameters == {"proxy": "a/b"}


def test_a_result_with_a_status_becomes_that_answer() -> None:
    answer = answer_for({"statusCode": 403, "headers": {"X": "1"}, "body": "no", "cookies": ["a=b"]})
    assert (answer.status, answer.body) == (403, b"no")
    assert set(answer.headers) == {("X", "1"), ("set-cookie", "a=b"), ("content-type", "text/plain; charset=utf-8")}


def test_a_base64_body_is_decoded() -> None:
    result = {"statusCode": 200, "body": base64.b64encode(b"\x00").decode(), "isBase64Encoded": True}
    assert answer_for(result).body == b"\x00"


def test_a_bare_result_is_answered_as_json() -> None:
    answer = answer_for({"a": 1})
    assert (answer.status, answer.body) == (200, b'{"a": 1}')
