"""Twilio's side of the Messages resource: what it holds, what it refuses, and the faults it was told to show."""

import re
import threading
import uuid
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any

from local.sms_segments import segment_count

FAULT_KINDS = frozenset(
    {"http_429", "http_500", "refuse", "accept_then_hang", "error", "undelivered", "lose_callbacks"}
)
# What a question may meet; the others are about taking a text.
ASKING_FAULT_KINDS = frozenset({"http_429", "http_500", "refuse", "accept_then_hang"})
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
MAX_BODY, MAX_MEDIA, MAX_VALIDITY_S = 1_600, 10, 36_000
TOO_MANY_REQUESTS = 20429


@dataclass(frozen=True, slots=True)
class Media:
    """A file that came with a text from outside."""

    sid: str
    content_type: str


@dataclass(slots=True)
class Message:
    """One text that Twilio took, or (inbound) that somebody sent to one of the account's numbers."""

    sid: str
    sender: str
    recipient: str
    body: str
    media_urls: list[str]
    created_at: datetime
    direction: str = "outbound-api"
    media: tuple[Media, ...] = ()
    calls_back: bool = True
    status_callback: str | None = None
    validity_period_s: int | None = None
    status: str = "queued"
    error_code: int | None = None
    fails_with: int | None = None  # how its delivery will end, when a fault said so


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next sending request meets; `asking`: the next question about messages."""

    kind: str
    code: int | None
    asking: bool = False


class RefusedRequest(Exception):
    """Twilio refuses this request."""

    def __init__(self, code: int, message: str, *, http_status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status


Form = Sequence[tuple[str, str]]


@dataclass(slots=True)
class SimulatedTwilio:
    """The account's state; safe for threads. numbers None: every E.164 number may send."""

    account_sid: str
    numbers: Collection[str] | None = None
    opted_out: set[str] = field(default_factory=set)
    _messages: dict[str, Message] = field(default_factory=dict)
    _heard: dict[str, Message] = field(default_factory=dict)
    _faults: deque[Fault] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, form: Form, *, now: datetime, fails_with: int | None = None, calls_back: bool = True) -> Message:
        """Take a text. Raises RefusedRequest."""
        first: dict[str, str] = {}
        for name, value in form:
            first.setdefault(name, value)
        media = [value for name, value in form if name == "MediaUrl"]
        self._check_numbers(first)
        _check_content(first, media)
        message = Message(
            sid=("MM" if media else "SM") + uuid.uuid4().hex,
            sender=first["From"],
            recipient=first["To"],
            body=first.get("Body", ""),
            media_urls=media,
            created_at=now.replace(microsecond=0),
            status_callback=first.get("StatusCallback"),
            validity_period_s=int(first["ValidityPeriod"]) if first.get("ValidityPeriod") else None,
            fails_with=fails_with,
            calls_back=calls_back,
        )
        with self._lock:
            self._messages[message.sid] = message
        return message

    def hear(
        self, *, sender: str, recipient: str, body: str, at: datetime, content_types: Sequence[str] = ()
    ) -> Message:
        """Keep a text that came from outside; no webhook is sent."""
        message = Message(
            sid=("MM" if content_types else "SM") + uuid.uuid4().hex,
            sender=sender,
            recipient=recipient,
            body=body,
            media_urls=[],
            created_at=at.replace(microsecond=0),
            direction="inbound",
            media=tuple(Media("ME" + uuid.uuid4().hex, kind) for kind in content_types),
            status="received",
        )
        with self._lock:
            self._heard[message.sid] = message
        return message

    def _check_numbers(self, form: Mapping[str, str]) -> None:
        sender, recipient = form.get("From", ""), form.get("To", "")
        if not recipient:
            raise RefusedRequest(21604, "A 'To' phone number is required.")
        if not _E164.fullmatch(recipient):
            raise RefusedRequest(21211, "The 'To' number is not a valid phone number.")
        if not sender:
            raise RefusedRequest(21603, "A 'From' phone number is required.")
        if not _E164.fullmatch(sender):
            raise RefusedRequest(21212, "The 'From' number is not a valid phone number.")
        if sender == recipient:
            raise RefusedRequest(21266, "'To' and 'From' number cannot be the same.")
        if self.numbers is not None and sender not in self.numbers:
            raise RefusedRequest(
                21606, "The 'From' phone number provided is not a valid message-capable Twilio number."
            )
        if recipient in self.opted_out:
            raise RefusedRequest(21610, "Attempt to send to unsubscribed recipient.")

    def messages(self) -> list[Message]:
        """What was taken, oldest first."""
        with self._lock:
            return list(self._messages.values())

    def message(self, sid: str) -> Message | None:
        with self._lock:
            return self._messages.get(sid) or self._heard.get(sid)

    def find(self, filters: Mapping[str, str]) -> list[Message]:
        """What a list shows, newest first; To, From and DateSent as Twilio filters them."""
        with self._lock:
            known = [*self._messages.values(), *self._heard.values()]
        found = [message for message in known if _matches(message, filters)]
        return sorted(found, key=lambda message: message.created_at)[::-1]

    def forget_messages(self) -> None:
        with self._lock:
            self._messages.clear()
            self._heard.clear()

    def add_faults(self, kind: str, *, code: int | None, times: int, asking: bool = False) -> None:
        with self._lock:
            self._faults.extend([Fault(kind, code, asking)] * times)

    def next_fault(self, *, asking: bool = False) -> Fault | None:
        with self._lock:
            found = next((fault for fault in self._faults if fault.asking is asking), None)
            if found:
                self._faults.remove(found)
            return found

    def forget_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    def faults(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)


