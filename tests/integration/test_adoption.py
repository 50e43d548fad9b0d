"""A database of the earlier application: expanded, refused while rows break constraints, contracted, and worked on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pg8000.native
import pytest

from switchboard.domain.desired_state import Outcome
from switchboard.errors import ContractRefused
from switchboard.store.connection import Address
from switchboard.store.database import Database
from switchboard.store.revisions import upgrade
from switchboard.store.statements import Schemas
from tests.booking_desk import BO, BookingDesk
from tests.builders import Sql, World
from tests.conftest import MIGRATIONS, connector_to
from tests.earlier_database import BROKEN_ROWS, CLEANING, EARLIER_ROWS, EARLIER_TABLES


@pytest.fixture
def earlier(empty_database_url: str) -> Iterator[Sql]:
    """Statements on the earlier application's database."""
    connection = pg8000.native.Connection(**Address.from_url(empty_database_url).arguments())
    connection.run("SET TIME ZONE 'America/Chicago'")
    connection.run(EARLIER_TABLES)
    connection.run(EARLIER_ROWS)
    yield connection.run
    connection.close()


def revise(url: str, *kinds: str) -> list[str]:
    return upgrade(connector_to(url), folder=MIGRATIONS, schemas=Schemas(), default_org_id="default", kinds=kinds)


def constraints(sql: Sql) -> int:
    [[found]] = sql("SELECT count(*) FROM pg_indexes WHERE schemaname = 'messaging' AND indexname = 'number_e164'")
    assert isinstance(found, int)
    return found


def test_expanding_adds_what_is_missing_and_maps_the_earlier_values(earlier: Sql, empty_database_url: str) -> None:
    revise(empty_database_url, "expand")
    assert earlier('SELECT scope, status FROM messaging."MessageThread"') == [["client_booking", "open"]]
    assert earlier('SELECT "orgId", "isRecurring" FROM messaging."Booking"') == [["default", False]]
    assert earlier('SELECT "orgId" FROM messaging."Client" UNION SELECT "orgId" FROM messaging."Sitter"') == [
        ["default"]
    ]
    assert earlier('SELECT id FROM messaging."Organization" ORDER BY id') == [["default"], ["elsewhere"]]


def test_expanding_leaves_the_earlier_rows_instants_as_they_are(earlier: Sql, empty_database_url: str) -> None:
    revise(empty_database_url, "expand")
    assert earlier('SELECT "startAt", "updatedAt" FROM messaging."Booking"') == [
        [datetime(2025, 1, 15, 10), datetime(2024, 12, 1)]  # noqa: DTZ001  the earlier columns have no zone
    ]


def test_the_earlier_application_goes_on_inserting_rows(earlier: Sql, empty_database_url: str) -> None:
    revise(empty_database_url, "expand")
    earlier(
        'INSERT INTO messaging."MessageThread" (id, "orgId", scope, "updatedAt")'
        " VALUES ('thread-5', 'default', 'internal', '2024-12-01')"
    )
    assert earlier("SELECT status FROM messaging.\"MessageThread\" WHERE id = 'thread-5'") == [["open"]]


def test_expanding_is_possible_whatever_the_rows(earlier: Sql, empty_database_url: str) -> None:
    earlier(BROKEN_ROWS)
    revise(empty_database_url, "expand")
    assert earlier("SELECT count(*) FROM messaging.\"MessageThread\" WHERE scope = 'client_booking'") == [[2]]


def test_windows_that_are_still_open_get_tags(earlier: Sql, empty_database_url: str) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    for index in (2, 3):
        earlier(
            "INSERT INTO messaging.\"AssignmentWindow\" VALUES (:id, 'default', 'thread-1', 'booking-9',"
            " 'sitter-1', cast(:start AS timestamptz), cast(:start AS timestamptz) + interval '1 hour', 'active',"
            " now(), now())",
            id=f"window-{index}",
            start=soon + timedelta(days=index),
        )
    revise(empty_database_url, "expand")
    found = earlier('SELECT id, tag FROM messaging."AssignmentWindow" ORDER BY id')
    assert found == [["window-1", None], ["window-2", 1], ["window-3", 2]]


def test_contracting_lists_the_rows_that_break_a_constraint_and_changes_nothing(
    earlier: Sql, empty_database_url: str
) -> None:
    earlier(BROKEN_ROWS)
    revise(empty_database_url, "expand")
    with pytest.raises(ContractRefused) as refused:
        revise(empty_database_url, "contract")
    listed = str(refused.value)
    assert "thread_one_per_booking on MessageThread: thread-1" in listed
    assert "number_e164 on MessageNumber: number-3" in listed
    assert "number_status_known on MessageNumber: number-5" in listed
    assert "window_thread on AssignmentWindow: window-2" in listed
    assert "+1555" not in listed
    assert constraints(earlier) == 0


def test_contracting_passes_once_the_rows_are_clean(earlier: Sql, empty_database_url: str) -> None:
    earlier(BROKEN_ROWS)
    revise(empty_database_url, "expand")
    earlier(CLEANING)
    assert "0001_messaging_contract" in revise(empty_database_url, "contract")
    assert constraints(earlier) == 1


@pytest.mark.parametrize("kinds", [("expand",), ("expand", "contract")])
def test_bookings_change_on_an_adopted_database(earlier: Sql, empty_database_url: str, kinds: tuple[str, ...]) -> None:
    revise(empty_database_url, *kinds)
    database = Database(connector_to(empty_database_url))
    desk = BookingDesk(database, earlier, World(earlier))
    assert desk.tell(startAt="2025-01-15T11:00:00Z").outcome is Outcome.MOVED
    assert desk.tell(minute=1, sitter=BO).outcome is Outcome.REASSIGNED
    assert desk.tell(minute=2, sitter=None, client={"id": "client-1"}).outcome is Outcome.UNASSIGNED
    new = desk.tell(minute=3, id="booking-2", client={"id": "client-2", "phone": "+15555550155"})
    database.close()
    assert new.outcome is Outcome.CREATED
    windows = earlier('SELECT id, "sitterId", "startAt", status FROM messaging."AssignmentWindow" ORDER BY status')
    day = datetime(2025, 1, 15, 9)  # noqa: DTZ001  the earlier columns have no zone
    assert windows == [
        [new.window_id, "sitter-1", day, "active"],
        ["window-1", "sitter-2", day, "closed"],
    ]
    found = earlier('SELECT "maskedNumberE164" FROM messaging."MessageThread" ORDER BY id')
    assert sorted(found) == [["+15550100000"], ["+15550100011"]]
