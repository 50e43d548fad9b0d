"""What has to happen to a booking's thread, from the stored rows alone: the table of booking changes."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from switchboard.domain.bookings import Booking, Client, EventType, Sitter, Status
from switchboard.domain.classification import is_one_time
from switchboard.domain.numbers import Number, NumberClass, number_class
from switchboard.domain.windows import Interval, TaggedSpan


class Outcome(StrEnum):
    """What a booking event did."""

    CREATED = "created"
    REASSIGNED = "reassigned"
    UNASSIGNED = "unassigned"
    MOVED = "moved"
    CLOSED = "closed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    DEFERRED = "deferred"


class Reason(StrEnum):
    """Why an event was skipped or deferred."""

    FLAG_OFF = "flag_off"
    ONE_TIME_CLIENT = "one_time_client"
    NO_CLIENT = "no_client"
    NO_SITTER = "no_sitter"
    NOT_BOOKABLE = "not_bookable"
    STALE = "stale"
    DUPLICATE = "duplicate"
    NO_THREAD = "no_thread"
    SITTER_NUMBER_MISSING = "sitter_number_missing"
    POOL_EXHAUSTED = "pool_exhausted"
    FRONT_DESK_MISSING = "front_desk_missing"
    PHONE_INVALID = "phone_invalid"


class Action(StrEnum):
    """What is done to the thread of the booking's client."""

    SKIP = "skip"
    KEEP = "keep"
    CLOSE = "close"
    COMPLETE = "complete"
    UNASSIGN = "unassign"
    MOVE = "move"
    ENSURE = "ensure"
    REASSIGN = "reassign"


@dataclass(frozen=True, slots=True)
class Window:
    """An assignment window's row; `changed_at` is when it came to be as it is."""

    id: str
    thread_id: str
    sitter_id: str
    interval: Interval
    is_active: bool = True
    tag: int | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody on a thread: a sitter or a client, by id and phone."""

    role: str
    person_id: str | None
    e164: str | None


@dataclass(frozen=True, slots=True)
class Thread:
    """A message thread's row, with its active windows (latest start first) and its client and sitters."""

    id: str
    client_id: str | None
    sitter_id: str | None
    booking_id: str | None = None
    number_id: str | None = None
    number_class: NumberClass | None = None
    number_e164: str | None = None
    is_one_time: bool | None = None
    is_meet_and_greet: bool = False
    is_open: bool = True
    window_id: str | None = None
    windows: tuple[Window, ...] = ()
    participants: tuple[Participant, ...] = ()

    @property
    def window(self) -> Window | None:
        """The active window."""
        return self.windows[0] if self.windows else None

    @property
    def gives_access(self) -> bool:
        """Whether a sitter is on it or a window is active."""
        return self.sitter_id is not None or bool(self.windows)


