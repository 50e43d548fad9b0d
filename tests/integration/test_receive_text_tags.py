"""A sitter with several clients at once, on a real PostgreSQL server: tags, questions, held texts."""

import json
from datetime import timedelta

import pytest

from switchboard.services.keep_texts import expire_held_texts
from tests.builders import HOUR, MINUTE, NOON, SITTER_NUMBER, World
from tests.inbound_texts import Switchboard

JANE, OMAR, SITTER = "+15555550101", "+15555550104", "+15555550102"
PICTURE = [("MediaUrl0", "https://media.example.test/1"), ("MediaContentType0", "image/jpeg")]
CARD = [("MediaUrl0", "https://media.example.test/1"), ("MediaContentType0", "text/vcard")]
QUESTION = (SITTER_NUMBER, SITTER, "Reply 1 for Jane D., 2 for Omar K.")


@pytest.fixture
def both(world: World) -> dict[str, str]:
    """Sam with Jane (tag 1) and Omar (tag 2), both live."""
    ids = world.assigned()
    omar = world.client(OMAR, first="Omar", last="Khan")
    thread = world.thread(client_id=omar, sitter_id=ids["sitter"], number_id=ids["number"])
    window = world.window(thread, ids["sitter"], tag=2)
    return ids | {"omar": omar, "omars_thread": thread, "omars_window": window}


def expire(board: Switchboard, minutes: float) -> int:
    return expire_held_texts(using=board.using(now=NOON + minutes * MINUTE))


def relayed_media(board: Switchboard) -> list[str]:
    """The addresses of all that was passed on with texts."""
    rows = board.rows(
        """SELECT e."mediaJson" FROM messaging."MessageEvent" AS e JOIN ops.outbound_text AS o ON o.event_id = e.id
           WHERE o.purpose = 'relay' ORDER BY o.position"""
    )
    return [one["url"] for (media,) in rows if media for one in json.loads(media)]


def test_an_untagged_text_is_held_and_the_sitter_asked(board: Switchboard, both: dict[str, str]) -> None:
    board.text("All fed", sender=SITTER)
    assert board.sent() == [QUESTION]
    assert board.rules() == ["sitter_asked"]
    assert board.unread() == {}


@pytest.mark.parametrize("answer", ["2", " 2 ", "#2", "[2]", "2.", "2)"])
def test_the_answer_releases_the_text_to_the_client_it_names(
    board: Switchboard, both: dict[str, str], answer: str
) -> None:
    board.text("All fed", sender=SITTER)
    board.text(answer, sender=SITTER, at=NOON + MINUTE)
    assert board.sent() == [QUESTION, (SITTER_NUMBER, OMAR, "All fed")]
    held, reply = board.inbound()
    assert held["threadId"] == both["omars_thread"]
    assert (held["metadata"]["route"]["rule"], reply["metadata"]["route"]["rule"]) == ("sitter_named", "sitter_answer")
    assert board.rows("SELECT answer FROM ops.tag_question") == [(2,)]


@pytest.mark.parametrize(
    ("body", "passed"),
    [("#2 on my way", "on my way"), ("[2] on my way", "on my way"), ("2: on my way", "on my way"), ("2) hi", "hi")],
)
def test_a_tag_sends_the_text_to_its_client_without_the_tag(
    board: Switchboard, both: dict[str, str], body: str, passed: str
) -> None:
    board.text(body, sender=SITTER)
    assert board.sent() == [(SITTER_NUMBER, OMAR, passed)]


@pytest.mark.parametrize("body", ["2 dogs walked", "2", "2:30 is fine", "#7 hello", "we are number #2"])
def test_what_is_no_tag_is_held(board: Switchboard, both: dict[str, str], body: str) -> None:
    board.text(body, sender=SITTER)
    assert board.sent() == [QUESTION]


def test_later_texts_wait_and_their_own_question_goes_out_after_the_answer(
    board: Switchboard, both: dict[str, str]
) -> None:
    board.text("first", sender=SITTER)
    board.text("second", sender=SITTER, at=NOON + MINUTE)
    assert board.sent() == [QUESTION]
    board.text("1", sender=SITTER, at=NOON + 2 * MINUTE)
    assert board.sent() == [QUESTION, (SITTER_NUMBER, JANE, "first"), QUESTION]
    board.text("2", sender=SITTER, at=NOON + 3 * MINUTE)
    assert board.sent()[3:] == [(SITTER_NUMBER, OMAR, "second")]


def test_an_answer_sent_before_the_question_does_not_answer_it(board: Switchboard, both: dict[str, str]) -> None:
    board.text("first", sender=SITTER, now=NOON + MINUTE)
    board.text("1", sender=SITTER, at=NOON + MINUTE / 2, now=NOON + 2 * MINUTE)
    assert board.sent() == [QUESTION]
    board.text("2", sender=SITTER, at=NOON + 3 * MINUTE)
    assert board.sent() == [QUESTION, (SITTER_NUMBER, OMAR, "first"), QUESTION]


