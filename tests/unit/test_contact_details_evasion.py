"""A number or an address is found however it is written, in any sentence, and never shows in a preview."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.contact_details import ViolationType, judge

_ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_SPANISH = ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"]
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_KEYCAPS = [f"{digit}\ufe0f\u20e3" for digit in range(10)]

numbers = st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True).filter(
    lambda digits: len(set(digits)) > 3 and digits not in "12345678901234567890"
)
carriers = st.sampled_from(
    ["{}", "call me at {}", "my cell is {} ok?", "text {} instead", "Hi! {} is the best way to reach me", "save it: {}"]
)


def _spelled(digits: str, alphabet: list[str] | str, between: str) -> str:
    return between.join(alphabet[int(digit)] for digit in digits)


_STYLES: list[Callable[[str], str]] = [
    lambda d: f"({d[:3]}) {d[3:6]}-{d[6:]}",
    lambda d: f"{d[:3]}.{d[3:6]}.{d[6:]}",
    lambda d: f"+1 {d[:3]} {d[3:6]} {d[6:]}",
    lambda d: d,
    " ".join,
    "-".join,
    "\u200b".join,
    "🐾".join,
    lambda d: f"{d[:3]}\n{d[3:6]}\n{d[6:]}",
    lambda d: _spelled(d, _ENGLISH, " "),
    lambda d: _spelled(d, _ENGLISH, "-"),
    lambda d: _spelled(d, _ENGLISH, ""),
    lambda d: _spelled(d, _SPANISH, " "),
    lambda d: _spelled(d, _CIRCLED, ""),
    lambda d: _spelled(d, _KEYCAPS, ""),
    lambda d: _spelled(d, "０１２３４５６７８９", ""),
    lambda d: _spelled(d, "٠١٢٣٤٥٦٧٨٩", " "),
    lambda d: _spelled(d, "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", ""),
    lambda d: " ".join(_spelled(d[:6], _ENGLISH, " ").split()) + " " + d[6:],
    lambda d: " ".join(" ".join(_ENGLISH[int(digit)]) for digit in d),
    lambda d: f"{d[:3]}-{d[3:6]}-{d[6:]}".replace("0", "O").replace("5", "S").replace("1", "l"),
]
styles = st.sampled_from(_STYLES)


@settings(deadline=None)
@given(numbers, styles, carriers)
def test_a_number_is_found_in_every_style_and_sentence(digits: str, style: Callable[[str], str], carrier: str) -> None:
    verdict = judge(carrier.format(style(digits)))
    assert ViolationType.PHONE_NUMBER in verdict.types


@settings(deadline=None)
@given(numbers, styles, carriers)
def test_a_preview_shows_no_more_than_four_digits(digits: str, style: Callable[[str], str], carrier: str) -> None:
    preview = judge(carrier.format(style(digits))).preview
    assert len(re.findall(r"\d", preview)) <= 4
    assert not judge(preview).types


@settings(deadline=None)
@given(numbers, st.integers(1, 9), st.integers(1, 9))
def test_a_number_is_found_when_it_is_sent_in_parts(digits: str, first: int, second: int) -> None:
    cuts = sorted({0, first, second, 10})
    *earlier, last = [digits[begin:end] for begin, end in pairwise(cuts)]
    assert judge(last, earlier=earlier).is_leak


@settings(deadline=None)
@given(
    st.from_regex(r"[a-z]{4,9}[0-9]{0,2}", fullmatch=True),
    st.sampled_from(["gmail", "yahoo", "hotmail", "outlook", "icloud"]),
    st.sampled_from(
        ["{}@{}.com", "{} at {} dot com", "{}(at){}(dot)com", "{} [at] {} [dot] com", "{} @ {} . com", "{}＠{}．com"]
    ),
    st.sampled_from(["{}", "write me: {}", "my email is {} thanks", "pics to {} please"]),
)
def test_an_address_is_found_in_every_style(name: str, provider: str, style: str, carrier: str) -> None:
    verdict = judge(carrier.format(style.format(name, provider)))
    assert verdict.types[:1] == (ViolationType.EMAIL,)
    assert name not in verdict.preview.replace("write me", "").replace("my email", "").replace("pics to", "")


@settings(deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=60), max_size=6))
def test_any_text_has_a_verdict_with_spans_inside_it(text: str, earlier: list[str]) -> None:
    verdict = judge(text, earlier=earlier)
    assert len(verdict.preview) <= 200
    for finding in (*verdict.findings, *verdict.flagged):
        assert 0 <= finding.start < finding.end <= len(text)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "$",
                "#",
                "_",
                " ",
                ":",
                "%",
                ",",
                "moc.",
                "fivee",
                "thre",
                "4",
                "a.",
                "@",
                "five ",
                "dot ",
                "com ",
                "venmo ",
                "\x1e",
                "+",
                "$a",
                "🐶",
                "1/",
            ]
        ),
        max_size=400,
    )
)
def test_any_junk_has_a_verdict(parts: list[str]) -> None:
    assert len(judge("".join(parts)).preview) <= 200


_THINGS = ["dogs", "cats", "birds", "fish", "hens", "cows", "pigs", "goats", "ducks", "mice"]


def _rises_or_falls(digits: str) -> bool:
    return list(digits) in (sorted(digits), sorted(digits, reverse=True))


@settings(deadline=None, max_examples=30)
@given(numbers)
def test_a_number_told_as_counts_of_things_is_found_where_the_text_says_so(digits: str) -> None:
    counts = ", ".join(f"{_ENGLISH[int(digit)]} {thing}" for digit, thing in zip(digits, _THINGS, strict=True))
    values = list(digits)
    assert judge(f"{counts}. that's my number, in order").is_leak is (
        values not in (sorted(values), sorted(values)[::-1])
    )
    assert not judge(f"{counts}, what a farm").is_leak


@settings(deadline=None, max_examples=30)
@given(numbers, st.sampled_from(["and after that you put", "stick this behind it:", "then you want to add"]))
def test_a_number_told_in_parts_is_found_whatever_leads_from_one_to_the_next(digits: str, words: str) -> None:
    assert judge(f"my area code is {digits[:3]} {words} {digits[3:6]} and then my birthday {digits[6:]}").is_leak


@pytest.mark.parametrize("carrier", ["you may want to use {}", "we march on, so {} is quicker", "here a lot, try {}"])
def test_words_that_name_a_month_or_a_place_elsewhere_hide_no_number(carrier: str) -> None:
    number = "nine one nine, five five five, zero one four four"
    assert judge(f"Walked her at 7:30 and fed both cats. {carrier.format(number)} while I am at work today").is_leak


@pytest.mark.parametrize(
    ("text", "is_leak"),
    [
        ("venmo's @Tess-Hollow for the extra visit", True),
        ("insta's hollow_tess, come look", True),
        ("Venmo's $20 limit is nothing I deal with", False),
        ("Nextdoor's @mentions were full of coyotes", False),
        ("I.G. = t e s s h o l l o w, come say hi", True),
        ("I.D. = the tag on the blue collar", False),
        ("206 (that's seattle) and after it 555 (like in the movies) and then 0154", True),
        ("puzzle pieces: 500 (done) and then 750 (half) and then 1000 (not started)", False),
        ("ring 651 <3 <3 555 <3 <3 0168", True),
        ("if his sugar is <3 give honey", False),
        ("s!x f!ve one f!ve f!ve f!ve zero one n!ne e!ght", True),
        ("s!x toys and n!ne balls, he counts them all", False),
        ("its tomasbrannigan all one word, on gmail", True),
        ("tessandbiscuits all lowercase on insta", True),
        ("is cockerpoo one word? on yahoo it says so", False),
        ("wifi is thunderpaws all one word, on the fridge", False),
    ],
)
def test_an_aside_a_sign_or_an_abbreviation_hides_no_detail(text: str, *, is_leak: bool) -> None:
    assert judge(text).is_leak is is_leak
