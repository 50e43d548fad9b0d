"""One text that has to leave: what the parts that write the outbox hand over."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

NOTICE_AGAIN_AFTER = timedelta(minutes=5)  # to the owner, of one thread
OUT_OF_REACH = "OWNER_OUT_OF_REACH"  # failureCode of a notice to the owner that nothing can be texted from or to
OUT_OF_REACH_DETAIL = "There is no front desk number to text this from, or no owner's phone to text it to."


class Purpose(StrEnum):
    """Why a text leaves; decides what is checked again before it does, and who learns that it did not.

    A confirmation answers a STOP, START or HELP: the only text that goes to a person who has opted out.
    """

    RELAY = "relay"
    OWNER_REPLY = "owner_reply"
    OWNER_NOTICE = "owner_notice"
    AUTOMATIC = "automatic"
    CONFIRMATION = "confirmation"


class OutboundText(NamedTuple):
    """A queued outbound MessageEvent and its row in the outbox.

    actor_type (client, sitter, owner, system) is who speaks. arrived_at is the arrival of the text that this relays
    or answers: it decides windows. not_after ends all attempts: the end of the window that a relay leans on.
    """

    event_id: str
    org_id: str
    thread_id: str
    sender_e164: str
    recipient_e164: str
    body: str
    purpose: Purpose
    actor_type: str
    actor_user_id: str | None = None
    actor_client_id: str | None = None
    media_urls: tuple[str, ...] = ()
    inbound_event_id: str | None = None
    arrived_at: datetime | None = None
    window_id: str | None = None
    not_after: datetime | None = None
    responsible_sitter_id: str | None = None
    metadata: Mapping[str, object] = MappingProxyType({})
