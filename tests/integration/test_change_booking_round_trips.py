"""What a booking change costs the database: round trips, BEGIN and COMMIT among them."""

from collections.abc import Callable
from typing import Any

import pg8000.core
import pytest

from switchboard.store.database import Database
from tests.booking_desk import BO, JANE, SAM, BookingDesk, opened_desk
from tests.builders import Sql

MOST = 8


@pytest.fixture
def desk(database: Database, sql: Sql) -> BookingDesk:
    return opened_desk(database, sql, sitter_numbers=4)


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many round trips there were since it was last asked."""
    count = [0]
    flush = pg8000.core._flush

    def counted(sock: object) -> None:
        count[0] += 1
        flush(sock)

    def since_last() -> int:
        found, count[0] = count[0], 0
        return found

    monkeypatch.setattr(pg8000.core, "_flush", counted)
    return since_last


def warm(desk: BookingDesk) -> None:
    """Every statement is prepared once."""
    desk.tell(id="warm", minute=0)
    desk.world.client("+15555550101", guest=True)
    desk.tell(id="warm", minute=1, isRecurring=False, sitter=BO)
    desk.tell(id="warm", minute=2, client=JANE | {"phone": "lost"}, sitter=SAM)
    desk.tell(id="warm", minute=3, sitter=BO | {"active": False})
    desk.tell(id="warm", minute=4, client=JANE, sitter=BO)
    desk.tell(id="warm", minute=5, sitter=BO | {"active": False})
    desk.tell(id="warm", minute=6, sitter=BO)
    desk.tell(id="warm", minute=7, event_type="booking.cancelled", sitter=None)


def test_every_booking_change_takes_at_most_eight_round_trips(
    desk: BookingDesk, round_trips: Callable[[], int]
) -> None:
    warm(desk)
    desk.world.client("+15555550177", guest=True)
    dora = {"id": "client-9", "phone": "+15555550177"}
    eva = {"id": "sitter-9", "phone": "+15555550188"}
    changes: list[dict[str, Any]] = [
        {"id": "a", "minute": 10},
        {"id": "a", "minute": 10},
        {"id": "a", "minute": 9},
        {"id": "a", "minute": 11, "endAt": "2025-01-15T14:00:00Z"},
        {"id": "a", "minute": 12, "sitter": BO},
        {"id": "a", "minute": 13, "sitter": None},
        {"id": "b", "minute": 14, "client": dora, "sitter": eva},
        {"id": "b", "minute": 15, "client": dora, "sitter": eva, "isRecurring": False},
        {"id": "b", "minute": 16, "client": dora, "sitter": SAM, "isRecurring": False},
        {"id": "b", "minute": 17, "client": JANE, "sitter": SAM},
        {"id": "c", "minute": 18, "client": JANE | {"phone": "lost"}},
        {"id": "c", "minute": 19, "client": JANE},
        {"id": "c", "minute": 20, "sitter": SAM | {"active": False}},
        {"id": "c", "minute": 21, "sitter": SAM},
        {"id": "c", "minute": 22, "event_type": "booking.cancelled"},
    ]
    spent = []
    for change in changes:
        round_trips()
        desk.tell(**change)
        spent.append(round_trips())
    assert [trips for trips in spent if trips > MOST] == [], str(spent)
    assert spent[0] == 3
