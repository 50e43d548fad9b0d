"""Inbound texts: stored once, with all that bears on them gathered in the same round trip, their rows with COMMIT."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from switchboard.domain.contact_check import EARLIER, EARLIER_TEXTS, STRIKE_MEMORY, read_media
from switchboard.domain.decision import Decision
from switchboard.domain.facts import (
    Choice,
    Facts,
    HeldText,
    Number,
    Organisation,
    Person,
    Question,
    RecentText,
    Thread,
    WindowState,
)
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.messages import NOTICE_AGAIN_AFTER
from switchboard.domain.routing import words_said
from switchboard.domain.standing import TAG_MEMORY
from switchboard.store.database import Row, Transaction, as_json, read_instant
from switchboard.store.session import Call
from switchboard.store.text_rows import DecisionWriter


class Place(NamedTuple):
    """Which of our numbers was texted."""

    org_id: str
    number_id: str


class StoredText(NamedTuple):
    """A stored text: its earliest arrival, its event, and what bears on it, where the number is one of ours.

    known_event: an earlier try stored the event already.
    """

    arrived_at: datetime
    event_id: str
    known_event: bool
    facts: Facts | None


_MOST_PLACES = 1_000
_places: dict[str, Place] = {}  # by number, as they were last found: tried, never relied on


def store(
    tx: Transaction,
    text: InboundText,
    *,
    form: Sequence[tuple[str, str]],
    event_id: str,
    now: datetime,
    meanwhile: Callable[[], object],
) -> StoredText | None:
    """Stores the text once by its sid, waits for the sender's other texts, gathers; None: it was settled before.

    A number that was texted before is likely to be what it was: what bears on the text is gathered for that in the
    same round trip, and once more where the number or the arrival turns out to be another. `meanwhile` may be called
    while it lasts.
    """
    storing = Call(
        "texts.store",
        {
            "message_sid": text.message_sid,
            "sender": text.sender,
            "recipient": text.recipient,
            "arrived_at": text.arrived_at,
            "form": as_json(form),
            "event_id": event_id,
            "now": now,
        },
    )
    likely = _places.get(text.recipient)
    if likely is None:
        stored, gathered = tx.rows(storing.name, **storing.params), []
    else:
        stored, gathered = tx.together(storing, _gathering(text, place=likely, now=now), meanwhile=meanwhile)
    if not stored:
        return None
    [row] = stored
    arrived_at, stored_id = _instant(row["arrived_at"]), row["event_id"] or event_id
    place = _remember(text.recipient, row)
    if place is None:
        facts = None
    elif place == likely and arrived_at == text.arrived_at:
        facts = _facts(tx, gathered[0], text, place=place, now=now)
    else:
        facts = gather(tx, text._replace(arrived_at=arrived_at), place=place, now=now)
    return StoredText(arrived_at, stored_id, stored_id != event_id, facts)


def _remember(recipient: str, row: Row) -> Place | None:
    """The place that was texted, remembered for the next text; None: it is not ours."""
    if row["number_id"] is None:
        _places.pop(recipient, None)
        return None
    if len(_places) >= _MOST_PLACES:
        _places.clear()
    place = _places[recipient] = Place(row["org_id"], row["number_id"])
    return place


def gather(tx: Transaction, text: InboundText, *, place: Place, now: datetime) -> Facts:
    """Everything that bears on the text."""
    gathering = _gathering(text, place=place, now=now)
    return _facts(tx, tx.one(gathering.name, **gathering.params), text, place=place, now=now)


def _gathering(text: InboundText, *, place: Place, now: datetime) -> Call:
    return Call(
        "texts.gather",
        {
            "org_id": place.org_id,
            "number_id": place.number_id,
            "sender": text.sender,
            "message_sid": text.message_sid,
            "arrived_at": text.arrived_at,
            "remembered_since": text.arrived_at - TAG_MEMORY,
            "said_since": text.arrived_at - EARLIER,
            "most_said": EARLIER_TEXTS,
            "told_since": now - NOTICE_AGAIN_AFTER,
            "now": now,
        },
    )


def write(
    tx: Transaction,
    decision: Decision,
    *,
    facts: Facts,
    text: InboundText,
    known_event: bool,
    now: datetime,
    new_id: Callable[[], str],
) -> None:
    """Writes all rows of a decision, with COMMIT at the latest."""
    writer = DecisionWriter(tx, decision, facts, text, known_event, now, new_id)
    writer.write(told_again_after=NOTICE_AGAIN_AFTER)


def settle(tx: Transaction, message_sid: str, *, state: str, event_id: str | None, now: datetime) -> None:
    """Ends a text of which nothing but the raw form is stored, and the event that an earlier try made, if any."""
    tx.later("texts.settle", message_sid=message_sid, state=state, event_id=event_id, now=now)


def _facts(tx: Transaction, row: Row, text: InboundText, *, place: Place, now: datetime) -> Facts:
    """What was gathered, and for a sitter's text what bears on those alone."""
    sitting: Row = {}
    if row["sitter_ids"]:
        sitting = tx.one(
            "texts.sitting",
            sitter_ids=row["sitter_ids"],
            thread_ids=[one["id"] for one in row["threads"] or ()],
            message_sid=text.message_sid,
            joined_within=EARLIER,
            most_said=EARLIER_TEXTS,
            org_id=place.org_id,
            number_id=place.number_id,
            arrived_at=text.arrived_at,
            told_since=now - NOTICE_AGAIN_AFTER,
            struck_since=now - STRIKE_MEMORY,
        )
    organisation = row["organisation"]
    return Facts(
        organisation=Organisation(
            id=place.org_id,
            owner_e164=organisation["owner"],
            booking_link=organisation["link"],
            hotlines=_hotlines(organisation["hotlines"]),
            sla_seconds=organisation["sla_seconds"],
            zone=_zone(organisation["timezone"]),
        ),
        number=_number(row["number"]),
        front_desk=_number(row["front_desk"]) if row["front_desk"] else None,
        own_sender=row["own_sender"],
        client_ids=tuple(row["client_ids"] or ()),
        sitter_ids=tuple(row["sitter_ids"] or ()),
        clients={one["id"]: _client(one) for one in row["clients"] or ()},
        sitters={one["id"]: _sitter(one) for one in row["sitters"] or ()},
        threads={one["id"]: Thread(**one) for one in (*(row["threads"] or ()), *(sitting.get("threads") or ()))},
        windows=tuple(_window(one) for one in row["windows"] or ()),
        opted_out=frozenset(row["opted_out"] or ()),
        opted_at=read_instant(row["opted_at"]),
        home_thread_id=row["home"],
        leased_thread_id=row["lease"],
        sitter_has_thread=sitting.get("has_thread", False),
        next_opening=read_instant(sitting.get("next_opening")),
        recent=tuple(
            {one["id"]: _recent(one) for one in (*(row["recent"] or ()), *(sitting.get("said") or ()))}.values()
        ),
        held=tuple(_held(one) for one in sitting.get("held") or ()),
        question=_question(sitting["question"]) if sitting.get("question") else None,
        answered=frozenset((kind, day) for kind, day in row["answered"] or ()),
        strikes=sitting.get("strikes") or {},
        noticed=frozenset((*(row["noticed"] or ()), *(sitting.get("noticed") or ()))),
    )


