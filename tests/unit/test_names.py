"""What one side is told of the other's name."""

import pytest

from switchboard.domain.facts import Person


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("Jane", "Doe", "Jane D."),
        (" Jane ", " ", "Jane"),
        ("Jane", None, "Jane"),
        (None, "Doe", "Client D."),
        ("Jane 2", None, "Jane 2"),
        ("Jane\nSam L.:\thi", None, "Jane Sam L.: hi"),
        ("J" * 5_000, "Doe", "J" * 40 + " D."),
    ],
)
def test_a_name_is_a_first_name_and_an_initial_on_one_line(first: str | None, last: str | None, shown: str) -> None:
    assert Person("client-1", first, last, None).name == shown


@pytest.mark.parametrize(
    "written",
    [
        "+15555550101",
        "(555) 555-0101",
        "Jane 555 555 0101",
        "\uff15\uff15\uff15\uff15\uff15\uff15\uff10",
        "jane@example.com",
    ],
)
def test_a_phone_or_an_address_in_place_of_a_name_is_not_shown(written: str) -> None:
    assert Person("client-1", written, "Doe", None).name == "Client D."
    assert Person("client-1", "Jane", written, None).name == "Jane"
