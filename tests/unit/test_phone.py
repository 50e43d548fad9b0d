"""Phones are judged by E.164 shape, and formatted US numbers are normalised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.phone import is_e164, to_e164

digits = st.text("0123456789", min_size=10, max_size=10).filter(lambda text: text[0] not in "01")


@pytest.mark.parametrize("phone", ["+15555550101", "+447700900123", "+1234567", "+123456789012345"])
def test_a_plus_and_seven_to_fifteen_digits_is_e164(phone: str) -> None:
    assert is_e164(phone)
    assert to_e164(phone) == phone


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "15555550101",
        "+0155555501",
        "+123456",
        "+1234567890123456",
        "+1555555010\n",
        "+1555a550101",
        "+１５５５５５５０１０１",
    ],
)
def test_other_shapes_are_not_e164(text: str) -> None:
    assert not is_e164(text)


@pytest.mark.parametrize(
    "written",
    [
        "2025550147",
        "202-555-0147",
        "202.555.0147",
        "202 555 0147",
        "(202) 555-0147",
        "(202)555-0147",
        " 202-555-0147 ",
        "1 202 555 0147",
        "1-202-555-0147",
        "1 (202) 555-0147",
        "12025550147",
        "+1 (202) 555-0147",
        "+1 202\u2011555\u20110147",
        "202\u00a0555\u00a00147",
    ],
)
def test_a_formatted_us_number_is_normalised(written: str) -> None:
    assert to_e164(written) == "+12025550147"


@pytest.mark.parametrize("written", ["+44 7700 900123", "+44-7700-900-123", "+44.7700.900123"])
def test_a_formatted_number_with_a_plus_keeps_its_country(written: str) -> None:
    assert to_e164(written) == "+447700900123"


@pytest.mark.parametrize(
    "ambiguous",
    [
        "",
        "555-0147",
        "0255550147",
        "1025550147",
        "22025550147",
        "+44 (0)7700 900123",
        "202-555-0147 x12",
        "202-555-0147 / 202-555-0148",
        "(202 555-0147",
        "202-555-DOGS",
        "20-25-55-01-47",
        "2025550147\u0660",
        "２０２５５５０１４７",
        "tel:+12025550147",
        "++12025550147",
        "+",
        "call me",
    ],
)
def test_what_has_no_single_reading_is_refused(ambiguous: str) -> None:
    assert to_e164(ambiguous) is None


@settings(deadline=None)
@given(digits)
def test_every_usual_way_of_writing_gives_the_same_number(number: str) -> None:
    area, exchange, line = number[:3], number[3:6], number[6:]
    ways = (number, f"({area}) {exchange}-{line}", f"1.{area}.{exchange}.{line}", f"+1{number}")
    assert {to_e164(way) for way in ways} == {"+1" + number}


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_a_number_of_the_right_shape_or_none(text: str) -> None:
    result = to_e164(text)
    assert result is None or is_e164(result)
