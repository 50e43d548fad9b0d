"""Which class of number a thread needs."""

import pytest

from switchboard.domain.numbers import NumberClass, number_class


@pytest.mark.parametrize(
    ("is_meet_and_greet", "is_one_time", "has_sitter", "expected"),
    [
        (True, True, True, NumberClass.FRONT_DESK),
        (True, False, True, NumberClass.FRONT_DESK),
        (True, False, False, NumberClass.FRONT_DESK),
        (False, True, True, NumberClass.POOL),
        (False, True, False, NumberClass.POOL),
        (False, False, True, NumberClass.SITTER),
        (False, False, False, NumberClass.FRONT_DESK),
    ],
)
def test_the_first_match_wins(
    is_meet_and_greet: bool, is_one_time: bool, has_sitter: bool, expected: NumberClass
) -> None:
    found = number_class(is_meet_and_greet=is_meet_and_greet, is_one_time=is_one_time, has_sitter=has_sitter)
    assert found is expected
