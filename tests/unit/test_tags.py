"""How a sitter's text names its client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.tags import Tag, read_tag


@pytest.mark.parametrize(
    ("body", "number", "rest"),
    [
        ("#1 on my way", 1, "on my way"),
        ("#12 hi", 12, "hi"),
        ("# 2 hi", 2, "hi"),
        ("[1] on my way", 1, "on my way"),
        ("[1]: hi", 1, "hi"),
        ("1: on my way", 1, "on my way"),
        ("1) on my way", 1, "on my way"),
        ("  #1   two lines\nhere", 1, "two lines\nhere"),
        ("#1: hi", 1, "hi"),
    ],
)
def test_a_tag_is_read_and_taken_off(body: str, number: int, rest: str) -> None:
    assert read_tag(body) == (Tag(number), rest)


@pytest.mark.parametrize("body", ["1", " 2 ", "#3", "[3]", "1.", "1!", "2)", "2:"])
def test_a_number_that_is_the_whole_text_is_bare(body: str) -> None:
    tag, rest = read_tag(body)
    assert tag
    assert tag.bare
    assert rest == body


@pytest.mark.parametrize("body", ["1", " 2 ", "1.", "1!"])
def test_a_plain_number_below_a_picture_is_its_caption(body: str) -> None:
    assert read_tag(body, pictured=True) == (None, body)


@pytest.mark.parametrize("body", ["#3", "[3]", "3)", "3:", "# 3 ."])
def test_a_marked_number_below_a_picture_is_the_pictures_tag(body: str) -> None:
    assert read_tag(body, pictured=True) == (Tag(3), "")


@pytest.mark.parametrize(
    "body",
    [
        "2 dogs walked",
        "1:30 works",
        "10:15",
        "#1st place!",
        "#1dog",
        "0",
        "#0 hi",
        "1234",
        "#1234 hi",
        "3.5 miles today",
        "see #1",
        "$5 tip",
        "1,2,3 go",
        "-1) x",
        "",
        "   ",
        "①",
    ],
)
def test_what_only_begins_with_a_number_is_no_tag(body: str) -> None:
    assert read_tag(body) == (None, body)


@given(st.text(max_size=80))
def test_what_is_passed_on_is_the_end_of_what_was_written(body: str) -> None:
    tag, rest = read_tag(body)
    assert body.endswith(rest)
    assert tag is not None or rest == body


@given(
    st.integers(1, 999), st.sampled_from(["#{} {}", "[{}] {}", "{}: {}", "{}) {}"]), st.text(min_size=1, max_size=40)
)
def test_every_form_names_the_same_client(number: int, form: str, words: str) -> None:
    words = "x" + words
    assert read_tag(form.format(number, words)) == (Tag(number), words)
