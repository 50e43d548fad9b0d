"""The rows of a decision, each kind written by a statement of its own: those that nobody waits for leave together."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from switchboard.domain.decision import Decision, InboundEvent
from switchboard.domain.facts import Facts
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.messages import OutboundText
from switchboard.store import outbox, owner_notices
from switchboard.store.database import Transaction, as_json


class DecisionWriter(NamedTuple):
    """Writes the rows of one decision about one text. `known_event`: an earlier try stored the text's event.

    A participant, an attempt, a held text and a response are what their statements' parameters are called.
    """

    tx: Transaction
    decision: Decision
    facts: Facts
    text: InboundText
    known_event: bool
    now: datetime
    new_id: Callable[[], str]

    def write(self, *, told_again_after: timedelta) -> None:
        """All of them. The owner is told of what nobody else has told them in the meantime.

        Threads are locked before the notices, as with texts that fail; the internal one, where notices go, at the end.
        """
        internal = self._internal_threads()
        self._write_new_threads()
        self._touch(touch for touch in self._touches(self.decision.outbound) if touch["thread_id"] not in internal)
        self._write_changes()
        self._write_held()
        told = self._notice(told_before=self.now - told_again_after)
        untold = {notice.event_id for notice in self.decision.notices if notice.subject not in told}
        outbound = [one for one in self.decision.outbound if one.event_id not in untold]
        self._write_event()
        self._write_attempts()
        for one in outbound:
            outbox.queue(self.tx, one, now=self.now)
        self._write_responses()
        # All texts that the owner is told of share the internal thread: it is locked for no longer than COMMIT takes.
        self._touch(touch for touch in self._touches(outbound) if touch["thread_id"] in internal)

    def _put(self, statement: str, **values: Any) -> None:
        self.tx.later(statement, org_id=self.facts.organisation.id, now=self.now, **values)

    def _write_new_threads(self) -> None:
        decision = self.decision
        if decision.guest_id:
            self._put("text_rows.add_guest", guest_id=decision.guest_id, sender=self.text.sender)
        for thread in decision.threads:
            if thread.scope == "internal":
                owner_notices.hold_internal_thread(self.tx, org_id=self.facts.organisation.id)
            number = thread.number
            self._put(
                "text_rows.add_thread",
                id=thread.id,
                scope=thread.scope,
                client_id=thread.client_id,
                sitter_id=thread.sitter_id,
                number_id=number.id if number else None,
                number_class=number.number_class if number else None,
                number_e164=number.e164 if number else None,
            )
        for one in decision.participants:
            self._put("text_rows.add_participant", id=self.new_id(), **one._asdict())

    def _write_changes(self) -> None:
        decision, sender = self.decision, self.text.sender
        for moved in decision.moved:
            self._put(
                "text_rows.change_event",
                id=moved.event_id,
                thread_id=moved.thread_id,
                actor_type=None,
                actor_user_id=None,
                actor_client_id=None,
                delivery_status=moved.delivery_status,
                failure_code=moved.failure_code,
                failure_detail=moved.failure_detail,
                requires_response=None,
                sitter_id=moved.responsible_sitter_id,
                metadata=json.dumps(moved.metadata),
            )
        if decision.lock_sitter_id:
            self._put("text_rows.lock_sitter", sitter_id=decision.lock_sitter_id)
        if opt := decision.opt_out:
            self._put(
                "text_rows.opt",
                id=self.new_id(),
                sender=opt.e164,
                client_id=opt.client_id,
                state=opt.state,
                arrived_at=self.text.arrived_at,
                as_of=opt.as_of,
                number_e164=self.facts.number.e164,
            )
        today = self.now.astimezone(self.facts.organisation.zone).date()
        for kind in decision.automatic_kinds:
            self._put("text_rows.note_answer", sender=sender, kind=kind, day=today, event_id=decision.event_id)

    def _write_held(self) -> None:
        decision, number_id = self.decision, self.facts.number.id
        for held in decision.held:
            self._put("text_rows.hold", number_id=number_id, **held._asdict())
        if closed := decision.closed_question:
            question_id, answer = closed
            self._put("text_rows.close_question", id=question_id, answer=answer)
        if asked := decision.question:
            self._put(
                "text_rows.ask",
                id=asked.id,
                sitter_id=asked.sitter_id,
                number_id=number_id,
                choices=as_json([{"tag": tag, "clientId": client_id} for tag, client_id in asked.choices]),
            )

    def _notice(self, *, told_before: datetime) -> Collection[str]:
        if not self.decision.notices:
            return ()
        rows = self.tx.rows(
            "text_rows.notice",
            org_id=self.facts.organisation.id,
            subjects=[notice.subject for notice in self.decision.notices],
            told_before=told_before,
            now=self.now,
        )
        return {row["subject"] for row in rows}

    def _touches(self, outbound: Sequence[OutboundText]) -> list[dict[str, Any]]:
        """What is heard or said on which threads, in the order of their ids: so they are locked."""
        heard, spoken = self.decision.unread or {}, {one.thread_id for one in outbound}
        return [
            {
                "thread_id": thread_id,
                "unread": heard.get(thread_id, 0),
                "heard": thread_id in heard,
                "spoken": thread_id in spoken,
            }
            for thread_id in sorted({*heard, *spoken})
        ]

    def _internal_threads(self) -> set[str]:
        known, made = self.facts.threads.values(), self.decision.threads
        internal = {one.id for one in known if one.scope == "internal"}
        return internal | {one.id for one in made if one.scope == "internal"}

    def _touch(self, touches: Iterable[dict[str, Any]]) -> None:
        for touch in touches:
            self._put("text_rows.touch_thread", arrived_at=self.text.arrived_at, **touch)

    def _write_event(self) -> None:
        event, text = self.decision.event, self.text
        if event is None:
            return
        values = _fate(self.decision.event_id, event)
        if self.known_event:
            self._put("text_rows.change_event", **values)
        else:
            self._put(
                "text_rows.add_event",
                provider_sid=text.message_sid,
                body=text.body,
                media=media_of(text),
                arrived_at=text.arrived_at,
                **values,
            )

    def _write_attempts(self) -> None:
        for one in self.decision.attempts:
            self._put("text_rows.add_attempt", id=self.new_id(), **one._asdict())

    def _write_responses(self) -> None:
        decision, arrived_at = self.decision, self.text.arrived_at
        if response := decision.response:
            self._put(
                "text_rows.add_response",
                id=self.new_id(),
                event_id=decision.event_id,
                sla_seconds=self.facts.organisation.sla_seconds,
                arrived_at=arrived_at,
                **response._asdict(),
            )
        for thread_id, event_id in (decision.answered or {}).items():
            self._put("responses.reply", thread_id=thread_id, event_id=event_id, at=arrived_at)


def media_of(text: InboundText) -> str | None:
    """MessageEvent.mediaJson of a text; None without pictures."""
    return json.dumps([{"url": one.url, "contentType": one.content_type} for one in text.media]) if text.media else None


def _fate(event_id: str | None, event: InboundEvent) -> dict[str, Any]:
    """Where the text's own event is, who speaks, and what became of it."""
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
