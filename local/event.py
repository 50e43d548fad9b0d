"""The events of events/, freshly signed, for `sam local invoke FUNCTION -e -`, the tests and the demo."""

import base64
import json
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from local.facts import BOOKING_SECRET, PUBLIC_BASE_URL, ROOT, TWILIO_AUTH_TOKEN
from local.signing import sign_booking, sign_twilio
from switchboard.webhooks import parse_form

EVENTS = ROOT / "events"
Event = dict[str, Any]


def event_names() -> list[str]:
    """The names of all events, sorted."""
    return sorted(path.stem for path in EVENTS.glob("*.json"))


def signed_event(name: str, *, now: datetime, new_id: Callable[[], str]) -> Event:
    """The event events/<name>.json as if it arrived now: webhooks signed with the local stack's secrets.

    Raises FileNotFoundError for an unknown name.
    """
    event: Event = json.loads((EVENTS / f"{name}.json").read_text())
    if "rawPath" not in event:
        return event
    event["requestContext"]["timeEpoch"] = int(now.timestamp() * 1000)
    event["headers"] |= _signature(event, now=now, new_id=new_id)
    return event


def _signature(event: Event, *, now: datetime, new_id: Callable[[], str]) -> dict[str, str]:
    body = event.get("body", "")
    text = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
    if event["rawPath"] == "/webhooks/booking":
        return sign_booking(body=text, message_id=f"msg_{new_id()}", secret=BOOKING_SECRET, now=now)
    if event["rawPath"].startswith("/webhooks/twilio/"):
        query = event.get("rawQueryString")
        url = PUBLIC_BASE_URL + event["rawPath"] + (f"?{query}" if query else "")
        return {"x-twilio-signature": sign_twilio(url=url, params=parse_form(text), auth_token=TWILIO_AUTH_TOKEN)}
    return {}


def print_event(name: str) -> int:
    """Prints one event and answers with the exit status; an unknown name lists those there are."""
    if name not in event_names():
        print("NAME is one of:", *event_names(), sep="\n  ", file=sys.stderr)
        return 2
    print(json.dumps(signed_event(name, now=datetime.now(UTC), new_id=lambda: str(uuid.uuid4())), indent=2))
    return 0
