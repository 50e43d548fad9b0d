"""What the page /phones asks of the simulator, without a browser; and the inbox through the running gateway."""

import json
from typing import Any

import pytest

from local.aws import client
from local.players import Caller
from local.stack import Stack

JSON = {"content-type": "application/json"}


@pytest.fixture
def simulator(stack: Stack) -> Caller:
    """The simulator of the running stack."""
    return Caller(stack.addresses.twilio_url)


def test_the_page_has_its_files_and_nothing_else(simulator: Caller) -> None:
    for path, kind in [("", "text/html"), ("/phones.css", "text/css"), ("/phones.js", "text/javascript")]:
        answer = simulator.call("GET", f"/phones{path}")
        assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, kind)
    for path in ("/nothing.js", "/..", "/phones.py", "/phones.html%00"):
        assert simulator.call("GET", f"/phones{path}").status == 404


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"kind": "sell"}', '{"kind": 1}'])
def test_what_is_no_booking_is_400(simulator: Caller, body: str) -> None:
    assert simulator.call("POST", "/phones/bookings", body, JSON).status == 400


def test_another_sites_page_cannot_text(simulator: Caller) -> None:
    text = json.dumps({"from": "+15555550101", "to": "+15550100000", "body": "Hello"})
    assert simulator.call("POST", "/phones/texts", text, {"content-type": "text/plain"}).status == 400


def test_a_text_reaches_the_front_desk_and_is_shown_as_said(simulator: Caller) -> None:
    text = {"from": "+15555550177", "to": "+15550100000", "body": "Do you walk cats?"}
    assert simulator.call("POST", "/phones/texts", json.dumps(text), JSON).status == 200
    texts: list[dict[str, Any]] = simulator.call("GET", "/phones/state").json()["texts"]
    assert text in [{name: one[name] for name in text} for one in texts if one["said"]]


def test_the_page_switches_threads_on(simulator: Caller, stack: Stack) -> None:
    assert simulator.call("POST", "/phones/switch-on").status == 400
    assert simulator.call("POST", "/phones/switch-on", "{}", JSON).status == 204
    flags = client("ssm", stack.addresses.aws_endpoint_url).get_parameters_by_path(Path=stack.addresses.flags_path)
    assert {one["Name"].rpartition("/")[2]: one["Value"] for one in flags["Parameters"]}[
        "ENABLE_PROACTIVE_THREAD_CREATION"
    ] == "true"


def test_the_running_gateway_serves_the_page_and_asks_for_a_token(stack: Stack) -> None:
    api = Caller(stack.addresses.api_url)
    page = api.call("GET", "/inbox")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert api.call("GET", "/inbox/inbox.js").status == 200
    refused = api.call("GET", "/api/threads")
    assert (refused.status, refused.json()["error"]) == (401, "unauthorized")
    found = api.call("GET", "/api/threads", headers={"authorization": f"Bearer {stack.addresses.owner_token}"})
    assert found.status == 200
    assert set(found.json()) == {"threads", "nextCursor"}
