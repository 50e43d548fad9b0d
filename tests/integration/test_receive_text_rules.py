"""Keywords, contact details and pictures of inbound texts, on a real PostgreSQL server."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pg8000.core
import pytest

from switchboard.domain import wording
from switchboard.domain.anti_poaching import AntiPoachingMode
from switchboard.flags import Flags
from switchboard.store.database import Database
from tests.booking_desk import opened_desk
from tests.builders import FRONT_DESK, MINUTE, NOON, OWNER_PHONE, SITTER_NUMBER, Sql, World
from tests.inbound_texts import Switchboard

CLIENT, SITTER = "+15555550101", "+15555550102"
LEAK = "Call me on 415-555-0134"
DAY = timedelta(days=1)


def opt_outs(board: Switchboard) -> list[tuple[str, str, str]]:
    return [
        (str(phone), str(state), str(source))
        for phone, state, source in board.rows('SELECT "phoneE164", state, source FROM messaging."OptOutState"')
    ]


@pytest.mark.parametrize("body", ["STOP", " stop. ", "\u00a0Stop all!\u00a0", "please stop texting me", "UNSUBSCRIBE"])
def test_stop_opts_the_person_out_with_one_confirmation_and_the_owner_sees_it(
    board: Switchboard, world: World, body: str
) -> None:
    world.assigned()
    for _ in range(3):
        board.text(body)
    assert opt_outs(board) == [(CLIENT, "opted_out", "inbound_keyword")]
    assert [(sender, to) for sender, to, _ in board.sent()] == [(SITTER_NUMBER, CLIENT)]
    assert board.rows("SELECT purpose FROM ops.outbound_text WHERE purpose <> 'owner_notice'") == [("confirmation",)]
    assert board.unread() == {"client_booking": 3}


@pytest.mark.parametrize("body", ["stop by at 5", "don't stop the meds", "cancel my Tuesday visit", "YES"])
def test_ordinary_sentences_are_relayed(board: Switchboard, world: World, body: str) -> None:
    world.assigned()
    board.text(body)
    assert board.sent() == [(SITTER_NUMBER, SITTER, f"Jane D.: {body}")]


def test_an_opt_out_holds_on_every_number(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("STOP", to=FRONT_DESK)
    board.text("All fed", sender=SITTER, at=NOON + MINUTE)
    assert [to for _, to, _ in board.sent()] == [CLIENT]
    assert board.rules()[-1] == "unreachable"


def one_time(board: Switchboard) -> list[Any]:
    return [
        row[0]
        for row in board.rows(
            """SELECT "isOneTimeClient" FROM messaging."MessageThread" WHERE scope = 'client_general'"""
        )
    ]


def test_a_strangers_general_thread_is_that_of_a_one_time_client(board: Switchboard, world: World) -> None:
    board.text("hello", sender="+15555550177", to=FRONT_DESK)
    assert one_time(board) == [True]


@pytest.mark.parametrize(
    ("mark", "plan", "recurring", "found"),
    [
        (None, False, False, True),
        (None, True, False, False),
        (None, False, True, False),
        (False, True, True, True),
        (True, False, False, False),
    ],
)
def test_a_general_thread_is_classified_by_any_booking_of_the_client(
    board: Switchboard, *, mark: bool | None, plan: bool, recurring: bool, found: bool
) -> None:
    world = World(board.sql)
    world.organisation()
    client = world.client(CLIENT)
    board.sql('UPDATE messaging."Client" SET "isRecurringOverride" = cast(:mark AS boolean)', mark=mark)
    board.sql(
        """INSERT INTO messaging."Booking" ("orgId", id, "clientId", status, "isRecurring", "hasWeeklyPlan",
               "isMeetAndGreet", "createdAt", "updatedAt")
           VALUES ('default', 'booking-9', :client, 'confirmed', :recurring, :plan, false, now(), now())""",
        client=client,
        recurring=recurring,
        plan=plan,
    )
    board.text("hello", to=FRONT_DESK)
    assert one_time(board) == [found]


def test_a_person_who_opted_out_may_still_write(board: Switchboard, world: World) -> None:
    world.assigned()
    world.opt_out(CLIENT)
    board.text("are you there?")
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: are you there?")]


@pytest.mark.parametrize("kind", ["STOP", "START", "HELP"])
def test_what_twilio_answered_is_not_answered_again(board: Switchboard, world: World, kind: str) -> None:
    world.assigned()
    board.text(kind, more=[("OptOutType", kind)])
    assert board.sent() == []
    expected = {"STOP": ["opted_out"], "START": ["opted_in"], "HELP": []}[kind]
    assert [state for _, state, _ in opt_outs(board)] == expected


def test_a_keyword_that_only_twilio_knows_opts_out(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("ARRET", more=[("OptOutType", "STOP")])
    assert opt_outs(board) == [(CLIENT, "opted_out", "inbound_keyword")]


def test_cancel_opts_out_and_tells_the_owner_that_a_visit_may_be_meant(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("Cancel")
    assert opt_outs(board)[0][1] == "opted_out"
    assert "visit" in board.notices()[0]


@pytest.mark.parametrize("body", ["START", "yes", "UNSTOP"])
def test_start_opts_in_again_and_lifts_a_blocked_pair_of_the_number_texted(
    board: Switchboard, world: World, body: str
) -> None:
    world.assigned()
    world.opt_out(CLIENT)
    for number in (SITTER_NUMBER, FRONT_DESK):
        world.sql("INSERT INTO ops.blocked_pair VALUES ('default', :p, :n, now())", p=CLIENT, n=number)
    board.text(body)
    assert opt_outs(board)[0][1] == "opted_in"
    assert len(board.sent()) == 1
    assert board.rows("SELECT number_e164 FROM ops.blocked_pair") == [(FRONT_DESK,)]


def test_each_stop_and_each_start_that_changes_something_is_answered(board: Switchboard, world: World) -> None:
    world.assigned()
    for n, word in enumerate(("STOP", "STOP", "START", "START", "STOP", "START", "START")):
        board.text(word, at=NOON + n * MINUTE)
    stopped, started = wording.OPTED_OUT, wording.OPTED_IN
    assert [body for _, _, body in board.sent()] == [stopped, started, stopped, started]


def test_a_start_that_changes_nothing_is_answered_once_a_day(board: Switchboard, world: World) -> None:
    world.assigned()
    for at in (NOON, NOON + MINUTE, NOON + DAY):
        board.text("START", at=at)
    assert [body for _, _, body in board.sent()] == [wording.OPTED_IN] * 2


@pytest.mark.parametrize(("first", "then", "state"), [("START", "STOP", "opted_out"), ("STOP", "START", "opted_in")])
def test_a_persons_last_word_counts_however_late_an_earlier_one_is_worked_on(
    board: Switchboard, world: World, first: str, then: str, state: str
) -> None:
    world.assigned()
    world.opt_out(CLIENT, state="opted_in" if then == "STOP" else "opted_out")
    board.text(then, at=NOON + MINUTE)
    assert len(board.sent()) == 1
    board.text(first, at=NOON, now=NOON + 2 * MINUTE)
    assert opt_outs(board) == [(CLIENT, state, "inbound_keyword")]
    assert len(board.sent()) == 1
    board.text(first, at=NOON + 3 * MINUTE)
    assert opt_outs(board) != [(CLIENT, state, "inbound_keyword")]
    assert len(board.sent()) == 2


def test_a_start_of_before_the_guest_became_a_client_counts_however_late_it_is_worked_on(
    database: Database, sql: Sql, board: Switchboard
) -> None:
    desk = replace(opened_desk(database, sql), now=NOON + 10 * MINUTE)
    board.text("STOP", to=FRONT_DESK)
    desk.tell()
    board.text("START", to=FRONT_DESK, at=NOON + 5 * MINUTE, now=NOON + 20 * MINUTE)
    assert opt_outs(board) == [(CLIENT, "opted_in", "inbound_keyword")]


def test_help_is_answered_once_a_day_even_to_one_who_opted_out(board: Switchboard, world: World) -> None:
    world.assigned()
    world.opt_out(CLIENT)
    for at in (NOON, NOON + MINUTE, NOON + DAY):
        board.text("HELP", at=at)
    assert len(board.sent()) == 2
    assert set(board.rows("SELECT purpose FROM ops.outbound_text WHERE recipient_e164 = :c", c=CLIENT)) == {
        ("confirmation",)
    }


def test_a_stranger_who_says_stop_is_opted_out(board: Switchboard, world: World) -> None:
    board.text("STOP", sender="+15555550177", to=FRONT_DESK)
    assert [to for _, to, _ in board.sent()] == ["+15555550177"]
    assert opt_outs(board)[0][:2] == ("+15555550177", "opted_out")


def test_the_day_of_automatic_answers_is_the_organisations(board: Switchboard, world: World) -> None:
    world.assigned()
    for hours in (17, 18.5):  # 23:00 and 00:30 in Chicago
        board.text("hi", sender=OWNER_PHONE, at=NOON + timedelta(hours=hours))
    assert len(board.sent()) == 2


@pytest.mark.parametrize("sender", [CLIENT, SITTER])
def test_contact_details_are_held_both_ways_and_only_their_sender_hears_of_it(
    board: Switchboard, world: World, sender: str
) -> None:
    ids = world.assigned()
    board.text(LEAK, sender=sender)
    assert [(number, to) for number, to, _ in board.sent()] == [(SITTER_NUMBER, sender)]
    [held] = board.inbound()
    assert (held["deliveryStatus"], held["failureCode"]) == ("failed", "ANTI_POACHING_BLOCKED")
    assert board.rows(
        'SELECT "eventId", "threadId", "violationType", action, "actorType" FROM messaging."AntiPoachingAttempt"'
    ) == [(held["id"], ids["thread"], "phone_number", "blocked", "client" if sender == CLIENT else "sitter")]
    [notice] = board.notices()
    assert "***-***-0134" in notice
    assert "415" not in notice
    assert board.unread() == {"client_booking": 1}


def test_a_held_notice_is_sent_once_a_day_and_every_hold_is_told(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(LEAK)
    board.text(LEAK, at=NOON + MINUTE)
    assert len(board.sent()) == 1
    assert len(board.notices()) == 2


@pytest.mark.parametrize(
    ("mode", "action", "relayed"),
    [
        (AntiPoachingMode.OFF, [], 1),
        (AntiPoachingMode.SHADOW, [("flagged",)], 1),
        (AntiPoachingMode.ENFORCE, [("blocked",)], 0),
    ],
)
def test_the_mode_decides_what_becomes_of_contact_details(
    board: Switchboard, world: World, mode: AntiPoachingMode, action: list[tuple[str]], relayed: int
) -> None:
    world.assigned()
    board.flags = Flags(anti_poaching_mode=mode)
    board.text(LEAK)
    assert board.rows('SELECT action FROM messaging."AntiPoachingAttempt"') == action
    assert len([row for row in board.sent() if row[1] == SITTER]) == relayed


def test_a_number_sent_in_parts_is_held_at_the_part_that_completes_it(board: Switchboard, world: World) -> None:
    world.assigned()
    for n, part in enumerate(("My number is 415", "555", "0134")):
        board.text(part, at=NOON + n * MINUTE)
    assert board.inbound()[-1]["failureCode"] == "ANTI_POACHING_BLOCKED"


def test_parts_more_than_ten_minutes_apart_are_not_joined(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("My number is 415 555", at=NOON)
    before = len(board.inbound())
    board.text("0134", at=NOON + 11 * MINUTE)
    assert board.inbound()[before]["failureCode"] is None


def test_the_booking_link_and_hotlines_pass(board: Switchboard, world: World) -> None:
    world.assigned()
    world.sql("""UPDATE messaging."Organization" SET hotlines = '["+18884264435"]'""")
    board.text("Book at https://book.example.test/visits or call 888-426-4435 for poison")
    assert [to for _, to, _ in board.sent()] == [SITTER]


def test_details_for_the_owner_are_nobodys_business(board: Switchboard, world: World) -> None:
    world.client()
    board.text(LEAK, to=FRONT_DESK)
    assert board.rows('SELECT count(*) FROM messaging."AntiPoachingAttempt"') == [(0,)]


def test_the_third_blocked_text_in_thirty_days_locks_the_sitter(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(LEAK, sender=SITTER, at=NOON - 31 * DAY)  # before the window: the owner's, no attempt
    for n in range(3):
        assert board.rows('SELECT "relayLockedAt" FROM messaging."Sitter"') == [(None,)]
        board.text(LEAK, sender=SITTER, at=NOON + n * MINUTE)
    assert board.rows('SELECT "relayLockedAt" IS NOT NULL FROM messaging."Sitter"') == [(True,)]
    assert "locked" in board.notices()[-1]
    board.text("all fine", sender=SITTER, at=NOON + 5 * MINUTE)
    assert board.rules()[-1] == "sitter_locked"


def test_released_and_old_attempts_are_no_strikes(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(LEAK, sender=SITTER)
    board.text(LEAK, sender=SITTER)
    world.sql("""UPDATE messaging."AntiPoachingAttempt" SET "createdAt" = now() - interval '900 days'""")
    board.text(LEAK, sender=SITTER)
    assert board.rows('SELECT "relayLockedAt" FROM messaging."Sitter"') == [(None,)]


def pictures(count: int, kind: str = "image/jpeg") -> list[tuple[str, str]]:
    urls = [(f"MediaUrl{n}", f"https://media.example.test/{n}") for n in range(count)]
    return [*urls, *[(f"MediaContentType{n}", kind) for n in range(count)]]


def test_ten_pictures_travel(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("", more=pictures(10))
    [(media, body)] = board.rows(
        """SELECT "mediaJson", body FROM messaging."MessageEvent" WHERE direction = 'outbound'"""
    )
    assert media.count("https://media.example.test/") == 10
    assert body == "Jane D.: "


def test_a_contact_card_is_held(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("my card", more=pictures(1, "text/x-vcard"))
    assert board.inbound()[0]["failureCode"] == "ANTI_POACHING_BLOCKED"
    assert [to for _, to, _ in board.sent()] == [CLIENT]


def test_a_text_without_a_body_is_relayed_as_such(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(None, sender=SITTER)
    assert board.sent() == [(SITTER_NUMBER, CLIENT, "(no words)")]


def test_sixteen_hundred_emoji_are_passed_on_whole(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("🐶" * 1600)
    parts = [body for _, _, body in board.sent()]
    assert "".join(parts) == "Jane D.: " + "🐶" * 1600
    assert max(len(part) for part in parts) <= 1600


def test_repeated_and_blank_fields_do_no_harm(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("first", more=[("Body", "second"), ("", ""), ("NumMedia", "99"), ("MediaUrl0", "")])
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: first")]


def test_characters_that_a_database_cannot_hold_are_left_out(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("a\x00b")
    assert board.sent() == [(SITTER_NUMBER, SITTER, "Jane D.: ab")]


def responses(board: Switchboard) -> list[tuple[str, int | None]]:
    return [
        (str(status), seconds)
        for status, seconds in board.rows(
            'SELECT "resolutionStatus", "responseSeconds" FROM messaging."ResponseRecord" ORDER BY "inboundAt"'
        )
    ]


def test_a_sitters_answer_replies_all_that_is_pending_on_the_thread(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("one")
    board.text("two", at=NOON + MINUTE)
    board.text("answer", sender=SITTER, at=NOON + 3 * MINUTE)
    assert responses(board) == [("replied", 180), ("replied", 120)]


def test_a_held_answer_replies_nothing(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("one")
    board.text(LEAK, sender=SITTER, at=NOON + MINUTE)
    assert responses(board) == [("pending", None)]


def test_what_only_got_an_automatic_answer_is_auto_replied(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("HELP")
    board.text("hello owner", to=FRONT_DESK, at=NOON + MINUTE)
    assert responses(board) == [("auto_replied", None), ("pending", None)]


def test_a_held_text_is_auto_replied_only_where_its_sender_was_answered(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(LEAK)
    board.text(LEAK, at=NOON + MINUTE)
    assert len(board.sent()) == 1
    assert responses(board) == [("auto_replied", None), ("ignored", None)]


def test_a_text_costs_at_most_six_round_trips(
    board: Switchboard, world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.assigned()
    trips: list[str] = []
    for body, sender in (("warm", CLIENT), ("STOP", "+15555550170"), (LEAK, SITTER), ("x", "+15555550171")):
        board.text(body, sender=sender)
    flush = pg8000.core._flush

    def counted(sock: Any) -> None:
        trips.append("trip")
        flush(sock)

    monkeypatch.setattr(pg8000.core, "_flush", counted)
    for n, (body, sender) in enumerate(
        (("hi", CLIENT), (LEAK, CLIENT), ("STOP", "+15555550180"), ("who", "+15555550181"), (LEAK, SITTER))
    ):
        trips.clear()
        board.text(body, sender=sender, at=NOON + n * MINUTE)
        assert 2 <= len(trips) <= 6, (body, sender, len(trips))
