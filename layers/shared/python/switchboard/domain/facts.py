"""Everything that is stored and bears on one inbound text, gathered before anything is decided."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import NamedTuple

LONGEST_NAME, MOST_DIGITS = 40, 4


class Number(NamedTuple):
    """One of our numbers."""

    id: str
    e164: str
    status: str
    number_class: str
    assigned_sitter_id: str | None


class Organisation(NamedTuple):
    """Whose number was texted."""

    id: str
    owner_e164: str | None
    booking_link: str | None
    hotlines: tuple[str, ...]
    sla_seconds: int | None
    zone: tzinfo


class Person(NamedTuple):
    """A client or a sitter. `active`, `locked`: sitters only; `title` is what one without a name is called.

    `guest`: a client of whom the booking system has said nothing.
    """

    id: str
    first_name: str | None
    last_name: str | None
    e164: str | None
    active: bool = True
    locked: bool = False
    title: str = "Client"
    guest: bool = False

    @property
    def name(self) -> str:
        """What the other side is told: `Jane D.`, `Jane` without a last name, `Guest` for a guest."""
        first, last = _shown(self.first_name), _shown(self.last_name)
        nameless = "Guest" if self.guest else self.title
        return f"{first or nameless} {last[0]}." if last else first or nameless


def _shown(name: str | None) -> str:
    """A name on one line, as long as names are; nothing where a phone or an address stands in its place."""
    words = " ".join((name or "").split())
    digits = sum(letter.isdecimal() for letter in words)
    return "" if digits > MOST_DIGITS or "@" in words else words[:LONGEST_NAME].rstrip()


class Thread(NamedTuple):
    """A thread as it stands now."""

    id: str
    scope: str
    booking_id: str | None
    client_id: str | None
    sitter_id: str | None
    number_id: str | None
    number_e164: str | None
    is_open: bool = True


class WindowState(NamedTuple):
    """A window's row as it was until `until`; None: as it stands now."""

    window_id: str
    thread_id: str
    sitter_id: str
    start_at: datetime
    end_at: datetime
    status: str
    tag: int | None
    until: datetime | None = None


class RecentText(NamedTuple):
    """A text that the same sender wrote on a thread within minutes of this one or of a held one.

    body: as it was passed on, without a tag.
    """

    event_id: str
    thread_id: str
    body: str
    arrived_at: datetime


class HeldText(NamedTuple):
    """A sitter's text that waits for the sitter to say for whom it is."""

    event_id: str
    question_id: str | None
    body: str
    media_json: str | None
    arrived_at: datetime


class Choice(NamedTuple):
    """One answer to a question: the tag and what it stands for."""

    tag: int
    client_id: str


class Question(NamedTuple):
    """The open question to a sitter on a number."""

    id: str
    asked_at: datetime
    choices: tuple[Choice, ...]


class Facts(NamedTuple):
    """What is stored. `own_sender`: the sender is a number of ours; `clients` and `sitters` hold all in play."""

    organisation: Organisation
    number: Number
    front_desk: Number | None
    own_sender: bool
    client_ids: tuple[str, ...]  # those with the sender's phone
    sitter_ids: tuple[str, ...]  # those with the sender's phone
    clients: Mapping[str, Person]
    sitters: Mapping[str, Person]
    threads: Mapping[str, Thread]
    windows: tuple[WindowState, ...]
    opted_out: frozenset[str]  # phones, of all in play
    opted_at: datetime | None = None  # the arrival of the sender's last STOP or START
    home_thread_id: str | None = None  # the sender's open thread on this number, the one last spoken on
    leased_thread_id: str | None = None
    sitter_has_thread: bool = False  # a sitter with the sender's phone has a thread on this number
    next_opening: datetime | None = None  # the next window of such a sitter on this number
    recent: tuple[RecentText, ...] = ()
    held: tuple[HeldText, ...] = ()
    question: Question | None = None
    answered: frozenset[tuple[str, str]] = frozenset()  # automatic answers to the sender: kind and day
    strikes: Mapping[str, int] = MappingProxyType({})  # blocked, unreleased attempts lately, by sitter
    noticed: frozenset[str] = frozenset()  # subjects that the owner was told of in the last five minutes
