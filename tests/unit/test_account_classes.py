"""Sales accounts' classes by calendar months."""

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.account_classes import Cutoffs, cutoffs, months_before

NOON = datetime(2025, 8, 31, 12, tzinfo=UTC)


def test_months_are_calendar_months_clamped_to_the_months_end() -> None:
    assert months_before(date(2025, 8, 31), 6) == date(2025, 2, 28)
    assert months_before(date(2024, 8, 31), 6) == date(2024, 2, 29)
    assert months_before(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert months_before(date(2025, 3, 15), 6) == date(2024, 9, 15)


def test_the_day_is_the_utc_day() -> None:
    east = datetime(2025, 9, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert cutoffs(east) == cutoffs(NOON)


def test_a_class_begins_with_the_first_instant_of_its_boundary_day() -> None:
    assert cutoffs(NOON) == Cutoffs(datetime(2025, 2, 28, tzinfo=UTC), datetime(2024, 8, 31, tzinfo=UTC))


@given(day=st.dates(date(2, 1, 1)), months=st.integers(0, 12))
def test_the_earlier_day_is_that_many_months_back_and_never_a_later_day_of_its_month(day: date, months: int) -> None:
    earlier = months_before(day, months)
    assert (day.year * 12 + day.month) - (earlier.year * 12 + earlier.month) == months
    assert earlier.day <= day.day
    assert earlier.day == day.day or (earlier + timedelta(days=1)).day == 1