def test_a_number_that_was_not_offered_is_held_like_any_text(board: Switchboard, both: dict[str, str]) -> None:
    board.text("first", sender=SITTER)
    board.text("3", sender=SITTER, at=NOON + MINUTE)
    assert board.sent() == [QUESTION]
    assert board.rows("SELECT count(*) FROM ops.held_text WHERE state = 'held'") == [(2,)]


def test_a_tagged_text_passes_while_others_are_held(board: Switchboard, both: dict[str, str]) -> None:
    board.text("first", sender=SITTER)
    board.text("#1 hi", sender=SITTER, at=NOON + MINUTE)
    board.text("2", sender=SITTER, at=NOON + 2 * MINUTE)
    assert board.sent() == [QUESTION, (SITTER_NUMBER, JANE, "hi"), (SITTER_NUMBER, OMAR, "first")]


def test_an_ended_client_stays_in_question_for_an_hour(board: Switchboard, world: World, both: dict[str, str]) -> None:
    world.sql('UPDATE messaging."AssignmentWindow" SET "endAt" = :e WHERE id = :i', e=NOON, i=both["omars_window"])
    board.text("bye", sender=SITTER, at=NOON + 59 * MINUTE)
    assert board.sent() == [QUESTION]
    world.sql('UPDATE messaging."AssignmentWindow" SET "endAt" = :e WHERE id = :i', e=NOON + 3 * HOUR, i=both["window"])
    board.text("hello", sender=SITTER, at=NOON + 61 * MINUTE)
    assert board.sent()[1:] == [(SITTER_NUMBER, JANE, "hello")]


