"""A text's attempts through every mixture of answers, callbacks, deaths and time: never two at once, never none."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from switchboard.domain import attempts
from switchboard.domain.attempts import FAILED_STATUSES, Attempt, QueuedText, Settled, State, Unsendable
from switchboard.domain.delivery import (
    STATUS_RANK,
    Accepted,
    NotSent,
    Refused,
    SendOutcome,
    SentMessage,
    Unknown,
    after_look,
    match_sent,
)
from switchboard.domain.messages import Purpose
from switchboard.domain.sending import Look, Rest, Send, plan, why_unsendable

NOW = datetime(2025, 1, 15, 11, tzinfo=UTC)
END = NOW + timedelta(hours=6)


def a_text(**changes: object) -> QueuedText:
    text = QueuedText(
        event_id="e1",
        org_id="o",
        thread_id="t",
        sender_e164="+15550100011",
        recipient_e164="+15555550102",
        body="hello",
        purpose=Purpose.RELAY,
        state=State.WAITING,
        not_after=END,
        live_until=END,
    )
    return replace(text, **changes)  # type: ignore[arg-type]  # fields by name, as replace takes them


@dataclass
class Message:
    """A message as it truly is at Twilio."""

    attempt: int
    sid: str
    created_at: datetime
    told: list[tuple[str, int | None]] = field(default_factory=lambda: [("queued", None)])

    @property
    def has_failed(self) -> bool:
        return self.told[-1][0] in FAILED_STATUSES


TAKEN = ("accepted", "taken_then_hung", "taken_then_died")
NOT_TAKEN: dict[str, SendOutcome] = {
    "too_many": Refused(20429, 429),
    "queue_full": Refused(21611, 400),
    "unreachable": Refused(30003, 400),
    "landline": Refused(21614, 400),
    "no_connection": NotSent("ConnectTimeout"),
    "server_error": Unknown("http_500"),
    "dropped": Unknown("ConnectionError", dropped=True),
}
DYING = ("died_before", "taken_then_died")
HOW = (*TAKEN, *NOT_TAKEN, "died_before")
NEXT = {"queued": ("sending", "sent"), "sending": ("sent",), "sent": ("delivered", "undelivered", "failed")}
CODES = (None, 30003, 30005, 30006, 30007, 30004, 21611)


class Delivery(RuleBasedStateMachine):
    """One text, one worker at a time, a Twilio that tells the truth late, twice, or out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.text = a_text()
        self.messages: list[Message] = []
        self.owner_saw = 0

    @rule(how=st.sampled_from(HOW), fraction=st.floats(0, 0.999))
    def work(self, how: str, fraction: float) -> None:
        if self.text.state is State.CLAIMED:
            self.now += timedelta(seconds=61)  # the lease of the worker that died
        planned = plan([self.text], now=self.now, fraction=fraction)
        for settled in planned.settled:
            self.take(settled)
        if isinstance(planned.step, Send) and self.text.state is State.WAITING:
            self.send(how, fraction)
        elif isinstance(planned.step, Look):
            self.look(fraction)

    def send(self, how: str, fraction: float) -> None:
        number = len(self.text.attempts) + 1
        if self.text.attempts:
            assert self.now < END, "a retry after the window's end"
        claimed = Attempt(number, "claimed", self.now)
        self.text = replace(self.text, state=State.CLAIMED, attempts=(*self.text.attempts, claimed))
        if how in TAKEN:
            self.messages.append(Message(number, f"SM{len(self.messages)}", self.now))
        if how not in DYING:
            outcome = self.outcome(how)
            self.take(attempts.record_outcome(self.text, outcome, now=self.now, fraction=fraction))

    def outcome(self, how: str) -> SendOutcome:
        if how == "accepted":
            return Accepted(self.messages[-1].sid, "queued")
        return NOT_TAKEN[how] if how in NOT_TAKEN else Unknown("ReadTimeout")

    def look(self, fraction: float) -> None:
        newest = self.text.newest
        held = {one.sid for one in self.text.attempts if one.sid}
        found = [self.shown(message) for message in self.messages if message.sid not in held]
        match = match_sent(
            found, body="hello", sent_after=newest.claimed_at, sent_before=newest.claimed_at, known_sids=held
        )
        result = after_look(
            match,
            empty_looks=newest.looks + 1,
            empty_looks_needed=newest.looks_needed,
            now=self.now,
            window_end=self.text.retry_end,
        )
        message = next((one for one in found if one.sid == match.only_sid), None)
        self.take(attempts.record_look(self.text, result, message, now=self.now, fraction=fraction))

    def shown(self, message: Message) -> SentMessage:
        status, code = message.told[-1]
        return SentMessage(message.sid, "", "", "hello", status, message.created_at, code)

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def carry(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(self.messages))
        if following := NEXT.get(message.told[-1][0]):
            status = data.draw(st.sampled_from(following))
            code = data.draw(st.sampled_from(CODES)) if status in FAILED_STATUSES else None
            message.told.append((status, code))

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), fraction=st.floats(0, 0.999))
    def call_back(self, data: st.DataObject, fraction: float) -> None:
        message = data.draw(st.sampled_from(self.messages))
        self.tell(message, data.draw(st.sampled_from(message.told)), fraction)

    def tell(self, message: Message, told: tuple[str, int | None], fraction: float) -> None:
        before = self.text
        settled = attempts.record_status(
            before,
            number=message.attempt,
            sid=message.sid,
            status=told[0],
            error_code=told[1],
            now=self.now,
            fraction=fraction,
        )
        if settled:
            assert STATUS_RANK[told[0]] > STATUS_RANK.get(before.attempts[message.attempt - 1].status, -1)
            self.take(settled)

    @rule(seconds=st.sampled_from([1, 10, 61, 901, 3600, 5 * 3600]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def take(self, settled: Settled) -> None:
        self.text = settled.text
        self.owner_saw += settled.owner_sees

    @invariant()
    def no_two_messages_are_on_their_way(self) -> None:
        assert sum(1 for message in self.messages if not message.has_failed) <= 1

    @invariant()
    def what_is_done_waits_for_nothing(self) -> None:
        if self.text.state is State.DONE:
            assert self.text.next_attempt_at is None

    def teardown(self) -> None:
        """With a Twilio that works and tells everything, the text arrives or the owner sees that it did not."""
        for _ in range(100):
            for message in self.messages:
                for told in message.told:
                    self.tell(message, told, 0.5)
            if self.text.state is State.DONE:
                break
            self.now += timedelta(hours=1)
            self.work("accepted", 0.5)
        self.no_two_messages_are_on_their_way()
        assert self.text.state is State.DONE
        if any(not message.has_failed for message in self.messages):
            assert self.text.delivery_status not in FAILED_STATUSES
        else:
            assert self.text.delivery_status in FAILED_STATUSES
            assert self.text.failure_code
            assert self.owner_saw


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)


def test_texts_go_in_order_and_one_put_back_holds_those_behind_it_for_a_minute_at_most() -> None:
    first, second = a_text(event_id="1"), a_text(event_id="2")
    for pause_s, step in ((0, Send), (1, Rest), (60, Rest), (61, Send)):
        put_back = replace(first, next_attempt_at=NOW + timedelta(seconds=pause_s))
        found = plan([put_back, second], now=NOW, fraction=0.5).step
        assert isinstance(found, step)
        if isinstance(found, Send):
            assert found.text.event_id == ("2" if pause_s else "1")


def test_texts_that_may_not_leave_do_not_hold_those_behind_them() -> None:
    refused = [a_text(event_id=str(n), opted_out=True) for n in range(3)]
    planned = plan([*refused, a_text(event_id="good")], now=NOW, fraction=0.5)
    assert isinstance(planned.step, Send)
    assert planned.step.text.event_id == "good"
    assert [one.text.failure_code for one in planned.settled] == ["RECIPIENT_OPTED_OUT"] * 3


@pytest.mark.parametrize(
    ("facts", "purposes"),
    [
        ({"opted_out": True}, set(Purpose) - {Purpose.CONFIRMATION}),
        ({"pair_blocked": True}, set(Purpose)),
        ({"sitter_gone": True}, {Purpose.RELAY}),
        ({"window_open": False}, {Purpose.RELAY}),
    ],
)
def test_what_stops_a_text_depends_on_what_it_is_for(facts: dict[str, object], purposes: set[Purpose]) -> None:
    stopped = {one for one in Purpose if why_unsendable(a_text(purpose=one, **facts), now=NOW)}
    assert stopped == purposes


def test_the_reason_that_weighs_most_is_told() -> None:
    text = a_text(opted_out=True, pair_blocked=True, sitter_gone=True, window_open=False)
    assert why_unsendable(text, now=NOW) is Unsendable.OPTED_OUT
