"""A text read out of Twilio's form."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.inbound_text import Media, read_text, storable_form

AT = datetime(2025, 1, 15, 12, tzinfo=UTC)


def test_the_first_value_of_a_repeated_field_counts() -> None:
    assert read_text([("Body", "one"), ("Body", "two")], arrived_at=AT).body == "one"


@pytest.mark.parametrize("declared", ["0", "1", "99", "", "many"])
def test_the_pictures_that_are_there_count_whatever_is_declared(declared: str) -> None:
    form = [
        ("NumMedia", declared),
        ("MediaUrl0", "https://m.example.test/0"),
        ("MediaUrl2", "https://m.example.test/2"),
    ]
    assert [one.url for one in read_text(form, arrived_at=AT).media] == [
        "https://m.example.test/0",
        "https://m.example.test/2",
    ]


def test_an_eleventh_picture_and_odd_addresses_are_left_out() -> None:
    form = [(f"MediaUrl{n}", f"https://m.example.test/{n}") for n in range(12)] + [("MediaUrl3", "")]
    assert len(read_text(form, arrived_at=AT).media) == 10
    assert read_text([("MediaUrl0", "file:///etc/passwd")], arrived_at=AT).media == ()


@pytest.mark.parametrize(
    ("url", "kind", "is_card"),
    [
        ("https://m.example.test/1", "text/vcard", True),
        ("https://m.example.test/1", "Text/X-VCard; charset=utf-8", True),
        ("https://m.example.test/me.VCF?x=1", "", True),
        ("https://m.example.test/me.vcf#x", "", True),
        ("https://m.example.test/1", "image/jpeg", False),
        ("https://m.example.test/1?name=me.vcf", "", False),
        ("http://[::1", "", False),
    ],
)
def test_contact_cards_are_known_by_type_or_name(url: str, kind: str, is_card: bool) -> None:
    assert Media(url, kind).is_contact_card is is_card


def test_a_form_without_a_sid_is_named_by_its_content() -> None:
    one, again = ([("From", "+15555550101"), ("Body", body)] for body in ("a", "a"))
    assert read_text(one, arrived_at=AT).message_sid == read_text(again, arrived_at=AT).message_sid
    assert read_text(one, arrived_at=AT).message_sid != read_text([("Body", "b")], arrived_at=AT).message_sid


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=30)), max_size=12))
def test_no_form_is_too_odd_to_read_or_to_store(form: list[tuple[str, str]]) -> None:
    text = read_text(form, arrived_at=AT)
    assert "\x00" not in text.body
    for name, value in storable_form(form):
        (name + value).encode()
        assert "\x00" not in name + value
