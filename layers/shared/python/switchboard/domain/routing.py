"""Where an inbound text goes: a pure choice from a few inputs, which are stored with it so that it can be replayed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from switchboard.domain.standing import Standing
from switchboard.domain.tags import Tag, read_tag

NO_WINDOW = "No active assignment window at message timestamp"
ONE_WINDOW = "Exactly one active assignment window matches timestamp"
SEVERAL_OF_ONE_SITTER = "Several active windows of one sitter"
OVERLAPPING = "Multiple overlapping active assignment windows ({count}) detected - requires owner intervention"
RELAY_OFF = "Relaying is switched off"
FOUND_LATE = "It reached us after the window had ended: Twilio's first notice of it was lost"
FOUND_UNASKED = "It reached us too late to ask for whom it is: Twilio's first notice of it was lost"
ROUTING_ERROR = "routing error"
# Rules that more than the choice looks at; the others stand where they are chosen.
OWN_NUMBER = "own_number"
NUMBER_NOT_IN_USE = "number_not_in_use"
POOL_WITHOUT_THREAD = "pool_without_thread"
OVERLAPPING_WINDOWS = "overlapping_windows"
SITTER_TAG = "sitter_tag"
SITTER_ENDED_TAG = "sitter_ended_tag"
SITTER_NO_WINDOW = "sitter_no_window"


class Capacity(StrEnum):
    """As whom the sender writes."""

    OWN_NUMBER = "own_number"
    UNREADABLE = "unreadable"
    OWNER = "owner"
    SITTER = "sitter"
    CLIENT = "client"
    SITTER_ELSEWHERE = "sitter_elsewhere"
    GUEST = "guest"


class Destination(StrEnum):
    """Who gets the text."""

    OWNER = "owner"
    SITTER = "sitter"
    CLIENT = "client"
    HELD = "held"
    ANSWER = "answer"  # it says for whom the held texts are


class RouteInputs(NamedTuple):
    """All that the choice looks at; ids, instants and numbers, no phones, names or words."""

    capacity: Capacity
    arrived_at: datetime
    number_class: str
    number_status: str
    relay: bool
    keyword: str | None = None
    standings: tuple[Standing, ...] = ()  # of the sender: as client or as sitter
    has_thread: bool = False  # a client's open thread on this number
    locked: bool = False  # the sitter
    gone: bool = False
    mute: bool = False  # the sender has opted out, so nothing can be asked
    named: str | None = None  # a held text: the client that the answer named
    overdue: bool = False  # a held text: nobody has answered in time
    unreachable: Mapping[str, str] = MappingProxyType({})  # why, by the other side's id
    tag: Tag | None = None
    choices: Mapping[int, str] | None = None  # of the open question: client id by tag
    asked_at: datetime | None = None
    found_at: datetime | None = None  # its webhook was lost

    def as_json(self) -> dict[str, Any]:
        """For MessageEvent.metadataJson; `read_inputs` is the way back."""
        found: dict[str, Any] = {
            "capacity": self.capacity.value,
            "arrivedAt": self.arrived_at.isoformat(),
            "numberClass": self.number_class,
            "numberStatus": self.number_status,
            "relay": self.relay,
            "windows": [_standing_json(standing) for standing in self.standings],
        }
        optional: dict[str, Any] = {
            "keyword": self.keyword,
            "hasThread": self.has_thread,
            "locked": self.locked,
            "gone": self.gone,
            "mute": self.mute,
            "named": self.named,
            "overdue": self.overdue,
            "unreachable": dict(self.unreachable),
            "tag": [self.tag.number, self.tag.bare] if self.tag else None,
            "choices": list(self.choices.items()) if self.choices is not None else None,
            "askedAt": self.asked_at.isoformat() if self.asked_at else None,
            "foundAt": self.found_at.isoformat() if self.found_at else None,
        }
        return found | {name: value for name, value in optional.items() if value}


class Route(NamedTuple):
    """The choice. `rule` names the row of the table, `reason` says it to the owner."""

    rule: str
    reason: str
    to: Destination
    standing: Standing | None = None
    strip_tag: bool = False

    def as_json(self, inputs: RouteInputs) -> dict[str, Any]:
        """What is stored with the message."""
        found: dict[str, Any] = {"rule": self.rule, "reason": self.reason, "to": self.to.value}
        if self.standing:
            found["windowId"] = self.standing.window_id
        return found | {"inputs": inputs.as_json()}


def choose_route(inputs: RouteInputs) -> Route:
    """Who gets the text, and why."""
    if found := _first(_whoever_writes(inputs)):
        return found
    return _for_sitter(inputs) if inputs.capacity is Capacity.SITTER else _for_client(inputs)


Rows = tuple[tuple[bool, str, str], ...]  # whether it holds, the rule, the reason


def _first(rows: Rows) -> Route | None:
    """The first row that holds: those texts are the owner's."""
    return next((Route(rule, reason, Destination.OWNER) for holds, rule, reason in rows if holds), None)


