"""Twilio's faults, ambiguous sends, lost leases: nothing lost, nothing twice, nobody wrong."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from switchboard.domain.delivery import Accepted, Refused
from switchboard.errors import DatabaseUnavailable, TwilioUnavailable
from switchboard.store.connection import Address, Connector
from switchboard.store.database import Database, Transaction
from tests.delivery_builders import NOW, THREAD, WINDOW_END, a_relay, arrange_thread, queue_texts
from tests.delivery_stage import Stage
from tests.integration.test_twilio_client import server


@pytest.mark.parametrize("fault", ["http_429", "error"])
def test_too_many_requests_are_tried_again_with_jitter_and_the_order_is_kept(stage: Stage, fault: str) -> None:
    ids = queue_texts(stage.database, a_relay("1"), a_relay("2"))
    stage.simulator.account.add_faults(fault, code=20429, times=2)
    stage.work()
    assert stage.sent() == []
    assert stage.event(ids[0])["next"] == NOW + timedelta(seconds=0.75)
    assert stage.queue.announced()[-1] == (THREAD, 1)
    stage.clock.move(seconds=1)
    stage.work()
    assert stage.queue.announced()[-1] == (THREAD, 2)
    stage.clock.move(seconds=2)
    stage.work()
    assert stage.sent() == ["1", "2"]
    assert stage.attempts(ids[0]) == [["refused", 20429], ["refused", 20429], ["queued", None]]


def test_a_twilio_that_is_not_there_is_tried_again(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    away = stage.sender()
    away._base_url = "http://127.0.0.1:1"
    stage.work(twilio=away)
    assert stage.attempts(event_id) == [["not_sent", None]]
    stage.clock.move(seconds=1)
    stage.work()
    assert stage.sent() == ["hello"]


def test_a_dropped_connection_is_looked_for_and_sent_again(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("refuse", code=None, times=1)
    stage.work()
    assert stage.state(event_id) == "unknown"
    stage.clock.move(seconds=6)
    stage.work()
    assert stage.sent() == ["hello"]
    assert stage.attempts(event_id) == [["not_found", None], ["queued", None]]


def test_a_twilio_that_hangs_before_it_takes_a_text_is_asked_for_it_and_sent_it_again_once(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    left = threading.Event()

    def hang(_connection: socket.socket, _request: bytes) -> None:
        left.wait(10)

    with server(hang) as (url, received):
        hanging = stage.sender(read_timeout_s=0.2)
        hanging._base_url = url
        stage.work(twilio=hanging)
        left.set()
    assert (len(received), stage.state(event_id)) == (1, "unknown")
    for _ in range(2):
        stage.clock.move(seconds=60)
        stage.work()
    assert stage.sent() == ["hello"]
    assert stage.attempts(event_id) == [["not_found", None], ["queued", None]]


def test_a_500_is_looked_for_twice_a_minute_apart_before_the_text_is_sent_again(stage: Stage) -> None:
    ids = queue_texts(stage.database, a_relay("1"), a_relay("2"))
    stage.simulator.account.add_faults("http_500", code=None, times=1)
    stage.work()
    assert (stage.state(ids[0]), stage.queue.announced()[-1]) == ("unknown", (THREAD, 60))
    stage.clock.move(seconds=59)
    stage.work()
    stage.clock.move(seconds=1)
    stage.work()
    assert (stage.state(ids[0]), stage.queue.announced()[-1]) == ("unknown", (THREAD, 60))
    stage.clock.move(seconds=60)
    stage.work()
    assert stage.sent() == ["1", "2"]
    assert stage.attempts(ids[0]) == [["not_found", None], ["queued", None]]


def hang_after_accepting(stage: Stage) -> str:
    [event_id] = queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("accept_then_hang", code=None, times=1)
    stage.work(twilio=stage.sender(read_timeout_s=0.2))
    assert (stage.state(event_id), stage.sent()) == ("unknown", ["hello"])
    return event_id


def test_a_text_that_twilio_took_without_answering_is_found_and_not_sent_again(stage: Stage) -> None:
    event_id = hang_after_accepting(stage)
    stage.clock.move(seconds=60)
    stage.work()
    assert stage.sent() == ["hello"]
    [message] = stage.simulator.account.messages()
    assert stage.event(event_id)["sid"] == message.sid
    assert stage.state(event_id) == "done"


def test_a_callback_settles_an_unknown_text_and_wakes_those_behind_it(stage: Stage) -> None:
    event_id = hang_after_accepting(stage)
    stage.queue.clear()
    [message] = stage.simulator.account.messages()
    stage.tell(event_id, "delivered", sid=message.sid)
    assert stage.event(event_id)["status"] == "delivered"
    assert stage.queue.announced() == [(THREAD, 0)]
    stage.clock.move(minutes=10)
    stage.work()
    assert stage.sent() == ["hello"]


def test_a_look_passes_over_the_same_words_that_another_text_holds(stage: Stage) -> None:
    queue_texts(stage.database, a_relay())
    stage.work()
    [event_id] = queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("http_500", code=None, times=1)
    stage.work()
    for _ in range(2):
        stage.clock.move(seconds=60)
        stage.work()
    assert stage.sent() == ["hello", "hello"]
    assert stage.attempts(event_id) == [["not_found", None], ["queued", None]]


def test_several_that_it_may_be_are_for_the_owner_to_decide(stage: Stage) -> None:
    arrange_thread(stage.sql, "thread-2")
    ids = queue_texts(stage.database, a_relay(), a_relay(thread_id="thread-2", window_id="window-2"))
    stage.simulator.account.add_faults("accept_then_hang", code=None, times=2)
    stage.work(twilio=stage.sender(read_timeout_s=0.2))
    stage.work("thread-2", twilio=stage.sender(read_timeout_s=0.2))
    stage.clock.move(seconds=60)
    stage.work()
    assert stage.event(ids[0])["code"] == "DELIVERY_UNCERTAIN"
    assert stage.unread() == 1
    stage.clock.move(minutes=10)
    stage.work()
    assert stage.sent() == ["hello", "hello"]


class Blind:
    """Twilio takes texts, but cannot be asked for them."""

    def list_sent(self, **_: Any) -> Any:
        raise TwilioUnavailable("ConnectionError")


def test_a_look_that_could_not_be_made_does_not_count(stage: Stage) -> None:
    event_id = hang_after_accepting(stage)
    for _ in range(5):
        stage.clock.move(seconds=60)
        stage.work(twilio=Blind())
    assert stage.state(event_id) == "unknown"
    stage.clock.move(seconds=60)
    stage.work()
    assert (stage.sent(), stage.state(event_id)) == (["hello"], "done")


def test_an_unknown_text_is_looked_for_after_the_windows_end_but_not_sent_again(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("http_500", code=None, times=1)
    stage.clock.at = WINDOW_END - timedelta(seconds=10)
    stage.work()
    for _ in range(2):
        stage.clock.move(seconds=60)
        stage.work()
    assert (stage.sent(), stage.event(event_id)["code"]) == ([], "WINDOW_ENDED")


class Unauthorized:
    """Twilio refuses the token, even the one that was read anew."""

    def send(self, **_: Any) -> Refused:
        return Refused(20003, 401)


def test_our_own_wrong_token_fails_no_text(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    stage.work(twilio=Unauthorized())
    assert stage.attempts(event_id) == [["not_sent", None]]
    stage.clock.move(seconds=2)
    stage.work()
    assert stage.sent() == ["hello"]


class Slow:
    """Twilio's client with other things happening before and after the call."""

    def __init__(self, stage: Stage, *, before: Any = None, after: Any = None) -> None:
        self._sender, self._before, self._after = stage.sender(), before, after

    def send(self, **fields: Any) -> Any:
        if self._before:
            self._before()
        outcome = self._sender.send(**fields)
        if self._after:
            self._after(outcome)
        return outcome

    def list_sent(self, **fields: Any) -> Any:
        return self._sender.list_sent(**fields)


