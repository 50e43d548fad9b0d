"""Who could talk to whom at an instant: windows as they then were, however they have changed since."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from switchboard.domain.facts import Facts, Number, Thread, WindowState

RECENTLY = timedelta(minutes=60)
TAG_MEMORY = timedelta(hours=24)


class Standing(NamedTuple):
    """A window of a sitter with a client at an instant: active, or ended at `end_at` before it."""

    window_id: str
    thread_id: str
    client_id: str
    sitter_id: str
    tag: int | None
    start_at: datetime
    end_at: datetime
    active: bool

    def in_question(self, at: datetime) -> bool:
        """Whether it was active then or had ended in the hour before."""
        return self.active or self.end_at > at - RECENTLY


def standings(facts: Facts, *, at: datetime) -> tuple[Standing, ...]:
    """Every window on the texted number that was active then or ended in the 24 h before, one entry for a sitter."""
    ordered = sorted(facts.windows, key=lambda state: state.window_id)
    return tuple(
        standing
        for _, states in groupby(ordered, key=lambda state: state.window_id)
        for standing in _of_window(facts, list(states), at)
    )


def _of_window(facts: Facts, states: list[WindowState], at: datetime) -> Iterable[Standing]:
    thread = facts.threads.get(states[0].thread_id)
    if thread is None or thread.client_id is None:
        return
    states.sort(key=_until)
    active = _in_force(states, at)
    found: dict[str, Standing] = {}
    for state in states:
        end = min(state.end_at, state.until) if state.until else state.end_at
        if state.status != "active" or not _on_number(state, thread, facts.number):
            continue
        if state is active:
            found[state.sitter_id] = _standing(state, thread.client_id, end=state.end_at, active=True)
        elif at - TAG_MEMORY < end <= at and state.start_at < end and state.sitter_id not in _actives(found):
            found[state.sitter_id] = _standing(state, thread.client_id, end=end, active=False)
    yield from found.values()


def _actives(found: dict[str, Standing]) -> set[str]:
    return {sitter_id for sitter_id, standing in found.items() if standing.active}


def _until(state: WindowState) -> tuple[bool, float]:
    return (state.until is None, state.until.timestamp() if state.until else 0.0)


def _in_force(states: list[WindowState], at: datetime) -> WindowState | None:
    """The state that the row had then, if it was an open window then."""
    state = next((state for state in states if state.until is None or state.until > at), None)
    return state if state and state.status == "active" and state.start_at <= at < state.end_at else None


def _on_number(state: WindowState, thread: Thread, number: Number) -> bool:
    """A thread that has moved since was, under a former state, on the number of that state's sitter."""
    if state.until is not None and number.assigned_sitter_id is not None:
        return state.sitter_id == number.assigned_sitter_id
    return thread.number_id == number.id


def _standing(state: WindowState, client_id: str, *, end: datetime, active: bool) -> Standing:
    return Standing(
        state.window_id, state.thread_id, client_id, state.sitter_id, state.tag, state.start_at, end, active
    )
