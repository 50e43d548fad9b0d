"""Texts that say the same over and over: read once, and nothing hides among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.contact_details import judge
from switchboard.domain.contact_details.confusables import fold
from switchboard.domain.contact_details.repeats import repeats_in

_LENGTH = 1600


@given(unit=st.text("ab4 .-", min_size=1, max_size=12), head=st.text("xyz ", max_size=40))
def test_a_long_repetition_is_shortened_by_whole_units(unit: str, head: str) -> None:
    text = (head + unit * _LENGTH)[:_LENGTH]
    cut = repeats_in(text)
    kept = text[: cut[0][0]] + text[cut[-1][1] :]
    assert len(kept) < _LENGTH // 2
    assert text.startswith(kept[:160])
    assert text.endswith(kept[-100:])
    assert kept in text or len(cut) > 1


@given(st.text("abcdefghijklmnopqrstuvwxyz 0123456789", max_size=300))
def test_a_short_text_is_read_whole(text: str) -> None:
    assert fold(text).text == text


def test_what_is_shortened_keeps_its_places_in_the_original() -> None:
    text = "4 " * 300 + "end"
    folded = fold(text)
    assert len(folded.text) < len(text)
    assert all(text[at] == char for at, char in zip(folded.origin, folded.text, strict=True))
    assert folded.skipped


@pytest.mark.parametrize("padding", ["4 ", "woof ", "44 ", "a.", "12:30 ", "four ", "１"])
@pytest.mark.parametrize("detail", [" call me on 202-555-0147 ", " jess@example.com ", " www.jesswalks.com "])
def test_repetitions_hide_no_detail_between_them(padding: str, detail: str) -> None:
    filler = padding * (700 // len(padding))
    assert judge(filler + detail + filler).is_leak


@pytest.mark.parametrize("unit", ["202-555-0147 ", "f i v e ", "two oh two triple five oh one four seven, "])
def test_a_preview_shows_no_part_of_a_repeated_number(unit: str) -> None:
    verdict = judge("call " + "202-555-0147 " + unit * 100)
    assert verdict.is_leak
    assert "555-0147" not in verdict.preview
    assert "four seven" not in verdict.preview
