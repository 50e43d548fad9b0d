"""What follows from an order of a number that brought none, and where numbers are looked for."""

import pytest

from switchboard.domain.delivery import NotSent, Refused, Unknown
from switchboard.domain.numbers import NumberClass
from switchboard.domain.provisioning import Purchase, Sequel, area_code, sequel_of


@pytest.mark.parametrize(
    ("failure", "sequel"),
    [
        (Unknown("ReadTimeout"), Sequel.LOOK),
        (Unknown("http_503"), Sequel.LOOK),
        (Unknown("ConnectionError", dropped=True), Sequel.LOOK),
        (NotSent("ConnectTimeout"), Sequel.TRY_AGAIN),
        (Refused(20429, 429), Sequel.TRY_AGAIN),
        (Refused(None, 429), Sequel.TRY_AGAIN),
        (Refused(21421, 400), Sequel.TRY_AGAIN),
        (Refused(21422, 400), Sequel.TRY_AGAIN),
        (Refused(21404, 400), Sequel.GIVE_UP),
        (Refused(20003, 401), Sequel.GIVE_UP),
        (Refused(None, 400), Sequel.GIVE_UP),
    ],
)
def test_only_what_twilio_may_have_taken_is_looked_for(failure: Refused | NotSent | Unknown, sequel: Sequel) -> None:
    assert sequel_of(failure) is sequel


@pytest.mark.parametrize(
    ("e164", "area"),
    [
        ("+14155550100", "415"),
        ("+15550100000", "555"),
        ("+10155550100", None),
        ("+442071838750", None),
        ("+1415555010", None),
        ("", None),
        (None, None),
    ],
)
def test_only_north_american_numbers_have_an_area(e164: str | None, area: str | None) -> None:
    assert area_code(e164) == area


def test_a_purchases_name_fits_into_twilios_64_characters() -> None:
    purchase = Purchase("0" * 36, "default", NumberClass.SITTER, None, 0, None)
    assert len(purchase.friendly_name) <= 64
    assert not purchase.is_in_doubt
