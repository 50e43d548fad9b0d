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


def look_again(page: Any) -> None:
    """The page looks every few seconds; its clock is put forward to then."""
    page.clock.run_for(4_000)


def with_a_clock(page: Any) -> Any:
    page.clock.install()
    page.reload()
    return page


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


@pytest.mark.parametrize("answer", ["code=x&state=forged", "error=access_denied&state=forged", "state="])
def test_a_forged_way_back_from_the_provider_signs_nobody_in(open_page: Open, answer: str) -> None:
    page = open_page(f"/inbox?{answer}")
    page.get_by_text("Signing in did not work. Please try again.").wait_for(timeout=WITHIN_MS)
    assert page.get_by_role("button", name="Sign in").is_visible()
    assert page.url.endswith("/inbox")
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


def test_whom_an_answer_goes_to_follows_a_change_of_sitter(open_page: Open, town: Town) -> None:
    client, sam, alex = town.person("Jane", "Doe"), town.person("Sam", "Lee"), town.person("Alex", "Kim")
    town.booking(client, sam, booking_id="visit")
    page = with_a_clock(open_page(town=town))
    open_thread(page)
    page.get_by_label("To", exact=True).select_option("sitter")
    assert "Sam Lee" in page.locator("#to option:checked").inner_text()
    assert town.booking(client, alex, booking_id="visit", kind="booking.reassigned").status == 200
    look_again(page)
    page.locator("#facts").get_by_text("Alex Kim").wait_for(timeout=WITHIN_MS)
    assert "Alex Kim" in page.locator("#to option:checked").inner_text()
    page.get_by_label("Your words").fill("Welcome, Alex.")
    page.get_by_role("button", name="Send").click()
    assert eventually(lambda: "Welcome, Alex." in town.bodies(alex.phone))
    assert town.bodies(sam.phone) == []


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


def test_a_picture_is_a_link_and_other_addresses_are_not(open_page: Open, visit: Visit) -> None:
    media = ["javascript:document.title='owned'", "data:text/html,owned", "https://api.twilio.com/m/1", "//elsewhere"]
    form = {f"MediaUrl{n}": url for n, url in enumerate(media)} | {"NumMedia": str(len(media))}
    assert visit.town.phones.text(sender=visit.client.phone, to=visit.number, body="Look", **form).status == 200
    one = {"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/m/1"}
    visit.town.phones.text(sender=visit.client.phone, to=visit.town.front_desk, body="", **one)
    page = open_page(town=visit.town)
    page.get_by_role("link", name="A picture").wait_for(timeout=WITHIN_MS)
    page.get_by_role("link", name="Sam Lee").click()
    page.locator("#messages li").nth(1).wait_for(timeout=WITHIN_MS)
    links = page.locator("#messages a").evaluate_all("links => links.map((link) => [link.href, link.rel])")
    assert {tuple(link) for link in links} == {("https://api.twilio.com/m/1", "noopener noreferrer")}


def test_all_that_the_page_loads_is_under_a_hundred_kilobytes(open_page: Open, visit: Visit) -> None:
    for n in range(30):
        visit.text(visit.client, f"{n}: Is Rex fine? And has he eaten all of his breakfast?")
    page = open_page("/inbox/icon.svg", town=visit.town)
    loaded: list[int] = []
    page.on("response", lambda answer: loaded.append(len(answer.body())))
    page.goto(f"/inbox#/threads/{visit.thread_id}", wait_until="networkidle")
    assert len(loaded) > 8
    assert sum(loaded) < 100_000


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


