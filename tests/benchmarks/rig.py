"""The handlers in this process on a database of their own, with what is not measured left out."""

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pg8000.core
import pg8000.native

from local.api_gateway import HttpRequest, Target, event_for
from local.facts import (
    BOOKING_SECRET,
    FLAGS_PATH,
    PUBLIC_BASE_URL,
    ROOT,
    TWILIO_ACCOUNT_SID,
    TWILIO_AUTH_TOKEN,
    Addresses,
)
from local.lambdas import Handler, load_handler
from local.postgres import PostgresServer
from local.seed import ORG_ID, prepare_database
from local.signing import sign_booking, sign_twilio
from local.template import Function
from switchboard import runtime
from switchboard.flags import FlagReader
from switchboard.store.connection import Address
from switchboard.store.statements import Schemas
from tests.benchmarks.figures import Prepare
from tests.benchmarks.floor import Floor, Recording, record

PEOPLE = 20
INBOUND, BOOKING = "/webhooks/twilio/inbound", "/webhooks/booking"
_LEAVE_MEASURED = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'measured'"
_FORM = "application/x-www-form-urlencoded"


class _NoQueue:
    """Publishing is left out of both sides."""

    def put(self, body: dict[str, Any], *, delay_s: int = 0) -> None:
        """Takes no time."""


class _KnownSecrets:
    """Secrets as a warm container has them: read before."""

    def get(self, secret_id: str) -> dict[str, Any]:
        """Booking secrets and Twilio's, whatever the id."""
        return {"secrets": [BOOKING_SECRET], "accountSid": TWILIO_ACCOUNT_SID, "authTokens": [TWILIO_AUTH_TOKEN]}

    def reread(self, secret_id: str) -> dict[str, Any] | None:
        """They have not changed."""
        return None


@cache
def _known_flags() -> FlagReader:
    """Flags as a warm container has them: read before."""
    return FlagReader(lambda: {"ENABLE_PROACTIVE_THREAD_CREATION": "true"})


@contextmanager
def rig() -> Iterator["Rig"]:
    """A migrated database with the seeded organisation, and the runtime pointed at it."""
    with PostgresServer() as server:
        url = server.url("measured")
        _on_server(server.url(), "CREATE DATABASE measured")
        prepare_database(url, schemas=Schemas(), now=runtime.now(), new_id=runtime.new_id)
        variables = {"DATABASE_URL": url, "PUBLIC_BASE_URL": PUBLIC_BASE_URL, "POWERTOOLS_LOG_LEVEL": "CRITICAL"}
        runtime.forget()
        with (
            mock.patch.dict(os.environ, variables),
            mock.patch.object(runtime, "secrets", _KnownSecrets),
            mock.patch.object(runtime, "flags", _known_flags),
            mock.patch.object(runtime, "send_queue", _NoQueue),
            mock.patch.object(runtime, "inbound_queue", _NoQueue),
        ):
            yield Rig(url, server_url=server.url())
        runtime.forget()


