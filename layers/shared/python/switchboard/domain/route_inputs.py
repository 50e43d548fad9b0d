"""Reads out of the facts what the choice of a route looks at."""

from switchboard.domain.facts import Facts, Person
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.keywords import Keyword, read_keyword
from switchboard.domain.phone import is_e164
from switchboard.domain.routing import Capacity, RouteInputs
from switchboard.domain.standing import Standing, standings
from switchboard.domain.tags import read_tag

_TWILIO_ANSWERED = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}


def capacity_of(facts: Facts, text: InboundText) -> Capacity:
    """As whom the sender writes: the first that holds."""
    if facts.own_sender:
        return Capacity.OWN_NUMBER
    if not is_e164(text.sender):
        return Capacity.UNREADABLE
    if text.sender == facts.organisation.owner_e164:
        return Capacity.OWNER
    if _writes_as_sitter(facts, text):
        return Capacity.SITTER
    if _is_client(facts):
        return Capacity.CLIENT
    return Capacity.SITTER_ELSEWHERE if facts.sitter_ids else Capacity.GUEST


def _writes_as_sitter(facts: Facts, text: InboundText) -> bool:
    """The number is the sitter's, or they have a thread on it; one who is a client too must have more than that."""
    if not facts.sitter_ids:
        return False
    client_too = _is_client(facts)
    here = [sitter_id for sitter_id in facts.sitter_ids if facts.sitters[sitter_id].active or not client_too]
    if facts.number.assigned_sitter_id in here:
        return True
    at = text.arrived_at
    if any(one.sitter_id in here and one.in_question(at) for one in standings(facts, at=at)):
        return True
    return bool(here) and facts.sitter_has_thread and not client_too


def _is_client(facts: Facts) -> bool:
    """Whether a client has the phone; the guest as whom a sitter once wrote, before anybody knew them, is none."""
    return any(not (facts.sitter_ids and facts.clients[client_id].guest) for client_id in facts.client_ids)


def keyword_of(facts: Facts, text: InboundText) -> Keyword | None:
    """What the words ask for, else what Twilio says that it has answered."""
    keyword = read_keyword(text.body, opted_out=text.sender in facts.opted_out)
    return keyword or _TWILIO_ANSWERED.get(text.opt_out_type or "")


def inputs_of(
    facts: Facts, text: InboundText, *, capacity: Capacity, keyword: Keyword | None, relay: bool
) -> tuple[RouteInputs, str]:
    """What the choice looks at, and the text without its tag."""
    tag, body = None, text.body
    mine: tuple[Standing, ...] = ()
    sitter = writing_sitter(facts)
    if capacity is Capacity.SITTER:
        tag, body = read_tag(text.body, pictured=bool(text.media))
        mine = tuple(one for one in standings(facts, at=text.arrived_at) if one.sitter_id in facts.sitter_ids)
    elif capacity is Capacity.CLIENT:
        mine = tuple(one for one in standings(facts, at=text.arrived_at) if one.active and _is_clients(facts, one))
    question = facts.question if tag and tag.bare else None
    inputs = RouteInputs(
        capacity=capacity,
        arrived_at=text.arrived_at,
        number_class=facts.number.number_class,
        number_status=facts.number.status,
        relay=relay,
        keyword=keyword.value if keyword else None,
        standings=mine,
        has_thread=facts.home_thread_id is not None,
        locked=bool(capacity is Capacity.SITTER and sitter and sitter.locked),
        gone=bool(capacity is Capacity.SITTER and sitter and not sitter.active),
        mute=text.sender in facts.opted_out,
        unreachable=unreachable(facts, mine, sitters=capacity is Capacity.CLIENT),
        tag=tag,
        choices={choice.tag: choice.client_id for choice in question.choices} if question else None,
        asked_at=question.asked_at if question else None,
        found_at=text.found_at,
    )
    return inputs, body


def _is_clients(facts: Facts, standing: Standing) -> bool:
    """Of the client's windows those on open threads count; the sitter's other windows were gathered for their tags."""
    return standing.client_id in facts.client_ids and facts.threads[standing.thread_id].is_open


def writing_sitter(facts: Facts) -> Person | None:
    """The sitter who writes; with one phone on several, the active one."""
    mine = [facts.sitters[sitter_id] for sitter_id in facts.sitter_ids]
    return max(mine, key=lambda sitter: (sitter.active, sitter.id == facts.number.assigned_sitter_id), default=None)


def unreachable(facts: Facts, mine: tuple[Standing, ...], *, sitters: bool) -> dict[str, str]:
    """Why the other side of each window cannot be texted, by their id."""
    found: dict[str, str] = {}
    for standing in mine:
        other_id = standing.sitter_id if sitters else standing.client_id
        other = (facts.sitters if sitters else facts.clients).get(other_id)
        if other is None or not other.e164 or not is_e164(other.e164):
            found[other_id] = "no phone"
        elif other.e164 in facts.opted_out:
            found[other_id] = "opted out"
        elif not other.active:
            found[other_id] = "has left"
    return found