def test_the_tag_of_an_ended_window_is_the_owners_even_with_one_client_left(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    world.sql(
        'UPDATE messaging."AssignmentWindow" SET "endAt" = :e, "startAt" = :s WHERE id = :i',
        s=NOON - 6 * HOUR,
        e=NOON - 3 * HOUR,
        i=both["omars_window"],
    )
    board.text("#2 key is under the mat", sender=SITTER)
    assert (board.sent(), board.rules()) == ([], ["sitter_ended_tag"])
    assert board.unread() == {"owner_sitter": 1}


def test_an_answer_that_names_a_client_without_a_window_then_gives_the_text_to_the_owner(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    world.sql(
        'UPDATE messaging."AssignmentWindow" SET "endAt" = :e WHERE id = :i', e=NOON - MINUTE, i=both["omars_window"]
    )
    board.text("All fed", sender=SITTER)
    board.text("2", sender=SITTER, at=NOON + MINUTE)
    assert board.sent() == [QUESTION]
    assert board.rules() == ["sitter_named_without_window", "sitter_answer"]
    assert board.unread() == {"owner_sitter": 1}


def test_an_opt_out_between_text_and_answer_gives_the_text_to_the_owner(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    board.text("All fed", sender=SITTER)
    board.text("STOP", sender=OMAR, at=NOON + MINUTE / 2)
    board.text("2", sender=SITTER, at=NOON + MINUTE)
    assert [to for _, to, _ in board.sent()] == [SITTER, OMAR]
    assert board.rules()[0] == "unreachable"


def test_an_answer_after_the_window_still_releases_what_arrived_in_it(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    board.text("All fed", sender=SITTER, at=NOON + 59 * MINUTE)
    board.text("2", sender=SITTER, at=NOON + 61 * MINUTE)
    assert board.sent()[1:] == [(SITTER_NUMBER, OMAR, "All fed")]


def test_what_is_held_for_thirty_minutes_is_the_owners(board: Switchboard, both: dict[str, str]) -> None:
    board.text("All fed", sender=SITTER)
    assert expire(board, 29) == 0
    assert expire(board, 30) == 1
    assert expire(board, 31) == 0
    assert board.rules() == ["held_too_long"]
    assert board.unread() == {"owner_sitter": 1}
    assert len(board.notices()) == 1
    board.text("2", sender=SITTER, at=NOON + 32 * MINUTE)
    assert (SITTER_NUMBER, OMAR, "All fed") not in board.sent()


def test_when_a_question_expires_the_texts_after_it_are_asked_about(board: Switchboard, both: dict[str, str]) -> None:
    board.text("first", sender=SITTER)
    board.text("second", sender=SITTER, at=NOON + 10 * MINUTE)
    expire(board, 30)
    assert board.sent() == [QUESTION, QUESTION]
    board.text("1", sender=SITTER, at=NOON + 31 * MINUTE)
    assert board.sent()[2:] == [(SITTER_NUMBER, JANE, "second")]


def test_a_question_after_an_expired_one_offers_who_was_live_when_its_texts_came(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    board.text("first", sender=SITTER)
    ida = world.client("+15555550105", first="Ida", last="Poe")
    thread = world.thread(client_id=ida, sitter_id=both["sitter"], number_id=both["number"])
    world.window(thread, both["sitter"], start=NOON + 5 * MINUTE, tag=3)
    board.text("second", sender=SITTER, at=NOON + 10 * MINUTE)
    expire(board, 30)
    assert board.sent() == [QUESTION, (SITTER_NUMBER, SITTER, "Reply 1 for Jane D., 2 for Omar K., 3 for Ida P.")]


def test_pictures_travel_with_a_released_text(board: Switchboard, both: dict[str, str]) -> None:
    board.text("look", sender=SITTER, more=PICTURE)
    board.text("1", sender=SITTER, at=NOON + MINUTE)
    assert relayed_media(board) == [PICTURE[0][1]]


@pytest.mark.parametrize("asked", [False, True])
def test_a_picture_with_a_tag_alone_goes_to_its_client(board: Switchboard, both: dict[str, str], asked: bool) -> None:
    if asked:
        board.text("All fed", sender=SITTER)
    board.text("#2", sender=SITTER, at=NOON + MINUTE, more=PICTURE)
    assert [text for text in board.sent() if text != QUESTION] == [(SITTER_NUMBER, OMAR, "")]
    assert board.rows("SELECT count(*) FROM ops.held_text WHERE state = 'held'") == [(int(asked),)]


def test_a_picture_with_a_number_that_is_no_tag_is_held_and_asked_about(
    board: Switchboard, both: dict[str, str]
) -> None:
    board.text("2", sender=SITTER, more=PICTURE)
    assert (board.sent(), board.rules()) == ([QUESTION], ["sitter_asked"])
    board.text("1", sender=SITTER, at=NOON + MINUTE)
    assert board.sent() == [QUESTION, (SITTER_NUMBER, JANE, "2")]
    assert relayed_media(board) == [PICTURE[0][1]]


def test_a_picture_with_a_number_answers_nothing_and_is_asked_about_after_the_answer(
    board: Switchboard, both: dict[str, str]
) -> None:
    board.text("All fed", sender=SITTER)
    board.text("1", sender=SITTER, at=NOON + MINUTE, more=PICTURE)
    assert board.sent() == [QUESTION]
    board.text("1", sender=SITTER, at=NOON + 2 * MINUTE)
    assert board.sent() == [QUESTION, (SITTER_NUMBER, JANE, "All fed"), QUESTION]
    board.text("2", sender=SITTER, at=NOON + 3 * MINUTE)
    assert board.sent()[3:] == [(SITTER_NUMBER, OMAR, "1")]
    assert relayed_media(board) == [PICTURE[0][1]]


def test_a_picture_with_a_number_that_nobody_claims_is_the_owners(board: Switchboard, both: dict[str, str]) -> None:
    board.text("All fed", sender=SITTER)
    board.text("1", sender=SITTER, at=NOON + MINUTE, more=PICTURE)
    expire(board, 31)
    assert board.rules() == ["held_too_long", "held_too_long"]
    assert board.unread() == {"owner_sitter": 2}


def test_a_contact_card_with_a_number_is_held_back_when_it_is_released(
    board: Switchboard, both: dict[str, str]
) -> None:
    board.text("1", sender=SITTER, more=CARD)
    board.text("1", sender=SITTER, at=NOON + MINUTE)
    assert [to for _, to, _ in board.sent()] == [SITTER, SITTER]
    assert board.rows('SELECT "eventId" FROM messaging."AntiPoachingAttempt"') == [(board.inbound()[0]["id"],)]


def test_contact_details_in_a_held_text_are_found_when_it_is_released(board: Switchboard, both: dict[str, str]) -> None:
    board.text("call me on 415-555-0134", sender=SITTER)
    board.text("1", sender=SITTER, at=NOON + MINUTE)
    assert [to for _, to, _ in board.sent()] == [SITTER, SITTER]
    held = board.inbound()[0]
    assert (held["deliveryStatus"], held["failureCode"]) == ("failed", "ANTI_POACHING_BLOCKED")
    assert held["threadId"] == both["thread"]
    assert board.rows('SELECT "eventId" FROM messaging."AntiPoachingAttempt"') == [(held["id"],)]


@pytest.mark.parametrize(
    "parts",
    [
        ("#1 My number is 415", "#1 555", "#1 0134"),
        ("[1] My number is 415", "1) 555", "1: 0134"),
    ],
)
def test_a_number_sent_in_parts_is_held_although_each_part_has_a_tag(
    board: Switchboard, both: dict[str, str], parts: tuple[str, ...]
) -> None:
    for n, part in enumerate(parts):
        board.text(part, sender=SITTER, at=NOON + n * MINUTE)
    assert [one["failureCode"] for one in board.inbound()] == [None] * (len(parts) - 1) + ["ANTI_POACHING_BLOCKED"]


@pytest.mark.parametrize("answered", [3, 12])
def test_the_parts_of_a_number_are_joined_by_when_they_arrived_not_by_when_they_were_answered(
    board: Switchboard, both: dict[str, str], answered: int
) -> None:
    board.text("My number is 415 555", sender=SITTER)
    board.text("1", sender=SITTER, at=NOON + MINUTE)
    board.text("0134", sender=SITTER, at=NOON + 2 * MINUTE)
    board.text("1", sender=SITTER, at=NOON + answered * MINUTE)
    [held] = [one for one in board.inbound() if one["body"] == "0134"]
    assert (held["threadId"], held["failureCode"]) == (both["thread"], "ANTI_POACHING_BLOCKED")


def test_held_texts_that_arrived_more_than_ten_minutes_apart_are_not_joined(
    board: Switchboard, both: dict[str, str]
) -> None:
    board.text("My number is 415 555", sender=SITTER)
    board.text("1", sender=SITTER, at=NOON + 9 * MINUTE)
    board.text("0134", sender=SITTER, at=NOON + 11 * MINUTE)
    board.text("1", sender=SITTER, at=NOON + 12 * MINUTE)
    assert [body for _, to, body in board.sent() if to == JANE] == ["My number is 415 555", "0134"]


def test_a_held_part_is_read_after_what_was_passed_on_while_it_was_held(
    board: Switchboard, both: dict[str, str]
) -> None:
    board.text("0134", sender=SITTER)
    board.text("#1 My number is 415 555", sender=SITTER, at=NOON + MINUTE)
    board.text("1", sender=SITTER, at=NOON + 20 * MINUTE)
    assert [one["failureCode"] for one in board.inbound()] == ["ANTI_POACHING_BLOCKED", None, None]


def test_what_an_earlier_application_stored_with_a_text_keeps_no_text_back(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    board.text("#1 one", sender=SITTER)
    for n, metadata in enumerate(("not json", "[]", '{"route": "front desk"}'), start=1):
        world.sql('UPDATE messaging."MessageEvent" SET "metadataJson" = :m', m=metadata)
        board.text(f"#1 {n}", sender=SITTER, at=NOON + n * MINUTE)
    assert board.sent() == [(SITTER_NUMBER, JANE, words) for words in ("one", "1", "2", "3")]


def test_windows_without_tags_are_numbered_in_the_question(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    world.sql('UPDATE messaging."AssignmentWindow" SET tag = null')
    board.text("All fed", sender=SITTER)
    [(_, _, question)] = board.sent()
    number = "2" if "2 for Omar K." in question else "1"
    board.text(number, sender=SITTER, at=NOON + MINUTE)
    assert board.sent()[1:] == [(SITTER_NUMBER, OMAR, "All fed")]


def test_a_sitter_who_opted_out_is_not_asked(board: Switchboard, world: World, both: dict[str, str]) -> None:
    world.opt_out(SITTER)
    board.text("All fed", sender=SITTER)
    assert (board.sent(), board.rules()) == ([], ["sitter_mute"])


def test_a_swap_leaves_the_former_sitters_held_text_with_the_client_of_then(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    board.text("All fed", sender=SITTER)
    after = world.sitter("+15555550103", first="Ann")
    number = world.number("+15550100012", sitter_id=after)
    world.history(both["omars_window"], sitter_id=both["sitter"], until=NOON + timedelta(seconds=30), tag=2)
    world.sql('UPDATE messaging."AssignmentWindow" SET "sitterId" = :s WHERE id = :i', s=after, i=both["omars_window"])
    world.sql(
        'UPDATE messaging."MessageThread" SET "assignedSitterId" = :s, "messageNumberId" = :n WHERE id = :i',
        s=after,
        n=number,
        i=both["omars_thread"],
    )
    board.text("2", sender=SITTER, at=NOON + MINUTE)
    assert board.sent()[1:] == [("+15550100012", OMAR, "All fed")]
    board.text("still there?", sender=SITTER, at=NOON + 2 * MINUTE)
    assert board.rules()[-1] == "sitter_asked"


def test_held_texts_of_a_sitter_without_a_phone_are_the_owners(
    board: Switchboard, world: World, both: dict[str, str]
) -> None:
    board.text("All fed", sender=SITTER)
    world.sql('UPDATE messaging."Sitter" SET phone = null')
    assert (expire(board, 30), expire(board, 31)) == (1, 0)
    assert board.unread() == {"owner_sitter": 1}
