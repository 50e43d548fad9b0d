"""Recurring or one-time, from explicit signals only."""

import itertools

import pytest

from switchboard.domain.classification import is_one_time


@pytest.mark.parametrize(
    ("says_recurring", "has_weekly_plan", "owner_override", "one_time"),
    [
        (False, False, None, True),
        (True, False, None, False),
        (False, True, None, False),
        (True, True, None, False),
        (False, False, True, False),
        (True, True, False, True),
    ],
)
def test_a_client_is_one_time_without_a_signal(
    says_recurring: bool, has_weekly_plan: bool, owner_override: bool | None, one_time: bool
) -> None:
    found = is_one_time(says_recurring=says_recurring, has_weekly_plan=has_weekly_plan, owner_override=owner_override)
    assert found is one_time


@pytest.mark.parametrize("owner_override", [True, False])
def test_the_owners_mark_wins_over_every_signal(owner_override: bool) -> None:
    for booking, plan in itertools.product([True, False], repeat=2):
        found = is_one_time(says_recurring=booking, has_weekly_plan=plan, owner_override=owner_override)
        assert found is not owner_override
