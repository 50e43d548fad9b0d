"""Sales accounts' classes by calendar months."""

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.account_classes import account_class, cutoffs, months_before

NOON = datetime(2025, 8, 31, 12, tzinfo=UTC)


def test_months_are_calendar_months_clamped_to_the_months_end() -> None:
    assert months_before(date(2025, 8, 31), 6) == date(2025, 2, 28)
    assert months_before(date(2024, 8, 31), 6) == date(2024, 2, 29)
    assert months_before(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert months_before(date(2025, 3, 15), 6) == date(2024, 9, 15)


def test_the_day_is_the_utc_day() -> None:
    east = datetime(2025, 9, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert cutoffs(east) == cutoffs(NOON)


def test_a_boundary_day_belongs_to_the_better_class() -> None:
    found = cutoffs(NOON)
    moment = timedelta(microseconds=1)
    assert account_class(found.active_from, found) == "ACTIVE"
    assert account_class(found.active_from - moment, found) == "TARGET"
    assert account_class(found.target_from, found) == "TARGET"
    assert account_class(found.target_from - moment, found) == "PROSPECT"


def test_no_order_is_a_prospect_and_one_to_come_is_active() -> None:
    found = cutoffs(NOON)
    assert account_class(None, found) == "PROSPECT"
    assert account_class(NOON + timedelta(days=900), found) == "ACTIVE"


@given(day=st.dates(date(2, 1, 1)), months=st.integers(0, 12))
def test_the_earlier_day_is_that_many_months_back_and_never_a_later_day_of_its_month(day: date, months: int) -> None:
    earlier = months_before(day, months)
    assert (day.year * 12 + day.month) - (earlier.year * 12 + earlier.month) == months
    assert earlier.day <= day.day
    assert earlier.day == day.day or (earlier + timedelta(days=1)).day == 1