def test_a_new_text_is_said_and_takes_nobodys_half_written_words(open_page: Open, visit: Visit) -> None:
    visit.text(visit.client, "Call me on 415-555-0134")
    page = with_a_clock(open_page(town=visit.town))
    open_thread(page)
    page.get_by_label("Why it may pass").fill("It is the vet")
    visit.text(visit.sitter, "He is asleep.")
    assert eventually(lambda: "He is asleep." in visit.town.bodies(visit.client.phone))
    look_again(page)
    page.locator("#messages").get_by_text("He is asleep.").first.wait_for(timeout=WITHIN_MS)
    assert page.locator("#news[aria-live=polite]").inner_text().endswith("Sam Lee: He is asleep.")
    assert page.get_by_label("Why it may pass").input_value() == "It is the vet"
    assert page.evaluate("document.activeElement.matches('#messages input')")
    page.keyboard.press("Enter")
    page.locator("#messages .message:focus").wait_for(timeout=WITHIN_MS)
    page.get_by_text("Released.", exact=True).wait_for(timeout=WITHIN_MS)


def test_whoever_reads_the_end_of_a_conversation_sees_what_comes_next(open_page: Open, visit: Visit) -> None:
    for n in range(6):
        visit.text(visit.client, f"Text {n}")
    page = with_a_clock(open_page(town=visit.town, viewport={"width": 360, "height": 500}))
    open_thread(page)
    page.locator("#messages").get_by_text("Text 5", exact=True).wait_for(timeout=WITHIN_MS)
    page.locator("#title:focus").wait_for(timeout=WITHIN_MS)
    visit.text(visit.sitter, "The last")
    look_again(page)
    page.locator("#messages").get_by_text("The last").first.wait_for(timeout=WITHIN_MS)
    rest = "(pane => pane.scrollHeight - pane.scrollTop - pane.clientHeight)(document.getElementById('content'))"
    assert page.evaluate(rest) < 2
    page.evaluate("document.getElementById('content').scrollTop = 0")
    visit.text(visit.sitter, "One more")
    look_again(page)
    page.locator("#messages").get_by_text("One more").first.wait_for(timeout=WITHIN_MS)
    assert page.evaluate("document.getElementById('content').scrollTop") == 0


def test_the_earlier_part_of_a_conversation_and_of_the_list_is_a_button_away(open_page: Open, visit: Visit) -> None:
    visit.town.sql(
        """INSERT INTO messaging."MessageEvent"
               (id, "orgId", "threadId", direction, "actorType", body, "deliveryStatus", "createdAt", "updatedAt")
           SELECT :thread || n, :org, :thread, 'inbound', 'client', 'Text ' || n, 'received',
                  now() - make_interval(days => 400, secs => -n), now()
           FROM generate_series(1, 120) AS n""",
        thread=visit.thread_id, org=visit.town.org_id,
    )  # fmt: skip
    visit.town.sql(
        """INSERT INTO messaging."MessageThread"
               (id, "orgId", scope, status, "isOneTimeClient", "isMeetAndGreet", "createdAt", "updatedAt")
           SELECT :org || n, :org, 'client_general', 'open', false, false, now(), now()
           FROM generate_series(1, 60) AS n""",
        org=visit.town.org_id,
    )  # fmt: skip
    visit.text(visit.client, "The newest")
    page = with_a_clock(open_page(town=visit.town))
    open_thread(page)
    page.locator("#messages").get_by_text("The newest", exact=True).wait_for(timeout=WITHIN_MS)
    for shown in (100, None):
        page.get_by_role("button", name="Earlier messages").click()
        if shown:
            page.locator(f"#messages > :nth-child({shown})").wait_for(timeout=WITHIN_MS)
    page.get_by_text("Text 1", exact=True).wait_for(timeout=WITHIN_MS)
    page.get_by_role("button", name="More conversations").click()
    page.locator("#threads > :nth-child(61)").wait_for(timeout=WITHIN_MS)
    look_again(page)
    visit.text(visit.client, "Newer still")
    look_again(page)
    page.locator("#messages").get_by_text("Newer still", exact=True).wait_for(timeout=WITHIN_MS)
    bodies = page.locator("#messages .body").all_inner_texts()
    assert bodies[:120] == [f"Text {n}" for n in range(1, 121)]
    assert len(page.locator("#threads > li").all()) >= 61
    year = str((runtime.now() - 400 * 24 * HOUR).year)
    assert year in page.locator("#messages > :first-child").inner_text()


