"""Whether a text between client and sitter may pass: contact details and contact cards, by the mode that is set."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from switchboard.domain.anti_poaching import AntiPoachingMode
from switchboard.domain.contact_details import ViolationType, judge
from switchboard.domain.facts import Facts, RecentText
from switchboard.domain.inbound_text import Media

EARLIER, EARLIER_TEXTS = timedelta(minutes=10), 5  # how far back a sender's texts on a thread are joined, and how many
STRIKES, STRIKE_MEMORY = 3, timedelta(days=30)


class Policy(NamedTuple):
    """The flags that bear on an inbound text."""

    relay: bool
    mode: AntiPoachingMode


class Finding(NamedTuple):
    """What was found; blocked: the text is held."""

    types: tuple[str, ...]
    preview: str
    blocked: bool

    def as_json(self) -> dict[str, object]:
        """What is stored with the message."""
        return {"types": list(self.types), "blocked": self.blocked}


def check(
    facts: Facts, *, body: str, media: Sequence[Media], earlier: Sequence[RecentText], mode: AntiPoachingMode
) -> Finding | None:
    """What the text gives away, read after the same sender's last texts on the thread; None: nothing."""
    if mode is AntiPoachingMode.OFF:
        return None
    link = facts.organisation.booking_link
    verdict = judge(
        body,
        earlier=[said.body for said in earlier],
        allowed_urls=(link,) if link else (),
        hotlines=facts.organisation.hotlines,
    )
    types = [kind.value for kind in verdict.types]
    if any(one.is_contact_card for one in media) and ViolationType.PHONE_NUMBER not in types:
        types.append(ViolationType.PHONE_NUMBER.value)
    if types:
        return Finding(tuple(types), verdict.preview, blocked=mode is AntiPoachingMode.ENFORCE)
    if verdict.flagged:
        return Finding((verdict.flagged[0].violation_type.value,), verdict.preview, blocked=False)
    return None


def said_near(said: Iterable[RecentText], *, thread_id: str, at: datetime) -> list[RecentText]:
    """The sender's texts on a thread to read before one that arrived at an instant, oldest first.

    The last of those before it; where these are few, also those after it that were passed on before it is.
    """
    on_thread = (one for one in said if one.thread_id == thread_id and abs(one.arrived_at - at) < EARLIER)
    near = sorted(on_thread, key=lambda one: (one.arrived_at, one.event_id))
    before = [one for one in near if one.arrived_at <= at]
    chosen = before[-EARLIER_TEXTS:]
    return chosen + near[len(before) :][: EARLIER_TEXTS - len(chosen)]


def read_media(media_json: str | None) -> tuple[Media, ...]:
    """The pictures of a stored event; of what an earlier application wrote in a way of its own, what is an address."""
    try:
        found = json.loads(media_json or "[]")
    except ValueError:
        return ()
    named = (one if isinstance(one, dict) else {"url": one} for one in (found if isinstance(found, list) else ()))
    return tuple(
        Media(one["url"], str(one.get("contentType") or "")) for one in named if isinstance(one.get("url"), str)
    )
