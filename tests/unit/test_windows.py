"""Windows in absolute time, and the small numbers that name them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.windows import BUFFERS, TAG_REST, Interval, TaggedSpan, choose_tag, window_for

NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("service", "start", "end", "opens", "closes"),
    [
        ("Drop-ins", "2025-01-15T10:00", "2025-01-15T12:00", "2025-01-15T09:00", "2025-01-15T13:00"),
        ("Dog Walking", "2025-01-15T10:00", "2025-01-15T12:00", "2025-01-15T09:00", "2025-01-15T13:00"),
        ("Pet Taxi", "2025-01-15T10:00", "2025-01-15T12:00", "2025-01-15T09:00", "2025-01-15T13:00"),
        ("Housesitting", "2025-01-05T10:00", "2025-01-05T18:00", "2025-01-05T08:00", "2025-01-05T20:00"),
        ("24/7 Care", "2025-01-05T10:00", "2025-01-06T10:00", "2025-01-05T08:00", "2025-01-06T12:00"),
        ("housesitting", "2025-01-05T10:00", "2025-01-05T18:00", "2025-01-05T09:00", "2025-01-05T19:00"),
        ("House sitting", "2025-01-05T10:00", "2025-01-05T18:00", "2025-01-05T09:00", "2025-01-05T19:00"),
        ("Goldfish", "2025-01-05T10:00", "2025-01-05T10:00", "2025-01-05T09:00", "2025-01-05T11:00"),
        ("Drop-ins", "2025-03-09T08:30", "2025-03-09T09:00", "2025-03-09T07:30", "2025-03-09T10:00"),
        ("Drop-ins", "2025-11-02T06:30", "2025-11-02T07:30", "2025-11-02T05:30", "2025-11-02T08:30"),
    ],
)
def test_a_window_is_the_booking_and_its_services_buffers(
    service: str, start: str, end: str, opens: str, closes: str
) -> None:
    assert window_for(service, utc(start), utc(end)) == Interval(utc(opens), utc(closes))


@pytest.mark.parametrize("starts_at", ["2025-03-09T03:30", "2025-11-02T01:30", "2025-11-02T03:30"])
def test_clock_changes_do_not_bend_a_window(starts_at: str) -> None:
    local = datetime.fromisoformat(starts_at).replace(tzinfo=CHICAGO)
    window = window_for("Drop-ins", local, local.astimezone(UTC) + HOUR)
    assert window.start_at == local.astimezone(UTC) - HOUR
    assert window.end_at - window.start_at == 3 * HOUR


@given(
    st.sampled_from([*BUFFERS, "Other"]),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001  the zone is drawn apart
    st.integers(-14 * 60, 14 * 60),
    st.timedeltas(timedelta(0), timedelta(days=30)),
)
def test_a_window_does_not_depend_on_the_zone_that_the_times_are_told_in(
    service: str, start: datetime, offset: int, length: timedelta
) -> None:
    told = start.replace(tzinfo=timezone(timedelta(minutes=offset)))
    same = told.astimezone(UTC)
    window = window_for(service, told, told + length)
    assert window == window_for(service, same, same + length)
    assert window.start_at.tzinfo is UTC


def span(tag: int, start: datetime, *, released_at: datetime | None = None) -> TaggedSpan:
    return TaggedSpan(f"window-{tag}", "sitter-1", tag, Interval(start, start + HOUR), released_at)


def test_the_first_window_is_number_one() -> None:
    assert choose_tag(Interval(NOW, NOW + HOUR), [], present=None, now=NOW) == 1


def test_a_new_window_gets_the_smallest_number_that_is_free_near_it() -> None:
    others = [span(1, NOW), span(3, NOW)]
    assert choose_tag(Interval(NOW, NOW + HOUR), others, present=None, now=NOW) == 2


def test_a_number_is_used_again_only_a_day_away() -> None:
    window = Interval(NOW, NOW + HOUR)
    assert choose_tag(window, [span(1, NOW + HOUR + TAG_REST)], present=None, now=NOW) == 1
    assert choose_tag(window, [span(1, NOW + HOUR + TAG_REST - timedelta(seconds=1))], present=None, now=NOW) == 2


def test_a_number_given_up_rests_a_day() -> None:
    window = Interval(NOW, NOW + HOUR)
    just_given_up = span(1, NOW, released_at=NOW - TAG_REST + timedelta(seconds=1))
    rested = span(1, NOW, released_at=NOW - TAG_REST)
    assert choose_tag(window, [just_given_up], present=None, now=NOW) == 2
    assert choose_tag(window, [rested], present=None, now=NOW) == 1


def test_a_moved_window_keeps_its_number_unless_it_would_name_two() -> None:
    window = Interval(NOW, NOW + HOUR)
    assert choose_tag(window, [span(1, NOW)], present=7, now=NOW) == 7
    assert choose_tag(window, [span(7, NOW)], present=7, now=NOW) == 1


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(-72, 72)), max_size=12), st.integers(-72, 72))
def test_no_two_windows_within_a_day_have_the_same_number(others: list[tuple[int, int]], at: int) -> None:
    spans = [span(tag, NOW + hours * HOUR) for tag, hours in others]
    window = Interval(NOW + at * HOUR, NOW + (at + 1) * HOUR)
    tag = choose_tag(window, spans, present=None, now=NOW)
    near = [
        one
        for one in spans
        if one.interval.start_at - window.end_at < TAG_REST and window.start_at - one.interval.end_at < TAG_REST
    ]
    assert tag not in {one.tag for one in near}
    assert tag <= len(near) + 1
