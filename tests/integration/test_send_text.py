"""The worker on real parts: PostgreSQL, Twilio's own client, the Twilio simulator."""

import threading
from datetime import timedelta
from typing import Any

import pg8000.core
import pytest

from switchboard.domain.messages import Purpose
from tests.delivery_builders import (
    CLIENT_PHONE,
    NOW,
    OWNER,
    SITTER,
    SITTER_PHONE,
    THREAD,
    WINDOW_END,
    a_relay,
    arrange_thread,
    queue_texts,
)
from tests.delivery_stage import BASE_URL, Stage


def test_a_queued_text_is_sent_once_and_its_sid_recorded(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay("Jane: hi"))
    stage.work()
    stage.work()
    [message] = stage.simulator.account.messages()
    assert (message.body, message.sender, message.recipient) == ("Jane: hi", "+15550100011", "+15555550102")
    assert message.status_callback == f"{BASE_URL}/webhooks/twilio/status?event={event_id}&attempt=1"
    assert message.validity_period_s == 2 * 3600
    assert stage.event(event_id) == {"status": "queued", "sid": message.sid, "code": None, "attempts": 1, "next": None}
    assert stage.state(event_id) == "done"


def test_a_threads_texts_leave_in_their_order_with_their_pictures(stage: Stage) -> None:
    pictures = tuple(f"https://example.test/{n}.jpg" for n in range(10))
    queue_texts(stage.database, a_relay("1"), a_relay("2", media_urls=pictures), a_relay("", media_urls=pictures[:1]))
    stage.work()
    assert stage.sent() == ["1", "2", ""]
    assert [message.media_urls for message in stage.simulator.account.messages()] == [
        [],
        list(pictures),
        [pictures[0]],
    ]


def test_forty_texts_leave_in_their_order_in_one_go(stage: Stage) -> None:
    queue_texts(stage.database, *(a_relay(str(n)) for n in range(40)))
    stage.work()
    assert stage.sent() == [str(n) for n in range(40)]


def test_a_text_queued_while_the_worker_sends_is_sent_by_it(stage: Stage) -> None:
    queue_texts(stage.database, a_relay("first"))
    stage.work(twilio=Interrupting(stage, lambda: queue_texts(stage.database, a_relay("second"))))
    assert stage.sent() == ["first", "second"]


def test_no_transaction_is_open_while_twilio_is_called(stage: Stage) -> None:
    seen: list[object] = []
    queue_texts(stage.database, a_relay())
    stage.work(
        twilio=Interrupting(
            stage,
            lambda: seen.extend(
                stage.sql("""SELECT state FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE '%transaction%'""")
            ),
        )
    )
    assert stage.sent() == ["hello"]
    assert seen == []


