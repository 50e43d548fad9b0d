"""What must survive when parts of the running stack fail: nothing lost, nothing twice, nobody wrong."""

import http.client
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from local.players import Answer, Caller, eventually
from local.stack import Stack
from tests.e2e.conftest import town_on
from tests.e2e.test_story import Visit
from tests.e2e.town import Town

FALLBACK = "/webhooks/twilio/inbound-fallback"
_QUIET_S = 6.0  # more than Twilio may take to answer, and than a failed record stays away from its queue
_LOOK_EVERY_S = 0.2
_MINUTE = (
    "UPDATE ops.outbound_text SET next_attempt_at = next_attempt_at - interval '61 s' WHERE state <> 'done'",
    "UPDATE ops.thread_lease SET expires_at = expires_at - interval '61 s'",
    "UPDATE ops.inbound_text SET next_attempt_at = next_attempt_at - interval '61 s' WHERE state <> 'routed'",
)


@pytest.fixture
def fragile_town(fragile: Stack) -> Town:
    return town_on(fragile)


def burst(visit: Visit, town: Town, count: int, *, during: Callable[[int], None], pause_s: float = 0.0) -> list[str]:
    """Texts from Jane, eight at a time, each repeated as Twilio does until it is answered; answers with the bodies.

    `during` is told how many are under way already, before each is sent.
    """
    bodies = [f"Text number {n:03d}, please read" for n in range(count)]

    def send(n: int) -> None:
        during(n)
        time.sleep(pause_s)
        deliver(town, visit, bodies[n])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(count)))
    return bodies


def deliver(town: Town, visit: Visit, body: str) -> None:
    """As Twilio does with retries and a fallback address: the same MessageSid until somebody has it."""
    form = {
        "MessageSid": f"SM{uuid.uuid4().hex}", "AccountSid": town.addresses.twilio_account_sid,
        "From": visit.jane.phone, "To": visit.number, "Body": body, "NumMedia": "0",
    }  # fmt: skip

    def attempt(path: str) -> Answer | None:
        try:
            answer = town.phones.post(path, form)
        except (OSError, http.client.HTTPException):
            return None
        return answer if answer.status == 200 else None

    assert eventually(lambda: attempt("/webhooks/twilio/inbound") or attempt(FALLBACK), within_s=60)


def until_all_arrived(stack: Stack, town: Town, visit: Visit, bodies: list[str]) -> None:
    """Lets housekeeping's minutes pass quickly, each only when nothing moves any more, until all texts are there."""

    def is_done() -> bool:
        return len(town.bodies(visit.sam.phone)) >= len(bodies) and _settled(town)

    for _ in range(8):
        _wait_while_anything_moves(town, is_done)
        if is_done():
            break
        for statement in _MINUTE:
            town.sql(statement)
        keep_house(stack)
    expected = Counter(f"Jane D.: {body}" for body in bodies)
    assert Counter(town.bodies(visit.sam.phone)) == expected, _standing(town)


def _wait_while_anything_moves(town: Town, is_done: Callable[[], bool]) -> None:
    """Until all is done, or nothing has changed for a while."""
    seen: object = None
    while not is_done():
        found = (_standing(town), len(town.phones.sent()))
        if found != seen:
            seen, still_since = found, time.monotonic()
        elif time.monotonic() - still_since > _QUIET_S:
            return
        time.sleep(_LOOK_EVERY_S)


def _standing(town: Town) -> dict[str, list[list[object]]]:
    """How far the texts have come, for a failure's message."""
    return {
        "inbound": town.sql("SELECT state, attempts, count(*) FROM ops.inbound_text GROUP BY 1, 2"),
        "outbound": town.sql("SELECT state, attempts, count(*) FROM ops.outbound_text GROUP BY 1, 2"),
        "attempts": town.sql("SELECT status, count(*) FROM ops.send_attempt GROUP BY 1"),
        "events": town.rows(
            """SELECT direction, "deliveryStatus", "failureCode", count(*) FROM messaging."MessageEvent"
               WHERE "orgId" = :org GROUP BY 1, 2, 3"""
        ),
    }


def _settled(town: Town) -> bool:
    return town.sql("SELECT count(*) FROM ops.outbound_text WHERE state <> 'done'") == [[0]]


def keep_house(stack: Stack) -> None:
    """One round, now."""
    answer = Caller(stack.invoke_url).call("POST", "/2015-03-31/functions/keep_house/invocations", "{}")
    assert answer.status == 200


def stored_events(town: Town, visit: Visit) -> list[str]:
    """Bodies of the inbound events on the thread."""
    statement = """SELECT body FROM messaging."MessageEvent"
                   WHERE "orgId" = :org AND direction = 'inbound' AND "threadId" = :id"""
    return [row[0] for row in town.rows(statement, id=visit.thread_id)]


