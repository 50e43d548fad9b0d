"""The events of events/ as `make event` prints them: signed so that the product's own verification lets them in."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.event import event_names, print_event, signed_event
from local.facts import BOOKING_SECRET, PUBLIC_BASE_URL, TWILIO_AUTH_TOKEN
from switchboard.web import read_request
from switchboard.webhooks import parse_form, verify_booking, verify_twilio
from tests.architecture.sources import ROOT

NOW = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def signed(name: str) -> dict[str, Any]:
    return signed_event(name, now=NOW, new_id=lambda: "1")


def names(path: str) -> list[str]:
    contents = {name: json.loads((ROOT / "events" / f"{name}.json").read_text()) for name in event_names()}
    return [name for name, event in contents.items() if event.get("rawPath", "").startswith(path)]


@pytest.mark.parametrize("name", names("/webhooks/twilio/"))
def test_a_twilio_event_carries_twilios_signature(name: str) -> None:
    request = read_request(signed(name))
    assert verify_twilio(
        url=PUBLIC_BASE_URL + request.path_and_query,
        params=parse_form(request.body),
        signature=request.headers["x-twilio-signature"],
        auth_tokens=[TWILIO_AUTH_TOKEN],
    )
    assert request.arrived_at == NOW


@pytest.mark.parametrize("name", names("/webhooks/booking"))
def test_a_booking_event_carries_the_booking_systems_signature(name: str) -> None:
    request = read_request(signed(name))
    assert verify_booking(body=request.body, headers=request.headers, secrets=[BOOKING_SECRET], now=NOW)


@pytest.mark.parametrize("name", names("/webhooks/"))
def test_a_file_holds_no_signature_of_its_own_and_only_fictional_phones(name: str) -> None:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    assert {"x-twilio-signature", "webhook-signature"} & {header.lower() for header in event["headers"]} == set()
    body = base64.b64decode(event["body"]).decode() if event["isBase64Encoded"] else event["body"]
    digits = [value for key, value in parse_form(body) if key in ("From", "To")]
    assert [value for value in digits if value[2:5] != "555" and value[5:8] != "555"] == []


def test_an_unknown_name_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_event("nothing") == 2
    assert "migrate_schema" in capsys.readouterr().err


def test_a_printed_event_is_json_for_sam(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_event("migrate_schema") == 0
    assert json.loads(capsys.readouterr().out) == {"kinds": ["expand"]}
