"""Inbound texts on a real PostgreSQL server: who gets them, row by row of the routing table."""

from datetime import timedelta

import pytest

from switchboard.domain.routing import choose_route, read_inputs
from switchboard.flags import Flags
from tests.builders import BOOKING_LINK, FRONT_DESK, HOUR, MINUTE, NOON, OWNER_PHONE, POOL, SITTER_NUMBER, World
from tests.inbound_texts import Switchboard

CLIENT, SITTER = "+15555550101", "+15555550102"


def test_a_clients_text_in_a_window_goes_to_the_sitter_from_the_threads_number(
    board: Switchboard, world: World
) -> None:
    world.assigned()
    board.text("Hello Sam")
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: Hello Sam")]
    assert board.reasons() == ["Exactly one active assignment window matches timestamp"]
    assert (board.notices(), board.unread()) == ([], {})


def test_a_sitters_text_goes_to_the_one_client_in_question_as_it_is(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("All fed!", sender=SITTER)
    assert board.sent() == [(SITTER_NUMBER, CLIENT, "All fed!")]
    assert board.rules() == ["sitter_one_client"]


def test_the_thread_with_waiting_texts_is_announced_after_commit(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    board.text()
    assert board.send_queue.messages == [{"threadId": ids["thread"]}]


def test_a_relay_stands_when_its_thread_cannot_be_announced(board: Switchboard, world: World) -> None:
    world.assigned()
    board.send_queue.away = True
    board.text()
    assert len(board.sent()) == 1


def test_the_outbox_row_leans_on_the_window(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    board.text()
    row = board.rows("SELECT thread_id, purpose, arrived_at, window_id, not_after, state FROM ops.outbound_text")
    assert row == [(ids["thread"], "relay", NOON, ids["window"], NOON + HOUR, "waiting")]


@pytest.mark.parametrize(
    ("offset", "rule"),
    [
        (-HOUR, "one_window"),
        (-HOUR - timedelta(milliseconds=1), "no_window"),
        (HOUR - timedelta(milliseconds=1), "one_window"),
        (HOUR, "no_window"),
    ],
)
def test_a_window_counts_from_its_start_to_just_before_its_end(
    board: Switchboard, world: World, offset: timedelta, rule: str
) -> None:
    world.assigned()
    board.text(at=NOON + offset)
    assert board.rules() == [rule]


def test_without_a_window_the_text_waits_on_its_own_thread_for_the_owner(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    board.text("Anyone?", at=NOON + 2 * HOUR)
    assert board.sent() == []
    assert board.reasons() == ["No active assignment window at message timestamp"]
    assert board.inbound()[0]["threadId"] == ids["thread"]
    assert board.notices() == ["Jane D. wrote. See your inbox."]
    assert board.unread() == {"client_booking": 1}


def test_several_windows_of_one_sitter_take_the_thread_of_the_latest_start(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    later = world.thread(client_id=ids["client"], sitter_id=ids["sitter"], number_id=ids["number"])
    world.window(later, ids["sitter"], start=NOON - 10 * MINUTE, tag=2)
    board.text()
    assert board.reasons() == ["Several active windows of one sitter"]
    assert board.inbound()[0]["threadId"] == later
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: Hello")]


def test_a_window_on_a_closed_thread_does_not_count(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    closed = world.thread(client_id=ids["client"], sitter_id=ids["sitter"], number_id=ids["number"], status="closed")
    world.window(closed, ids["sitter"], start=NOON - MINUTE, tag=2)
    board.text()
    [text] = board.inbound()
    assert (text["threadId"], text["metadata"]["route"]["rule"]) == (ids["thread"], "one_window")


def test_windows_of_two_sitters_are_the_owners_on_the_general_thread(board: Switchboard, world: World) -> None:
    desk = str(world.sql('SELECT id FROM messaging."MessageNumber"')[0][0])
    client, first, second = world.client(), world.sitter(), world.sitter("+15555550103", first="Ann")
    for sitter in (first, second):
        world.window(world.thread(client_id=client, sitter_id=sitter, number_id=desk), sitter)
    board.text(to=FRONT_DESK)
    assert board.sent() == []
    assert board.reasons() == [
        "Multiple overlapping active assignment windows (2) detected - requires owner intervention"
    ]
    assert board.unread() == {"client_general": 1}


def test_windows_on_another_number_do_not_count(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(to=FRONT_DESK)
    assert board.reasons() == ["No active assignment window at message timestamp"]
    assert board.unread() == {"client_general": 1}


def test_a_closed_window_does_not_count(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    world.sql("""UPDATE messaging."AssignmentWindow" SET status = 'closed' WHERE id = :id""", id=ids["window"])
    board.text()
    assert board.rules() == ["no_window"]


def test_a_text_of_before_a_swap_goes_to_the_sitter_of_then_however_late(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    after = world.sitter("+15555550103", first="Ann")
    number = world.number("+15550100012", sitter_id=after)
    world.history(ids["window"], sitter_id=ids["sitter"], until=NOON)
    world.sql('UPDATE messaging."AssignmentWindow" SET "sitterId" = :s', s=after)
    world.sql(
        'UPDATE messaging."MessageThread" SET "assignedSitterId" = :s, "messageNumberId" = :n',
        s=after,
        n=number,
    )
    board.text("before", at=NOON - MINUTE, now=NOON + MINUTE)
    board.text("at the new number", at=NOON, to="+15550100012")
    board.text("at the old number", at=NOON)
    assert [(to, body) for _, to, body in board.sent()] == [
        (SITTER, "Jane D.: before"),
        ("+15555550103", "Jane D.: at the new number"),
    ]
    assert sorted(board.rules()) == ["no_window", "one_window", "one_window"]


def test_two_live_clients_are_told_apart_by_their_tags(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    other = world.client("+15555550104", first="Omar", last="Khan")
    thread = world.thread(client_id=other, sitter_id=ids["sitter"], number_id=ids["number"])
    world.window(thread, ids["sitter"], tag=2)
    board.text("one")
    board.text("two", sender="+15555550104")
    assert [body for _, _, body in board.sent()] == ["[1] Jane D.: one", "[2] Omar K.: two"]


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [("Jane", None, "Jane: hi"), ("Jane", "Doe", "Jane D.: hi"), (None, None, "Client: hi"), ("Jane", "", "Jane: hi")],
)
def test_the_sitter_reads_the_first_name_and_one_letter(
    board: Switchboard, world: World, first: str | None, last: str | None, shown: str
) -> None:
    ids = world.assigned()
    world.sql('UPDATE messaging."Client" SET "firstName" = :f, "lastName" = :l', f=first, l=last)
    board.text("hi")
    assert board.sent() == [(SITTER_NUMBER, SITTER, shown)], ids


def test_a_guest_is_called_guest(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    world.sql('UPDATE messaging."Client" SET "firstName" = null, "lastName" = null, "isGuest" = true')
    board.text("hi")
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Guest: hi")], ids


def test_an_unknown_person_becomes_a_guest_with_a_general_thread_of_their_own(board: Switchboard, world: World) -> None:
    board.text("Do you walk cats?", sender="+15555550177", to=FRONT_DESK)
    board.text("Hello?", sender="+15555550177", to=FRONT_DESK)
    assert board.rows('SELECT phone, "isGuest" FROM messaging."Client"') == [("+15555550177", True)]
    assert board.rows(
        'SELECT scope, "maskedNumberE164" FROM messaging."MessageThread" WHERE "clientId" IS NOT NULL'
    ) == [("client_general", FRONT_DESK)]
    assert board.rules() == ["guest", "no_window"]
    assert board.sent() == []


def test_a_household_with_one_live_sitter_reaches_that_sitter(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    world.client(client_id="client-of-the-house", first="John")
    board.text()
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: Hello")]
    assert board.inbound()[0]["actorClientId"] == ids["client"]


def test_a_household_with_two_live_sitters_reaches_the_owner(board: Switchboard, world: World) -> None:
    desk = str(world.sql('SELECT id FROM messaging."MessageNumber"')[0][0])
    for first, phone in (("Jane", "+15555550102"), ("John", "+15555550103")):
        client, sitter = world.client(first=first), world.sitter(phone)
        world.window(world.thread(client_id=client, sitter_id=sitter, number_id=desk), sitter)
    board.text(to=FRONT_DESK)
    assert (board.rules(), board.sent()) == (["overlapping_windows"], [])


def test_without_a_live_thread_on_a_pool_number_the_owner_gets_it_and_the_sender_one_answer(
    board: Switchboard, world: World
) -> None:
    world.number(POOL, "pool")
    world.client()
    for _ in range(3):
        board.text(to=POOL)
    [(sender, recipient, body)] = board.sent()
    assert (sender, recipient) == (POOL, CLIENT)
    assert FRONT_DESK in body
    assert BOOKING_LINK in body
    assert board.unread() == {"client_general": 3}
    assert len(board.notices()) == 1


def test_a_stranger_on_a_pool_number_gets_the_answer_too(board: Switchboard, world: World) -> None:
    world.number(POOL, "pool")
    board.text(to=POOL, sender="+15555550177")
    assert [(sender, to) for sender, to, _ in board.sent()] == [(POOL, "+15555550177")]


def test_a_former_holder_of_a_pool_number_is_put_on_the_thread_of_the_lease(board: Switchboard, world: World) -> None:
    number, client = world.number(POOL, "pool"), world.client()
    desk = str(world.sql('SELECT id FROM messaging."MessageNumber" WHERE "numberClass" = \'front_desk\'')[0][0])
    thread = world.thread(client_id=client, number_id=desk)
    world.sql(
        "INSERT INTO ops.pool_lease VALUES ('l1', 'default', :n, :t, :c, now(), now())", n=number, t=thread, c=client
    )
    board.text(to=POOL)
    assert board.inbound()[0]["threadId"] == thread
    assert len(board.sent()) == 1


def test_a_client_with_a_live_thread_on_a_pool_number_is_relayed(board: Switchboard, world: World) -> None:
    number, client, sitter = world.number(POOL, "pool"), world.client(), world.sitter()
    world.window(world.thread(client_id=client, sitter_id=sitter, number_id=number), sitter)
    board.text(to=POOL)
    assert board.sent() == [(POOL, SITTER, "Jane D.: Hello")]


@pytest.mark.parametrize("status", ["quarantined", "disabled"])
def test_a_number_out_of_use_takes_texts_to_the_owner_on_the_general_thread(
    board: Switchboard, world: World, status: str
) -> None:
    world.assigned()
    world.sql('UPDATE messaging."MessageNumber" SET status = :s WHERE e164 = :e', s=status, e=SITTER_NUMBER)
    board.text()
    assert (board.sent(), board.unread()) == ([], {"client_general": 1})


def test_a_locked_sitters_text_is_the_owners(board: Switchboard, world: World) -> None:
    world.assigned()
    world.sql('UPDATE messaging."Sitter" SET "relayLockedAt" = now()')
    board.text("hi", sender=SITTER)
    assert (board.sent(), board.rules(), board.unread()) == ([], ["sitter_locked"], {"owner_sitter": 1})


def test_a_sitter_who_has_left_reaches_the_owner_only(board: Switchboard, world: World) -> None:
    world.assigned()
    world.sql('UPDATE messaging."Sitter" SET active = false')
    board.text("hi", sender=SITTER)
    board.text("hello", sender=CLIENT)
    assert board.sent() == []
    assert sorted(board.rules()) == ["sitter_gone", "unreachable"]


def test_a_sitter_without_a_window_is_refused_and_told_when_the_next_opens(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    world.sql("""UPDATE messaging."AssignmentWindow" SET "endAt" = :e, status = 'closed'""", e=NOON - 10 * MINUTE)
    world.window(ids["thread"], ids["sitter"], start=NOON + 3 * HOUR, end=NOON + 5 * HOUR, tag=2)
    board.text("hi", sender=SITTER)
    board.text("hi again", sender=SITTER)
    assert [(sender, to) for sender, to, _ in board.sent()] == [(SITTER_NUMBER, SITTER)]
    assert "Wed 1/15, 9:00 AM" in board.sent()[0][2]
    assert board.unread() == {"owner_sitter": 2}


def test_a_sitter_on_somebody_elses_number_who_is_a_client_too_is_a_client(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    world.sitter("+15555550105", first="Cleo")
    other = world.client("+15555550105", first="Cleo", last="Fox")
    thread = world.thread(client_id=other, sitter_id=ids["sitter"], number_id=ids["number"])
    world.window(thread, ids["sitter"], tag=2)
    board.text("my cat", sender="+15555550105")
    assert [(to, body) for _, to, body in board.sent()] == [(SITTER, "[2] Cleo F.: my cat")]


def test_a_sitter_on_the_front_desk_reaches_the_owner(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("who do I see today?", sender=SITTER, to=FRONT_DESK)
    assert (board.rules(), board.sent(), board.unread()) == (["sitter_elsewhere"], [], {"owner_sitter": 1})


def test_a_sitter_who_once_wrote_as_a_guest_is_told_of_the_next_window_like_any_sitter(
    board: Switchboard, world: World
) -> None:
    board.text("Hi, may I sit for you?", sender=SITTER, to=FRONT_DESK)
    sitter, client = world.sitter(SITTER), world.client()
    [(front_desk,)] = board.rows("""SELECT id FROM messaging."MessageNumber" WHERE "numberClass" = 'front_desk'""")
    meeting = world.thread(client_id=client, sitter_id=sitter, number_id=front_desk)
    world.window(meeting, sitter, start=NOON + 2 * HOUR, end=NOON + 3 * HOUR)
    board.text("May we meet earlier?", sender=SITTER, to=FRONT_DESK, at=NOON + HOUR)
    assert board.rules() == ["guest", "sitter_no_window"]
    assert [to for _, to, _ in board.sent()] == [SITTER]
    assert board.unread() == {"client_general": 1, "owner_sitter": 1}


def test_a_sitter_who_once_wrote_as_a_guest_reaches_the_owner_as_the_sitter(board: Switchboard, world: World) -> None:
    board.text("Hi, may I sit for you?", sender=SITTER, to=FRONT_DESK)
    world.sitter(SITTER)
    board.text("Who do I see today?", sender=SITTER, to=FRONT_DESK, at=NOON + MINUTE)
    assert (board.rules(), board.sent()) == (["guest", "sitter_elsewhere"], [])
    assert board.unread() == {"client_general": 1, "owner_sitter": 1}


def test_a_sitter_relays_on_the_front_desk_where_they_have_a_live_thread(board: Switchboard, world: World) -> None:
    desk = str(world.sql('SELECT id FROM messaging."MessageNumber"')[0][0])
    client, sitter = world.client(), world.sitter()
    world.window(world.thread(client_id=client, sitter_id=sitter, number_id=desk), sitter)
    board.text("see you", sender=SITTER, to=FRONT_DESK)
    assert board.sent() == [(FRONT_DESK, CLIENT, "see you")]


def test_the_owners_phone_writes_to_the_internal_thread_and_gets_one_hint_a_day(
    board: Switchboard, world: World
) -> None:
    world.assigned()
    for at in (NOON, NOON + MINUTE, NOON + 24 * HOUR):
        board.text("tell Jane hi", sender=OWNER_PHONE, at=at)
    assert [(sender, to) for sender, to, _ in board.sent()] == [(SITTER_NUMBER, OWNER_PHONE)] * 2
    assert board.notices() == []
    assert board.unread() == {"internal": 3}


@pytest.mark.parametrize("sender", ["72975", "anonymous", "", "+0155555501", "whatsapp:+15555550101"])
def test_a_sender_that_is_no_phone_is_kept_for_the_owner_and_never_answered(
    board: Switchboard, world: World, sender: str
) -> None:
    world.number(POOL, "pool")
    board.text("STOP", sender=sender, to=POOL)
    assert (board.sent(), board.unread()) == ([], {"internal": 1})


def test_a_number_of_ours_is_stored_and_never_answered(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("loop", sender=FRONT_DESK)
    assert board.rows("SELECT state FROM ops.inbound_text") == [("own_number",)]
    assert (board.inbound(), board.sent(), board.notices()) == ([], [], [])


def test_a_text_to_an_unknown_number_is_stored(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(to="+15550199999")
    assert board.rows("SELECT state, org_id FROM ops.inbound_text") == [("unknown_number", None)]
    assert board.inbound() == []


def test_with_relaying_off_everything_goes_to_the_owner(board: Switchboard, world: World) -> None:
    world.assigned()
    board.flags = Flags(enable_sms_relay=False)
    board.text()
    board.text("hi", sender=SITTER)
    assert board.sent() == []
    assert board.rules() == ["relay_off", "relay_off"]
    assert board.unread() == {"client_booking": 2}


@pytest.mark.parametrize("change", ["opted out", "no phone"])
def test_what_cannot_be_relayed_is_the_owners_with_that_reason(board: Switchboard, world: World, change: str) -> None:
    world.assigned()
    if change == "opted out":
        world.opt_out(SITTER)
    else:
        world.sql('UPDATE messaging."Sitter" SET phone = null')
    board.text()
    assert board.sent() == []
    assert board.reasons() == [f"The sitter cannot be reached: {change}"]
    assert change in board.notices()[0]


def test_an_opted_out_client_gets_nothing_of_the_sitter(board: Switchboard, world: World) -> None:
    world.assigned()
    world.opt_out(CLIENT)
    board.text("hi", sender=SITTER)
    assert (board.sent(), board.rules()) == ([], ["unreachable"])


def test_the_owner_is_told_at_most_once_in_five_minutes_of_one_thread(board: Switchboard, world: World) -> None:
    world.client()
    for minutes in (0, 1, 4, 5, 6):
        board.text(to=FRONT_DESK, at=NOON + minutes * MINUTE)
    assert len(board.notices()) == 2


def test_two_tenants_that_share_a_clients_phone_see_nothing_of_each_other(board: Switchboard, world: World) -> None:
    world.assigned()
    other = World(board.sql, org_id="other")
    other.organisation(owner_phone="+15550108888", front_desk="+15550200000")
    other.opt_out(CLIENT)
    board.text(to="+15550200000")
    assert board.inbound()[0]["orgId"] == "other"
    assert board.rules() == ["guest"]
    board.text(to=SITTER_NUMBER)
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: Hello")]


def test_a_stored_route_replays_to_the_same_answer(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    other = world.client("+15555550104", first="Omar", last="Khan")
    world.window(world.thread(client_id=other, sitter_id=ids["sitter"], number_id=ids["number"]), ids["sitter"], tag=2)
    world.number(POOL, "pool")
    board.text("for Sam")
    board.text("untagged", sender=SITTER)
    board.text("#2 tagged", sender=SITTER)
    board.text("1", sender=SITTER, at=NOON + MINUTE)
    board.text("STOP", to=POOL)
    board.text("who?", sender="+15555550177", to=POOL)
    events = board.inbound()
    assert len(events) == 6
    for event in events:
        route = event["metadata"]["route"]
        again = choose_route(read_inputs(route["inputs"]))
        assert (again.rule, again.reason, again.to) == (route["rule"], route["reason"], route["to"])
        assert (again.standing.window_id if again.standing else None) == route.get("windowId")


def test_nothing_of_a_person_is_in_the_stored_inputs(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("a secret word")
    stored = board.inbound()[0]["metadataJson"]
    assert all(word not in stored for word in (CLIENT, SITTER, "Jane", "Doe", "Sam", "secret"))


def test_a_number_that_has_become_another_is_seen_with_the_very_next_text(board: Switchboard, world: World) -> None:
    ids, other = world.assigned(), "+15555550999"
    board.text("one")
    renumbered = 'UPDATE messaging."MessageNumber" SET e164 = :e164 WHERE id = :id'
    world.sql(renumbered, e164=other, id=ids["number"])
    board.text("to nobody")
    board.text("two", to=other)
    world.sql(renumbered, e164="+15555550998", id=ids["number"])
    world.number(other, "pool")
    board.text("three", to=other)
    assert board.rules() == ["one_window", "one_window", "pool_without_thread"]
    assert board.rows("SELECT state FROM ops.inbound_text WHERE state <> 'routed'") == [("unknown_number",)]
    assert [body for _, _, body in board.sent()][:2] == ["Jane D.: one", "Jane D.: two"]


def test_of_a_number_that_an_adopted_database_has_twice_the_one_in_use_is_texted(
    board: Switchboard, world: World
) -> None:
    world.sql("DROP INDEX messaging.number_e164")
    other = World(world.sql, org_id="another")  # its ids come first
    other.organisation(front_desk=None)
    other.number(SITTER_NUMBER, "pool", status="disabled")
    world.assigned()
    board.text("hi")
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: hi")]
    assert board.rows("SELECT org_id FROM ops.inbound_text") == [("default",)]
