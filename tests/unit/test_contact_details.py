"""Contact details in one text, or in parts over several; what is exempt, what is only flagged, what a preview shows."""

from __future__ import annotations

import pytest

from switchboard.domain.contact_details import ViolationType, judge

_BOOKING = ("https://book.example.test",)
_HOTLINES = ("+18884264435", "+18557647661")


@pytest.mark.parametrize(
    ("earlier", "text"),
    [
        (["202", "555"], "0147"),
        (["20", "25", "55", "01"], "47"),
        (["2025", "5501"], "47"),
        (["my area code is 202", "then 555"], "and the last four 0147"),
        (["first part 202", "second 555", "hang on"], "0147"),
        (["two oh two", "five five five"], "oh one four seven"),
        (["2", "0", "2"], "5550147"),
        (["+44 7700"], "900123"),
        (["my gmail is"], "jess.walks"),
        (["jesswalks", "at gmail"], "dot com"),
        (["jesswalks@"], "gmail.com"),
        (["jesswalks dot"], "com"),
        (["my insta is"], "jess_walks"),
    ],
)
def test_a_detail_sent_in_parts_is_found_with_its_last_part(earlier: list[str], text: str) -> None:
    assert not judge(text).is_leak
    assert judge(text, earlier=earlier).is_leak


@pytest.mark.parametrize("text", ["ok thanks", "2 dogs walked", "see you at 7:30", "code is 4471", "1", ""])
def test_a_text_that_takes_no_part_in_an_earlier_detail_is_delivered(text: str) -> None:
    for earlier in (["202-555-0147"], ["202", "555", "0147"], ["jess@gmail.com"], ["my insta is jess_walks"]):
        assert not judge(text, earlier=earlier).is_leak


def test_only_the_last_five_earlier_texts_are_joined() -> None:
    assert judge("0147", earlier=["202", "555", "k", "k", "k"]).is_leak
    assert not judge("0147", earlier=["202", "555", "k", "k", "k", "k", "k"]).is_leak


@pytest.mark.parametrize(
    "text",
    [
        "book at https://book.example.test",
        "https://book.example.test/",
        "book.example.test/spring?ref=2",
        "HTTPS://BOOK.EXAMPLE.TEST/jane.",
        "see (https://book.example.test?d=3)!",
    ],
)
def test_the_organisations_own_link_is_no_finding(text: str) -> None:
    assert not judge(text, allowed_urls=_BOOKING).is_leak
    assert judge(text).types == (ViolationType.URL,)


@pytest.mark.parametrize(
    "text",
    [
        "https://book.example.test.evil.com",
        "https://evil.com/https://book.example.test",
        "https://book.example.test@evil.com/",
        "https://evil.com?https://book.example.test",
        "https://notbook.example.test",
        "https://book.example.tests/",
        "https://book.example.test/?next=https://evil.com",
        "https://bооk.example.test",
    ],
)
def test_a_link_that_only_looks_like_the_own_one_is_held(text: str) -> None:
    assert ViolationType.URL in judge(text, allowed_urls=_BOOKING).types


def test_beside_the_own_link_the_rest_is_judged() -> None:
    verdict = judge("https://book.example.test or 202-555-0147", allowed_urls=_BOOKING)
    assert verdict.types == (ViolationType.PHONE_NUMBER,)


@pytest.mark.parametrize("written", ["888-426-4435", "(888) 426-4435", "1-888-426-4435", "+18884264435", "8884264435"])
def test_a_hotline_is_no_finding_however_written(written: str) -> None:
    assert not judge(f"call poison control {written} now", hotlines=_HOTLINES).is_leak
    assert judge(f"call poison control {written} now").is_leak


def test_beside_a_hotline_the_rest_is_judged() -> None:
    assert judge("ASPCA is 888-426-4435, I'm 202-555-0147", hotlines=_HOTLINES).is_leak
    assert judge("call 911 first, then me at 202-555-0147", hotlines=_HOTLINES).is_leak
    assert not judge("call 911 if he stops breathing").is_leak


@pytest.mark.parametrize(
    "text",
    ["order number 7045550118 is at the pickup desk", "Rx number 4145550150 at walgreens", "gate code 5125550143"],
)
def test_ten_digits_in_a_harmless_context_are_flagged_and_delivered(text: str) -> None:
    verdict = judge(text)
    assert not verdict.is_leak
    assert [finding.violation_type for finding in verdict.flagged] == [ViolationType.PHONE_NUMBER]


@pytest.mark.parametrize(
    "text",
    [
        "order #4155550134, text that number",
        "the gate code is 202-555-0147, call it",
        "tracking 4085550123, save that as my contact",
    ],
)
def test_a_harmless_word_beside_a_number_to_call_does_not_hide_it(text: str) -> None:
    assert judge(text).types == (ViolationType.PHONE_NUMBER,)


