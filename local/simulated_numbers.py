"""Twilio's side of phone numbers: those of the account, their webhook addresses, and those that could be bought."""

import re
import threading
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from local.simulated_twilio import FAULT_KINDS, Fault, RefusedRequest

DEMO_URL = "https://demo.twilio.com/welcome/sms/reply"  # where a new number's texts go
SOLD_OUT_AREA = "533"  # as with Twilio's test credentials
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_AREA = re.compile(r"[2-9][0-9]{2}", re.ASCII)
_MAX_NAME = 64
_LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
_CHANGES = {
    "FriendlyName": "friendly_name",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsFallbackMethod": "sms_fallback_method",
    "SmsApplicationSid": "sms_application_sid",
}


@dataclass(slots=True)
class PhoneNumber:
    """One number of the account."""

    sid: str
    e164: str
    friendly_name: str
    created_at: datetime
    sms_url: str = DEMO_URL
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    sms_application_sid: str = ""
    can_text: bool = True


@dataclass(slots=True)
class SimulatedNumbers:
    """The account's numbers; safe for threads."""

    _numbers: dict[str, PhoneNumber] = field(default_factory=dict)
    _faults: deque[Fault] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def own(self, e164s: Iterable[str], *, at: datetime = _LONG_AGO, can_text: bool = True) -> list[PhoneNumber]:
        """Numbers that the account has already, each with Twilio's own address and name."""
        return [self._add(e164, {"FriendlyName": e164}, at=at, can_text=can_text) for e164 in e164s]

    def all(self) -> list[PhoneNumber]:
        """The account's numbers, the newest first as Twilio lists them."""
        with self._lock:
            return list(self._numbers.values())[::-1]

    def find(self, filters: Mapping[str, str]) -> list[PhoneNumber]:
        """What a list shows."""
        name, e164 = filters.get("FriendlyName"), filters.get("PhoneNumber")
        return [
            one
            for one in self.all()
            if (name is None or one.friendly_name == name) and (e164 is None or one.e164 == e164)
        ]

    def get(self, sid: str) -> PhoneNumber:
        """Raises RefusedRequest."""
        with self._lock:
            found = self._numbers.get(sid)
        if found is None:
            raise RefusedRequest(20404, "The requested resource was not found", http_status=404)
        return found

    def change(self, sid: str, form: Mapping[str, str]) -> PhoneNumber:
        """Raises RefusedRequest."""
        number = self.get(sid)
        _check_name(form)
        with self._lock:
            _apply(number, form)
        return number

    def buy(self, form: Mapping[str, str], *, now: datetime) -> PhoneNumber:
        """The number asked for, or any of the area. Raises RefusedRequest."""
        _check_name(form)
        e164 = form.get("PhoneNumber") or next(self._in_area(form.get("AreaCode", "")), None)
        if e164 is None:
            raise RefusedRequest(21452, "No phone numbers found in area code.")
        if not _E164.fullmatch(e164):
            raise RefusedRequest(21421, "PhoneNumber is invalid.")
        return self._add(e164, form, at=now)

    def available(self, filters: Mapping[str, str], *, limit: int) -> list[str]:
        """Numbers that could be bought: fictional ones of the area."""
        area = filters.get("AreaCode", "555")
        return [e164 for _, e164 in zip(range(limit), self._in_area(area), strict=False)]

    def _in_area(self, area: str) -> Iterator[str]:
        if not _AREA.fullmatch(area) or area == SOLD_OUT_AREA:
            return
        taken = {number.e164 for number in self.all()}
        yield from (e164 for n in range(100) if (e164 := f"+1{area}55509{n:02}") not in taken)

    def _add(self, e164: str, form: Mapping[str, str], *, at: datetime, can_text: bool = True) -> PhoneNumber:
        number = PhoneNumber(f"PN{uuid.uuid4().hex}", e164, e164, at.replace(microsecond=0), can_text=can_text)
        _apply(number, form)
        with self._lock:
            if any(one.e164 == e164 for one in self._numbers.values()):
                raise RefusedRequest(21422, "PhoneNumber is not available.")
            self._numbers[number.sid] = number
        return number

    def forget(self) -> None:
        """No numbers, no faults."""
        with self._lock:
            self._numbers.clear()
            self._faults.clear()

    def add_faults(self, kind: str, *, code: int | None = None, times: int = 1) -> None:
        """What the next requests that buy or change a number meet."""
        if kind not in FAULT_KINDS:
            raise ValueError(f"no fault is called {kind}")
        with self._lock:
            self._faults.extend([Fault(kind, code)] * times)

    def next_fault(self) -> Fault | None:
        """The next one, once."""
        with self._lock:
            return self._faults.popleft() if self._faults else None


def _check_name(form: Mapping[str, str]) -> None:
    if len(form.get("FriendlyName", "")) > _MAX_NAME:
        raise RefusedRequest(20001, "FriendlyName is longer than 64 characters.")


def _apply(number: PhoneNumber, form: Mapping[str, str]) -> None:
    for name, attribute in _CHANGES.items():
        if name in form:
            setattr(number, attribute, form[name])


def as_number_resource(number: PhoneNumber, *, account_sid: str) -> dict[str, Any]:
    """The number as Twilio's API shows it."""
    instant = format_datetime(number.created_at)
    return {
        "account_sid": account_sid,
        "address_requirements": "none",
        "api_version": "2010-04-01",
        "beta": False,
        "capabilities": {"mms": number.can_text, "sms": number.can_text, "voice": True, "fax": False},
        "date_created": instant,
        "date_updated": instant,
        "friendly_name": number.friendly_name,
        "origin": "twilio",
        "phone_number": number.e164,
        "sid": number.sid,
        "sms_application_sid": number.sms_application_sid or None,
        "sms_fallback_method": number.sms_fallback_method,
        "sms_fallback_url": number.sms_fallback_url,
        "sms_method": number.sms_method,
        "sms_url": number.sms_url,
        "status": "in-use",
        "uri": f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers/{number.sid}.json",
    }


def as_available_resource(e164: str, *, country: str) -> dict[str, Any]:
    """A number that could be bought, as Twilio's API shows it."""
    return {
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"mms": True, "sms": True, "voice": True, "fax": False},
        "friendly_name": e164,
        "iso_country": country,
        "phone_number": e164,
        "region": "IL",
    }