def test_what_is_too_long_is_counted_and_kept_until_it_is_sent(open_page: Open, visit: Visit) -> None:
    page = open_page(town=visit.town)
    open_thread(page)
    page.get_by_label("Your words").fill("é" * 1601)
    assert page.get_by_text("1,601 of 1,600 characters").is_visible()
    page.keyboard.press("Control+Enter")
    page.get_by_text("Body: at most 1600 characters, it has 1601.").wait_for(timeout=WITHIN_MS)
    page.goto("/inbox#/backfills")
    page.get_by_role("heading", name="Backfills").wait_for(timeout=WITHIN_MS)
    page.go_back()
    page.get_by_role("heading", name="Jane Doe").wait_for(timeout=WITHIN_MS)
    assert len(page.get_by_label("Your words").input_value()) == 1601
    page.get_by_label("Your words").fill("é" * 1600)
    page.keyboard.press("Control+Enter")
    page.locator("#body:focus").and_(page.get_by_label("Your words")).wait_for(timeout=WITHIN_MS)
    assert eventually(lambda: "é" * 1600 in visit.town.bodies(visit.client.phone))
    assert page.get_by_label("Your words").input_value() == ""


def test_the_skip_link_leaves_the_conversation_open(open_page: Open, visit: Visit) -> None:
    page = open_page(town=visit.town)
    open_thread(page)
    page.locator("#skip").focus()
    page.keyboard.press("Enter")
    page.locator("#content:focus").wait_for(timeout=WITHIN_MS)
    assert page.get_by_role("heading", name="Jane Doe").is_visible()


@pytest.mark.parametrize("address", ["nothing", "%E0%A4%A", "'<b>"])
def test_a_conversation_that_is_not_there_leaves_the_list_and_a_sentence(
    open_page: Open, visit: Visit, address: str
) -> None:
    page = open_page("/inbox/icon.svg", town=visit.town, viewport={"width": 360, "height": 740})
    page.clock.install()
    page.goto(f"/inbox#/threads/{address}")
    page.get_by_role("link", name=re.compile("Jane Doe")).wait_for(timeout=WITHIN_MS)
    assert not page.get_by_label("Your words").is_visible()
    if address == "%E0%A4%A":
        return
    refused: list[int] = []
    page.on("response", lambda answer: refused.append(answer.status) if answer.status >= 400 else None)
    with page.expect_response(re.compile("api/threads")):
        look_again(page)
    assert page.get_by_text("That is not here (any more).").is_visible()
    assert refused == []


def test_an_account_that_is_no_owners_is_told_so_and_asks_no_more(open_page: Open) -> None:
    page = with_a_clock(open_page())
    page.evaluate("kept => sessionStorage.setItem('switchboard.token', kept)", issue_token(now=runtime.now(), role="x"))
    page.reload()
    page.get_by_text("This account is not an owner's.").wait_for(timeout=WITHIN_MS)
    assert page.get_by_role("button", name="Sign in").is_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    look_again(page)
    assert asked == []


def test_hostile_names_fit_on_the_smallest_phone(open_page: Open, picture: Picture, town: Town) -> None:
    client, sitter = town.person("W" * 90, "<b>&amp;"), town.person("\u202eLee", "x" * 90)
    thread_id = town.booking(client, sitter).json()["threadId"]
    town.phones.text(sender=client.phone, to=town.number_of(thread_id), body="x" * 300)
    page = open_page(town=town, viewport={"width": 320, "height": 568}, is_mobile=True, has_touch=True)
    page.get_by_role("link", name=re.compile("WWW")).click(timeout=WITHIN_MS)
    page.locator("#messages .body").last.wait_for(timeout=WITHIN_MS)
    wide = "[...document.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > innerWidth).length"
    assert page.evaluate(wide) == 0
    facts = page.locator("#facts").text_content()
    assert f"with \u2068\u202eLee {'x' * 90}\u2069 · Sitter number" in facts
    picture(page, "inbox-smallest")