def _whoever_writes(inputs: RouteInputs) -> Rows:
    capacity = inputs.capacity
    return (
        (capacity is Capacity.OWN_NUMBER, OWN_NUMBER, "Sent from a number of ours"),
        (capacity is Capacity.UNREADABLE, "unreadable_sender", "The sender is not a phone number"),
        (inputs.keyword is not None, "keyword", f"Keyword: {inputs.keyword}"),
        (capacity is Capacity.OWNER, "owner", "The owner's phone"),
        (inputs.number_status != "active", NUMBER_NOT_IN_USE, f"The number texted is {inputs.number_status}"),
    )


def _for_client(inputs: RouteInputs) -> Route:
    active = [standing for standing in inputs.standings if standing.active]
    several = len({standing.sitter_id for standing in active}) > 1
    unplaced = inputs.number_class == "pool" and not inputs.has_thread and not active
    rows: Rows = (
        (unplaced, POOL_WITHOUT_THREAD, "No live thread on this pool number"),
        (inputs.capacity is Capacity.SITTER_ELSEWHERE, "sitter_elsewhere", "A sitter on a number that is not theirs"),
        (inputs.capacity is Capacity.GUEST, "guest", "Nobody is known by this number"),
        (not active, "no_window", NO_WINDOW),
        (several, OVERLAPPING_WINDOWS, OVERLAPPING.format(count=len(active))),
    )
    if found := _first(rows):
        return found
    latest = _latest(active)
    if len(active) == 1:
        return _relay(inputs, "one_window", ONE_WINDOW, Destination.SITTER, latest)
    return _relay(inputs, "several_windows_of_one_sitter", SEVERAL_OF_ONE_SITTER, Destination.SITTER, latest)


def _for_sitter(inputs: RouteInputs) -> Route:
    if found := _first(
        (
            (inputs.gone, "sitter_gone", "The sitter has left"),
            (inputs.locked, "sitter_locked", "The sitter is locked"),
            (inputs.overdue, "held_too_long", "Held 30 minutes without an answer"),
        )
    ):
        return found
    if inputs.named is not None:
        return _for_named(inputs, inputs.named)
    if _is_answer(inputs):
        return Route("sitter_answer", "Says for whom the held texts are", Destination.ANSWER)
    return _by_tag(inputs) or _for_clients_in_question(inputs)


def _by_tag(inputs: RouteInputs) -> Route | None:
    """The tag of an ended window is the owner's even where another window would do: nothing is guessed."""
    if inputs.tag is None or inputs.tag.bare:
        return None
    tagged = [standing for standing in inputs.standings if standing.tag == inputs.tag.number]
    if not tagged:
        return None
    active = [standing for standing in tagged if standing.active]
    if not active:
        return Route(SITTER_ENDED_TAG, "The tag of an ended window", Destination.OWNER)
    if len({standing.client_id for standing in tagged}) > 1:
        return None
    latest = _latest(active)
    return _relay(inputs, SITTER_TAG, "The tag names this client", Destination.CLIENT, latest, strip_tag=True)