def _check_content(form: Mapping[str, str], media: Sequence[str]) -> None:
    body = form.get("Body", "")
    if not body.strip() and not media:
        raise RefusedRequest(21602, "Message body is required.")
    if len(body) > MAX_BODY:
        raise RefusedRequest(21617, "The concatenated message body exceeds the 1600 character limit")
    if len(media) > MAX_MEDIA:
        raise RefusedRequest(21623, "Number of media files exceeds allowed limit.")
    if not 1 <= int(form.get("ValidityPeriod") or 1) <= MAX_VALIDITY_S:
        raise RefusedRequest(20001, "ValidityPeriod must be from 1 to 36000.")


def _matches(message: Message, filters: Mapping[str, str]) -> bool:
    if filters.get("To", message.recipient) != message.recipient:
        return False
    if filters.get("From", message.sender) != message.sender:
        return False
    return all(
        _in_time(message.created_at, relation, filters[name])
        for name, relation in (("DateSent", "="), ("DateSent<", "<"), ("DateSent>", ">"))
        if name in filters
    )


def _in_time(sent_at: datetime, relation: str, bound: str) -> bool:
    """A bound without a time is a day, and inequalities include it."""
    if len(bound) <= len("2025-01-04"):
        return _compare(sent_at.date(), relation, date.fromisoformat(bound))
    instant = datetime.fromisoformat(bound)
    return _compare(sent_at, relation, instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _compare(left: Any, relation: str, right: Any) -> bool:
    return bool(left == right if relation == "=" else left <= right if relation == "<" else left >= right)


def as_resource(message: Message, *, account_sid: str) -> dict[str, Any]:
    """The message as Twilio's API shows it."""
    instant = format_datetime(message.created_at)
    uri = f"/2010-04-01/Accounts/{account_sid}/Messages/{message.sid}"
    return {
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": instant,
        "date_sent": instant,
        "date_updated": instant,
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": None,
        "num_media": str(len(message.media_urls) + len(message.media)),
        "num_segments": str(segment_count(message.body)),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.recipient,
        "uri": f"{uri}.json",
    }


def as_media_resource(media: Media, message: Message, *, account_sid: str) -> dict[str, Any]:
    """A file of a message as Twilio's API shows it."""
    instant = format_datetime(message.created_at)
    return {
        "account_sid": account_sid,
        "content_type": media.content_type,
        "date_created": instant,
        "date_updated": instant,
        "parent_sid": message.sid,
        "sid": media.sid,
        "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{message.sid}/Media/{media.sid}.json",
    }


def as_listed(message: Message) -> dict[str, Any]:
    """The message as GET /simulator/messages shows it."""
    return {
        "sid": message.sid,
        "from": message.sender,
        "to": message.recipient,
        "body": message.body,
        "mediaUrls": message.media_urls,
        "status": message.status,
    }
