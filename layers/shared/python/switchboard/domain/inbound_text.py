"""One text as Twilio handed it over, read out of its form."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from switchboard.domain.storable import storable

MOST_PICTURES = 10
FOUND_AT = "SwitchboardFoundAt"  # the field that reconcile_texts adds to the form of a text it found at Twilio
_VCARD_TYPES = frozenset({"text/vcard", "text/x-vcard", "text/directory"})


class Media(NamedTuple):
    """A picture or file beside a text, where Twilio keeps it."""

    url: str
    content_type: str

    @property
    def is_contact_card(self) -> bool:
        """Whether this is a vCard: contact details as a file."""
        kind = self.content_type.partition(";")[0].strip().lower()
        name = self.url.partition("?")[0].partition("#")[0]
        return kind in _VCARD_TYPES or name.lower().endswith(".vcf")


class InboundText(NamedTuple):
    """A text: sender and recipient as received, which need not be phones. `arrived_at` decides windows.

    `found_at`: its webhook was lost, and it was found at Twilio then.
    """

    message_sid: str
    sender: str
    recipient: str
    body: str
    media: tuple[Media, ...]
    opt_out_type: str | None
    arrived_at: datetime
    found_at: datetime | None = None


def read_text(form: Sequence[tuple[str, str]], *, arrived_at: datetime) -> InboundText:
    """The text in a form; never raises. Of a repeated field the first value counts, and NumMedia is not believed."""
    fields: dict[str, str] = {}
    for name, value in form:
        fields.setdefault(name, storable(value))
    return InboundText(
        message_sid=fields.get("MessageSid") or fields.get("SmsMessageSid") or _own_sid(form),
        sender=fields.get("From", "").strip(),
        recipient=fields.get("To", "").strip(),
        body=fields.get("Body", ""),
        media=_media(fields),
        opt_out_type=fields.get("OptOutType", "").strip().upper() or None,
        arrived_at=arrived_at,
        found_at=_instant(fields.get(FOUND_AT, "")),
    )


def storable_form(form: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The form without the few characters that a database cannot hold."""
    return [(storable(name), storable(value)) for name, value in form]


def _media(fields: dict[str, str]) -> tuple[Media, ...]:
    if "MediaUrl0" not in fields and fields.get("NumMedia", "0") in ("0", ""):
        return ()
    found = (
        Media(fields[f"MediaUrl{n}"].strip(), fields.get(f"MediaContentType{n}", "").strip())
        for n in range(MOST_PICTURES)
        if f"MediaUrl{n}" in fields
    )
    return tuple(media for media in found if media.url.startswith(("https://", "http://")))


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _own_sid(form: Sequence[tuple[str, str]]) -> str:
    """A name for a text that came without one, the same for the same form."""
    return "form:" + hashlib.sha256(repr(list(form)).encode("utf-8", "replace")).hexdigest()