def _for_clients_in_question(inputs: RouteInputs) -> Route:
    asked = [standing for standing in inputs.standings if standing.in_question(inputs.arrived_at)]
    active = [standing for standing in asked if standing.active]
    if not active:
        return Route(SITTER_NO_WINDOW, NO_WINDOW, Destination.OWNER)
    if len({standing.client_id for standing in asked}) == 1:
        return _relay(
            inputs, "sitter_one_client", "Exactly one client in question", Destination.CLIENT, _latest(active)
        )
    if found := _first(
        (
            (not inputs.relay, "relay_off", RELAY_OFF),
            (inputs.found_at is not None, "found_unasked", FOUND_UNASKED),
            (inputs.mute, "sitter_mute", "The sitter has opted out and cannot be asked"),
        )
    ):
        return found
    return Route("sitter_asked", "Several clients in question and no tag", Destination.HELD)


def _for_named(inputs: RouteInputs, client_id: str) -> Route:
    """A held text: the window is looked at as it was when the text arrived."""
    active = [standing for standing in inputs.standings if standing.active and standing.client_id == client_id]
    if not active:
        return Route("sitter_named_without_window", NO_WINDOW, Destination.OWNER)
    return _relay(inputs, "sitter_named", "The sitter's answer names this client", Destination.CLIENT, _latest(active))


def _is_answer(inputs: RouteInputs) -> bool:
    """A bare number that the open question offers, sent after the question was."""
    if inputs.tag is None or not inputs.tag.bare or inputs.choices is None or inputs.asked_at is None:
        return False
    return inputs.tag.number in inputs.choices and inputs.arrived_at >= inputs.asked_at


def _relay(
    inputs: RouteInputs, rule: str, reason: str, to: Destination, standing: Standing, *, strip_tag: bool = False
) -> Route:
    """To the other side, or to the owner where they cannot be reached."""
    other = standing.sitter_id if to is Destination.SITTER else standing.client_id
    if not inputs.relay:
        return Route("relay_off", RELAY_OFF, Destination.OWNER, standing)
    if inputs.found_at and standing.end_at <= inputs.found_at:
        return Route("found_late", FOUND_LATE, Destination.OWNER, standing)
    if why := inputs.unreachable.get(other):
        return Route("unreachable", f"The {to.value} cannot be reached: {why}", Destination.OWNER, standing)
    return Route(rule, reason, to, standing, strip_tag)


def _latest(standings: Sequence[Standing]) -> Standing:
    return max(standings, key=lambda standing: (standing.start_at, standing.window_id))


def read_inputs(stored: Mapping[str, Any]) -> RouteInputs:
    """The inputs out of a stored message's metadata."""
    asked_at, found_at = stored.get("askedAt"), stored.get("foundAt")
    tag, choices = stored.get("tag"), stored.get("choices")
    return RouteInputs(
        capacity=Capacity(stored["capacity"]),
        arrived_at=datetime.fromisoformat(stored["arrivedAt"]),
        number_class=stored["numberClass"],
        number_status=stored["numberStatus"],
        relay=stored["relay"],
        keyword=stored.get("keyword"),
        standings=tuple(_read_standing(standing) for standing in stored["windows"]),
        has_thread=stored.get("hasThread", False),
        locked=stored.get("locked", False),
        gone=stored.get("gone", False),
        mute=stored.get("mute", False),
        named=stored.get("named"),
        overdue=stored.get("overdue", False),
        unreachable=stored.get("unreachable", {}),
        tag=Tag(tag[0], bare=tag[1]) if tag else None,
        choices=dict(choices) if choices is not None else None,
        asked_at=datetime.fromisoformat(asked_at) if asked_at else None,
        found_at=datetime.fromisoformat(found_at) if found_at else None,
    )


def words_said(body: str, *, rule: str, pictured: bool) -> str:
    """A stored text as it was passed on: without the tag where the rule by which it went took one off."""
    return read_tag(body, pictured=pictured)[1] if rule == SITTER_TAG else body


def _standing_json(standing: Standing) -> list[Any]:
    return [
        standing.window_id,
        standing.thread_id,
        standing.client_id,
        standing.sitter_id,
        standing.tag,
        standing.start_at.isoformat(),
        standing.end_at.isoformat(),
        standing.active,
    ]


def _read_standing(stored: Sequence[Any]) -> Standing:
    window_id, thread_id, client_id, sitter_id, tag, start_at, end_at, active = stored
    start, end = datetime.fromisoformat(start_at), datetime.fromisoformat(end_at)
    return Standing(window_id, thread_id, client_id, sitter_id, tag, start, end, active)
