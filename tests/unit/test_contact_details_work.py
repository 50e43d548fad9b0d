"""What a text costs, counted in calls and not in time: in proportion to its length, whatever it says."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from switchboard.domain.contact_details import judge
from tests.hostile_texts import LONGEST, hostile_texts

_WHOLE, _HALF = hostile_texts(), hostile_texts(LONGEST // 2)
_MOST_CALLS = 24_000
_SETTING_UP = 2_000


def _calls(text: str, earlier: Sequence[str] = ()) -> int:
    """How often anything is called, or returns, while the text is judged."""
    count = 0

    def _count(*_: object) -> None:
        nonlocal count
        count += 1

    judge(text, earlier=earlier)
    before = sys.getprofile()
    sys.setprofile(_count)
    try:
        judge(text, earlier=earlier)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("subject", _WHOLE)
def test_a_text_of_twice_the_length_takes_twice_the_work_at_most(subject: str) -> None:
    whole = _calls(_WHOLE[subject])
    assert whole <= 2.2 * _calls(_HALF[subject]) + _SETTING_UP
    assert whole <= _MOST_CALLS


def test_earlier_texts_add_no_more_work_than_a_text_has() -> None:
    texts = list(_WHOLE.values())
    assert max(_calls(text, earlier=texts[i - 5 : i]) for i, text in enumerate(texts) if i > 4) <= _MOST_CALLS
