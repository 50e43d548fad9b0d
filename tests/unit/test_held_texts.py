"""A sitter with several clients, as a machine: nothing is ever lost, and nothing goes to the wrong client."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from switchboard.domain.anti_poaching import AntiPoachingMode
from switchboard.domain.contact_check import Policy
from switchboard.domain.decision import Decision
from switchboard.domain.draft import Draft
from switchboard.domain.facts import (
    Choice,
    Facts,
    HeldText,
    Number,
    Organisation,
    Person,
    Question,
    Thread,
    WindowState,
)
from switchboard.domain.inbound import decide
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.messages import Purpose
from switchboard.domain.questions import HeldTexts

START = datetime(2025, 1, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SAM, NUMBER = "+15555550102", Number("n1", "+15550100011", "active", "sitter", "sam")
NAMES = {"jane": "Jane", "omar": "Omar", "ann": "Ann"}
PHONES = {"jane": "+15555550101", "omar": "+15555550104", "ann": "+15555550105"}
POLICY = Policy(relay=True, mode=AntiPoachingMode.OFF)


class SitterWithClients(RuleBasedStateMachine):
    """The facts are kept as the statements would; each text says in its words for whom the sitter means it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = (f"id-{n}" for n in itertools.count(1))
        self.now = START
        self.meant: dict[str, str | None] = {}  # event → client; None: it says so with no tag
        self.passed: Counter[str] = Counter()
        self.owners: Counter[str] = Counter()
        self.answers: set[str] = set()
        clients = {name: Person(name, first, None, PHONES[name]) for name, first in NAMES.items()}
        self.facts = Facts(
            organisation=Organisation("default", None, None, (), None, UTC),
            number=NUMBER,
            front_desk=None,
            own_sender=False,
            client_ids=(),
            sitter_ids=("sam",),
            clients=clients,
            sitters={"sam": Person("sam", "Sam", "Lee", SAM)},
            threads={
                **{
                    f"t-{name}": Thread(f"t-{name}", "client_booking", name, name, "sam", "n1", NUMBER.e164)
                    for name in NAMES
                },
                "t-sam": Thread("t-sam", "owner_sitter", None, None, "sam", None, None),
            },
            windows=(),
            opted_out=frozenset(),
        )

    @initialize(ends=st.lists(st.integers(-90, 180), min_size=3, max_size=3))
    def open_windows(self, ends: list[int]) -> None:
        self.facts = self.facts._replace(
            windows=tuple(
                WindowState(f"w-{name}", f"t-{name}", "sam", START - 120 * MINUTE, START + end * MINUTE, "active", tag)
                for tag, (name, end) in enumerate(zip(NAMES, ends, strict=True), start=1)
            ),
        )

    def _send(self, body: str, *, late: int = 0) -> Decision:
        event_id = next(self.ids)
        text = InboundText(event_id, SAM, NUMBER.e164, body, (), None, self.now - late * MINUTE)
        decision = decide(
            self.facts, text, policy=POLICY, event_id=event_id, now=self.now, new_id=lambda: next(self.ids)
        )
        self._apply(decision, {event_id: (body, text.arrived_at)})
        return decision

    def _apply(self, decision: Decision, new: dict[str, tuple[str, datetime]]) -> None:
        bodies = {one.event_id: (one.body, one.arrived_at) for one in self.facts.held} | new
        held = {one.event_id: one for one in self.facts.held}
        for change in decision.held:
            body, arrived_at = bodies[change.event_id]
            held.pop(change.event_id, None)
            if change.state == "held":
                held[change.event_id] = HeldText(change.event_id, change.question_id, body, None, arrived_at)
            elif change.state == "to_owner":
                self.owners[change.event_id] += 1
        question = None if decision.closed_question else self.facts.question
        if decision.question:
            assert question is None, "a second question while one is open"
            choices = tuple(Choice(tag, client) for tag, client in decision.question.choices)
            question = Question(decision.question.id, self.now, choices)
        for one in decision.outbound:
            if one.purpose is Purpose.RELAY and one.inbound_event_id:
                self.passed[one.inbound_event_id] += 1
                self._check_recipient(one.inbound_event_id, one.recipient_e164, bodies)
        if decision.event and decision.event_id and decision.event_id not in {c.event_id for c in decision.held}:
            rule_name = decision.event.metadata["route"]["rule"]
            if rule_name == "sitter_answer":
                self.answers.add(decision.event_id)
            elif not self.passed[decision.event_id]:
                self.owners[decision.event_id] += 1
        self.meant.update(dict.fromkeys(new))
        self.facts = self.facts._replace(held=tuple(held.values()), question=question)

    def _check_recipient(self, event_id: str, e164: str, bodies: dict[str, tuple[str, datetime]]) -> None:
        body, arrived_at = bodies[event_id]
        client = next(name for name, phone in PHONES.items() if phone == e164)
        window = next(one for one in self.facts.windows if one.thread_id == f"t-{client}")
        assert window.start_at <= arrived_at < window.end_at, "outside the window of its arrival"
        if body.startswith("#") and int(body[1]) <= len(NAMES):
            assert window.tag == int(body[1]), "not whom the tag names"
        elif self.answering is not None:
            assert client == self.answering, "not whom the answer names"
        else:
            asked = [w for w in self.facts.windows if w.end_at > arrived_at - 60 * MINUTE]
            assert len(asked) == 1, "guessed among several"

    answering: str | None = None

    @rule()
    def write_without_a_tag(self) -> None:
        self._send("All fed")

    @rule(late=st.integers(1, 20))
    def write_something_that_is_processed_late(self, late: int) -> None:
        self._send("All fed", late=late)

    @rule(tag=st.integers(1, 4))
    def write_with_a_tag(self, tag: int) -> None:
        self._send(f"#{tag} All fed")

    @rule(number=st.integers(1, 4), late=st.sampled_from([0, 0, 0, 5]))
    def write_a_bare_number(self, number: int, late: int) -> None:
        question = self.facts.question
        named = {choice.tag: choice.client_id for choice in question.choices} if question else {}
        in_time = question is not None and self.now - late * MINUTE >= question.asked_at
        self.answering = named.get(number) if in_time else None
        before = {one.event_id for one in self.facts.held if question and one.question_id == question.id}
        later = {one.event_id for one in self.facts.held} - before
        decision = self._send(str(number), late=late)
        if decision.closed_question:
            still = {one.event_id for one in self.facts.held}
            assert not before & still, "the answer left a text of its question behind"
            assert later <= still, "the answer released a text that its question did not cover"
        self.answering = None

    @rule(minutes=st.sampled_from([1, 7, 31, 61]))
    def let_time_pass(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule()
    def keep_house(self) -> None:
        nothing = InboundText("", SAM, NUMBER.e164, "", (), None, self.now)
        draft = Draft(self.facts, nothing, event_id="", now=self.now, new_id=lambda: next(self.ids))
        HeldTexts(draft, POLICY).expire()
        self._apply(draft.decision(), {})
        assert all(one.arrived_at > self.now - 30 * MINUTE for one in self.facts.held)

    @invariant()
    def every_text_is_in_exactly_one_place(self) -> None:
        held = {one.event_id for one in self.facts.held}
        for event_id in self.meant:
            places = self.passed[event_id] + self.owners[event_id] + (event_id in held) + (event_id in self.answers)
            assert places == 1, event_id

    @invariant()
    def what_is_held_is_asked_about(self) -> None:
        assert bool(self.facts.held) == (self.facts.question is not None)


SitterWithClients.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestSitterWithClients = SitterWithClients.TestCase
