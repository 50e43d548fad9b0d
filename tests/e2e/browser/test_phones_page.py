"""Everybody's phone on one page: a newcomer sees in a minute what the product does."""

from collections.abc import Callable
from typing import Any

from local.stack import Stack

WITHIN_MS = 20_000


def phone(page: Any, name: str) -> Any:
    return page.get_by_role("region", name=name)


def write(page: Any, name: str, body: str) -> None:
    phone(page, name).get_by_label(f"{name.split(',', maxsplit=1)[0]} writes").fill(body)
    phone(page, name).get_by_role("button", name="Send").click()


def arrives(page: Any, name: str, body: str) -> None:
    phone(page, name).get_by_text(body).first.wait_for(timeout=WITHIN_MS)


def test_a_client_and_a_sitter_text_through_a_number_that_is_neithers(
    open_page: Callable[..., Any], stack: Stack, picture: Callable[[Any, str], Any]
) -> None:
    page = open_page("/phones", base=stack.addresses.twilio_url, viewport={"width": 1280, "height": 760})
    page.get_by_role("button", name="Assign a sitter").click()
    page.get_by_text("Jane and Sam text each other through").wait_for(timeout=WITHIN_MS)
    write(page, "Jane Doe, client", "Hi, is Rex behaving?")
    arrives(page, "Sam Lee, sitter", "Jane D.: Hi, is Rex behaving?")
    write(page, "Sam Lee, sitter", "He is! We are back from the park.")
    arrives(page, "Jane Doe, client", "He is! We are back from the park.")
    write(page, "Sam Lee, sitter", "Next time call me on 415-555-0134, off the app")
    arrives(page, "Olive Owner, owner", "Held a text from Sam L.")
    picture(page, "phones")
    shown = phone(page, "Jane Doe, client").inner_text()
    assert "415-555-0134" not in shown
    page.get_by_role("button", name="Swap the sitter").click()
    page.get_by_text("Sitter: Alex.").wait_for(timeout=WITHIN_MS)
    write(page, "Jane Doe, client", "And who are you?")
    arrives(page, "Alex Kim, sitter", "Jane D.: And who are you?")
    page.get_by_role("button", name="Cancel it").click()
    page.get_by_text("closed").wait_for(timeout=WITHIN_MS)
