"""What follows from one inbound text: the rows to write, all at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from switchboard.domain.facts import Number
from switchboard.domain.messages import OutboundText

BLOCKED = "ANTI_POACHING_BLOCKED"  # failureCode of a text that was held for its contact details


class InboundEvent(NamedTuple):
    """The text's own event, new or (on a second try) as it becomes."""

    thread_id: str
    actor_type: str
    actor_user_id: str | None
    actor_client_id: str | None
    delivery_status: str
    failure_code: str | None
    failure_detail: str | None
    requires_response: bool
    responsible_sitter_id: str | None
    metadata: Mapping[str, Any]


class MovedEvent(NamedTuple):
    """A held text's event when it is decided: its thread, its fate."""

    event_id: str
    thread_id: str
    delivery_status: str
    failure_code: str | None
    failure_detail: str | None
    responsible_sitter_id: str | None
    metadata: Mapping[str, Any]


class NewThread(NamedTuple):
    """A thread that was missing: a general, an owner's and sitter's, or the internal one; on the front desk."""

    id: str
    scope: str
    client_id: str | None
    sitter_id: str | None
    number: Number | None


class NewParticipant(NamedTuple):
    """Who takes part in a thread, if not there yet."""

    thread_id: str
    role: str
    user_id: str | None
    client_id: str | None
    display_name: str | None
    real_e164: str


class Attempt(NamedTuple):
    """Contact details in a text between client and sitter; action blocked or flagged."""

    event_id: str
    thread_id: str
    actor_type: str
    actor_id: str
    violation_type: str
    preview: str
    action: str
    owner_notified: bool


class OptOut(NamedTuple):
    """A person's new state in the organisation, on every number; `as_of`: said then, and what was said since counts."""

    e164: str
    client_id: str | None
    state: str
    as_of: datetime | None = None


class Response(NamedTuple):
    """Who owes a client an answer; status pending, or where nobody does auto_replied or ignored."""

    thread_id: str
    booking_id: str | None
    sitter_id: str | None
    status: str


class Held(NamedTuple):
    """A held text's new state: held (under a question or waiting for the next), released or to_owner."""

    event_id: str
    sitter_id: str
    arrived_at: datetime
    question_id: str | None
    state: str


class NewQuestion(NamedTuple):
    """A question that is sent now; choices are (tag, client id)."""

    id: str
    sitter_id: str
    choices: tuple[tuple[int, str], ...]


class Notice(NamedTuple):
    """The owner is told of a subject, at most once in five minutes; event_id: the text that says it, if any."""

    subject: str
    event_id: str | None


class Decision(NamedTuple):
    """All rows. `event` None: nothing is stored beyond the raw text, whose state is `state`."""

    state: str
    event_id: str | None = None
    event: InboundEvent | None = None
    guest_id: str | None = None
    threads: tuple[NewThread, ...] = ()
    participants: tuple[NewParticipant, ...] = ()
    moved: tuple[MovedEvent, ...] = ()
    outbound: tuple[OutboundText, ...] = ()
    unread: Mapping[str, int] | None = None  # by thread, 0 for one that only heard something
    attempts: tuple[Attempt, ...] = ()
    lock_sitter_id: str | None = None
    opt_out: OptOut | None = None
    response: Response | None = None
    answered: Mapping[str, str] | None = None  # threads whose pending records are answered, by which event
    held: tuple[Held, ...] = ()
    closed_question: tuple[str, int | None] | None = None  # its id and the answer
    question: NewQuestion | None = None
    automatic_kinds: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether the text itself is not passed on for now."""
        blocked = self.event is not None and self.event.failure_code is not None
        return blocked or any(one.event_id == self.event_id and one.state == "held" for one in self.held)
