"""The simulator's phone numbers: as strict as Twilio's, and shaped as its specification says."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema_path import SchemaPath
from openapi_core import V30ResponseValidator
from openapi_core.testing import MockRequest, MockResponse

from local.openapi_requests import SPEC_FILE
from local.twilio_simulator import TwilioSimulator
from tests.delivery_stage import ACCOUNT, TOKEN
from tests.integration.test_twilio_simulator import ask, basic

NUMBERS = f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json"
AVAILABLE = f"/2010-04-01/Accounts/{ACCOUNT}/AvailablePhoneNumbers/US/Local.json"
NUMBER = "+15550100000"


@pytest.fixture
def simulator(stage_simulator: TwilioSimulator) -> Iterator[TwilioSimulator]:
    yield stage_simulator
    stage_simulator.numbers.forget()


def call(simulator: TwilioSimulator, method: str, path: str, **form: str) -> tuple[int, Any]:
    return ask(simulator, method, path, urlencode(form), headers={"Authorization": basic(ACCOUNT, TOKEN)})


def test_what_is_answered_is_what_the_specification_says(simulator: TwilioSimulator) -> None:
    rules = V30ResponseValidator(SchemaPath.from_dict(json.loads(SPEC_FILE.read_text())))
    [owned] = simulator.numbers.own([NUMBER])
    one = NUMBERS.replace(".json", f"/{owned.sid}.json")
    for method, path, form, expected in (
        ("post", NUMBERS, {"PhoneNumber": "+15550100001", "FriendlyName": "ours"}, 201),
        ("get", NUMBERS, {}, 200),
        ("get", one, {}, 200),
        ("post", one, {"SmsUrl": "https://sb.example.test/inbound#rc=2"}, 200),
        ("get", AVAILABLE, {}, 200),
    ):
        status, content = call(simulator, method.upper(), path, **form)
        assert status == expected
        response = MockResponse(json.dumps(content).encode(), status_code=status, content_type="application/json")
        request = MockRequest("https://api.twilio.com", method, path)
        assert list(rules.iter_errors(request, response)) == []


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"PhoneNumber": NUMBER}, 21422),
        ({"PhoneNumber": "5550100001"}, 21421),
        ({"AreaCode": "533"}, 21452),
        ({}, 21452),
        ({"AreaCode": "415", "FriendlyName": "x" * 65}, 20001),
        ({"AreaCode": "415", "SmsUrl": "no address"}, 20001),
        ({"AreaCode": "415", "SmsApplicationSid": "AP1"}, 20001),
    ],
)
def test_a_purchase_that_twilio_would_refuse_is_refused(
    simulator: TwilioSimulator, form: dict[str, str], code: int
) -> None:
    simulator.numbers.own([NUMBER])
    assert call(simulator, "POST", NUMBERS, **form)[1]["code"] == code
    assert len(simulator.numbers.all()) == 1


def test_what_is_offered_can_be_bought_once(simulator: TwilioSimulator) -> None:
    offered = call(simulator, "GET", f"{AVAILABLE}?AreaCode=415&PageSize=2")[1]["available_phone_numbers"]
    first = offered[0]["phone_number"]
    assert len(offered) == 2
    assert call(simulator, "POST", NUMBERS, PhoneNumber=first)[0] == 201
    assert call(simulator, "POST", NUMBERS, PhoneNumber=first)[1]["code"] == 21422
    again = call(simulator, "GET", f"{AVAILABLE}?AreaCode=415")[1]["available_phone_numbers"]
    assert first not in {one["phone_number"] for one in again}


def test_numbers_are_found_by_name_and_by_number_page_by_page(simulator: TwilioSimulator) -> None:
    simulator.numbers.own([f"+1555010000{n}" for n in range(5)])
    found = call(simulator, "GET", f"{NUMBERS}?{urlencode({'PhoneNumber': '+15550100003'})}")[1]
    assert [one["phone_number"] for one in found["incoming_phone_numbers"]] == ["+15550100003"]
    assert call(simulator, "GET", f"{NUMBERS}?FriendlyName=none")[1]["incoming_phone_numbers"] == []
    path, sizes = f"{NUMBERS}?PageSize=2", []
    while path:
        page = call(simulator, "GET", path)[1]
        sizes.append(len(page["incoming_phone_numbers"]))
        path = page["next_page_uri"]
    assert sizes == [2, 2, 1]


def test_without_the_token_nothing_is_shown_or_bought(simulator: TwilioSimulator) -> None:
    for method, path in (("GET", NUMBERS), ("POST", NUMBERS), ("GET", AVAILABLE)):
        assert ask(simulator, method, path, headers={"Authorization": basic(ACCOUNT, "wrong")})[0] == 401
    assert simulator.numbers.all() == []
