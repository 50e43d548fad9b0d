"""A sitter with several clients at once: texts without a tag are held, asked about, released or given to the owner."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from switchboard.domain import wording
from switchboard.domain.contact_check import Policy, read_media
from switchboard.domain.decision import BLOCKED, Held, MovedEvent, NewQuestion
from switchboard.domain.draft import Draft
from switchboard.domain.facts import Facts, HeldText, RecentText
from switchboard.domain.holding import find_details, note_attempt
from switchboard.domain.route_inputs import unreachable, writing_sitter
from switchboard.domain.routing import Capacity, Destination, Route, RouteInputs, choose_route
from switchboard.domain.standing import Standing, standings

LONGEST_HOLD = timedelta(minutes=30)


@dataclass(slots=True)
class HeldTexts:
    """The held texts of one sitter on one number, and what becomes of them in a draft."""

    draft: Draft
    policy: Policy
    said: list[RecentText] = field(default_factory=list)  # released in this draft

    @property
    def sitter_id(self) -> str:
        """Whose texts they are."""
        sitter = writing_sitter(self.draft.facts)
        return sitter.id if sitter else ""

    def hold(self, event_id: str, *, arrived_at: datetime) -> None:
        """Holds a text; where no question is open, asks one that covers it and all that wait."""
        question = self.draft.facts.question
        waiting = [(one.event_id, one.arrived_at) for one in self.draft.facts.held if one.question_id is None]
        if question is None:
            self._ask([*waiting, (event_id, arrived_at)])
        else:
            self._keep(event_id, arrived_at, question_id=None, state="held")

    def answer(self, tag: int, client_id: str) -> None:
        """Releases what was held before the question was sent; what came later is asked about now."""
        question = self.draft.facts.question
        if question is None:
            return
        self.draft.closed_question = (question.id, tag)
        for held in self.draft.facts.held:
            if held.question_id == question.id:
                self._settle(held, named=client_id)
        self._ask([(one.event_id, one.arrived_at) for one in self.draft.facts.held if one.question_id != question.id])

    def expire(self) -> None:
        """Gives the owner what has been held for 30 minutes; a question that covers nothing any more is closed."""
        question, held = self.draft.facts.question, self.draft.facts.held
        overdue = [one for one in held if one.arrived_at <= self.draft.now - LONGEST_HOLD]
        for one in overdue:
            self._settle(one, overdue=True)
        rest = [one for one in held if one not in overdue]
        if question and not any(one.question_id == question.id for one in rest):
            self.draft.closed_question = (question.id, None)
            question = None
        if question is None:
            self._ask([(one.event_id, one.arrived_at) for one in rest])

    def _ask(self, waiting: Sequence[tuple[str, datetime]]) -> None:
        """One question for all that wait, naming whom they may be for."""
        if not waiting:
            return
        draft = self.draft
        choices = choices_at(draft.facts, [arrived_at for _, arrived_at in waiting])
        question = NewQuestion(draft.new_id(), self.sitter_id, choices)
        draft.question = question
        for event_id, arrived_at in waiting:
            self._keep(event_id, arrived_at, question_id=question.id, state="held")
        named = [(tag, draft.facts.clients[client_id].name) for tag, client_id in choices]
        thread_id = draft.sitter_thread(self.sitter_id)
        draft.say("question", wording.question(named), thread_id=thread_id, repeats=True)

    def _keep(self, event_id: str, arrived_at: datetime, *, question_id: str | None, state: str) -> None:
        self.draft.held.append(Held(event_id, self.sitter_id, arrived_at, question_id, state))

    def _settle(self, held: HeldText, *, named: str | None = None, overdue: bool = False) -> None:
        """Window and opt-out are looked at again; what fails is the owner's."""
        inputs = self._inputs(held, named=named, overdue=overdue)
        route = choose_route(inputs)
        if route.to is Destination.CLIENT and route.standing:
            self._release(held, route.standing, route, inputs)
        else:
            self._to_owner(held, route, inputs)

    def _inputs(self, held: HeldText, *, named: str | None, overdue: bool) -> RouteInputs:
        facts = self.draft.facts
        mine = tuple(one for one in standings(facts, at=held.arrived_at) if one.sitter_id in facts.sitter_ids)
        sitter = writing_sitter(facts)
        return RouteInputs(
            capacity=Capacity.SITTER,
            arrived_at=held.arrived_at,
            number_class=facts.number.number_class,
            number_status=facts.number.status,
            relay=self.policy.relay,
            standings=mine,
            locked=bool(sitter and sitter.locked) or self.draft.lock_sitter_id is not None,
            gone=bool(sitter and not sitter.active),
            unreachable=unreachable(facts, mine, sitters=False),
            named=named,
            overdue=overdue,
        )

    def _release(self, held: HeldText, standing: Standing, route: Route, inputs: RouteInputs) -> None:
        draft, media = self.draft, read_media(held.media_json)
        finding = find_details(
            draft,
            policy=self.policy,
            thread_id=standing.thread_id,
            body=held.body,
            media=media,
            at=held.arrived_at,
            just_said=self.said,
        )
        blocked = finding is not None and finding.blocked
        metadata: dict[str, object] = {"route": route.as_json(inputs)}
        if finding:
            metadata["contact"] = finding.as_json()
        self._move(
            held, standing.thread_id, metadata, blocked=", ".join(finding.types) if finding and blocked else None
        )
        self._keep(held.event_id, held.arrived_at, question_id=held.question_id, state="released")
        self.said.append(RecentText(held.event_id, standing.thread_id, held.body, held.arrived_at))
        if finding:
            note_attempt(draft, finding, event_id=held.event_id, standing=standing, from_sitter=True)
        if not blocked:
            draft.hear(standing.thread_id, unread=False)
            draft.answered.setdefault(standing.thread_id, held.event_id)
            draft.relay(
                standing,
                recipient_e164=draft.facts.clients[standing.client_id].e164 or "",
                body=held.body,
                media_urls=tuple(one.url for one in media),
                actor_type="sitter",
                inbound_event_id=held.event_id,
                arrived_at=held.arrived_at,
            )

    def _to_owner(self, held: HeldText, route: Route, inputs: RouteInputs) -> None:
        draft = self.draft
        thread_id = route.standing.thread_id if route.standing else draft.sitter_thread(self.sitter_id)
        metadata: dict[str, object] = {"route": route.as_json(inputs)}
        self._move(held, thread_id, metadata, blocked=None)
        self._keep(held.event_id, held.arrived_at, question_id=held.question_id, state="to_owner")
        draft.hear(thread_id, unread=True)
        name = draft.facts.sitters[self.sitter_id].name
        draft.tell_owner(thread_id, wording.owner_not_relayed(name, route.reason))

    def _move(self, held: HeldText, thread_id: str, metadata: dict[str, object], *, blocked: str | None) -> None:
        self.draft.moved.append(
            MovedEvent(
                event_id=held.event_id,
                thread_id=thread_id,
                delivery_status="failed" if blocked else "received",
                failure_code=BLOCKED if blocked else None,
                failure_detail=blocked,
                responsible_sitter_id=self.sitter_id,
                metadata=metadata,
            )
        )


def choices_at(facts: Facts, instants: Iterable[datetime]) -> tuple[tuple[int, str], ...]:
    """The clients in question at any of the instants, each under one number: its tag where that tells it apart."""
    best: dict[str, Standing] = {}
    for at in instants:
        for one in standings(facts, at=at):
            mine = one.sitter_id in facts.sitter_ids and one.in_question(at)
            if mine and (one.client_id not in best or _rank(one) > _rank(best[one.client_id])):
                best[one.client_id] = one
    numbered: dict[int, str] = {}
    for one in sorted(best.values(), key=_rank, reverse=True):
        tag = one.tag if one.tag and one.tag not in numbered else None
        numbered[tag or _free(numbered, best.values())] = one.client_id
    return tuple(sorted(numbered.items()))


def _rank(standing: Standing) -> tuple[bool, bool, datetime, str]:
    return standing.tag is not None, standing.active, standing.start_at, standing.window_id


def _free(numbered: dict[int, str], all_of_them: Iterable[Standing]) -> int:
    taken = {*numbered, *(one.tag for one in all_of_them if one.tag)}
    return next(number for number in range(1, len(taken) + 2) if number not in taken)
