"""The rows that carry out a verdict on a booking: threads, windows and numbers, decided without a database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from switchboard.domain.desired_state import (
    Action,
    Facts,
    Outcome,
    Participant,
    Reason,
    Thread,
    Verdict,
    Window,
)
from switchboard.domain.numbers import Number, NumberClass
from switchboard.domain.windows import Interval, choose_tag


@dataclass(frozen=True, slots=True)
class Answer:
    """What the booking system is told."""

    outcome: Outcome
    reason: Reason | None = None
    thread_id: str | None = None
    window_id: str | None = None
    number_class: NumberClass | None = None


@dataclass(frozen=True, slots=True)
class ThreadChange:
    """A thread's row as it was (None: it is new) and as it shall be."""

    before: Thread | None
    after: Thread

    @property
    def given_up(self) -> Thread | None:
        """The thread as it was, where it had a number that it has no more."""
        before = self.before
        return before if before and before.number_id and before.number_id != self.after.number_id else None


@dataclass(frozen=True, slots=True)
class WindowChange:
    """A window's row as it was (None: it is new) and as it shall be."""

    before: Window | None
    after: Window


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to write. `front_desk_missing`: a thread should have gone to a front desk number that is not there."""

    threads: tuple[ThreadChange, ...] = ()
    windows: tuple[WindowChange, ...] = ()
    front_desk_missing: bool = False

    @property
    def frees_pool_number(self) -> bool:
        """Whether a thread gives a pool number back."""
        given_up = (change.given_up for change in self.threads)
        return any(thread is not None and thread.number_class is NumberClass.POOL for thread in given_up)

    @property
    def takes_pool_number(self) -> bool:
        """Whether a thread gets a pool number that it did not have."""
        return any(
            change.after.number_class is NumberClass.POOL
            and (change.before is None or change.before.number_id != change.after.number_id)
            for change in self.threads
        )

    def __add__(self, other: "Rows") -> "Rows":
        return Rows(
            self.threads + other.threads,
            self.windows + other.windows,
            self.front_desk_missing or other.front_desk_missing,
        )


def without_phone(facts: Facts) -> tuple[str, ...]:
    """Whose phone is missing or cannot be read, of those who are to talk: their roles."""
    people = (("client", facts.client), ("sitter", facts.sitter))
    return tuple(role for role, person in people if person is None or person.phone is None)


def needed_class(facts: Facts, verdict: Verdict) -> NumberClass | None:
    """The class of number that the verdict cannot do without."""
    return facts.number_class if verdict.action in (Action.ENSURE, Action.REASSIGN) else None


def carry_out(
    facts: Facts, verdict: Verdict, *, number: Number | None, now: datetime, new_id: Callable[[], str]
) -> tuple[Answer, Rows]:
    """The answer and the rows of a verdict, given the number that it needs."""
    former = _park_all(facts.former_threads, facts.front_desk, now=now)
    outcome, rows = _act(facts, verdict, number, now=now, new_id=new_id)
    if outcome is Outcome.SKIPPED and former.threads:
        gone = former.threads[0].after
        ended = Outcome.UNASSIGNED if facts.sitter_id is None else Outcome.CLOSED
        return Answer(ended, None, gone.id, gone.window_id, gone.number_class), former + rows
    thread = rows.threads[-1].after if rows.threads else facts.thread or (facts.threads or (None,))[0]
    answer = Answer(
        outcome,
        verdict.reason,
        thread.id if thread else None,
        thread.window_id if thread else None,
        thread.number_class if thread else None,
    )
    return answer, former + rows


def put_off(facts: Facts, lack: Reason, *, now: datetime) -> tuple[Answer, Rows]:
    """What is applied although a number or a phone is missing: whoever lost access loses it now."""
    thread = facts.thread
    rows = _park_all(facts.former_threads, facts.front_desk, now=now)
    if thread is not None:
        known = _classified(facts, thread)
        rows += _park(thread, facts.front_desk, now=now, known=known) if thread.gives_access else _kept(thread, known)
        thread = rows.threads[-1].after if rows.threads else thread
    return Answer(Outcome.DEFERRED, lack, *((thread.id, None, thread.number_class) if thread else ())), rows


def take_leave(sitter_id: str, threads: Iterable[Thread], front_desk: Number | None, *, now: datetime) -> Rows:
    """Ends a leaving sitter's access at once: their threads are parked, their windows on others' threads closed."""
    rows = Rows()
    for thread in threads:
        if thread.sitter_id == sitter_id:
            rows += _park(thread, front_desk, now=now)
        else:
            own = tuple(window for window in thread.windows if window.sitter_id == sitter_id)
            rows += _closed_windows(replace(thread, windows=own), now=now)
    return rows


def _act(
    facts: Facts, verdict: Verdict, number: Number | None, *, now: datetime, new_id: Callable[[], str]
) -> tuple[Outcome, Rows]:
    thread, action = facts.thread, verdict.action
    if action is Action.ENSURE or action is Action.REASSIGN:
        return _assign(facts, verdict, number, now=now, new_id=new_id)
    if action is Action.CLOSE:
        return Outcome.CLOSED, _close(facts, now=now)
    if thread is None:
        return Outcome.UNCHANGED if action is Action.KEEP else Outcome.SKIPPED, Rows()
    known = _classified(facts, thread)
    if action is Action.UNASSIGN:
        return Outcome.UNASSIGNED, _park(thread, facts.front_desk, now=now, known=known)
    if action is Action.MOVE or action is Action.COMPLETE:
        rows = _kept(thread, known) + _moved(facts, thread, sitter_id=None, now=now)
        return Outcome.MOVED if action is Action.MOVE else Outcome.CLOSED, rows
    rows = _kept(thread, known)
    if verdict.ends_window:
        rows += _closed_windows(thread, now=now)
    elif thread.window is not None and thread.window.tag is None:  # made by an earlier application
        rows += _tagged(facts, thread.window, now=now)
    return Outcome.UNCHANGED if action is Action.KEEP else Outcome.SKIPPED, rows


def _assign(
    facts: Facts, verdict: Verdict, number: Number | None, *, now: datetime, new_id: Callable[[], str]
) -> tuple[Outcome, Rows]:
    if number is None or facts.client is None or facts.sitter is None:
        raise ValueError("a thread is assigned with its number, client and sitter")
    before = facts.thread or Thread(id=new_id(), client_id=facts.client.id, sitter_id=None)
    rows = Rows()
    if verdict.makes_window or verdict.ends_window:
        rows += _closed_windows(before, now=now)
    elif before.windows:
        rows += _moved(facts, before, sitter_id=facts.sitter.id, now=now)
    if verdict.makes_window:
        rows += _new_window(facts, before.id, now=now, new_id=new_id)
    after = replace(
        _classified(facts, before),
        booking_id=facts.booking.id,
        sitter_id=facts.sitter.id,
        number_id=number.id,
        number_class=number.number_class,
        number_e164=number.e164,
        is_open=True,
        window_id=next((one.after.id for one in rows.windows if one.after.is_active), before.window_id),
        participants=(
            Participant("client", facts.client.id, facts.client.phone),
            Participant("sitter", facts.sitter.id, facts.sitter.phone),
        ),
    )
    outcome = Outcome.CREATED if verdict.makes_window else Outcome.REASSIGNED
    return outcome, rows + Rows((ThreadChange(facts.thread, after),))


def _classified(facts: Facts, thread: Thread) -> Thread:
    """A client reclassified on a live thread is stored at once; the number follows at the next reassign.

    The front desk's own follows a front desk that was replaced.
    """
    desk = facts.front_desk if thread.number_class is NumberClass.FRONT_DESK else None
    return replace(
        thread,
        number_id=desk.id if desk else thread.number_id,
        number_e164=desk.e164 if desk else thread.number_e164,
        is_one_time=facts.is_one_time,
        is_meet_and_greet=facts.booking.is_meet_and_greet,
        participants=_with_present_phones(facts, thread),
    )


def _with_present_phones(facts: Facts, thread: Thread) -> tuple[Participant, ...]:
    """Who takes part, under the phone that they have now; one whose newest cannot be read keeps the last."""
    people = (("client", facts.client), ("sitter", facts.sitter))
    phones = {(role, person.id): person.phone for role, person in people if person is not None and person.phone}
    return tuple(
        replace(one, e164=phones.get((one.role, one.person_id or ""), one.e164)) for one in thread.participants
    )


def _kept(before: Thread, after: Thread) -> Rows:
    return Rows() if before == after else Rows((ThreadChange(before, after),))


def _close(facts: Facts, *, now: datetime) -> Rows:
    """Windows closed now; a sitter who left meanwhile leaves the thread too. Former clients' threads are parked."""
    thread = facts.thread
    if thread is None:
        return Rows()
    known = _classified(facts, thread)
    if thread.sitter_id is not None and facts.sitter_id is None:
        return _park(thread, facts.front_desk, now=now, known=known)
    return _kept(thread, known) + _closed_windows(thread, now=now)


