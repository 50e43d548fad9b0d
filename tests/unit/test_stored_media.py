"""The pictures of a stored event, in whatever way an earlier application wrote them."""

import pytest

from switchboard.domain.contact_check import read_media
from switchboard.domain.inbound_text import Media

PICTURE = "https://api.twilio.com/media/ME1"


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (None, ()),
        ("", ()),
        ("[]", ()),
        (f'[{{"url": "{PICTURE}", "contentType": "image/jpeg"}}]', (Media(PICTURE, "image/jpeg"),)),
        (f'[{{"url": "{PICTURE}"}}, {{"name": "none"}}, {{"url": 7}}]', (Media(PICTURE, ""),)),
        (f'["{PICTURE}", 7, null]', (Media(PICTURE, ""),)),
        (f'{{"url": "{PICTURE}"}}', ()),
        ("no JSON", ()),
    ],
)
def test_what_is_an_address_is_read_and_nothing_else_breaks_it(stored: str | None, read: tuple[Media, ...]) -> None:
    assert read_media(stored) == read
