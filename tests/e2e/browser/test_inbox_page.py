"""The owner in a real browser: signing in, reading, answering, releasing, on a desk and on a phone."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from local.issuer import issue_token
from local.players import eventually
from switchboard import runtime
from tests.e2e.town import HOUR, Person, Town

Open = Callable[..., Any]
Picture = Callable[[Any, str], Any]
HOSTILE = """<img src=x onerror="document.title='owned'"><script>document.title='owned'</script> \u202e"""
WITHIN_MS = 20_000


class Visit:
    """A client and a sitter in a live window."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.client, self.sitter = town.person("Jane", "Doe"), town.person("Sam", "Lee")
        self.thread_id: str = town.booking(self.client, self.sitter).json()["threadId"]
        self.number = town.number_of(self.thread_id)

    def text(self, sender: Person, body: str) -> None:
        assert self.town.phones.text(sender=sender.phone, to=self.number, body=body).status == 200


@pytest.fixture
def visit(town: Town) -> Visit:
    """A visit that is on now."""
    return Visit(town)


def open_thread(page: Any, name: str = "Jane Doe") -> None:
    page.get_by_role("link", name=re.compile(name)).click(timeout=WITHIN_MS)
    page.get_by_role("heading", name=name).wait_for(timeout=WITHIN_MS)


def test_the_owner_signs_in_and_out(open_page: Open, picture: Picture) -> None:
    page = open_page()
    page.get_by_role("button", name="Sign in").wait_for()
    picture(page, "inbox-welcome")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for(timeout=WITHIN_MS)
    assert "code=" not in page.url
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_token_that_is_over_leads_back_to_signing_in(open_page: Open) -> None:
    page = open_page()
    over = issue_token(now=runtime.now() - 2 * HOUR, lasts=HOUR)
    page.evaluate("token => sessionStorage.setItem('switchboard.token', token)", over)
    page.reload()
    page.get_by_role("button", name="Sign in").wait_for(timeout=WITHIN_MS)
    assert page.get_by_role("status").inner_text() == "Please sign in again."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_owner_reads_and_answers_and_it_arrives(
    open_page: Open, picture: Picture, visit: Visit, scheme: str
) -> None:
    visit.text(visit.client, "Is Rex fine?")
    visit.text(visit.sitter, "He is asleep in the sun.")
    page = open_page(town=visit.town, color_scheme=scheme, viewport={"width": 1200, "height": 800})
    open_thread(page)
    page.get_by_text("He is asleep in the sun.", exact=True).first.wait_for(timeout=WITHIN_MS)
    assert page.get_by_text("active until").count() >= 1
    page.get_by_label("Your words").fill("We are glad to hear it.")
    page.get_by_role("button", name="Send").click()
    page.locator("#messages").get_by_text("We are glad to hear it.").wait_for(timeout=WITHIN_MS)
    assert eventually(lambda: "We are glad to hear it." in visit.town.bodies(visit.client.phone))
    page.locator("#messages").get_by_text("queued").last.wait_for(state="detached", timeout=WITHIN_MS)
    picture(page, f"inbox-{scheme}")


def test_the_owner_answers_the_sitter(open_page: Open, visit: Visit) -> None:
    page = open_page(town=visit.town)
    open_thread(page)
    page.get_by_label("To", exact=True).select_option("sitter")
    page.get_by_label("Your words").fill("Please lock the gate.")
    page.get_by_role("button", name="Send").click()
    assert eventually(lambda: "Please lock the gate." in visit.town.bodies(visit.sitter.phone))
    assert visit.town.bodies(visit.client.phone) == []


def test_a_held_text_is_released_with_a_reason(open_page: Open, picture: Picture, visit: Visit) -> None:
    visit.text(visit.client, "Call me on 415-555-0134")
    page = open_page(town=visit.town)
    page.get_by_text("1 held").wait_for(timeout=WITHIN_MS)
    open_thread(page)
    page.get_by_text("Held: a phone number").wait_for(timeout=WITHIN_MS)
    page.get_by_label("Why it may pass").fill(" ")
    page.get_by_role("button", name="Release").click()
    page.get_by_text("Reason: write something.").wait_for(timeout=WITHIN_MS)
    picture(page, "inbox-held")
    page.get_by_label("Why it may pass").fill("It is the vet's number")
    page.keyboard.press("Enter")
    page.get_by_text("Held: a phone number").wait_for(state="detached", timeout=WITHIN_MS)
    assert eventually(lambda: "Jane D.: Call me on 415-555-0134" in visit.town.bodies(visit.sitter.phone))


def test_a_hostile_text_stays_text(open_page: Open, visit: Visit) -> None:
    visit.text(visit.client, HOSTILE)
    page = open_page(town=visit.town)
    open_thread(page)
    shown = page.locator("#messages .body").first
    shown.wait_for(timeout=WITHIN_MS)
    assert shown.inner_text().strip() == HOSTILE.strip()
    assert page.locator("#messages img, #messages script, #threads img").count() == 0
    assert page.title() == "Inbox · Switchboard"


def test_on_a_phone_the_list_and_the_conversation_take_turns(open_page: Open, picture: Picture, visit: Visit) -> None:
    visit.text(visit.client, "Is Rex fine? " * 12 + "x" * 200)
    page = open_page(town=visit.town, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.get_by_role("link", name=re.compile("Jane Doe")).wait_for(timeout=WITHIN_MS)
    picture(page, "inbox-phone-list")
    open_thread(page)
    assert not page.locator("#list").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "inbox-phone-thread")
    page.get_by_role("link", name="All conversations").click()
    assert page.locator("#list").is_visible()
    assert not page.locator("#thread").is_visible()


def test_the_keyboard_reaches_everything(open_page: Open, visit: Visit) -> None:
    page = open_page(town=visit.town)
    page.get_by_role("link", name=re.compile("Jane Doe")).wait_for(timeout=WITHIN_MS)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#threads') !== null"):
            break
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Jane Doe").wait_for(timeout=WITHIN_MS)
    page.locator("#title:focus").wait_for(timeout=WITHIN_MS)
    page.locator("#threads a[aria-current=page]").wait_for(timeout=WITHIN_MS)


def test_a_person_is_told_when_something_cannot_be_done(open_page: Open, visit: Visit) -> None:
    visit.text(visit.client, "STOP")
    page = open_page(town=visit.town)
    open_thread(page)
    page.get_by_label("Your words").fill("Are you there?")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("The client has opted out of texts.").wait_for(timeout=WITHIN_MS)
    assert page.get_by_label("Your words").input_value() == "Are you there?"


def test_backfills_have_a_page(open_page: Open, picture: Picture, visit: Visit) -> None:
    page = open_page("/inbox#/backfills", town=visit.town)
    page.get_by_role("heading", name="Backfills").wait_for(timeout=WITHIN_MS)
    page.get_by_text("No backfill has run yet.").wait_for(timeout=WITHIN_MS)
