"""Which of a sender's texts a text is read after."""

from datetime import UTC, datetime, timedelta

from switchboard.domain.contact_check import said_near
from switchboard.domain.facts import RecentText

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)


def near(*minutes: float, thread: str = "t1") -> list[float]:
    """Of texts said those minutes after noon, the ones that a text of noon is read after."""
    said = [RecentText(f"e{n}", thread, "", NOON + timedelta(minutes=minute)) for n, minute in enumerate(minutes)]
    chosen = said_near(said, thread_id="t1", at=NOON)
    return [(one.arrived_at - NOON).total_seconds() / 60 for one in chosen]


def test_the_last_five_of_ten_minutes_are_read_oldest_first() -> None:
    assert near(-1, -9, -3, -2, -8, -7, -10, -11) == [-8, -7, -3, -2, -1]


def test_what_was_said_after_it_is_read_only_where_less_was_said_before_it() -> None:
    assert near(-2, 3, -1, 1, 2, 4) == [-2, -1, 1, 2, 3]
    assert near(-6, -5, -4, -3, -2, 1) == [-6, -5, -4, -3, -2]
    assert near(10, 9) == [9]


def test_other_threads_are_not_read() -> None:
    assert near(-1, thread="t2") == []
