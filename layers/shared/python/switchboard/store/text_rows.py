"""A decision as the JSON document that the statement texts.write takes apart."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from switchboard.domain.decision import Decision, InboundEvent, MovedEvent, NewThread
from switchboard.domain.facts import Facts
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.messages import OutboundText
from switchboard.store.outbox import media_json


def document(
    decision: Decision, *, facts: Facts, text: InboundText, known_event: bool, now: datetime, new_id: Callable[[], str]
) -> dict[str, Any]:
    """Only what there is: a missing key is no rows."""
    found: dict[str, Any] = {
        "sender": text.sender,
        "event_id": decision.event_id,
        "guest_id": decision.guest_id,
        "today": now.astimezone(facts.organisation.zone).date(),
        "touched": _touched(decision),
        "threads": [_thread(one) for one in decision.threads],
        "participants": [
            {
                "id": new_id(),
                "thread_id": one.thread_id,
                "role": one.role,
                "user_id": one.user_id,
                "client_id": one.client_id,
                "display_name": one.display_name,
                "real_e164": one.real_e164,
            }
            for one in decision.participants
        ],
        "outbox": [_outbox(n, one) for n, one in enumerate(decision.outbound)],
        "answered": [{"thread_id": thread, "event_id": by} for thread, by in (decision.answered or {}).items()],
        "lock_sitter_id": decision.lock_sitter_id,
        "automatic_kinds": decision.automatic_kinds,
    }
    found |= _events(decision, text, known_event=known_event)
    found |= _rare(decision, facts, new_id)
    return {name: rows for name, rows in found.items() if rows}


def _rare(decision: Decision, facts: Facts, new_id: Callable[[], str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if response := decision.response:
        found["responses"] = [
            {
                "id": new_id(),
                "thread_id": response.thread_id,
                "booking_id": response.booking_id,
                "event_id": decision.event_id,
                "sitter_id": response.sitter_id,
                "sla_seconds": facts.organisation.sla_seconds,
                "status": response.status,
            }
        ]
    if decision.attempts:
        found["attempts"] = [
            {
                "id": new_id(),
                "thread_id": one.thread_id,
                "event_id": one.event_id,
                "actor_type": one.actor_type,
                "actor_id": one.actor_id,
                "violation_type": one.violation_type,
                "preview": one.preview,
                "action": one.action,
                "owner_notified": one.owner_notified,
            }
            for one in decision.attempts
        ]
    if opt := decision.opt_out:
        found["opting"] = [{"id": new_id(), "e164": opt.e164, "client_id": opt.client_id, "state": opt.state}]
    return found | _questions(decision)


def _questions(decision: Decision) -> dict[str, Any]:
    found: dict[str, Any] = {}
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


def _touched(decision: Decision) -> list[dict[str, Any]]:
    heard = [
        {"id": thread_id, "unread": unread, "heard": True, "spoken": False}
        for thread_id, unread in (decision.unread or {}).items()
    ]
    spoken = dict.fromkeys(one.thread_id for one in decision.outbound)
    return heard + [{"id": thread_id, "unread": 0, "heard": False, "spoken": True} for thread_id in spoken]


def _thread(one: NewThread) -> dict[str, Any]:
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


def _events(decision: Decision, text: InboundText, *, known_event: bool) -> dict[str, Any]:
    moved = [_moved(one) for one in decision.moved]
    events = [_outbound_event(n, one) for n, one in enumerate(decision.outbound, start=1)]
    if decision.event and known_event:
        moved.append(_again(decision.event_id, decision.event))
    elif decision.event:
        events.insert(0, _inbound_event(decision.event_id, decision.event, text))
    return {"moved": moved, "events": events}


def _inbound_event(event_id: str | None, event: InboundEvent, text: InboundText) -> dict[str, Any]:
    return {
        "n": 0,
        "direction": "inbound",
        "provider_sid": text.message_sid,
        "body": text.body,
        "media": media_of(text),
        "created_at": text.arrived_at,
    } | _again(event_id, event)


def media_of(text: InboundText) -> str | None:
    """MessageEvent.mediaJson of a text; None without pictures."""
    return json.dumps([{"url": one.url, "contentType": one.content_type} for one in text.media]) if text.media else None


def _again(event_id: str | None, event: InboundEvent) -> dict[str, Any]:
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


def _moved(one: MovedEvent) -> dict[str, Any]:
    return {
        "id": one.event_id,
        "thread_id": one.thread_id,
        "delivery_status": one.delivery_status,
        "failure_code": one.failure_code,
        "failure_detail": one.failure_detail,
        "sitter_id": one.responsible_sitter_id,
        "metadata": json.dumps(one.metadata),
    }


def _outbound_event(n: int, one: OutboundText) -> dict[str, Any]:
    return {
        "n": n,
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


def _outbox(n: int, one: OutboundText) -> dict[str, Any]:
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
