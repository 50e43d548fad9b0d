"""Those who play the story on a running stack: the booking system, and people who text."""

import http.client
import itertools
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from local.facts import Addresses
from local.signing import sign_booking, sign_twilio

T = TypeVar("T")
INBOUND = "/webhooks/twilio/inbound"
_FORM = "application/x-www-form-urlencoded"
_TIMEOUT_S = 30.0
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Caller:
    """Speaks HTTP to one server; each thread keeps a connection of its own."""

    def __init__(self, url: str) -> None:
        self._host, self._port = urlsplit(url).hostname or "", urlsplit(url).port
        self._kept = threading.local()

    def call(self, method: str, path: str, body: str | bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """One request; a kept connection that the server has closed since is opened anew."""
        raw = body.encode() if isinstance(body, str) else body
        for kept in (True, False):
            connection = self._connection(kept=kept)
            try:
                connection.request(method, path, raw, dict(headers or {}))
                response = connection.getresponse()
                return Answer(response.status, dict(response.getheaders()), response.read())
            except (ConnectionResetError, http.client.RemoteDisconnected, BrokenPipeError):
                connection.close()
                if not kept:
                    raise
        raise AssertionError("unreachable")

    def _connection(self, *, kept: bool) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._kept, "connection", None) if kept else None
        if connection is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
            self._kept.connection = connection
        return connection


class BookingSystem:
    """Calls the booking webhook, signed."""

    def __init__(self, addresses: Addresses) -> None:
        self._secret = addresses.booking_secret
        self._api = Caller(addresses.api_url)

    def tell(self, event: Mapping[str, Any], *, webhook_id: str | None = None) -> Answer:
        """Sends one event."""
        body = json.dumps(event)
        message_id = webhook_id or f"msg_{uuid.uuid4().hex}"
        headers = sign_booking(body=body, message_id=message_id, secret=self._secret, now=datetime.now(UTC))
        return self._api.call("POST", "/webhooks/booking", body, {"content-type": "application/json", **headers})


class Phones:
    """Everybody's telephone: texts go in through Twilio's webhook, what arrives is read from the simulator."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._api = Caller(addresses.api_url)
        self._twilio = Caller(addresses.twilio_url)

    def text(self, *, sender: str, to: str, body: str, sid: str | None = None, **more: str) -> Answer:
        """Sends a text, as Twilio would hand it over."""
        form = {
            "MessageSid": sid or f"SM{uuid.uuid4().hex}",
            "AccountSid": self._addresses.twilio_account_sid,
            "From": sender,
            "To": to,
            "Body": body,
            "NumMedia": "0",
            **more,
        }
        return self.post(INBOUND, form)

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """Any webhook of Twilio's, signed for the public address."""
        signature = sign_twilio(
            url=self._addresses.public_base_url + path,
            params=list(form.items()),
            auth_token=self._addresses.twilio_auth_token,
        )
        return self._api.call("POST", path, urlencode(form), {"content-type": _FORM, "x-twilio-signature": signature})

    def lose(self, *, sender: str, to: str, body: str, at: datetime) -> str:
        """A text that Twilio has got then, and whose webhook it never sends; answers with its sid."""
        lost = json.dumps({"from": sender, "to": to, "body": body, "at": at.isoformat()})
        answer = self._twilio.call("POST", "/simulator/lost-texts", lost, {"content-type": "application/json"})
        return str(answer.json()["sid"])

    def received(self, phone: str) -> list[dict[str, Any]]:
        """What the simulator has sent to a phone, oldest first."""
        return [message for message in self.sent() if message["to"] == phone]

    def sent(self) -> list[dict[str, Any]]:
        """All that the simulator has sent, oldest first."""
        found: list[dict[str, Any]] = self._twilio.call("GET", "/simulator/messages").json()
        return found

    def fault(self, kind: str, *, times: int = 1, code: int | None = None) -> None:
        """Has Twilio fail for the next sending requests."""
        body = {"kind": kind, "times": times} | ({"code": code} if code else {})
        answer = self._twilio.call("POST", "/simulator/faults", json.dumps(body), {"content-type": "application/json"})
        if answer.status >= 300:  # noqa: PLR2004  HTTP's own number
            raise ValueError(f"the simulator refused the fault: {answer.status}")


def eventually(look: Callable[[], T], *, within_s: float = 40.0) -> T:
    """What `look` finds once it finds something true, or what it found last when the time is up."""
    ends_at = time.monotonic() + within_s
    while not (found := look()) and time.monotonic() < ends_at:
        time.sleep(_LOOK_EVERY_S)
    return found


_phones = itertools.count(1)


def fresh_phone() -> str:
    """A fictional phone that nobody in this process has used."""
    return f"+1555{next(_phones):07d}"