def test_the_same_message_of_the_queue_many_times_at_once_sends_each_text_once(stage: Stage) -> None:
    queue_texts(stage.database, *(a_relay(str(n)) for n in range(10)))
    gate = threading.Barrier(8)

    def run() -> None:
        gate.wait()
        stage.work()

    workers = [threading.Thread(target=run) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert stage.sent() == [str(n) for n in range(10)]


def test_one_threads_trouble_does_not_hold_another(stage: Stage) -> None:
    arrange_thread(stage.sql, "thread-2")
    queue_texts(stage.database, a_relay("stuck"), a_relay("free", thread_id="thread-2", window_id="window-2"))
    stage.simulator.account.add_faults("http_429", code=None, times=1)
    stage.work()
    stage.work("thread-2")
    assert stage.sent() == ["free"]


def test_a_text_costs_ten_round_trips_and_each_further_one_of_its_thread_six(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.work()  # opens the connection
    queue_texts(stage.database, a_relay())
    stage.work()  # prepares the statements
    made: list[int] = []
    flush = pg8000.core._flush

    def counted(sock: object) -> None:
        made.append(1)
        flush(sock)

    monkeypatch.setattr(pg8000.core, "_flush", counted)
    for texts, round_trips in ((1, 10), (5, 10 + 4 * 6)):
        queue_texts(stage.database, *(a_relay() for _ in range(texts)))
        made.clear()
        stage.work()
        assert sum(made) == round_trips


class Interrupting:
    """Twilio's client, with something else happening just before each call ends its way."""

    def __init__(self, stage: Stage, happening: Any, *, times: int = 1) -> None:
        self._sender, self._happening, self._times = stage.sender(), happening, times

    def send(self, **fields: Any) -> Any:
        if self._times:
            self._times -= 1
            self._happening()
        return self._sender.send(**fields)

    def list_sent(self, **fields: Any) -> Any:
        return self._sender.list_sent(**fields)


OPT_OUT = """INSERT INTO messaging."OptOutState" (id, "orgId", "phoneE164", state, source, "updatedAt")
             VALUES ('o', 'org-1', :phone, 'opted_out', 'inbound_keyword', :at)"""


def test_a_text_to_a_person_who_has_opted_out_since_goes_to_the_owner(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    stage.sql(OPT_OUT, phone=SITTER_PHONE, at=NOW)
    stage.work()
    assert stage.sent() == []
    assert stage.event(event_id) == {
        "status": "failed", "sid": None, "code": "RECIPIENT_OPTED_OUT", "attempts": 0, "next": None,
    }  # fmt: skip
    assert stage.unread() == 1
    assert stage.notices() == ["A text was not delivered. The recipient has opted out of texts. See your inbox."]


def test_only_a_confirmation_goes_to_a_person_who_has_opted_out(stage: Stage) -> None:
    stage.sql(OPT_OUT, phone=CLIENT_PHONE, at=NOW)
    queue_texts(
        stage.database,
        *(a_relay(purpose.value, purpose=purpose, recipient_e164=CLIENT_PHONE) for purpose in Purpose),
    )
    stage.work()
    assert stage.sent() == ["confirmation"]


def test_an_opt_out_at_one_organisation_is_none_at_another(stage: Stage) -> None:
    stage.sql(OPT_OUT.replace("org-1", "org-2"), phone=SITTER_PHONE, at=NOW)
    queue_texts(stage.database, a_relay())
    stage.work()
    assert stage.sent() == ["hello"]


def test_a_stop_in_the_middle_of_a_threads_texts_holds_for_those_that_follow(stage: Stage) -> None:
    queue_texts(stage.database, a_relay("1"), a_relay("2"))
    stage.work(twilio=Interrupting(stage, lambda: stage.sql(OPT_OUT, phone=SITTER_PHONE, at=NOW)))
    assert stage.sent() == ["1"]


def test_a_pair_that_is_blocked_is_not_tried_until_the_person_starts_again(stage: Stage) -> None:
    stage.sql(
        "INSERT INTO ops.blocked_pair VALUES ('org-1', :person, '+15550100011', :at)", person=SITTER_PHONE, at=NOW
    )
    [blocked] = queue_texts(stage.database, a_relay("blocked"))
    stage.work()
    assert (stage.sent(), stage.event(blocked)["code"]) == ([], "NUMBER_BLOCKED_BY_RECIPIENT")
    stage.sql(
        """INSERT INTO messaging."OptOutState" (id, "orgId", "phoneE164", state, source, "updatedAt")
           VALUES ('o', 'org-1', :person, 'opted_in', 'inbound_keyword', :at)""",
        person=SITTER_PHONE,
        at=NOW + timedelta(seconds=1),
    )
    queue_texts(stage.database, a_relay("free"))
    stage.work()
    assert stage.sent() == ["free"]


def test_a_relay_of_a_sitter_who_has_left_goes_to_the_owner_both_ways(stage: Stage) -> None:
    to_sitter = a_relay("to")
    from_sitter = a_relay("from", recipient_e164=CLIENT_PHONE, actor_type="sitter", actor_user_id=SITTER,
                          responsible_sitter_id=None)  # fmt: skip
    ids = queue_texts(stage.database, to_sitter, from_sitter)
    stage.sql("""UPDATE messaging."Sitter" SET active = false""")
    stage.work()
    assert stage.sent() == []
    assert [stage.event(event_id)["code"] for event_id in ids] == ["SITTER_INACTIVE", "SITTER_INACTIVE"]
    assert stage.unread() == 2
    assert len(stage.notices()) == 1


def test_the_owners_words_still_reach_a_sitter_who_has_left(stage: Stage) -> None:
    stage.sql("""UPDATE messaging."Sitter" SET active = false""")
    queue_texts(stage.database, a_relay("your key", purpose=Purpose.OWNER_REPLY, actor_type="owner"))
    stage.work()
    assert stage.sent() == ["your key"]


CLOSE_WINDOW = """
    INSERT INTO ops.window_history (org_id, window_id, thread_id, sitter_id, start_at, end_at, status, valid_until)
    SELECT "orgId", id, "threadId", "sitterId", "startAt", "endAt", status, '{at}' FROM messaging."AssignmentWindow";
    UPDATE messaging."AssignmentWindow" SET {change}"""


@pytest.mark.parametrize("change", ["status = 'closed'", """"sitterId" = 'sitter-2' """])
@pytest.mark.parametrize(("changed_s", "is_sent"), [(-1, False), (0, False), (1, True)])
def test_the_window_counts_as_it_was_when_the_text_arrived(
    stage: Stage, change: str, changed_s: int, is_sent: bool
) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    stage.sql(CLOSE_WINDOW.format(at=NOW + timedelta(seconds=changed_s), change=change))
    stage.clock.move(seconds=30)
    stage.work()
    assert stage.sent() == (["hello"] if is_sent else [])
    assert stage.event(event_id)["code"] == (None if is_sent else "NO_ACTIVE_WINDOW")


def test_a_text_that_arrived_in_time_leaves_after_the_windows_end(stage: Stage) -> None:
    queue_texts(stage.database, a_relay(arrived_at=WINDOW_END - timedelta(seconds=1)))
    stage.clock.at = WINDOW_END + timedelta(seconds=10)
    stage.work()
    [message] = stage.simulator.account.messages()
    assert message.validity_period_s == 6


def test_after_the_windows_end_nothing_is_tried_again(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay(arrived_at=WINDOW_END - timedelta(seconds=1)))
    stage.clock.at = WINDOW_END + timedelta(seconds=10)
    stage.simulator.account.add_faults("http_429", code=None, times=1)
    stage.work()
    stage.clock.move(hours=1)
    stage.work()
    assert stage.sent() == []
    assert stage.event(event_id)["code"] == "20429"
    assert stage.unread() == 1


def test_a_text_that_arrived_at_the_windows_end_is_too_late(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay(arrived_at=WINDOW_END))
    stage.work()
    assert stage.event(event_id)["code"] == "NO_ACTIVE_WINDOW"


def test_a_notice_to_the_owner_that_fails_makes_no_further_notice(stage: Stage) -> None:
    stage.simulator.account.add_faults("error", code=21211, times=1)
    [event_id] = queue_texts(stage.database, a_relay("x", purpose=Purpose.OWNER_NOTICE, recipient_e164=OWNER))
    stage.work()
    assert stage.event(event_id)["status"] == "failed"
    assert stage.notices() == ["x"]
    assert stage.unread() == 0


def test_a_worker_without_time_gives_the_thread_back_and_announces_it(stage: Stage) -> None:
    from switchboard.services.send_text import send_thread

    queue_texts(stage.database, a_relay("1"), a_relay("2"))
    calls = iter([False, True])
    send_thread(THREAD, using=stage.sending(), out_of_time=lambda: next(calls))
    assert stage.sent() == ["1"]
    assert stage.queue.announced() == [(THREAD, 0)]
    stage.work()
    assert stage.sent() == ["1", "2"]
