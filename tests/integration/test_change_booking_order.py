"""Booking events in any order, repeated, and at once: the same state comes out."""

import itertools
import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.domain.desired_state import Outcome
from switchboard.store import held_texts
from switchboard.store.database import Database
from tests.booking_desk import BO, JANE, OMAR, SAM, BookingDesk, opened_desk, snapshot
from tests.builders import Sql
from tests.concurrency import all_at_once

_bookings = itertools.count(1)


@pytest.fixture
def desk(database: Database, sql: Sql) -> BookingDesk:
    return opened_desk(database, sql, sitter_numbers=4)


def access(desk: BookingDesk, booking_id: str) -> list[dict[str, Any]]:
    """Who may talk with whom, when, over which number: all that a booking's state is for."""
    return desk.rows(
        'SELECT t."clientId" AS client, w."sitterId" AS sitter, w."startAt" AS start, w."endAt" AS end,'
        ' t."assignedSitterId" AS assigned, t."maskedNumberE164" AS number, t."numberClass" AS class'
        ' FROM messaging."AssignmentWindow" AS w JOIN messaging."MessageThread" AS t ON t.id = w."threadId"'
        " WHERE w.status = 'active' AND t.\"bookingId\" = :id ORDER BY 1, 2, 3",
        id=booking_id,
    )


# The client's class stays: by the rules a client who is reclassified keeps a live thread and gets no new one, so there
# the order matters.
booking_facts = st.fixed_dictionaries(
    {
        "sitter": st.sampled_from([SAM, SAM, BO, BO, None]),
        "client": st.sampled_from([JANE, JANE, JANE, OMAR, None]),
        "endAt": st.sampled_from(["2025-01-15T12:00:00Z", "2025-01-15T12:00:00Z", "2025-01-15T14:00:00Z", None]),
        "service": st.sampled_from(["Drop-ins", "Housesitting"]),
        "status": st.sampled_from(["pending", "confirmed", "confirmed", "cancelled"]),
    }
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[int]]:
    """Snapshots in the order of their happening, some at the same instant; and an order of arrival with repetitions."""
    facts = draw(st.lists(booking_facts, min_size=2, max_size=5))
    minutes = sorted(draw(st.lists(st.integers(0, 4), min_size=len(facts), max_size=len(facts))))
    told = [one | {"minute": minute} for one, minute in zip(facts, minutes, strict=True)]
    order = draw(st.permutations(range(len(told))))
    again = draw(st.lists(st.sampled_from(range(len(told))), max_size=3))
    return told, [*order, *again]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_any_order_and_repetition_ends_as_the_order_of_happening(
    desk: BookingDesk, history: tuple[list[dict[str, Any]], list[int]]
) -> None:
    told, arrivals = history
    number = next(_bookings)
    settle(desk, f"in-order-{number}", told, order_of_happening(told))
    settle(desk, f"shuffled-{number}", told, arrivals)
    assert access(desk, f"shuffled-{number}") == access(desk, f"in-order-{number}")


def order_of_happening(told: list[dict[str, Any]]) -> list[int]:
    """The order of happening: at the same instant a final status comes last, then the greater webhook-id."""
    final = ("cancelled", "completed")
    return sorted(range(len(told)), key=lambda index: (told[index]["minute"], told[index]["status"] in final, index))


def settle(desk: BookingDesk, booking_id: str, told: list[dict[str, Any]], order: list[int]) -> None:
    """Arrivals in this order; what comes again is sent as a new message that tells the same."""
    for place, index in enumerate(order):
        again = order[:place].count(index)
        desk.tell(snapshot(id=booking_id, **told[index]), webhook_id=f"{booking_id}-{index}" + "+" * again)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.integers(0, 4))