class Rig:
    """Signed requests to the webhook handlers, and a connection to look and to insert with."""

    def __init__(self, url: str, *, server_url: str) -> None:
        self.url = url
        self.floor_url = server_url.rsplit("/", 1)[0] + "/floor"
        self.schemas = Schemas()
        self._server_url = server_url
        self.connection = pg8000.native.Connection(**Address.from_url(url).arguments())
        self._handlers: dict[str, Handler] = {}
        self._add_sitter_numbers()

    def booking(
        self, n: int, *, sitter: int | None = None, booking_id: str | None = None, day: int = 0
    ) -> Callable[[], dict[str, Any]]:
        """Books for the nth client with the sitter, `day` days ahead, and answers with the handler's answer."""
        start = datetime.now(UTC) + timedelta(days=day, minutes=-30)
        data = {
            "orgId": ORG_ID,
            "booking": {
                "id": booking_id or f"booking-{n}", "service": "Drop-ins", "status": "confirmed", "isRecurring": True,
                "startAt": start.isoformat(), "endAt": (start + timedelta(hours=3)).isoformat(),
            },
            "client": {"id": f"client-{n}", "firstName": "Jane", "lastName": "Doe", "phone": client_phone(n)},
            "sitter": {
                "id": f"sitter-{n if sitter is None else sitter}", "firstName": "Sam", "lastName": "Lee",
                "phone": sitter_phone(n if sitter is None else sitter),
            },
        }  # fmt: skip
        event = {"type": "booking.assigned", "occurredAt": datetime.now(UTC).isoformat(), "data": data}
        return partial(self.handle, "change_booking", booking_request(event))

    def text(self, n: int, to: str, body: str) -> Callable[[], dict[str, Any]]:
        """Texts a number of ours from the nth client's phone."""
        form = inbound_form(sender=client_phone(n), to=to, body=body)
        return partial(self.handle, "receive_text", inbound_request(form))

    def handle(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """The handler's answer, its body read where it is JSON. Raises AssertionError unless it is a 200."""
        handler = self._handlers.get(function) or load_handler(ROOT / "functions" / function)
        self._handlers[function] = handler
        answer: dict[str, Any] = handler(event, None)
        assert answer["statusCode"] == 200, answer
        is_json = answer["headers"]["content-type"] == "application/json"
        found: dict[str, Any] = json.loads(answer["body"]) if is_json else {}
        return found

    def floor(self, action: Callable[[], object], *, own_values: Sequence[str]) -> tuple[Floor, Recording]:
        """The floor of an action, on a copy of the database, so that the two do not get into each other's way."""
        recording = record(self.connection, action, own_values=own_values)
        self.connection.close()
        _on_server(self._server_url, _LEAVE_MEASURED)
        _on_server(self._server_url, "CREATE DATABASE floor TEMPLATE measured")
        self.connection = pg8000.native.Connection(**Address.from_url(self.url).arguments())
        return Floor(pg8000.native.Connection(**Address.from_url(self.floor_url).arguments()), recording), recording

    def number_of(self, thread_id: str) -> str:
        """The masked number of a thread."""
        statement = 'SELECT "maskedNumberE164" FROM messaging."MessageThread" WHERE id = :id'
        return str(self.connection.run(statement, id=thread_id)[0][0])

    def _add_sitter_numbers(self) -> None:
        self.connection.run(
            """INSERT INTO messaging."MessageNumber" (id, "orgId", e164, "numberClass", status)
               SELECT 'extra-' || n, :org, '+1555019' || lpad(n::text, 4, '0'), 'sitter', 'active'
               FROM generate_series(1, :count) AS n""",
            org=ORG_ID, count=PEOPLE,
        )  # fmt: skip


def _on_server(url: str, statement: str) -> None:
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    connection.run(statement)
    connection.close()


def local_addresses(*, database_url: str, aws_endpoint_url: str) -> Addresses:
    """A stack's addresses without Twilio and Step Functions."""
    return Addresses(
        api_url="", public_base_url=PUBLIC_BASE_URL, database_url=database_url, twilio_url="http://127.0.0.1:9",
        aws_endpoint_url=aws_endpoint_url, state_machine_arn="", flags_path=FLAGS_PATH, booking_secret=BOOKING_SECRET,
        twilio_auth_token=TWILIO_AUTH_TOKEN, twilio_account_sid=TWILIO_ACCOUNT_SID, owner_token="",
    )  # fmt: skip


def client_phone(n: int) -> str:
    """The nth client's own phone."""
    return f"+1555510{n:04d}"


def sitter_phone(n: int) -> str:
    """The nth sitter's own phone."""
    return f"+1555520{n:04d}"


def booking_request(event: Mapping[str, Any]) -> dict[str, Any]:
    """A signed booking webhook as the handler gets it."""
    body, now = json.dumps(event), datetime.now(UTC)
    headers = sign_booking(body=body, message_id=f"msg_{uuid.uuid4().hex}", secret=BOOKING_SECRET, now=now)
    return _event(BOOKING, body, {"content-type": "application/json", **headers})


def inbound_form(*, sender: str, to: str, body: str) -> dict[str, str]:
    """A text as Twilio hands it over."""
    return {
        "MessageSid": f"SM{uuid.uuid4().hex}", "AccountSid": TWILIO_ACCOUNT_SID, "From": sender, "To": to, "Body": body,
        "NumMedia": "0", "NumSegments": "1", "FromCity": "", "FromState": "TX", "FromCountry": "US",
    }  # fmt: skip


def inbound_request(form: Mapping[str, str]) -> dict[str, Any]:
    """A signed inbound text as the handler gets it."""
    return _event(INBOUND, urlencode(form), inbound_headers(form))


def inbound_headers(form: Mapping[str, str]) -> dict[str, str]:
    """The headers of an inbound text."""
    url = PUBLIC_BASE_URL + INBOUND
    signature = sign_twilio(url=url, params=list(form.items()), auth_token=TWILIO_AUTH_TOKEN)
    return {"content-type": _FORM, "x-twilio-signature": signature}


def _event(path: str, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    nothing = Function("", "", 10, 1024, (), (), scheduled=False)
    request = HttpRequest("POST", path, "", list(headers.items()), body.encode(), "127.0.0.1")
    return event_for(request, Target(nothing, f"POST {path}", {}, open_to_all=True), now=datetime.now(UTC))


@contextmanager
def counted_round_trips() -> Iterator[Callable[[], int]]:
    """Counts what this process sends to PostgreSQL and waits for: every flush of the driver's socket."""
    count = 0
    flush = pg8000.core._flush

    def counting(sock: Any) -> None:
        nonlocal count
        count += 1
        flush(sock)

    with mock.patch.object(pg8000.core, "_flush", counting):
        yield lambda: count


def most_round_trips(prepare: Prepare) -> int:
    """The most that a warm action takes."""
    found = []
    for _ in range(10):
        action = prepare()
        with counted_round_trips() as count:
            action()
            found.append(count())
    return max(found[2:])
