"""What the owner reads and does, through the gateway's authorizer, on a real PostgreSQL server."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.issuer import issue_token
from tests.builders import FRONT_DESK, HOUR, MINUTE, NOON, SITTER_NUMBER, World
from tests.inbound_texts import Switchboard
from tests.inbox_desk import Desk

CLIENT, SITTER = "+15555550101", "+15555550102"
LEAK = "Call me on 415-555-0134"


@pytest.fixture
def desk(board: Switchboard, world: World) -> Desk:
    """The owner of the organisation, at noon."""
    return Desk(board)


def said_at(world: World, thread_id: str, at: datetime | None) -> None:
    world.sql('UPDATE messaging."MessageThread" SET "lastMessageAt" = :at WHERE id = :id', at=at, id=thread_id)


def cursor(*parts: Any) -> str:
    """A cursor as the API writes them, of anything."""
    return "cursor=" + base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def client_thread(world: World, **person: Any) -> str:
    return world.thread(client_id=world.client(**person))


def pages(desk: Desk, limit: int) -> list[list[str]]:
    found, cursor = [], ""
    while True:
        page = desk.get(f"/api/threads?limit={limit}{cursor}")
        found.append([thread["id"] for thread in page["threads"]])
        if page["nextCursor"] is None:
            return found
        cursor = f"&cursor={page['nextCursor']}"


def test_a_thread_in_the_list_says_who_where_and_until_when(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    board.text("Is Rex fine?", sender=CLIENT)
    board.text(LEAK, sender=CLIENT)
    [thread] = [one for one in desk.get("/api/threads")["threads"] if one["id"] == ids["thread"]]
    assert thread == {
        "id": ids["thread"],
        "scope": "client_booking",
        "bookingId": thread["bookingId"],
        "client": {"id": ids["client"], "name": "Jane Doe"},
        "sitter": {"id": ids["sitter"], "name": "Sam Lee"},
        "numberClass": "sitter",
        "maskedNumber": SITTER_NUMBER,
        "window": {"state": "active", "startAt": "2025-01-15T11:00:00.000Z", "endAt": "2025-01-15T13:00:00.000Z"},
        "unreadCount": 1,
        "held": 1,
        "lastMessageAt": "2025-01-15T12:00:00.000Z",
        "lastMessage": thread["lastMessage"],
    }
    assert thread["lastMessage"]


def test_the_window_is_the_next_one_or_none(world: World, desk: Desk) -> None:
    sitter = world.sitter()
    ahead, over, none = (world.thread(client_id=world.client(f"+1555555020{n}"), sitter_id=sitter) for n in range(3))
    world.window(ahead, sitter, start=NOON + HOUR, end=NOON + 2 * HOUR)
    world.window(over, sitter, start=NOON - HOUR, end=NOON)
    world.window(none, sitter, status="closed")
    found = {thread["id"]: thread["window"]["state"] for thread in desk.get("/api/threads")["threads"]}
    assert found == {ahead: "next", over: "none", none: "none"}


def test_people_without_names_are_called_what_they_are(world: World, desk: Desk) -> None:
    client_thread(world, phone="+15555550201", first=None, last=None, guest=True)
    client_thread(world, phone="+15555550202", first=None, last=" ")
    client_thread(world, phone="+15555550203", first="Jo", last=None)
    world.thread(scope="internal")
    names = [thread["client"] and thread["client"]["name"] for thread in desk.get("/api/threads")["threads"]]
    assert sorted(names, key=str) == ["Client", "Guest", "Jo", None]


def test_pages_go_through_every_thread_once_newest_first_the_silent_ones_last(world: World, desk: Desk) -> None:
    threads = [client_thread(world, phone=f"+155555502{n:02}") for n in range(11)]
    for n, thread in enumerate(threads[:8]):
        said_at(world, thread, NOON + (n // 3) * MINUTE)  # several at the same instant
    for limit in (1, 2, 3, 4, 10, 11, 100):
        found = pages(desk, limit)
        assert all(len(page) <= limit for page in found)
        flat = [thread for page in found for thread in page]
        assert flat == sorted(threads[6:8]) + sorted(threads[3:6]) + sorted(threads[:3]) + sorted(threads[8:])


def test_a_text_that_comes_while_somebody_pages_repeats_no_other_thread(world: World, desk: Desk) -> None:
    threads = [client_thread(world, phone=f"+155555502{n:02}") for n in range(4)]
    for n, thread in enumerate(threads):
        said_at(world, thread, NOON - n * MINUTE)
    first = desk.get("/api/threads?limit=2")
    said_at(world, threads[3], NOON + MINUTE)
    rest = desk.get(f"/api/threads?limit=2&cursor={first['nextCursor']}")
    assert [thread["id"] for thread in rest["threads"]] == [threads[2]]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=-1", "limit=ten", "limit=1e1", "cursor=x", "cursor=bnVsbA==", "cursor=W10=",
     "cursor=WyIyMDI1LTAxLTAxIiwieCJd", "cursor=W251bGwsMV0=", f"cursor={'A' * 4000}", "cursor=%00", "cursor=W1tbW1tb",
     cursor("0001-01-01T00:00:00+23:59", "x"), cursor("9999-12-31T23:59:59-23:59", "x"), cursor(None),
     cursor("infinity", "x"), cursor(None, "x" * 256), cursor(None, "\ud800"), cursor(None, {}), cursor(7, "x")],
)  # fmt: skip
def test_a_limit_or_cursor_that_is_none_of_ours_is_400(desk: Desk, query: str) -> None:
    reply = desk.call("GET", f"/api/threads?{query}")
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")
    assert reply.body["detail"]


def test_a_thread_shows_both_directions_why_and_who_had_it(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    world.sql(
        """INSERT INTO messaging."ThreadAssignmentAudit"
               (id, "orgId", "threadId", "toSitterId", "actorUserId", reason, "createdAt")
           VALUES ('a', 'default', :thread, :sitter, 'booking-webhook', 'assigned', :at)""",
        thread=ids["thread"], sitter=ids["sitter"], at=NOON - HOUR,
    )  # fmt: skip
    board.text("Is Rex fine?", sender=CLIENT, more=[("NumMedia", "1"), ("MediaUrl0", "https://api.twilio.com/m/1")])
    thread = desk.get(f"/api/threads/{ids['thread']}")
    heard, passed_on = thread["messages"]
    assert heard | {"id": "", "mediaUrls": []} == {
        "id": "",
        "direction": "inbound",
        "actorType": "client",
        "body": "Is Rex fine?",
        "mediaUrls": [],
        "status": "received",
        "reason": "Exactly one active assignment window matches timestamp",
        "createdAt": "2025-01-15T12:00:00.000Z",
        "held": None,
    }
    assert (passed_on["direction"], passed_on["body"]) == ("outbound", "Jane D.: Is Rex fine?")
    assert thread["assignments"] == [
        {
            "from": None,
            "to": {"id": ids["sitter"], "name": "Sam Lee"},
            "reason": "assigned",
            "by": "booking-webhook",
            "at": "2025-01-15T11:00:00.000Z",
        }
    ]


def test_nobodys_own_number_leaves_the_api(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    board.text("Hello", sender=CLIENT)
    shown = str(desk.get("/api/threads")) + str(desk.get(f"/api/threads/{ids['thread']}"))
    assert CLIENT not in shown
    assert SITTER not in shown


def test_a_held_text_shows_all_that_was_found_in_it(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    board.text("Call 415-555-0134 or write to jane@example.com", sender=CLIENT)
    [held] = [one["held"] for one in desk.get(f"/api/threads/{ids['thread']}")["messages"] if one["held"]]
    assert held["types"] == ["phone_number", "email"]


def test_a_held_text_shows_what_was_found_until_it_is_released(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    board.text(LEAK, sender=CLIENT)
    [held] = [one for one in desk.get(f"/api/threads/{ids['thread']}")["messages"] if one["held"]]
    assert held["held"]["types"] == ["phone_number"]
    assert held["held"]["preview"].endswith("***-***-0134")
    reply = desk.post(f"/api/messages/{held['id']}/release", {"reason": "the vet's number"})
    assert reply.status == 200
    messages = desk.get(f"/api/threads/{ids['thread']}")["messages"]
    assert not any(one["held"] for one in messages)
    [passed] = [one["reason"] for one in messages if one["id"] == held["id"]]
    assert passed == f"{held['reason']}; released: the vet's number"
    assert (SITTER_NUMBER, SITTER, f"Jane D.: {LEAK}") in board.sent()
    again = desk.post(f"/api/messages/{held['id']}/release", {"reason": "once more"})
    assert (again.status, again.body["error"]) == (409, "conflict")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " \n"}, {"reason": None}, {"reason": "x" * 501}])
def test_a_release_needs_a_reason(board: Switchboard, world: World, desk: Desk, body: dict[str, Any]) -> None:
    world.assigned()
    board.text(LEAK, sender=CLIENT)
    reply = desk.post(f"/api/messages/{board.inbound()[0]['id']}/release", body)
    assert (reply.status, reply.body["error"]) == (422, "refused")
    assert "reason" in reply.body["detail"]


@pytest.mark.parametrize(("to", "phone"), [("client", CLIENT), ("sitter", SITTER)])
def test_the_owners_words_leave_from_the_threads_number(
    board: Switchboard, world: World, desk: Desk, to: str, phone: str
) -> None:
    ids = world.assigned()
    reply = desk.post(f"/api/threads/{ids['thread']}/messages", {"body": "All is well", "to": to})
    assert reply.status == 201
    assert reply.body == desk.get(f"/api/threads/{ids['thread']}")["messages"][-1]
    assert (reply.body["direction"], reply.body["actorType"], reply.body["status"]) == ("outbound", "owner", "queued")
    assert board.sent() == [(SITTER_NUMBER, phone, "All is well")]
    assert board.send_queue.messages == [{"threadId": ids["thread"]}]


def test_a_general_threads_answer_leaves_from_the_front_desk(board: Switchboard, world: World, desk: Desk) -> None:
    board.text("Do you walk cats?", sender="+15555550777", to=FRONT_DESK)
    [thread] = [one for one in desk.get("/api/threads")["threads"] if one["scope"] == "client_general"]
    assert desk.post(f"/api/threads/{thread['id']}/messages", {"body": "We do"}).status == 201
    assert board.sent()[-1] == (FRONT_DESK, "+15555550777", "We do")


def disable_front_desk(world: World) -> None:
    world.sql("""UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE "numberClass" = 'front_desk'""")


@pytest.mark.parametrize("was_there", [True, False])
def test_a_general_thread_answers_from_the_front_desk_that_there_is_now_whatever_there_was_when_it_was_made(
    board: Switchboard, world: World, desk: Desk, was_there: bool
) -> None:
    world.number(SITTER_NUMBER, sitter_id=world.sitter())
    if not was_there:
        disable_front_desk(world)
    board.text("Do you walk cats?", sender="+15555550777", to=SITTER_NUMBER)
    disable_front_desk(world)
    [general] = [one for one in desk.get("/api/threads")["threads"] if one["scope"] == "client_general"]
    answer = {"body": "We do"}
    refused = desk.post(f"/api/threads/{general['id']}/messages", answer)
    assert (refused.status, refused.body["detail"]) == (422, "this conversation has no number to text from")
    world.number("+15550100099", "front_desk")
    assert desk.post(f"/api/threads/{general['id']}/messages", answer).status == 201
    assert board.sent()[-1] == ("+15550100099", "+15555550777", "We do")
    shown = desk.get(f"/api/threads/{general['id']}")
    assert (shown["numberClass"], shown["maskedNumber"]) == ("front_desk", "+15550100099")


def test_a_bookings_thread_on_the_front_desk_answers_from_the_one_that_there_is_now(
    board: Switchboard, world: World, desk: Desk
) -> None:
    [[number]] = world.sql("""SELECT id FROM messaging."MessageNumber" WHERE "numberClass" = 'front_desk'""")
    thread = world.thread(client_id=world.client(CLIENT), number_id=number)
    disable_front_desk(world)
    world.number("+15550100099", "front_desk")
    assert desk.post(f"/api/threads/{thread}/messages", {"body": "We do"}).status == 201
    assert board.sent()[-1] == ("+15550100099", CLIENT, "We do")


def test_an_answer_to_the_client_is_the_answer_that_was_owed(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    board.text("Is Rex fine?", sender=CLIENT, at=NOON - MINUTE)
    desk.post(f"/api/threads/{ids['thread']}/messages", {"body": "Ask the sitter", "to": "sitter"})
    states = 'SELECT "resolutionStatus", "responseSeconds" FROM messaging."ResponseRecord"'
    assert board.rows(states) == [("pending", None)]
    desk.post(f"/api/threads/{ids['thread']}/messages", {"body": "He is"})
    assert board.rows(states) == [("replied", 60)]


def test_nobody_is_texted_who_opted_out_has_left_or_is_not_there(board: Switchboard, world: World, desk: Desk) -> None:
    front_desk = world.sql('SELECT id FROM messaging."MessageNumber"')[0][0]
    world.opt_out(CLIENT)
    gone = world.sitter(active=False)
    thread = world.thread(client_id=world.client(CLIENT), sitter_id=gone, number_id=front_desk)
    empty = world.thread(scope="internal", number_id=front_desk)
    silent = world.thread(client_id=world.client("+15555550888"))
    wanted = [(thread, "client", "opted out"), (thread, "sitter", "left"), (empty, "client", "no client"),
              (empty, "sitter", "no sitter"), (silent, "client", "no number")]  # fmt: skip
    for thread_id, to, why in wanted:
        reply = desk.post(f"/api/threads/{thread_id}/messages", {"body": "Hello", "to": to})
        assert (reply.status, reply.body["error"]) == (422, "refused")
        assert why in reply.body["detail"]
    assert board.sent() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"body": ""}, 422), ({"body": " \n\u00a0"}, 422), ({"body": "\u200b\u202e\ufeff"}, 422),
        ({"body": "x" * 1601}, 422), ({}, 422), ({"body": 7}, 422),
        ({"body": "\ud800\x00"}, 422), ({"body": "Hello", "to": "owner"}, 422), ({"body": "Hello", "sms": 1}, 422),
        ([], 400), ("Hello", 400),
    ],
)  # fmt: skip
def test_words_that_cannot_be_sent_are_refused_and_nothing_leaves(
    board: Switchboard, world: World, desk: Desk, body: Any, status: int
) -> None:
    ids = world.assigned()
    reply = desk.post(f"/api/threads/{ids['thread']}/messages", body)
    assert reply.status == status
    assert set(reply.body) == {"error", "detail"}
    assert board.sent() == []


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 50_000, b'{"body": "' + b"x" * 70_000 + b'"}'])
def test_a_body_that_is_not_json_is_400(world: World, desk: Desk, raw: bytes) -> None:
    ids = world.assigned()
    reply = desk.call("POST", f"/api/threads/{ids['thread']}/messages", raw=raw)
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


def test_sixteen_hundred_characters_are_not_too_many(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    assert desk.post(f"/api/threads/{ids['thread']}/messages", {"body": "é" * 1600}).status == 201


def test_reading_clears_what_is_unread(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    board.text(LEAK, sender=CLIENT)
    assert desk.post(f"/api/threads/{ids['thread']}/read").status == 204
    assert board.unread().get("client_booking") is None


def test_a_sitter_is_unlocked(world: World, desk: Desk) -> None:
    sitter = world.sitter(sitter_id="sitter/1 ü", locked_at=NOON)
    thread = world.thread(client_id=world.client(), sitter_id=sitter)
    assert desk.get(f"/api/threads/{thread}")["sitterLockedAt"] == "2025-01-15T12:00:00.000Z"
    assert desk.post("/api/sitters/sitter%2F1%20%C3%BC/unlock").status == 204
    assert desk.get(f"/api/threads/{thread}")["sitterLockedAt"] is None


def test_the_owners_mark_reclassifies_the_clients_threads_at_once_and_leaves_their_numbers(
    world: World, desk: Desk
) -> None:
    ids = world.assigned()

    def stored() -> list[list[Any]]:
        return world.sql('SELECT "isOneTimeClient", "numberClass" FROM messaging."MessageThread"')

    for override, one_time in [(True, False), (False, True), (None, True)]:
        reply = desk.call("PUT", f"/api/clients/{ids['client']}", {"isRecurringOverride": override})
        assert reply.status == 204
        assert stored() == [[one_time, "sitter"]]
        assert desk.get(f"/api/threads/{ids['thread']}")["isRecurringOverride"] is override
    world.sql('UPDATE messaging."Client" SET "hasWeeklyPlan" = true')
    desk.call("PUT", f"/api/clients/{ids['client']}", {"isRecurringOverride": None})
    assert stored() == [[False, "sitter"]]


@pytest.mark.parametrize("body", [{}, {"isRecurringOverride": "yes"}, {"isRecurringOverride": 1}])
def test_a_mark_is_true_false_or_null(world: World, desk: Desk, body: dict[str, Any]) -> None:
    assert desk.call("PUT", f"/api/clients/{world.client()}", body).status == 422


CALLS = [
    ("GET", "/api/threads/{}", None),
    ("POST", "/api/threads/{}/messages", {"body": "Hello"}),
    ("POST", "/api/threads/{}/read", None),
    ("POST", "/api/messages/{}/release", {"reason": "why not"}),
    ("POST", "/api/sitters/{}/unlock", None),
    ("PUT", "/api/clients/{}", {"isRecurringOverride": True}),
    ("GET", "/api/backfills/{}", None),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", ["nothing", "%00", "%ED%A0%80", "x" * 300, "' OR 1=1", "..%2F..", "%F0%9F%90%95"])
def test_an_id_of_nothing_is_404(world: World, desk: Desk, call: tuple[str, str, Any], name: str) -> None:
    method, path, body = call
    reply = desk.call(method, path.format(name), body)
    assert (reply.status, reply.body["error"]) == (404, "not_found")


def test_another_organisations_rows_are_not_there(board: Switchboard, world: World, desk: Desk) -> None:
    other = World(world.sql, org_id="other")
    other.organisation(front_desk="+15550200000")
    ids = other.assigned(client_phone="+15555550301", sitter_phone="+15555550302", number="+15550200011")
    board.text(LEAK, sender="+15555550301", to="+15550200011")
    ids["message"] = board.inbound()[0]["id"]
    kinds = ["thread", "thread", "thread", "message", "sitter", "client"]
    for (method, path, body), kind in zip(CALLS, kinds, strict=False):
        assert desk.call(method, path.format(ids[kind]), body).status == 404, path
    assert desk.get("/api/threads")["threads"] == []
    assert board.rows('SELECT action FROM messaging."AntiPoachingAttempt"') == [("blocked",)]


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/api/threads"), ("GET", "/api/nothing"), ("GET", "/api/x/y")])
def test_a_call_that_there_is_not_is_404(desk: Desk, method: str, path: str) -> None:
    assert desk.call(method, path).status == 404


def test_eight_answers_at_once_are_eight_texts_in_one_order(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    with ThreadPoolExecutor(8) as pool:
        replies = list(
            pool.map(lambda n: desk.post(f"/api/threads/{ids['thread']}/messages", {"body": f"{n}"}), range(8))
        )
    assert [reply.status for reply in replies] == [201] * 8
    assert sorted(body for _, _, body in board.sent()) == [str(n) for n in range(8)]


def test_an_answer_is_kept_while_the_queue_is_away(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    board.send_queue.away = True
    assert desk.post(f"/api/threads/{ids['thread']}/messages", {"body": "Hello"}).status == 201
    assert len(board.sent()) == 1


def test_what_the_api_says_is_kept_by_nobody(world: World, desk: Desk) -> None:
    headers = desk.call("GET", "/api/threads").headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_a_thread_of_thousands_of_texts_shows_the_newest(board: Switchboard, world: World, desk: Desk) -> None:
    ids = world.assigned()
    world.sql(
        """INSERT INTO messaging."MessageEvent"
               (id, "orgId", "threadId", direction, "actorType", body, "deliveryStatus", "metadataJson", "createdAt")
           SELECT 'event-' || n, 'default', :thread, 'inbound', 'client', n::text, 'received', '[not json',
                  cast(:at AS timestamptz) + make_interval(secs => n)
           FROM generate_series(1, 2000) AS n""",
        thread=ids["thread"], at=NOON - timedelta(days=1),
    )  # fmt: skip
    messages = desk.get(f"/api/threads/{ids['thread']}")["messages"]
    assert [messages[0]["body"], messages[-1]["body"], len(messages)] == ["1501", "2000", 500]


def test_a_conversation_pages_back_to_its_first_text_and_shows_each_once(
    board: Switchboard, world: World, desk: Desk
) -> None:
    ids = world.assigned()
    world.sql(
        """INSERT INTO messaging."MessageEvent"
               (id, "orgId", "threadId", direction, "actorType", body, "deliveryStatus", "createdAt")
           SELECT 'event-' || n, 'default', :thread, (array['inbound', 'outbound'])[1 + n % 2], 'client', n::text,
                  'received', cast(:at AS timestamptz) + make_interval(secs => n / 5)
           FROM generate_series(1, 23) AS n""",
        thread=ids["thread"], at=NOON - timedelta(days=1),
    )  # fmt: skip
    address = f"/api/threads/{ids['thread']}"
    whole = [text["id"] for text in desk.get(address)["messages"]]
    assert len(set(whole)) == 23
    for limit in (1, 2, 5, 22, 23, 500):
        found: list[str] = []
        after = ""
        while True:
            page = desk.get(f"{address}?limit={limit}{after}")
            found[:0] = [text["id"] for text in page["messages"]]
            board.text("One more while somebody reads", sender=CLIENT)
            if page["nextCursor"] is None:
                break
            after = f"&cursor={page['nextCursor']}"
        assert [one for one in found if one in whole] == whole
        world.sql("""DELETE FROM messaging."MessageEvent" WHERE id NOT LIKE 'event-%'""")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "cursor=x", cursor(None), cursor(None, "x"), cursor("2025-01-01", "", "x")],
)
def test_a_limit_or_cursor_of_texts_that_is_none_of_ours_is_400(world: World, desk: Desk, query: str) -> None:
    reply = desk.call("GET", f"/api/threads/{client_thread(world)}?{query}")
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


def test_another_organisations_cursor_shows_nothing_of_it(board: Switchboard, world: World, desk: Desk) -> None:
    other = World(world.sql, org_id="other")
    other.organisation(front_desk="+15550200000")
    theirs = [client_thread(other, phone=f"+155555503{n:02}") for n in range(3)]
    for n, thread in enumerate(theirs):
        said_at(world, thread, NOON - n * MINUTE)
    ours = client_thread(world)
    page = Desk(board, token=issue_token(now=datetime.now(UTC), org="other")).get("/api/threads?limit=1")
    assert page["threads"][0]["id"] == theirs[0]
    found = desk.get(f"/api/threads?cursor={page['nextCursor']}")["threads"]
    assert [thread["id"] for thread in found] == [ours]
