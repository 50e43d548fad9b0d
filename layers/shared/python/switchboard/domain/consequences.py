"""What follows from a chosen route: relays, holds, answers, notices, each as rows of a draft."""

from dataclasses import dataclass
from typing import Any

from switchboard.domain import wording
from switchboard.domain.contact_check import Finding, Policy
from switchboard.domain.decision import OptOut
from switchboard.domain.draft import Draft
from switchboard.domain.facts import Person
from switchboard.domain.holding import HELD_KIND, find_details, note_attempt
from switchboard.domain.keywords import Keyword
from switchboard.domain.questions import HeldTexts
from switchboard.domain.route_inputs import writing_sitter
from switchboard.domain.routing import (
    NUMBER_NOT_IN_USE,
    OVERLAPPING_WINDOWS,
    POOL_WITHOUT_THREAD,
    SITTER_ENDED_TAG,
    SITTER_NO_WINDOW,
    Capacity,
    Route,
    RouteInputs,
)
from switchboard.domain.standing import Standing, standings

_STOPS = (Keyword.STOP, Keyword.CANCEL, Keyword.WISH_TO_STOP)


@dataclass(slots=True)
class Consequences:
    """Writes what follows into the draft; one of its methods is called for a text."""

    draft: Draft
    policy: Policy
    inputs: RouteInputs
    route: Route
    body: str  # without the tag
    shown_tag: int | None = None

    def relay_to_sitter(self, standing: Standing) -> None:
        """A client's text to the sitter of the window."""
        facts = self.draft.facts
        name = facts.clients[standing.client_id].name
        self.shown_tag = self._shown_tag(standing)
        body = wording.relayed(name, self.draft.text.body, tag=self.shown_tag)
        passed = self._pass_on(
            standing, actor=("client", standing.client_id), recipient=facts.sitters[standing.sitter_id], body=body
        )
        unanswered = "pending" if passed else "ignored"
        status = "auto_replied" if HELD_KIND in self.draft.automatic_kinds else unanswered
        self.draft.respond(standing.thread_id, sitter_id=standing.sitter_id, status=status)

    def relay_to_client(self, standing: Standing) -> None:
        """A sitter's text to the client of the window: the answer to all that waits on the thread."""
        client = self.draft.facts.clients[standing.client_id]
        if self._pass_on(standing, actor=("sitter", standing.sitter_id), recipient=client, body=self.said):
            self.draft.answered[standing.thread_id] = self.draft.event_id

    def _pass_on(self, standing: Standing, *, actor: tuple[str, str], recipient: Person, body: str) -> bool:
        """Relays the text, or holds it for its contact details; whether it was relayed."""
        draft, thread_id = self.draft, standing.thread_id
        finding = find_details(
            draft,
            policy=self.policy,
            thread_id=thread_id,
            body=self.said,
            media=draft.text.media,
            at=draft.text.arrived_at,
        )
        held = finding if finding and finding.blocked else None
        draft.record(
            thread_id,
            actor=actor,
            metadata=self._metadata(finding),
            held=", ".join(held.types) if held else None,
            responsible_sitter_id=standing.sitter_id,
            requires_response=actor[0] == "client" and held is None,
        )
        draft.hear(thread_id, unread=False)
        if finding:
            from_sitter = actor[0] == "sitter"
            note_attempt(draft, finding, event_id=draft.event_id, standing=standing, from_sitter=from_sitter)
        if held is None:
            draft.relay(
                standing,
                recipient_e164=recipient.e164 or "",
                body=body,
                media_urls=tuple(one.url for one in draft.text.media),
                actor_type=actor[0],
                inbound_event_id=draft.event_id,
                arrived_at=draft.text.arrived_at,
            )
        return held is None

    @property
    def said(self) -> str:
        """The sender's own words: without the tag where it was one."""
        return self.body if self.route.strip_tag else self.draft.text.body

    def _shown_tag(self, standing: Standing) -> int | None:
        """The tag is shown to a sitter with two or more live clients on the number."""
        live = {
            one.client_id
            for one in standings(self.draft.facts, at=self.draft.text.arrived_at)
            if one.active and one.sitter_id == standing.sitter_id
        }
        return standing.tag if len(live) > 1 else None

    def to_owner(self) -> None:
        """The text waits in the owner's inbox, and the owner is told; some senders are answered."""
        draft = self.draft
        thread_id = self._owners_thread()
        actor = self._actor(thread_id)
        from_client = actor[0] == "client"
        draft.record(thread_id, actor=actor, metadata=self._metadata(None), requires_response=from_client)
        draft.hear(thread_id, unread=True)
        if from_client:
            draft.respond(thread_id, sitter_id=None, status="pending")
        if self.inputs.capacity is Capacity.OWNER:
            if not self._is_late:
                draft.say("owner_hint", wording.OWNER_HINT, thread_id=thread_id)
            return
        name = self._name(actor)
        told = wording.owner_not_relayed(name, self.route.reason) if self.route.standing else None
        draft.tell_owner(thread_id, told or wording.owner_new_text(name))
        if not self._is_late:
            self._answer_automatically(thread_id)

    @property
    def _is_late(self) -> bool:
        """Its webhook was lost: hours later nobody waits for an automatic answer, and Twilio may have given its own."""
        return self.draft.text.found_at is not None

    def _answer_automatically(self, thread_id: str) -> None:
        draft, organisation = self.draft, self.draft.facts.organisation
        if self.route.rule == POOL_WITHOUT_THREAD:
            front_desk = draft.facts.front_desk.e164 if draft.facts.front_desk else None
            draft.say("pool", wording.pool_answer(front_desk, organisation.booking_link), thread_id=thread_id)
        elif self.route.rule in (SITTER_NO_WINDOW, SITTER_ENDED_TAG) and not self._has_window():
            opening = draft.facts.next_opening
            words = wording.no_window(opening.astimezone(organisation.zone) if opening else None)
            draft.say("no_window", words, thread_id=thread_id)

    def _has_window(self) -> bool:
        return any(standing.active for standing in self.inputs.standings)

    def obey(self, keyword: Keyword) -> None:
        """STOP and its like, START, HELP: stored, seen by the owner, never relayed."""
        draft, answered = self.draft, self.draft.text.opt_out_type is not None or self._is_late
        overtaken = keyword is not Keyword.HELP and self._is_overtaken
        thread_id = self._owners_thread()
        actor = self._actor(thread_id)
        draft.record(thread_id, actor=actor, metadata=self._metadata(None))
        draft.hear(thread_id, unread=True)
        said = not answered and not overtaken and self._confirm(keyword, thread_id)
        if not overtaken:
            self._opt(keyword, actor)
        if actor[0] == "client":
            draft.respond(thread_id, sitter_id=None, status="auto_replied" if said else "ignored")
        if self.inputs.capacity is Capacity.OWNER:
            return
        if overtaken:
            draft.tell_owner(thread_id, wording.owner_new_text(self._name(actor)))
        else:
            self._tell_of(keyword, thread_id, self._name(actor))

    @property
    def _is_overtaken(self) -> bool:
        """The text had to wait, and the sender's later word on getting texts was quicker: that one counts."""
        said_at = self.draft.facts.opted_at
        return said_at is not None and said_at > self.draft.text.arrived_at

    def _confirm(self, keyword: Keyword, thread_id: str) -> bool:
        """Answers each STOP and each START that changes something; another START, and HELP, once a day."""
        draft = self.draft
        if keyword in _STOPS:
            if self.inputs.mute:
                return False
            return draft.say("opted_out", wording.OPTED_OUT, thread_id=thread_id, confirmation=True, repeats=True)
        if keyword is Keyword.HELP:
            return draft.say("help", wording.HELP, thread_id=thread_id, confirmation=True)
        changes = self.inputs.mute
        return draft.say("opted_in", wording.OPTED_IN, thread_id=thread_id, confirmation=True, repeats=changes)

    def _opt(self, keyword: Keyword, actor: tuple[str, str | None]) -> None:
        if keyword is Keyword.HELP:
            return
        client_id = actor[1] if actor[0] == "client" else None
        state = "opted_out" if keyword in _STOPS else "opted_in"
        as_of = self.draft.text.arrived_at if self._is_late else None
        self.draft.opt_out = OptOut(self.draft.text.sender, client_id, state, as_of)

    def _tell_of(self, keyword: Keyword, thread_id: str, name: str) -> None:
        if keyword is Keyword.CANCEL:
            self.draft.notify(f"cancel:{self.draft.event_id}", wording.owner_cancel(name))
        elif keyword in _STOPS and not self.inputs.mute:
            told = wording.owner_new_text(name) if self._is_late else wording.owner_opted_out(name)
            self.draft.tell_owner(thread_id, told)  # a late one may not be their last word

    def hold(self) -> None:
        """A sitter's text that does not say for whom it is."""
        thread_id = self._owners_thread()
        self.draft.record(thread_id, actor=self._actor(thread_id), metadata=self._metadata(None))
        self.draft.hear(thread_id, unread=False)
        HeldTexts(self.draft, self.policy).hold(self.draft.event_id, arrived_at=self.draft.text.arrived_at)

    def answer(self, tag: int) -> None:
        """The sitter's answer to the open question."""
        thread_id = self._owners_thread()
        self.draft.record(thread_id, actor=self._actor(thread_id), metadata=self._metadata(None))
        self.draft.hear(thread_id, unread=False)
        HeldTexts(self.draft, self.policy).answer(tag, (self.inputs.choices or {})[tag])

    def _owners_thread(self) -> str:
        """The thread where the text stays when nobody but the owner gets it."""
        draft, facts, capacity = self.draft, self.draft.facts, self.inputs.capacity
        if capacity in (Capacity.OWNER, Capacity.UNREADABLE):
            return draft.internal_thread()
        if self.route.standing:
            return self.route.standing.thread_id
        if capacity in (Capacity.SITTER, Capacity.SITTER_ELSEWHERE):
            sitter = writing_sitter(facts)
            return draft.sitter_thread(sitter.id if sitter else facts.sitter_ids[0])
        if capacity is Capacity.GUEST:
            return draft.guest_thread()
        own = facts.home_thread_id or facts.leased_thread_id
        if own and self.route.rule not in (OVERLAPPING_WINDOWS, NUMBER_NOT_IN_USE):
            return own
        thread = facts.threads.get(own or "")
        client_id = thread.client_id if thread else None
        return draft.general_thread(client_id if client_id in facts.client_ids and client_id else facts.client_ids[0])

    def _actor(self, thread_id: str) -> tuple[str, str | None]:
        """Who speaks: the kind of person and their id."""
        draft, facts, capacity = self.draft, self.draft.facts, self.inputs.capacity
        if capacity is Capacity.OWNER:
            return "owner", None
        if capacity is Capacity.UNREADABLE:
            return "system", None
        if capacity in (Capacity.SITTER, Capacity.SITTER_ELSEWHERE):
            sitter = writing_sitter(facts)
            return "sitter", sitter.id if sitter else None
        if capacity is Capacity.GUEST:
            return "client", draft.guest_id
        thread = facts.threads.get(thread_id)
        client_id = thread.client_id if thread else None
        return "client", client_id if client_id in facts.client_ids else facts.client_ids[0]

    def _name(self, actor: tuple[str, str | None]) -> str:
        kind, person_id = actor
        people = self.draft.facts.sitters if kind == "sitter" else self.draft.facts.clients
        person: Person | None = people.get(person_id or "")
        return person.name if person else "Guest" if kind == "client" else "Somebody"

    def _metadata(self, finding: Finding | None) -> dict[str, Any]:
        metadata: dict[str, Any] = {"route": self.route.as_json(self.inputs)}
        if finding:
            metadata["contact"] = finding.as_json()
        if self.shown_tag is not None:
            metadata["tag"] = self.shown_tag
        return metadata