@pytest.mark.parametrize(
    ("text", "preview"),
    [
        ("call me at 202-555-0147 ok", "call me at ***-***-0147 ok"),
        ("two oh two five five five zero one four seven", "***-***-0147"),
        ("my UK one is +44 7700 900123.", "my UK one is ***-***-0123."),
        ("write jess@mail.example.com please", "write ***@example.com please"),
        ("jess at gmail dot com", "***@gmail.com"),
        ("see https://jess.example.com/book?x=1 now", "see ***example.com now"),
        ("see jess.example.co.uk now", "see ***example.co.uk now"),
        ("just venmo me @Jess-Walks", "just [REDACTED]"),
        ("thanks, all good", "thanks, all good"),
    ],
)
def test_a_preview_keeps_four_digits_or_the_domain(text: str, preview: str) -> None:
    assert judge(text).preview == preview


def test_a_preview_has_two_hundred_characters_at_most_after_covering() -> None:
    assert len(judge("woof " * 100).preview) == 200
    assert "202" not in judge("w" * 195 + " 202-555-0147").preview
    assert judge("2025550147 " * 140).preview == ("***-***-0147 " * 140)[:200]


def test_a_flagged_number_is_covered_too() -> None:
    assert judge("order number 7045550118").preview == "order number ***-***-0118"


def test_a_finding_gives_its_place_in_the_original_text() -> None:
    text = "👍🏽 text ２０２-５５５-０１４７ ok"
    (finding,) = judge(text).findings
    assert text[finding.start : finding.end] == "２０２-５５５-０１４７"


def test_kinds_are_given_once_numbers_and_addresses_before_invitations() -> None:
    verdict = judge("text me directly, 202-555-0147 or 202-555-0148 or jess@example.com")
    assert verdict.types == (ViolationType.PHONE_NUMBER, ViolationType.EMAIL, ViolationType.SOCIAL_MEDIA)


def test_only_the_first_sixteen_hundred_characters_are_read() -> None:
    assert judge("x" * 1580 + " 202-555-0147").is_leak
    assert not judge("x" * 1600 + " 202-555-0147").is_leak


@pytest.mark.parametrize(
    "text", ["", " ", "$#5", "$ 5", "_ 5", "\n", "\x00", "🐶" * 1600, "\ud800", "\u202e\u200b", "'" * 50, "@", "+", "$"]
)
def test_texts_without_words_say_nothing(text: str) -> None:
    assert judge(text, earlier=[text] * 9).findings == ()


@pytest.mark.parametrize(
    "start", ["no problem.net result is good", "We're home.co-sleeping again", "all done.vip nap now"]
)
def test_a_sentence_that_begins_without_a_space_is_no_address(start: str) -> None:
    assert not judge(start).is_leak


@pytest.mark.parametrize(
    "text",
    ["see petzen.net soon", "petzen.net has it", "pet-zen.net rates", "my site petzen.net", "ask petzen.co - Dee"],
)
def test_a_host_is_an_address_whatever_word_its_ending_is(text: str) -> None:
    assert judge(text).types == (ViolationType.URL,)


@pytest.mark.parametrize(
    ("text", "is_leak"),
    [
        ("mi pagina: paseosdelucia punto es", True),
        ("hundefreunde dot de has my rates", True),
        ("lo importante punto es que tome agua", False),
        ("un buen punto es la esquina", False),
        ("follow the dot it makes", False),
    ],
)
def test_a_country_is_an_ending_behind_what_can_only_be_a_name(text: str, *, is_leak: bool) -> None:
    assert judge(text).is_leak is is_leak


@pytest.mark.parametrize(
    "text",
    [
        "mon portable c'est le 06 39 98 12 47",
        "appelez moi au 06 39 98 12 47",
        "il mio cellulare e 347 555 0182",
        "ligue para 11 95555 0147",
        "bitte anrufen unter 0152 2881 7386",
        "00 44 7700 900 682 if the flight is late",
    ],
)
def test_a_number_is_found_by_the_cues_of_other_languages_and_countries(text: str) -> None:
    assert judge(text).types == (ViolationType.PHONE_NUMBER,)


@pytest.mark.parametrize(
    ("text", "is_leak"),
    [
        ("start with six, then oh, then two, then five five five, then 0123, call me", True),
        ("my number has a 9 then a 1 then a 9 then 5 5 5 then 0 then 1 then 6 then 2", True),
        ("first a 5 minute walk, then a 10 minute walk, then a 15 minute one", False),
        ("feed one, then oh maybe two, then stop", False),
        ("the code is a 4 then a 4 then a 7 then a 1", False),
    ],
)
def test_digits_told_one_after_the_other_are_a_number(text: str, *, is_leak: bool) -> None:
    assert judge(text).is_leak is is_leak


@pytest.mark.parametrize("text", ["tesspets dot org/", "tesspets dot org slash", "tesspets dot org slash dogs"])
def test_a_spoken_address_may_end_in_a_slash(text: str) -> None:
    assert judge(text).types == (ViolationType.URL,)
