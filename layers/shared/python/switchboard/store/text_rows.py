"""A decision as the JSON documents that the statements texts.prepare and texts.write take apart."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from switchboard.domain.decision import (
    Attempt,
    Decision,
    InboundEvent,
    MovedEvent,
    NewParticipant,
    NewThread,
    Response,
)
from switchboard.domain.facts import Facts
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.messages import OutboundText
from switchboard.store.database import as_json
from switchboard.store.outbox import media_json

Rows = dict[str, Any]


def rare_rows(
    decision: Decision, *, facts: Facts, text: InboundText, known_event: bool, now: datetime, new_id: Callable[[], str]
) -> Rows:
    """What texts.prepare takes apart; a missing key is no rows, and most texts have none at all."""
    moved = [_moved(one) for one in decision.moved]
    if decision.event and known_event:
        moved.append(_again(decision.event_id, decision.event))
    found: Rows = {
        "guest_id": decision.guest_id,
        "threads": [_thread(one) for one in decision.threads],
        "participants": [_participant(one, new_id()) for one in decision.participants],
        "moved": moved,
        "lock_sitter_id": decision.lock_sitter_id,
        "attempts": [_attempt(one, new_id()) for one in decision.attempts],
        "automatic_kinds": decision.automatic_kinds,
        "notices": [{"subject": notice.subject} for notice in decision.notices],
    }
    if opt := decision.opt_out:
        found["opting"] = [{"id": new_id(), "e164": opt.e164, "client_id": opt.client_id, "state": opt.state}]
    found |= _questions(decision)
    found = {name: rows for name, rows in found.items() if rows}
    if found:
        today = now.astimezone(facts.organisation.zone).date()
        found |= {"sender": text.sender, "event_id": decision.event_id, "today": today}
    return found


def common_rows(
    decision: Decision,
    *,
    facts: Facts,
    text: InboundText,
    known_event: bool,
    told: Collection[str],
    new_id: Callable[[], str],
) -> Rows:
    """What texts.write takes, rows as JSON; notices to the owner only of the subjects that are told."""
    untold = {notice.event_id for notice in decision.notices if notice.subject not in told}
    outbound = [one for one in decision.outbound if one.event_id not in untold]
    events = [_outbound_event(one) for one in outbound]
    if decision.event and not known_event:
        events.append(_inbound_event(decision.event_id, decision.event, text))
    responses = []
    if response := decision.response:
        responses.append(_response(response, new_id(), decision.event_id, facts.organisation.sla_seconds))
    return {
        "touched": as_json(_touched(decision, outbound)),
        "events": as_json(events),
        "outbox": as_json([_outbox(n, one) for n, one in enumerate(outbound)]),
        "responses": as_json(responses),
        "answered": as_json(decision.answered or {}),
    }


def _response(response: Response, record_id: str, event_id: str | None, sla_seconds: int | None) -> Rows:
    return {
        "id": record_id,
        "thread_id": response.thread_id,
        "booking_id": response.booking_id,
        "event_id": event_id,
        "sitter_id": response.sitter_id,
        "sla_seconds": sla_seconds,
        "status": response.status,
    }


def _attempt(one: Attempt, attempt_id: str) -> Rows:
    return {
        "id": attempt_id,
        "thread_id": one.thread_id,
        "event_id": one.event_id,
        "actor_type": one.actor_type,
        "actor_id": one.actor_id,
        "violation_type": one.violation_type,
        "preview": one.preview,
        "action": one.action,
        "owner_notified": one.owner_notified,
    }


def _participant(one: NewParticipant, participant_id: str) -> Rows:
    return {
        "id": participant_id,
        "thread_id": one.thread_id,
        "role": one.role,
        "user_id": one.user_id,
        "client_id": one.client_id,
        "display_name": one.display_name,
        "real_e164": one.real_e164,
    }


def _questions(decision: Decision) -> Rows:
    found: Rows = {}
    if decision.held:
        found["held"] = [
            {
                "event_id": one.event_id,
                "sitter_id": one.sitter_id,
                "arrived_at": one.arrived_at,
                "question_id": one.question_id,
                "state": one.state,
            }
            for one in decision.held
        ]
    if decision.closed_question:
        found["closed_question_id"], found["answer"] = decision.closed_question
    if asked := decision.question:
        choices = [{"tag": tag, "clientId": client_id} for tag, client_id in asked.choices]
        found["questions"] = [{"id": asked.id, "sitter_id": asked.sitter_id, "choices": choices}]
    return found


def _touched(decision: Decision, outbound: Sequence[OutboundText]) -> list[Rows]:
    """One row for each thread on which something was heard or is said."""
    heard, spoken = decision.unread or {}, {one.thread_id for one in outbound}
    return [
        {"id": thread_id, "unread": heard.get(thread_id, 0), "heard": thread_id in heard, "spoken": thread_id in spoken}
        for thread_id in {*heard, *spoken}
    ]


def _thread(one: NewThread) -> Rows:
    number = one.number
    return {
        "id": one.id,
        "scope": one.scope,
        "client_id": one.client_id,
        "sitter_id": one.sitter_id,
        "number_id": number.id if number else None,
        "number_class": number.number_class if number else None,
        "number_e164": number.e164 if number else None,
    }


def _inbound_event(event_id: str | None, event: InboundEvent, text: InboundText) -> Rows:
    return {
        "direction": "inbound",
        "provider_sid": text.message_sid,
        "body": text.body,
        "media": media_of(text),
        "created_at": text.arrived_at,
    } | _again(event_id, event)


def media_of(text: InboundText) -> str | None:
    """MessageEvent.mediaJson of a text; None without pictures."""
    return json.dumps([{"url": one.url, "contentType": one.content_type} for one in text.media]) if text.media else None


def _again(event_id: str | None, event: InboundEvent) -> Rows:
    return {
        "id": event_id,
        "thread_id": event.thread_id,
        "actor_type": event.actor_type,
        "actor_user_id": event.actor_user_id,
        "actor_client_id": event.actor_client_id,
        "delivery_status": event.delivery_status,
        "failure_code": event.failure_code,
        "failure_detail": event.failure_detail,
        "requires_response": event.requires_response,
        "sitter_id": event.responsible_sitter_id,
        "metadata": json.dumps(event.metadata),
    }


def _moved(one: MovedEvent) -> Rows:
    return {
        "id": one.event_id,
        "thread_id": one.thread_id,
        "delivery_status": one.delivery_status,
        "failure_code": one.failure_code,
        "failure_detail": one.failure_detail,
        "sitter_id": one.responsible_sitter_id,
        "metadata": json.dumps(one.metadata),
    }


def _outbound_event(one: OutboundText) -> Rows:
    return {
        "id": one.event_id,
        "thread_id": one.thread_id,
        "direction": "outbound",
        "actor_type": one.actor_type,
        "actor_user_id": one.actor_user_id,
        "actor_client_id": one.actor_client_id,
        "body": one.body,
        "media": media_json(one.media_urls),
        "delivery_status": "queued",
        "requires_response": False,
        "sitter_id": one.responsible_sitter_id,
        "metadata": json.dumps(dict(one.metadata)) if one.metadata else None,
    }


def _outbox(n: int, one: OutboundText) -> Rows:
    return {
        "n": n,
        "event_id": one.event_id,
        "thread_id": one.thread_id,
        "sender_e164": one.sender_e164,
        "recipient_e164": one.recipient_e164,
        "purpose": one.purpose.value,
        "inbound_event_id": one.inbound_event_id,
        "arrived_at": one.arrived_at,
        "window_id": one.window_id,
        "not_after": one.not_after,
    }
