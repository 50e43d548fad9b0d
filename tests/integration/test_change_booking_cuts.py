"""A connection that is cut anywhere in a booking change: nothing is lost, nothing is done twice."""

from datetime import timedelta

import pg8000.core
import pytest

from switchboard import errors
from switchboard.domain.desired_state import Outcome
from switchboard.store.database import Database
from tests.booking_desk import BO, BookingDesk, opened_desk
from tests.builders import Sql
from tests.concurrency import all_at_once


@pytest.fixture
def desk(database: Database, sql: Sql) -> BookingDesk:
    found = opened_desk(database, sql)
    found.tell(id="warm", minute=0)
    return found


def cut_at(monkeypatch: pytest.MonkeyPatch, place: int, *, sent: bool) -> list[object]:
    """From the given round trip on, sent or not, the connection is dead; the next one works.

    Answers with the dead connection's file: who keeps it holds the socket open, as an error's frames may.
    """
    flush, count, dead = pg8000.core._flush, [0], list[object]()

    def failing(sock: object) -> None:
        if sock in dead:
            raise BrokenPipeError
        count[0] += 1
        if count[0] != place:
            flush(sock)
            return
        if sent:
            flush(sock)
        dead.append(sock)
        raise BrokenPipeError

    monkeypatch.setattr(pg8000.core, "_flush", failing)
    return dead


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("place", [2, 3])
def test_an_event_whose_connection_is_cut_is_not_acknowledged_and_done_once_when_it_comes_again(
    desk: BookingDesk, monkeypatch: pytest.MonkeyPatch, place: int, sent: bool
) -> None:
    with monkeypatch.context() as patched, pytest.raises(errors.DatabaseUnavailable):
        dead = cut_at(patched, place, sent=sent)
        desk.tell(webhook_id="msg-cut", minute=1)
    assert dead
    again = desk.tell(webhook_id="msg-cut", minute=1)
    may_be_committed = place == 3 and sent  # the writes and COMMIT leave together
    assert again.outcome in ((Outcome.CREATED, Outcome.SKIPPED) if may_be_committed else (Outcome.CREATED,))
    assert (again.thread_id, again.window_id) == (desk.thread()["id"], desk.thread()["window_id"])
    assert [window["booking"] for window in desk.windows()].count("booking-1") == 1
    assert desk.count('messaging."ThreadAssignmentAudit"') == 2


def test_an_idle_connection_that_was_closed_is_replaced_without_notice(
    desk: BookingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        cut_at(patched, 1, sent=False)
        assert desk.tell(minute=1).outcome is Outcome.CREATED


def test_housekeeping_twice_at_once_settles_a_deferred_booking_once(desk: BookingDesk) -> None:
    desk.sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE e164 = '+15550100012'""")
    desk.tell(minute=1, sitter=BO)
    desk.sql("""UPDATE messaging."MessageNumber" SET status = 'active' WHERE e164 = '+15550100012'""")
    desk.now += timedelta(minutes=1)
    settled: list[int] = []
    all_at_once(4, lambda _: settled.append(desk.retry()))
    assert sorted(settled) == [0, 0, 0, 1]
    assert desk.thread()["sitter"] == "sitter-2"