@dataclass(frozen=True, slots=True)
class Facts:
    """The stored rows that a booking's desired state follows from, its own newest snapshot among them."""

    booking: Booking
    client: Client | None
    sitter: Sitter | None
    threads: tuple[Thread, ...]
    front_desk: Number | None
    tags: tuple[TaggedSpan, ...]
    was_completed: bool

    @property
    def sitter_id(self) -> str | None:
        """The booking's sitter, unless they left."""
        return self.sitter.id if self.sitter is not None and self.sitter.active else None

    @property
    def thread(self) -> Thread | None:
        """The thread of the booking's present client."""
        client_id = self.booking.client_id
        return next((thread for thread in self.threads if thread.client_id == client_id), None) if client_id else None

    @property
    def former_threads(self) -> tuple[Thread, ...]:
        """Threads of former clients of this booking that still give access."""
        mine = self.thread
        return tuple(thread for thread in self.threads if thread is not mine and thread.gives_access)

    @property
    def moves_to(self) -> Interval | None:
        """Where an active window belongs; None: where it is, as that of a booking that was completed before."""
        stays = self.was_completed and self.booking.status is Status.COMPLETED
        return None if stays else self.booking.window

    @property
    def is_one_time(self) -> bool:
        """The client's class, by this booking."""
        return is_one_time(
            says_recurring=self.booking.is_recurring,
            has_weekly_plan=self.booking.has_weekly_plan or bool(self.client and self.client.has_weekly_plan),
            owner_override=self.client.is_recurring_override if self.client else None,
        )

    @property
    def number_class(self) -> NumberClass:
        """The class that the thread's number has to have."""
        return number_class(
            is_meet_and_greet=self.booking.is_meet_and_greet,
            is_one_time=self.is_one_time,
            has_sitter=self.sitter_id is not None,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and for a skipped one why.

    `makes_window`: a new window row, no present one serves; `ends_window`: the present one is over, and is closed.
    """

    action: Action
    reason: Reason | None = None
    makes_window: bool = False
    ends_window: bool = False


def judge(facts: Facts, *, event_type: EventType, may_create: bool, now: datetime) -> Verdict:
    """Compares what is stored with what exists, by the table in docs/reference/booking-changes.md."""
    thread = facts.thread
    if facts.booking.status is Status.CANCELLED:
        return _cancelled(facts, event_type)
    if thread is None and facts.booking.status is Status.COMPLETED:
        return Verdict(Action.SKIP, Reason.NO_THREAD)
    if facts.sitter_id is None:
        return _without_sitter(facts, thread, event_type)
    if thread is None:
        return _ensure(facts, may_create=may_create)
    if facts.booking.status is Status.COMPLETED:
        return _completed(facts, thread)
    return _assigned(facts, thread, may_create=may_create, now=now)


def _cancelled(facts: Facts, event_type: EventType) -> Verdict:
    if not facts.threads:
        return Verdict(Action.SKIP, Reason.NO_THREAD)
    if any(thread.windows for thread in facts.threads):
        return Verdict(Action.CLOSE)
    has_lost_its_sitter = facts.sitter_id is None and facts.thread is not None
    return _without_sitter(facts, facts.thread, event_type) if has_lost_its_sitter else Verdict(Action.KEEP)


def _without_sitter(facts: Facts, thread: Thread | None, event_type: EventType) -> Verdict:
    if thread is None:
        nothing_to_unassign = event_type is EventType.UNASSIGNED
        return Verdict(Action.SKIP, Reason.NO_THREAD if nothing_to_unassign else Reason.NO_SITTER)
    stranded = thread.number_class is NumberClass.SITTER and facts.front_desk is not None
    return Verdict(Action.UNASSIGN if thread.gives_access or stranded else Action.KEEP)


def _completed(facts: Facts, thread: Thread) -> Verdict:
    if thread.window is None:
        return Verdict(Action.KEEP)
    if thread.sitter_id != facts.sitter_id:
        return Verdict(Action.REASSIGN)
    return Verdict(Action.KEEP if facts.was_completed else Action.COMPLETE)


def _assigned(facts: Facts, thread: Thread, *, may_create: bool, now: datetime) -> Verdict:
    wanted, window = facts.booking.window, thread.window
    if wanted is None:
        return _not_bookable(facts, thread)
    over = facts.was_completed and window is not None and now >= window.interval.end_at
    if window is None or over:
        anew = replace(_ensure(facts, may_create=may_create), ends_window=over)
        changes_hands = thread.sitter_id is not None and thread.sitter_id != facts.sitter_id
        return replace(anew, action=Action.REASSIGN, reason=None) if changes_hands else anew
    if facts.sitter_id != thread.sitter_id or facts.sitter_id != window.sitter_id:
        return Verdict(Action.REASSIGN)
    return Verdict(Action.KEEP if window.interval == wanted and not facts.was_completed else Action.MOVE)


def _not_bookable(facts: Facts, thread: Thread) -> Verdict:
    """A visit without times gives nobody access."""
    if thread.sitter_id is not None and thread.sitter_id != facts.sitter_id:
        return Verdict(Action.UNASSIGN)
    return Verdict(Action.CLOSE) if thread.windows else Verdict(Action.SKIP, Reason.NOT_BOOKABLE)


def _ensure(facts: Facts, *, may_create: bool) -> Verdict:
    """A one-time client gets no new thread; one who has a thread is assigned on it, with a pool number."""
    if not may_create:
        return Verdict(Action.SKIP, Reason.FLAG_OFF)
    if facts.client is None:
        return Verdict(Action.SKIP, Reason.NO_CLIENT)
    if facts.is_one_time and facts.thread is None:
        return Verdict(Action.SKIP, Reason.ONE_TIME_CLIENT)
    if facts.booking.window is None:
        return Verdict(Action.SKIP, Reason.NOT_BOOKABLE)
    return Verdict(Action.ENSURE, makes_window=True)
