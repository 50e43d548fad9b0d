"""The page /phones on the simulator: the telephones of a client, two sitters and the owner, and a booking system."""

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local.aws import client
from local.facts import FLAGS_PATH, Addresses
from local.issuer import issue_token
from local.players import Answer as ApiAnswer
from local.players import BookingSystem, Caller
from local.players import Phones as Telephones
from local.seed import FRONT_DESK, ORG_ID, OWNER_PHONE
from local.simulated_twilio import SimulatedTwilio
from local.simulator_http import Answer, Request, json_answer

_FOLDER = Path(__file__).parent / "pages"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_FLAG = f"{FLAGS_PATH}/ENABLE_PROACTIVE_THREAD_CREATION"
_BEFORE, _AFTER = timedelta(minutes=30), timedelta(hours=2)
KINDS = ("assign", "swap", "cancel")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a telephone on the page."""

    id: str
    first_name: str
    last_name: str
    role: str
    phone: str


@dataclass(frozen=True, slots=True)
class _Text:
    """A text on somebody's phone; place: how many Twilio had sent when it came or was said."""

    place: int
    shown: dict[str, Any]


CLIENT = Person("phones-jane", "Jane", "Doe", "client", "+15555550101")
SITTERS = (
    Person("phones-sam", "Sam", "Lee", "sitter", "+15555550102"),
    Person("phones-alex", "Alex", "Kim", "sitter", "+15555550103"),
)
OWNER = Person("owner", "Olive", "Owner", "owner", OWNER_PHONE)
PEOPLE = (CLIENT, *SITTERS, OWNER)


class Phones:
    """What the page shows and does. It knows no more than a booking system and Twilio do."""

    def __init__(self, addresses: Addresses, account: SimulatedTwilio, *, now: Callable[[], datetime]) -> None:
        self.aws_url = ""
        self._account = account
        self._now = now
        self._api = Caller(addresses.api_url)
        self._bookings = BookingSystem(addresses)
        self._telephones = Telephones(addresses)
        self._said: list[_Text] = []
        self._sitter = 0
        self._booking_id = f"booking-{uuid.uuid4().hex[:8]}"
        self._lock = threading.Lock()

    def routes(self) -> list[tuple[str, str, Callable[[Request], Answer]]]:
        """Method, path and answer of all that the page needs."""
        return [
            ("GET", "/phones", self._show_page),
            ("GET", "/phones/state", self._show_state),
            ("GET", "/phones/{file}", self._show_page),
            ("POST", "/phones/texts", self._text),
            ("POST", "/phones/bookings", self._book),
            ("POST", "/phones/switch-on", self._switch_on),
        ]

    def _show_page(self, request: Request) -> Answer:
        path = _FOLDER / request.arguments.get("file", "phones.html")
        if path.suffix not in _TYPES or not path.is_file():
            return json_answer({"error": "not_found"}, status=404)
        return Answer(200, path.read_bytes(), _TYPES[path.suffix])

    def _show_state(self, _: Request) -> Answer:
        people = [{"name": _name(one), "role": one.role, "phone": one.phone} for one in PEOPLE]
        sent = [
            _Text(place, {"from": one.sender, "to": one.recipient, "body": one.body, "said": False})
            for place, one in enumerate(self._account.messages())
        ]
        with self._lock:
            texts = sorted([*self._said, *sent], key=lambda one: one.place)
        return json_answer({"people": people, "texts": [one.shown for one in texts], "frontDesk": FRONT_DESK})

    def _text(self, request: Request) -> Answer:
        asked = _asked(request, "from", "to", "body")
        if asked is None:
            return json_answer({"error": "invalid_request"}, status=400)
        said = _Text(len(self._account.messages()), asked | {"said": True})
        answer = self._telephones.text(sender=asked["from"], to=asked["to"], body=asked["body"])
        with self._lock:
            self._said.append(said)
        return json_answer({"status": answer.status}, status=200 if answer.status == HTTPStatus.OK else 502)

    def _book(self, request: Request) -> Answer:
        asked = _asked(request, "kind")
        if asked is None or asked["kind"] not in KINDS:
            return json_answer({"error": "invalid_request"}, status=400)
        with self._lock:
            if asked["kind"] == "swap":
                self._sitter = 1 - self._sitter
            event = self._event(asked["kind"], SITTERS[self._sitter])
        answer = self._bookings.tell(event)
        said = answer.json()
        return json_answer(
            {"status": answer.status, "outcome": said.get("outcome"), "reason": said.get("reason"),
             "sitter": SITTERS[self._sitter].first_name, "number": self._number(said.get("threadId"))}
        )  # fmt: skip

    def _event(self, kind: str, sitter: Person) -> dict[str, Any]:
        now = self._now()
        booking = {
            "id": self._booking_id, "service": "Drop-ins", "startAt": (now - _BEFORE).isoformat(),
            "endAt": (now + _AFTER).isoformat(), "status": "cancelled" if kind == "cancel" else "confirmed",
            "isRecurring": True,
        }  # fmt: skip
        types = {"assign": "booking.assigned", "swap": "booking.reassigned", "cancel": "booking.cancelled"}
        data = {"orgId": ORG_ID, "booking": booking, "client": _described(CLIENT), "sitter": _described(sitter)}
        return {"type": types[kind], "occurredAt": now.isoformat(), "data": data}

    def _number(self, thread_id: str | None) -> str | None:
        """The masked number, as the owner may see it."""
        if thread_id is None:
            return None
        headers = {"authorization": f"Bearer {issue_token(now=self._now())}"}
        answer: ApiAnswer = self._api.call("GET", f"/api/threads/{thread_id}", headers=headers)
        number: str | None = answer.json().get("maskedNumber")
        return number

    def _switch_on(self, request: Request) -> Answer:
        if _asked(request) is None:
            return json_answer({"error": "invalid_request"}, status=400)
        client("ssm", self.aws_url).put_parameter(Name=_FLAG, Type="String", Value="true", Overwrite=True)
        return Answer(204)


def _asked(request: Request, *names: str) -> dict[str, str] | None:
    """The fields of a JSON body, all text; None: it is something else. Another site's page cannot send this type."""
    try:
        found = json.loads(request.body) if request.headers.get("Content-Type") == "application/json" else None
    except ValueError:
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in names):
        return None
    return {name: found[name] for name in names}


def _name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}"


def _described(person: Person) -> dict[str, str]:
    return {
        "id": person.id, "firstName": person.first_name, "lastName": person.last_name, "phone": person.phone,
    }  # fmt: skip
