"""Decides what becomes of one inbound text: pure, from the facts to the rows to write."""

from collections.abc import Callable
from datetime import datetime

from switchboard.domain import contact_details
from switchboard.domain.consequences import Consequences
from switchboard.domain.contact_check import Policy
from switchboard.domain.decision import Decision
from switchboard.domain.draft import Draft
from switchboard.domain.facts import Facts
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.keywords import read_keyword
from switchboard.domain.route_inputs import capacity_of, inputs_of, keyword_of
from switchboard.domain.routing import OWN_NUMBER, Capacity, Destination, choose_route


def decide(
    facts: Facts, text: InboundText, *, policy: Policy, event_id: str, now: datetime, new_id: Callable[[], str]
) -> Decision:
    """All that follows from the text."""
    capacity, keyword = capacity_of(facts, text), keyword_of(facts, text)
    inputs, body = inputs_of(facts, text, capacity=capacity, keyword=keyword, relay=policy.relay)
    route = choose_route(inputs)
    if route.rule == OWN_NUMBER:
        return Decision(state="own_number")
    draft = Draft(facts, text, event_id=event_id, now=now, new_id=new_id)
    then = Consequences(draft, policy=policy, inputs=inputs, route=route, body=body)
    if keyword and capacity is not Capacity.UNREADABLE:
        then.obey(keyword)
    elif route.to is Destination.SITTER and route.standing:
        then.relay_to_sitter(route.standing)
    elif route.to is Destination.CLIENT and route.standing:
        then.relay_to_client(route.standing)
    elif route.to is Destination.HELD:
        then.hold()
    elif route.to is Destination.ANSWER and inputs.tag:
        then.answer(inputs.tag.number)
    else:
        then.to_owner()
    return draft.decision()


def read_ahead(text: InboundText) -> None:
    """Reads the words, which both parts keep for `decide`: for the time in which the facts are gathered."""
    read_keyword(text.body, opted_out=False)
    contact_details.read_ahead(text.body)