def _number(one: Row) -> Number:
    return Number(one["id"], one["e164"], one["status"], one["number_class"], one["sitter_id"])


def _client(one: Row) -> Person:
    return Person(one["id"], one["first_name"], one["last_name"], one["phone"], guest=one["guest"])


def _sitter(one: Row) -> Person:
    return Person(
        id=one["id"],
        first_name=one["first_name"],
        last_name=one["last_name"],
        e164=one["phone"],
        active=one["active"],
        locked=one["locked"],
        title="Sitter",
    )


def _window(one: Row) -> WindowState:
    return WindowState(
        window_id=one["id"],
        thread_id=one["thread_id"],
        sitter_id=one["sitter_id"],
        start_at=_instant(one["start_at"]),
        end_at=_instant(one["end_at"]),
        status=one["status"],
        tag=one["tag"],
        until=read_instant(one["until"]),
    )


def _recent(one: Row) -> RecentText:
    body = words_said(one["body"] or "", rule=_rule(one["metadata"]), pictured=bool(read_media(one["media"])))
    return RecentText(one["id"], one["thread_id"], body, _instant(one["arrived_at"]))


def _rule(metadata: str | None) -> str:
    """The rule by which a stored text went; none where an earlier application wrote something of its own."""
    try:
        found = json.loads(metadata or "{}")
    except ValueError:
        return ""
    route = found.get("route") if isinstance(found, dict) else None
    return str(route.get("rule")) if isinstance(route, dict) else ""


def _held(one: Row) -> HeldText:
    return HeldText(one["event_id"], one["question_id"], one["body"], one["media"], _instant(one["arrived_at"]))


def _question(one: Row) -> Question:
    choices = tuple(Choice(choice["tag"], choice["clientId"]) for choice in one["choices"])
    return Question(one["id"], _instant(one["asked_at"]), choices)


def _instant(value: str) -> datetime:
    instant = read_instant(value)
    if instant is None:
        raise ValueError("an instant is missing")
    return instant


def _hotlines(value: Any) -> tuple[str, ...]:
    found = json.loads(value) if isinstance(value, str) else value
    return tuple(one for one in found or () if isinstance(one, str))


@lru_cache(maxsize=64)
def _zone(name: str | None) -> tzinfo:
    """The organisation's time zone; UTC where its name is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return UTC
