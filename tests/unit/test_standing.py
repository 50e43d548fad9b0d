"""Who could talk to whom at an instant, from windows as they are and as they were."""

from datetime import UTC, datetime, timedelta

from switchboard.domain.facts import Facts, Number, Organisation, Thread, WindowState
from switchboard.domain.standing import standings

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SAMS = Number("n1", "+15550100011", "active", "sitter", "sam")


def facts(*windows: WindowState, number: Number = SAMS, thread_number: str = "n1") -> Facts:
    return Facts(
        organisation=Organisation("default", None, None, (), None, UTC),
        number=number,
        front_desk=None,
        own_sender=False,
        client_ids=("jane",),
        sitter_ids=(),
        clients={},
        sitters={},
        threads={"t1": Thread("t1", "client_booking", "b1", "jane", None, thread_number, None)},
        windows=windows,
        opted_out=frozenset(),
    )


def window(
    sitter: str = "sam", *, until: datetime | None = None, end: datetime = NOON + HOUR, status: str = "active"
) -> WindowState:
    return WindowState("w1", "t1", sitter, NOON - HOUR, end, status, 1, until)


def at(instant: datetime, found: Facts) -> list[tuple[str, bool]]:
    return [(one.sitter_id, one.active) for one in standings(found, at=instant)]


def test_a_window_is_active_from_its_start_to_just_before_its_end() -> None:
    found = facts(window())
    assert at(NOON - HOUR, found) == [("sam", True)]
    assert at(NOON + HOUR - timedelta(microseconds=1), found) == [("sam", True)]
    assert at(NOON + HOUR, found) == [("sam", False)]
    assert at(NOON - HOUR - timedelta(microseconds=1), found) == []


def test_the_state_of_then_decides_up_to_the_instant_of_the_change() -> None:
    desk = Number("n1", "+15550100000", "active", "front_desk", None)
    found = facts(window("sam", until=NOON), window("ann"), number=desk)
    assert at(NOON - MINUTE, found) == [("sam", True)]
    assert at(NOON, found) == [("sam", False), ("ann", True)]


def test_a_swap_ends_the_former_sitters_access_at_its_instant() -> None:
    found = facts(window("sam", until=NOON), window("ann"), thread_number="n2")
    assert at(NOON - MINUTE, found) == [("sam", True)]
    assert at(NOON + MINUTE, found) == [("sam", False)]


def test_a_window_that_was_closed_was_open_before() -> None:
    found = facts(window(until=NOON), window(status="closed"))
    assert at(NOON - MINUTE, found) == [("sam", True)]
    assert at(NOON, found) == [("sam", False)]


def test_a_window_that_was_moved_counts_with_its_times_of_then() -> None:
    found = facts(window(until=NOON), window(end=NOON - 30 * MINUTE))
    assert at(NOON - MINUTE, found) == [("sam", True)]
    assert at(NOON + MINUTE, found) == [("sam", False)]


def test_a_window_on_another_number_counts_not_at_all() -> None:
    assert at(NOON, facts(window(), thread_number="n9")) == []


def test_what_ended_a_day_ago_is_forgotten() -> None:
    found = facts(window(end=NOON - HOUR / 2))
    assert at(NOON + 23 * HOUR, found) == [("sam", False)]
    assert at(NOON + 24 * HOUR, found) == []