def test_a_completed_visit_never_gives_more_access_out_of_order_than_in_order(
    desk: BookingDesk, history: tuple[list[dict[str, Any]], list[int]], completed: int
) -> None:
    told, arrivals = history
    told[completed % len(told)]["status"] = "completed"
    number = next(_bookings)
    settle(desk, f"in-order-{number}", told, order_of_happening(told))
    settle(desk, f"shuffled-{number}", told, arrivals)
    allowed = {(one["client"], one["sitter"]) for one in access(desk, f"in-order-{number}")}
    last = told[order_of_happening(told)[-1]]
    for one in access(desk, f"shuffled-{number}"):
        wanted = (last["client"] or {}).get("id"), (last["sitter"] or {}).get("id")
        assert (one["client"], one["sitter"]) in allowed | {wanted}


def test_two_events_of_one_booking_at_once_make_one_thread_and_one_window(desk: BookingDesk) -> None:
    def tell(index: int) -> None:
        one = replace(desk, prefix=f"worker{index}")
        one.tell(webhook_id=f"msg-{index}", minute=index)

    all_at_once(12, tell)
    assert desk.count('messaging."MessageThread"', "scope = 'client_booking'") == 1
    assert len(desk.windows()) == 1
    assert desk.count("ops.booking_event", "outcome IS NULL OR outcome = 'deferred'") == 0


def test_the_same_webhook_id_at_once_is_processed_once(desk: BookingDesk) -> None:
    outcomes: list[Outcome] = []

    def tell(index: int) -> None:
        one = replace(desk, prefix=f"worker{index}")
        outcomes.append(one.tell(webhook_id="msg-same").outcome)

    all_at_once(10, tell)
    assert sorted(outcomes) == [Outcome.CREATED] + [Outcome.SKIPPED] * 9


def test_a_swap_of_sitters_at_once_leaves_one_sitter_with_their_own_number(desk: BookingDesk) -> None:
    desk.tell()

    def tell(index: int) -> None:
        one = replace(desk, prefix=f"worker{index}")
        one.tell(webhook_id=f"msg-{index}", minute=index + 1, sitter=BO if index % 2 else SAM)

    all_at_once(10, tell)
    thread, [window] = desk.thread(), desk.windows()
    own = desk.sql(
        'SELECT "assignedSitterId" FROM messaging."MessageNumber" WHERE e164 = :number', number=thread["number"]
    )
    assert thread["sitter"] == window["sitter"] == own[0][0] == "sitter-2"


def test_a_sitter_who_leaves_while_their_bookings_change_ends_with_no_access(desk: BookingDesk) -> None:
    for index in range(6):
        desk.tell(id=f"booking-{index}", minute=0)

    def tell(index: int) -> None:
        one = replace(desk, prefix=f"worker{index}")
        if index == 5:
            one.tell(webhook_id="msg-away", id="booking-5", minute=9, sitter=SAM | {"active": False})
        else:
            one.tell(webhook_id=f"msg-{index}", id=f"booking-{index}", minute=5, endAt="2025-01-15T15:00:00Z")

    all_at_once(6, tell)
    assert desk.windows() == []
    assert desk.count('messaging."MessageThread"', '"assignedSitterId" IS NOT NULL') == 0


def test_a_guest_whose_text_is_being_stored_is_adopted_all_the_same(desk: BookingDesk) -> None:
    teller = threading.Thread(target=replace(desk, prefix="worker").tell)
    waiting = """SELECT 1 FROM pg_locks AS held JOIN pg_database AS here ON here.oid = held.database
                 WHERE here.datname = current_database() AND held.locktype = 'advisory' AND NOT held.granted"""
    with desk.database.transaction() as tx:
        held_texts.wait_for(tx, "+15555550101")
        teller.start()
        while teller.is_alive() and not desk.sql(waiting):
            teller.join(0.01)
        desk.world.thread(client_id=desk.world.client("+15555550101", guest=True), scope="client_general")
    teller.join()
    assert desk.rows('SELECT id FROM messaging."Client"') == [{"id": "client-1"}]
    assert desk.count('messaging."MessageThread"', """scope = 'client_general' AND "clientId" = 'client-1'""") == 1