WORDS = """async ([kind, ...times]) => {
    const words = await import("/inbox/words.js");
    const [startAt, endAt] = times;
    return kind === "when" ? words.when(startAt) : words.windowWords({ state: kind, startAt, endAt });
}"""


def test_times_are_said_in_the_readers_own_zone_across_the_change_of_clocks(open_page: Open) -> None:
    page = open_page(timezone_id="America/Chicago")
    page.clock.set_fixed_time("2025-03-08T18:00:00Z")  # noon on the day before
    for said, kind, *times in [
        ("none", "none", None, None),
        ("active until 13:00", "active", "2025-03-08T17:00:00Z", "2025-03-08T19:00:00Z"),
        ("active until Sun 04:30", "active", "2025-03-08T17:00:00Z", "2025-03-09T09:30:00Z"),
        ("next today 17:30–23:59", "next", "2025-03-08T23:30:00Z", "2025-03-09T05:59:00Z"),
        ("next Sun 01:30–04:30", "next", "2025-03-09T07:30:00Z", "2025-03-09T09:30:00Z"),
        ("next Sun 22:00–Mon 02:00", "next", "2025-03-10T03:00:00Z", "2025-03-10T07:00:00Z"),
        ("next 20 Mar 09:00–13:00", "next", "2025-03-20T14:00:00Z", "2025-03-20T18:00:00Z"),
        ("next 3 Jan 2026 09:00–13:00", "next", "2026-01-03T15:00:00Z", "2026-01-03T19:00:00Z"),
        ("00:05", "when", "2025-03-08T06:05:00Z"),
        ("Fri 23:55", "when", "2025-03-08T05:55:00Z"),
        ("1 Nov 2024 23:30", "when", "2024-11-02T04:30:00Z"),
    ]:
        assert page.evaluate(WORDS, [kind, *times]) == said


def test_signing_in_comes_back_to_where_somebody_was(open_page: Open) -> None:
    page = open_page()
    page.evaluate("location.hash = '#/backfills'")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Backfills").wait_for(timeout=WITHIN_MS)
    assert page.url.endswith("/inbox#/backfills")


def test_nothing_of_anybody_is_left_on_the_page_after_signing_out(open_page: Open, visit: Visit) -> None:
    visit.text(visit.client, "Is Rex fine?")
    page = open_page(town=visit.town)
    open_thread(page)
    page.get_by_label("Your words").fill("A secret")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    left = page.evaluate("document.body.textContent + document.getElementById('body').value")
    assert [word for word in ("Jane", "Sam", "Rex", "secret") if word in left] == []


def test_without_a_connection_nothing_is_lost_and_nothing_is_promised(open_page: Open, visit: Visit) -> None:
    page = with_a_clock(open_page(town=visit.town))
    open_thread(page)
    page.context.set_offline(True)
    look_again(page)
    page.get_by_text("There is no connection. Trying again.").wait_for(timeout=WITHIN_MS)
    page.get_by_label("Your words").fill("Are you there?")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Please look whether it was done before you try again.").wait_for(timeout=WITHIN_MS)
    assert page.get_by_label("Your words").input_value() == "Are you there?"
    page.context.set_offline(False)
    look_again(page)
    page.locator("#notice:empty").wait_for(state="attached", timeout=WITHIN_MS)


def test_backfills_have_a_page(open_page: Open, picture: Picture, visit: Visit) -> None:
    page = open_page("/inbox#/backfills", town=visit.town)
    page.get_by_role("heading", name="Backfills").wait_for(timeout=WITHIN_MS)
    page.get_by_text("No backfill has run yet.").wait_for(timeout=WITHIN_MS)
