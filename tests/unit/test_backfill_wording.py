"""Figures as reports write them."""

import pytest

from switchboard.backfills.progress import cut
from switchboard.backfills.wording import average, share


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(3_512, 5_394, "65.1%"), (0, 0, "100.0%"), (1, 3, "33.3%"), (2, 3, "66.7%"), (1, 2000, "0.1%"), (1, 2001, "0.0%"),
     (9_999, 10_000, "100.0%"), (5, 5, "100.0%")],
)  # fmt: skip
def test_a_share_is_rounded_half_up_to_one_decimal(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


def test_an_average_of_nothing_is_nothing() -> None:
    assert (average(0, 0), average(10, 4), average(1_234_567, 2)) == ("0.0", "2.5", "617,283.5")


@pytest.mark.parametrize("size", [10, 11, 12, 13, 14])
def test_a_text_is_cut_without_halving_a_character(size: int) -> None:
    text = cut("✅" * 20, size)
    assert len(text.encode()) <= size
    assert text.endswith("…")
    assert cut("short", 10) == "short"