def test_a_worker_whose_lease_ended_in_the_call_reports_what_it_knows(stage: Stage) -> None:
    """The next worker finds the text claimed and does not send it; the late one tells the sid."""
    [event_id] = queue_texts(stage.database, a_relay())

    def lease_ends(_: object) -> None:
        stage.clock.move(seconds=61)
        stage.work(twilio=Blind())
        assert stage.state(event_id) == "unknown"

    stage.work(twilio=Slow(stage, after=lease_ends))
    [message] = stage.simulator.account.messages()
    assert stage.event(event_id)["sid"] == message.sid
    assert stage.state(event_id) == "done"
    stage.clock.move(minutes=10)
    stage.work()
    assert stage.sent() == ["hello"]


def test_a_worker_that_stood_still_before_its_call_does_not_make_it(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    using = stage.sending()
    instants = iter([NOW])
    stood_still = lambda: next(instants, NOW + timedelta(seconds=45))  # noqa: E731  one expression
    stage.work(now=stood_still, twilio=using.twilio)
    assert stage.sent() == []
    assert stage.attempts(event_id) == [["not_sent", None]]
    stage.clock.move(seconds=60)
    stage.work()
    assert stage.sent() == ["hello"]


def test_a_zombie_changes_nothing_when_its_text_went_out_without_it(stage: Stage) -> None:
    """It was refused; meanwhile the text was looked for in vain twice and sent again by others."""
    [event_id] = queue_texts(stage.database, a_relay())

    class Refuses:
        def send(self, **fields: Any) -> Refused:
            for _ in range(3):
                stage.clock.move(seconds=61)
                stage.work()
            return Refused(21211, 400)

    stage.work(twilio=Refuses())
    assert stage.sent() == ["hello"]
    assert stage.event(event_id)["status"] == "queued"
    assert stage.attempts(event_id) == [["not_found", None], ["queued", None]]
    assert stage.unread() == 0


def test_two_workers_at_once_on_many_threads_send_each_text_once(stage: Stage) -> None:
    threads = [f"thread-{n}" for n in range(2, 8)]
    for thread_id in threads:
        arrange_thread(stage.sql, thread_id)
        window_id = thread_id.replace("thread", "window")
        texts = [a_relay(f"{thread_id} {n}", thread_id=thread_id, window_id=window_id) for n in range(5)]
        queue_texts(stage.database, *texts)
    stage.simulator.account.add_faults("http_429", code=None, times=3)

    def run() -> None:
        for thread_id in threads:
            stage.work(thread_id)

    for _ in range(3):
        workers = [threading.Thread(target=run) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        stage.clock.move(seconds=5)
    bodies = stage.sent()
    assert sorted(bodies) == sorted(f"{thread_id} {n}" for thread_id in threads for n in range(5))
    for thread_id in threads:
        own = [body for body in bodies if body.startswith(f"{thread_id} ")]
        assert own == [f"{thread_id} {n}" for n in range(5)]


class Breaking(Database):
    """A database whose transactions of the given places end badly, before or after their commit."""

    fails: dict[int, str]
    _number = 0

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[Transaction]:
        self._number += 1
        when = self.fails.get(self._number)
        with super().transaction(**options) as tx:
            yield tx
            if when == "before":
                raise DatabaseUnavailable
        if when == "after":
            raise DatabaseUnavailable


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_outcome_whose_commit_failed_is_recorded_at_once(stage: Stage, database_url: str, when: str) -> None:
    ids = queue_texts(stage.database, a_relay("1"), a_relay("2"))
    database = Breaking(Connector(lambda _: Address.from_url(database_url)))
    database.fails = {2: when}
    stage.work(database=database)
    database.close()
    assert stage.state(ids[0]) == "done"
    for _ in range(3):
        stage.clock.move(seconds=61)
        stage.work()
    assert stage.sent() == ["1", "2"]


def test_an_outcome_that_cannot_be_recorded_is_found_at_twilio(stage: Stage, database_url: str) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    database = Breaking(Connector(lambda _: Address.from_url(database_url)))
    database.fails = {2: "before", 3: "before"}
    with pytest.raises(DatabaseUnavailable):
        stage.work(database=database)
    database.close()
    assert stage.state(event_id) == "claimed"
    stage.clock.move(seconds=61)
    stage.work()
    assert stage.sent() == ["hello"]
    assert stage.state(event_id) == "done"


def test_a_database_that_is_away_when_the_answer_comes_costs_no_second_text(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())

    def cut(_: Accepted) -> None:
        stage.sql("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()""")

    stage.work(twilio=Slow(stage, after=cut))
    assert stage.state(event_id) == "done"
    assert stage.sent() == ["hello"]