def _park_all(threads: Iterable[Thread], front_desk: Number | None, *, now: datetime) -> Rows:
    return reduce(Rows.__add__, (_park(thread, front_desk, now=now) for thread in threads), Rows())


def _park(thread: Thread, front_desk: Number | None, *, now: datetime, known: Thread | None = None) -> Rows:
    """No sitter, no window; the front desk's number where there is one."""
    people = tuple(one for one in thread.participants if one.role != "sitter" or one.person_id != thread.sitter_id)
    after = replace(known or thread, sitter_id=None, windows=(), participants=people)
    if front_desk is not None:
        after = replace(
            after, number_id=front_desk.id, number_class=NumberClass.FRONT_DESK, number_e164=front_desk.e164
        )
    closed = _closed_windows(thread, now=now)
    return closed + Rows((ThreadChange(thread, after),), front_desk_missing=front_desk is None)


def _closed_windows(thread: Thread, *, now: datetime) -> Rows:
    return Rows(windows=tuple(_changed(window, now=now, is_active=False) for window in thread.windows))


def _moved(facts: Facts, thread: Thread, *, sitter_id: str | None, now: datetime) -> Rows:
    """The active window where it belongs and, where one is given, with another sitter: the same row."""
    window, *surplus = thread.windows
    interval = facts.moves_to or window.interval
    wanted = sitter_id or window.sitter_id
    tag = _tag(facts, interval, wanted, window.id, present=window.tag if wanted == window.sitter_id else None, now=now)
    moved = _changed(window, now=now, interval=interval, sitter_id=wanted, tag=tag)
    closed = tuple(_changed(other, now=now, is_active=False) for other in surplus)
    return Rows(windows=(*closed, moved))


