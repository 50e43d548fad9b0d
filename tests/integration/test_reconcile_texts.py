"""The daily comparison with Twilio's list: lost texts come in once, with their own time; late ones are the owner's."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.twilio_simulator import TwilioSimulator
from switchboard.domain.routing import choose_route, read_inputs
from switchboard.errors import ReconciliationIncomplete, TwilioUnavailable
from switchboard.services.reconcile_texts import LOOK_BACK, SETTLING
from switchboard.twilio import MessagePage, TwilioSender
from tests.builders import FRONT_DESK, HOUR, MINUTE, NOON, POOL, World
from tests.inbound_texts import Switchboard
from tests.reconcile_desk import CLIENT, SITTER, Interrupted, ReconcileDesk, after

EARLY = NOON - 40 * MINUTE
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def desk(board: Switchboard, world: World, stage_simulator: TwilioSimulator) -> Iterator[ReconcileDesk]:
    """An organisation, and a Twilio that has texts of it."""
    desk = ReconcileDesk(board, stage_simulator)
    desk.begin_at(NOON - 4 * HOUR)
    yield desk
    stage_simulator.account.forget_messages()
    stage_simulator.account.forget_faults()


def test_a_lost_text_goes_with_its_own_time_to_the_sitter_of_that_time(desk: ReconcileDesk, world: World) -> None:
    ids = world.assigned()
    before = world.sitter("+15555550103", first="Ana", last="Ruiz")
    world.number("+15550100012", sitter_id=before)
    world.history(ids["window"], sitter_id=before, until=NOON - 30 * MINUTE)
    sid = desk.lose("Is she fed?", at=EARLY, to="+15550100012")
    assert desk.run() == {"compared": 1, "found": 1, "moved": 0, "strays": 0, "polled": 0}
    [(_, recipient, body)] = desk.board.sent()
    assert (recipient, body) == ("+15555550103", "Jane D.: Is she fed?")
    [event] = desk.board.inbound()
    assert (event["providerMessageSid"], datetime.fromisoformat(event["createdAt"])) == (sid, EARLY)
    assert desk.board.rows("SELECT arrived_at FROM ops.inbound_text") == [(EARLY,)]


def test_what_came_by_its_webhook_is_not_brought_in_again_and_a_late_webhook_changes_nothing(
    desk: ReconcileDesk, world: World
) -> None:
    world.assigned()
    known, lost = desk.lose("known", at=EARLY), desk.lose("lost", at=EARLY)
    desk.board.text("known", sid=known, at=EARLY)
    assert desk.run()["found"] == 1
    desk.board.text("lost", sid=lost, at=EARLY, now=NOON)
    assert desk.run()["found"] == 0
    assert [body for _, _, body in desk.board.sent()] == ["Jane D.: known", "Jane D.: lost"]


def test_a_webhook_at_the_same_moment_and_two_runs_at_once_bring_a_text_in_once(
    desk: ReconcileDesk, world: World
) -> None:
    world.assigned()
    sids = [desk.lose(str(n), at=EARLY + n * SECOND) for n in range(8)]
    gate = threading.Barrier(3)

    def webhooks() -> None:
        gate.wait()
        for n, sid in enumerate(sids):
            desk.board.text(str(n), sid=sid, at=EARLY + n * SECOND, now=NOON)

    def run() -> None:
        gate.wait()
        desk.run(page_size=3)

    at_once = [threading.Thread(target=one) for one in (webhooks, run, run)]
    for one in at_once:
        one.start()
    for one in at_once:
        one.join()
    assert sorted(body for _, _, body in desk.board.sent()) == [f"Jane D.: {n}" for n in range(8)]
    assert len(desk.board.inbound()) == 8
    assert desk.run()["found"] == 0


def test_a_text_whose_window_has_ended_is_the_owners_with_the_reason(desk: ReconcileDesk, world: World) -> None:
    ids = world.assigned()
    desk.lose("Come back, I am locked out", at=EARLY)
    desk.run(now=NOON + 3 * HOUR)
    assert desk.board.sent() == []
    [event] = desk.board.inbound()
    assert (event["metadata"]["route"]["rule"], event["threadId"]) == ("found_late", ids["thread"])
    assert "notice of it was lost" in desk.board.notices()[0]
    assert desk.board.unread() == {"client_booking": 1}


def test_what_was_decided_of_a_found_text_can_be_replayed(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    desk.lose(at=EARLY)
    desk.lose(at=EARLY, sender=SITTER)
    desk.run(now=NOON + 3 * HOUR)
    for event in desk.board.inbound():
        stored = event["metadata"]["route"]
        inputs = read_inputs(stored["inputs"])
        assert choose_route(inputs).as_json(inputs) == stored


def test_a_sitter_is_not_asked_hours_later_for_whom_a_text_was(desk: ReconcileDesk, world: World) -> None:
    ids = world.assigned()
    omar = world.client("+15555550104", first="Omar", last="Khan")
    thread = world.thread(client_id=omar, sitter_id=ids["sitter"], number_id=ids["number"])
    world.window(thread, ids["sitter"], tag=2)
    desk.lose("On my way", at=EARLY, sender=SITTER)
    desk.run()
    assert desk.board.rules() == ["found_unasked"]
    assert desk.board.sent() == []
    assert desk.board.unread() == {"owner_sitter": 1}


def test_pictures_come_with_their_text_and_a_contact_card_is_held(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    desk.lose("Look", at=EARLY, content_types=("image/jpeg", "image/png"))
    desk.lose("", at=EARLY + SECOND, content_types=("text/vcard",))
    desk.run()
    first, second = desk.board.inbound()
    assert first["mediaJson"].count("https://api.twilio.com/2010-04-01/Accounts/") == 2
    assert '"image/png"' in first["mediaJson"]
    assert ".json" not in first["mediaJson"]
    assert (first["failureCode"], second["failureCode"]) == (None, "ANTI_POACHING_BLOCKED")


def opted(desk: ReconcileDesk) -> dict[str, str]:
    return dict(desk.board.rows('SELECT "phoneE164", state FROM messaging."OptOutState"'))


def test_a_lost_stop_is_obeyed_without_a_confirmation_that_would_come_hours_late(
    desk: ReconcileDesk, world: World
) -> None:
    world.assigned()
    desk.lose("STOP", at=EARLY)
    desk.run()
    assert opted(desk) == {CLIENT: "opted_out"}
    assert desk.board.sent() == []
    assert desk.board.unread() == {"client_booking": 1}


@pytest.mark.parametrize(("lost", "since", "state"), [("STOP", "START", "opted_in"), ("START", "STOP", "opted_out")])
def test_a_lost_keyword_does_not_undo_what_the_person_has_said_since(
    desk: ReconcileDesk, world: World, lost: str, since: str, state: str
) -> None:
    world.assigned()
    desk.board.text("STOP", at=NOON - 50 * MINUTE)
    desk.lose(lost, at=EARLY)
    desk.board.text(since, at=NOON - 20 * MINUTE)
    desk.run()
    assert opted(desk) == {CLIENT: state}


@pytest.mark.parametrize(
    ("said", "state"),
    [(("STOP", "START"), "opted_in"), (("START", "STOP"), "opted_out"), (("STOP", "START", "STOP"), "opted_out")],
)
def test_of_several_lost_keywords_the_last_counts(
    desk: ReconcileDesk, world: World, said: tuple[str, ...], state: str
) -> None:
    world.assigned()
    for n, word in enumerate(said):
        desk.lose(word, at=EARLY + n * MINUTE)
    desk.run()
    assert opted(desk) == {CLIENT: state}


def test_nobody_gets_an_automatic_answer_to_a_text_of_hours_ago(desk: ReconcileDesk, world: World) -> None:
    world.number(POOL, "pool")
    world.assigned()
    desk.lose("HELP", at=EARLY)
    desk.lose("Hi there", at=EARLY, to=POOL, sender="+15555550177")
    desk.lose("Anybody?", at=NOON - 3 * HOUR, sender=SITTER)
    desk.run()
    assert desk.board.sent() == []
    assert set(desk.board.rules()) == {"keyword", "pool_without_thread", "sitter_no_window"}


def test_numbers_that_are_not_ours_are_left_alone(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    desk.lose(at=EARLY, to="+15550199999")
    sent(desk, sender="+15550199999", recipient="+15555550108")
    assert desk.run() == {"compared": 2, "found": 0, "moved": 0, "strays": 0, "polled": 0}
    assert desk.board.rows("SELECT message_sid FROM ops.inbound_text") == []


def sent(desk: ReconcileDesk, *, sender: str = FRONT_DESK, recipient: str = CLIENT, at: datetime = EARLY) -> str:
    """A text that somebody else sent through the account."""
    fields = [("From", sender), ("To", recipient), ("Body", "Sale!")]
    return desk.simulator.account.take(fields, now=at).sid


def test_texts_that_nobody_here_sent_are_kept_once_and_nothing_is_done_about_them(
    desk: ReconcileDesk, world: World
) -> None:
    world.assigned()
    sid = sent(desk)
    assert desk.run()["strays"] == 1
    assert desk.run()["strays"] == 0
    assert desk.board.rows("SELECT provider_sid, org_id, sent_at FROM ops.stray_text") == [(sid, "default", EARLY)]
    assert desk.board.rows('SELECT id FROM messaging."MessageEvent"') == []


def test_a_text_between_two_numbers_of_ours_is_stored_and_answered_by_nobody(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    desk.lose(at=EARLY, sender=FRONT_DESK)
    desk.run()
    assert desk.board.rows("SELECT state FROM ops.inbound_text") == [("own_number",)]
    assert desk.board.sent() == []


def test_what_an_earlier_application_stored_is_known(desk: ReconcileDesk, world: World) -> None:
    ids = world.assigned()
    for sid, direction in ((desk.lose(at=EARLY), "inbound"), (sent(desk), "outbound")):
        desk.board.sql(
            """INSERT INTO messaging."MessageEvent" (id, "orgId", "threadId", direction, "actorType",
                   "deliveryStatus", "providerMessageSid", body)
               VALUES (:id, 'default', :thread, :direction, 'client', 'sent', :sid, 'x')""",
            id=f"earlier-{direction}",
            thread=ids["thread"],
            direction=direction,
            sid=sid,
        )
    assert desk.run() == {"compared": 2, "found": 0, "moved": 0, "strays": 0, "polled": 0}


def test_each_organisation_gets_its_own_texts(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    other = World(world.sql, org_id="other")
    other.organisation(front_desk="+15550200000")
    other.assigned(number="+15550200011", sitter_phone="+15555550202")
    desk.lose("here", at=EARLY)
    desk.lose("there", at=EARLY, to="+15550200011")
    sent(desk, sender="+15550200000")
    assert desk.run() == {"compared": 3, "found": 2, "moved": 0, "strays": 1, "polled": 0}
    rows = desk.board.rows("""SELECT "orgId", body FROM messaging."MessageEvent" WHERE direction = 'inbound'""")
    assert sorted(rows) == [("default", "here"), ("other", "there")]
    assert {recipient for _, recipient, _ in desk.board.sent()} == {SITTER, "+15555550202"}
    assert desk.board.rows("SELECT org_id FROM ops.stray_text") == [("other",)]


def test_webhooks_that_may_be_on_their_way_are_waited_for(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    desk.lose(at=NOON - SETTLING + 2 * SECOND)
    assert desk.run()["found"] == 0
    assert desk.run(now=NOON + MINUTE)["found"] == 1


def test_a_text_whose_pictures_are_still_coming_waits_for_the_next_run(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    sid = desk.lose(at=EARLY)
    message = desk.simulator.account.message(sid)
    assert message
    message.status = "receiving"
    assert desk.run()["found"] == 0
    message.status = "received"
    assert desk.run()["found"] == 1


def test_days_that_were_missed_are_made_up_for_and_a_new_installation_looks_back_a_day_and_a_half(
    desk: ReconcileDesk, world: World
) -> None:
    world.assigned()
    desk.board.sql("DELETE FROM ops.reconciliation")
    desk.lose("before our time", at=NOON - LOOK_BACK - MINUTE)
    assert desk.run()["found"] == 0
    desk.lose("in the week of silence", at=NOON + 2 * DAY)
    assert desk.run(now=NOON + 7 * DAY)["found"] == 1
    assert desk.compared_until() == NOON + 7 * DAY - SETTLING


def test_a_second_with_more_texts_than_a_page_loses_none_and_texts_come_in_in_their_order(
    desk: ReconcileDesk, world: World
) -> None:
    world.assigned()
    for n in range(5):
        desk.lose(f"first {n}", at=EARLY)
    for n in range(4):
        desk.lose(f"then {n}", at=EARLY + (n + 1) * SECOND)
    for n in range(2):
        desk.lose(f"last {n}", at=EARLY + 10 * MINUTE)
    assert desk.run(page_size=2)["found"] == 11
    assert sorted(desk.bodies()[:5]) == [f"first {n}" for n in range(5)]
    assert [body for _, _, body in desk.board.sent()][5:] == [
        *(f"Jane D.: then {n}" for n in range(4)),
        *(f"Jane D.: last {n}" for n in range(2)),
    ]


@pytest.mark.parametrize("kind", ["http_429", "http_500", "refuse", "accept_then_hang"])
def test_a_twilio_that_fails_in_the_middle_costs_nothing_that_was_done(
    desk: ReconcileDesk, world: World, kind: str
) -> None:
    world.assigned()
    desk.begin_at(NOON - LOOK_BACK)
    early, late = NOON - 30 * HOUR, NOON - 20 * MINUTE
    desk.lose("early", at=early)
    desk.lose("late", at=late)

    class FailingLater(TwilioSender):
        def page_of_messages(self, *, since: datetime, until: datetime, size: int) -> MessagePage:
            if since <= late < until:
                desk.simulator.account.add_faults(kind, code=None, times=1, asking=True)
            return super().page_of_messages(since=since, until=until, size=size)

    with pytest.raises(TwilioUnavailable):
        desk.run(twilio=desk.twilio(FailingLater, read_timeout_s=0.3))
    assert desk.bodies() == ["early"]
    assert early < desk.compared_until() <= late
    assert desk.run()["found"] == 1
    assert sorted(desk.bodies()) == ["early", "late"]


def test_media_that_cannot_be_read_now_keep_their_text_for_the_next_run(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    desk.lose(at=EARLY, content_types=("image/jpeg",))

    class WithoutMedia(TwilioSender):
        def media_of(self, sid: str) -> Any:
            desk.simulator.account.add_faults("http_500", code=None, times=1, asking=True)
            return super().media_of(sid)

    with pytest.raises(TwilioUnavailable):
        desk.run(twilio=desk.twilio(WithoutMedia))
    assert desk.bodies() == []
    assert desk.run()["found"] == 1


def test_a_run_without_time_for_all_fails_and_the_next_goes_on_where_it_stopped(
    desk: ReconcileDesk, world: World
) -> None:
    world.assigned()
    desk.begin_at(NOON - LOOK_BACK)
    for hours in range(30, 0, -6):
        desk.lose(f"{hours} hours ago", at=NOON - hours * HOUR)
    with pytest.raises(ReconciliationIncomplete):
        desk.run(out_of_time=after(4))
    stopped_at = desk.compared_until()
    assert NOON - LOOK_BACK < stopped_at < NOON - SETTLING
    assert desk.bodies() == ["30 hours ago", "24 hours ago"]
    asked: list[datetime] = []

    class Listening(TwilioSender):
        def page_of_messages(self, *, since: datetime, until: datetime, size: int) -> MessagePage:
            asked.append(since)
            return super().page_of_messages(since=since, until=until, size=size)

    assert desk.run(twilio=desk.twilio(Listening))["found"] == 3
    assert asked[0] == stopped_at
    assert len(desk.bodies()) == 5


def test_a_process_that_dies_in_the_middle_is_followed_by_one_that_goes_on(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    for n in range(4):
        desk.lose(str(n), at=EARLY + n * SECOND, content_types=("image/png",) if n == 2 else ())

    class Dying(TwilioSender):
        def media_of(self, sid: str) -> Any:
            raise Interrupted

    with pytest.raises(Interrupted):
        desk.run(twilio=desk.twilio(Dying))
    assert sorted(desk.bodies()) == ["0", "1"]
    assert desk.run()["found"] == 2
    assert sorted(desk.bodies()) == ["0", "1", "2", "3"]
    assert len(desk.board.sent()) == 4


def test_two_runs_share_the_work_and_the_slower_one_sets_nothing_back(desk: ReconcileDesk, world: World) -> None:
    world.assigned()
    desk.lose(at=EARLY)
    others: list[dict[str, int]] = []

    class Overtaken(TwilioSender):
        def page_of_messages(self, *, since: datetime, until: datetime, size: int) -> MessagePage:
            page = super().page_of_messages(since=since, until=until, size=size)
            if not others:
                others.append(desk.run())
            return page

    assert desk.run(twilio=desk.twilio(Overtaken))["found"] == 0
    assert others[0]["found"] == 1
    assert desk.compared_until() == NOON - SETTLING


@pytest.mark.parametrize("body", ["", "\0", "x" * 1_600])
def test_any_body_comes_in(desk: ReconcileDesk, world: World, body: str) -> None:
    world.assigned()
    desk.lose(body, at=EARLY)
    assert desk.run()["found"] == 1
    assert len(desk.board.inbound()) == 1


def test_a_form_cannot_make_itself_a_found_text_by_nonsense(board: Switchboard, world: World) -> None:
    world.assigned()
    for nonsense in ("", "yesterday", "2025-01-15T11:00:00"):
        board.text("Hello", more=[("SwitchboardFoundAt", nonsense)])
    assert board.rules() == ["one_window"] * 3
