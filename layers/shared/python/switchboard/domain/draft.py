"""Collects the rows that follow from one text while it is being decided."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from switchboard.domain.decision import (
    BLOCKED,
    Attempt,
    Decision,
    Held,
    InboundEvent,
    MovedEvent,
    NewParticipant,
    NewQuestion,
    NewThread,
    Notice,
    OptOut,
    Response,
)
from switchboard.domain.facts import Facts, Person, Thread
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.messages import OutboundText, Purpose
from switchboard.domain.relaying import Passage, relayed
from switchboard.domain.standing import Standing


class Draft:
    """The rows so far. One is made for each text and answers with a Decision."""

    def __init__(
        self, facts: Facts, text: InboundText, *, event_id: str, now: datetime, new_id: Callable[[], str]
    ) -> None:
        self.facts = facts
        self.text = text
        self.event_id = event_id
        self.now = now
        self.new_id = new_id
        self.event: InboundEvent | None = None
        self.guest_id: str | None = None
        self.threads: list[NewThread] = []
        self.participants: list[NewParticipant] = []
        self.moved: list[MovedEvent] = []
        self.outbound: list[OutboundText] = []
        self.unread: dict[str, int] = {}
        self.attempts: list[Attempt] = []
        self.lock_sitter_id: str | None = None
        self.opt_out: OptOut | None = None
        self.response: Response | None = None
        self.answered: dict[str, str] = {}
        self.held: list[Held] = []
        self.closed_question: tuple[str, int | None] | None = None
        self.question: NewQuestion | None = None
        self.automatic_kinds: list[str] = []
        self.notices: list[Notice] = []

    def decision(self) -> Decision:
        """The rows as they stand."""
        return Decision(
            state="routed",
            event_id=self.event_id,
            event=self.event,
            guest_id=self.guest_id,
            threads=tuple(self.threads),
            participants=tuple(self.participants),
            moved=tuple(self.moved),
            outbound=tuple(self.outbound),
            unread=self.unread,
            attempts=tuple(self.attempts),
            lock_sitter_id=self.lock_sitter_id,
            opt_out=self.opt_out,
            response=self.response,
            answered=self.answered,
            held=tuple(self.held),
            closed_question=self.closed_question,
            question=self.question,
            automatic_kinds=tuple(self.automatic_kinds),
            notices=tuple(self.notices),
        )

    def general_thread(self, client_id: str) -> str:
        """The client's general thread, made if missing."""
        return self._thread("client_general", client_id=client_id)

    def sitter_thread(self, sitter_id: str) -> str:
        """The owner's thread with the sitter, made if missing."""
        return self._thread("owner_sitter", sitter_id=sitter_id)

    def internal_thread(self) -> str:
        """The organisation's internal thread, made if missing."""
        return self._thread("internal")

    def guest_thread(self) -> str:
        """A general thread for somebody whom nobody knows, and the guest client."""
        self.guest_id = self.guest_id or self.new_id()
        return self._thread("client_general", client_id=self.guest_id)

    def _thread(self, scope: str, *, client_id: str | None = None, sitter_id: str | None = None) -> str:
        known: list[Thread | NewThread] = [*self.facts.threads.values(), *self.threads]
        for thread in known:
            same = (client_id is None or thread.client_id == client_id) and sitter_id in (None, thread.sitter_id)
            if thread.scope == scope and same:
                return thread.id
        made = NewThread(self.new_id(), scope, client_id, sitter_id, self.facts.front_desk)
        self.threads.append(made)
        self._introduce(made)
        return made.id

    def _introduce(self, thread: NewThread) -> None:
        if thread.client_id:
            self._participant(thread.id, "client", self.facts.clients.get(thread.client_id), thread.client_id)
        elif thread.sitter_id:
            self._participant(thread.id, "sitter", self.facts.sitters.get(thread.sitter_id), thread.sitter_id)

    def _participant(self, thread_id: str, role: str, person: Person | None, person_id: str) -> None:
        e164 = (person.e164 if person else None) or self.text.sender
        user_id, client_id = (person_id, None) if role == "sitter" else (None, person_id)
        name = person.name if person else "Guest"
        self.participants.append(NewParticipant(thread_id, role, user_id, client_id, name, e164))

    def hear(self, thread_id: str, *, unread: bool) -> None:
        """Something was said on the thread; unread counts it for the owner."""
        self.unread[thread_id] = self.unread.get(thread_id, 0) + int(unread)

    def say(self, kind: str, body: str, *, thread_id: str, confirmation: bool = False, repeats: bool = False) -> bool:
        """An automatic answer from the number texted, at most once a day and kind unless it repeats; whether it is."""
        sender, today = self.text.sender, self.now.astimezone(self.facts.organisation.zone).date().isoformat()
        muted = sender in self.facts.opted_out and not confirmation
        is_said = (kind, today) in self.facts.answered or kind in self.automatic_kinds
        if muted or (is_said and not repeats):
            return False
        if not is_said:
            self.automatic_kinds.append(kind)
        purpose = Purpose.CONFIRMATION if confirmation else Purpose.AUTOMATIC
        self.outbound.append(
            OutboundText(
                event_id=self.new_id(),
                org_id=self.facts.organisation.id,
                thread_id=thread_id,
                sender_e164=self.facts.number.e164,
                recipient_e164=sender,
                body=body,
                purpose=purpose,
                actor_type="system",
                inbound_event_id=self.event_id,
                arrived_at=self.text.arrived_at,
                metadata={"automatic": kind},
            )
        )
        return True

    def relay(
        self,
        standing: Standing,
        *,
        recipient_e164: str,
        body: str,
        media_urls: tuple[str, ...],
        actor_type: str,
        inbound_event_id: str,
        arrived_at: datetime,
    ) -> None:
        """The text to the other side of a window, from the thread's number."""
        passage = Passage(
            org_id=self.facts.organisation.id,
            thread_id=standing.thread_id,
            sender_e164=self.facts.threads[standing.thread_id].number_e164 or self.facts.number.e164,
            recipient_e164=recipient_e164,
            from_sitter=actor_type == "sitter",
            client_id=standing.client_id,
            sitter_id=standing.sitter_id,
            window_id=standing.window_id,
            not_after=standing.end_at,
            inbound_event_id=inbound_event_id,
            arrived_at=arrived_at,
        )
        self.outbound += relayed(passage, body=body, media_urls=media_urls, new_id=self.new_id)

    def record(
        self,
        thread_id: str,
        *,
        actor: tuple[str, str | None],
        metadata: Mapping[str, Any],
        held: str | None = None,
        responsible_sitter_id: str | None = None,
        requires_response: bool = False,
    ) -> None:
        """The text's own event; held: the contact details found, for which it was not passed on."""
        actor_type, actor_id = actor
        self.event = InboundEvent(
            thread_id=thread_id,
            actor_type=actor_type,
            actor_user_id=actor_id if actor_type in ("sitter", "owner") else None,
            actor_client_id=actor_id if actor_type == "client" else None,
            delivery_status="failed" if held else "received",
            failure_code=BLOCKED if held else None,
            failure_detail=held,
            requires_response=requires_response,
            responsible_sitter_id=responsible_sitter_id,
            metadata=metadata,
        )

    def tell_owner(self, thread_id: str, body: str) -> None:
        """A short text to the owner, at most one for a thread in five minutes."""
        subject = f"thread:{thread_id}"
        if subject not in self.facts.noticed and subject not in {notice.subject for notice in self.notices}:
            self.notify(subject, body)

    def notify(self, subject: str, body: str) -> None:
        """A text to the owner from the front desk, on the internal thread; without either it is only recorded."""
        owner, desk = self.facts.organisation.owner_e164, self.facts.front_desk
        if not owner or desk is None:
            self.notices.append(Notice(subject, None))
            return
        event_id = self.new_id()
        self.notices.append(Notice(subject, event_id))
        self.outbound.append(
            OutboundText(
                event_id=event_id,
                org_id=self.facts.organisation.id,
                thread_id=self.internal_thread(),
                sender_e164=desk.e164,
                recipient_e164=owner,
                body=body,
                purpose=Purpose.OWNER_NOTICE,
                actor_type="system",
            )
        )

    def respond(self, thread_id: str, *, sitter_id: str | None, status: str) -> None:
        """Who owes the client an answer."""
        thread = self.facts.threads.get(thread_id)
        self.response = Response(thread_id, thread.booking_id if thread else None, sitter_id, status)