def _tagged(facts: Facts, window: Window, *, now: datetime) -> Rows:
    tag = _tag(facts, window.interval, window.sitter_id, window.id, present=None, now=now)
    return Rows(windows=(_changed(window, now=now, tag=tag),))


def _new_window(facts: Facts, thread_id: str, *, now: datetime, new_id: Callable[[], str]) -> Rows:
    interval, sitter_id = facts.booking.window, facts.sitter_id
    if interval is None or sitter_id is None:
        raise ValueError("a window is made from times and a sitter")
    tag = _tag(facts, interval, sitter_id, None, present=None, now=now)
    window = Window(new_id(), thread_id, sitter_id, interval, tag=tag, changed_at=now)
    return Rows(windows=(WindowChange(None, window),))


def _tag(
    facts: Facts, interval: Interval, sitter_id: str, window_id: str | None, *, present: int | None, now: datetime
) -> int:
    spans = (span for span in facts.tags if span.sitter_id == sitter_id and span.window_id != window_id)
    return choose_tag(interval, spans, present=present, now=now)


def _changed(
    window: Window,
    *,
    now: datetime,
    is_active: bool = True,
    interval: Interval | None = None,
    sitter_id: str | None = None,
    tag: int | None = None,
) -> WindowChange:
    after = replace(
        window,
        is_active=is_active,
        interval=interval or window.interval,
        sitter_id=sitter_id or window.sitter_id,
        tag=tag or window.tag,
        changed_at=max(now, window.changed_at) if window.changed_at else now,
    )
    return WindowChange(window, after)