def test_a_database_that_is_away_for_ten_seconds_in_a_burst_of_texts_loses_and_doubles_none(
    fragile: Stack, fragile_town: Town
) -> None:
    visit = Visit(fragile_town)

    resumed: list[Future[None]] = []

    def resume_database() -> None:
        time.sleep(10)
        fragile.database.command("resume")

    with ThreadPoolExecutor(1) as pool:

        def stop_database(n: int) -> None:
            if n == 40:
                fragile.database.command("pause")
                resumed.append(pool.submit(resume_database))

        bodies = burst(visit, fragile_town, 200, during=stop_database, pause_s=0.3)
    resumed[0].result()
    until_all_arrived(fragile, fragile_town, visit, bodies)
    assert Counter(stored_events(fragile_town, visit)) == Counter(bodies)


def test_functions_that_are_killed_in_a_burst_of_texts_lose_and_double_none(fragile: Stack, fragile_town: Town) -> None:
    visit = Visit(fragile_town)

    def kill(n: int) -> None:
        if n in (30, 60):
            fragile.functions.kill()

    bodies = burst(visit, fragile_town, 100, during=kill)
    until_all_arrived(fragile, fragile_town, visit, bodies)
    assert Counter(stored_events(fragile_town, visit)) == Counter(bodies)


def test_while_aws_is_away_a_text_is_stored_and_it_is_relayed_once_aws_is_back(
    fragile: Stack, fragile_town: Town
) -> None:
    visit = Visit(fragile_town)
    fragile_town.phones.text(sender=visit.jane.phone, to=visit.number, body="Warm")
    assert eventually(lambda: fragile_town.bodies(visit.sam.phone) == ["Jane D.: Warm"])
    fragile.cloud.signal(signal.SIGSTOP)
    try:
        answer = fragile_town.phones.text(sender=visit.jane.phone, to=visit.number, body="Meanwhile")
        assert answer.status == 200
        assert "Meanwhile" in stored_events(fragile_town, visit)
    finally:
        fragile.cloud.signal(signal.SIGCONT)
    keep_house(fragile)
    assert eventually(lambda: len(fragile_town.bodies(visit.sam.phone)) == 2)
    assert fragile_town.bodies(visit.sam.phone) == ["Jane D.: Warm", "Jane D.: Meanwhile"]


def test_while_the_secrets_cannot_be_read_the_answer_is_503_and_not_403(fragile: Stack, fragile_town: Town) -> None:
    visit = Visit(fragile_town)
    fragile.cloud.signal(signal.SIGSTOP)
    try:
        fragile.functions.kill()
        answer = fragile_town.phones.text(sender=visit.jane.phone, to=visit.number, body="Too early")
        assert answer.status == 503
        assert fragile_town.booking(visit.jane, visit.sam).status == 503
    finally:
        fragile.cloud.signal(signal.SIGCONT)
    assert stored_events(fragile_town, visit) == []


def test_a_sitter_swap_in_the_middle_of_a_hundred_texts_sends_each_to_one_of_the_two(town: Town) -> None:
    jane, sam, ana = town.person("Jane", "Doe"), town.person("Sam", "Lee"), town.person("Ana", "Ruiz")
    thread = town.booking(jane, sam, booking_id="swap", isMeetAndGreet=True).json()
    assert thread["numberClass"] == "front_desk"
    begun, swapped = Event(), Event()

    def send(n: int) -> tuple[str, str]:
        if n == 50:
            begun.set()
            answer = town.booking(jane, ana, booking_id="swap", isMeetAndGreet=True)
            assert answer.json()["outcome"] == "reassigned"
            swapped.set()
        is_after, body = swapped.is_set(), f"Text {n:03d}"
        assert town.phones.text(sender=jane.phone, to=town.front_desk, body=body).status == 200
        return f"Jane D.: {body}", "after" if is_after else "around" if begun.is_set() else "before"

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, range(100)))
    wanted = Counter(body for body, _ in sent)
    assert eventually(lambda: len(town.bodies(sam.phone) + town.bodies(ana.phone)) >= len(wanted), within_s=90)
    assert Counter(town.bodies(sam.phone) + town.bodies(ana.phone)) == wanted
    assert {body for body, when in sent if when == "before"} <= set(town.bodies(sam.phone))
    assert {body for body, when in sent if when == "after"} <= set(town.bodies(ana.phone))


@pytest.mark.parametrize("kind", ["http_429", "refuse"])
def test_a_text_that_twilio_did_not_take_is_sent_again_and_arrives_once(
    fragile: Stack, fragile_town: Town, kind: str
) -> None:
    visit = Visit(fragile_town)
    fragile_town.phones.fault(kind, times=2)
    bodies = ["Patience, please"]
    deliver(fragile_town, visit, bodies[0])
    until_all_arrived(fragile, fragile_town, visit, bodies)


@pytest.mark.parametrize("kind", ["accept_then_hang", "http_500"])
def test_a_text_of_which_twilio_said_nothing_clear_arrives_once(fragile: Stack, fragile_town: Town, kind: str) -> None:
    visit = Visit(fragile_town)
    fragile_town.phones.fault(kind)
    bodies = ["Say something"]
    deliver(fragile_town, visit, bodies[0])
    until_all_arrived(fragile, fragile_town, visit, bodies)
    statement = """SELECT "deliveryStatus" FROM messaging."MessageEvent"
                   WHERE "orgId" = :org AND direction = 'outbound'"""
    assert eventually(lambda: fragile_town.rows(statement) == [["delivered"]])
