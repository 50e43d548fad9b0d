"""Housekeeping: parts of their own, and those of what leaves."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from switchboard.errors import DatabaseUnavailable, HousekeepingIncomplete
from switchboard.services.keep_house import BUDGET_S, Part, for_each, keep_house
from switchboard.services.keep_outbox import announce_waiting, poll_unfinished
from tests.delivery_builders import THREAD, a_relay, arrange_thread, queue_texts
from tests.delivery_stage import Stage, new_ids


def failing() -> int:
    raise DatabaseUnavailable


def broken() -> int:
    raise ZeroDivisionError


def test_every_part_runs_and_tells_how_much_it_did() -> None:
    assert keep_house({"a": lambda: 1, "b": lambda: 0}, turn=5) == {"a": 1, "b": 0}


@pytest.mark.parametrize("trouble", [failing, broken])
def test_a_parts_failure_leaves_the_others_running_and_is_told(trouble: Any) -> None:
    ran: list[str] = []

    def noting(name: str) -> Part:
        def run() -> int:
            ran.append(name)
            return 1

        return run

    with pytest.raises(HousekeepingIncomplete, match="bad"):
        keep_house({"a": noting("a"), "bad": trouble, "z": noting("z")}, turn=0)
    assert ran == ["a", "z"]


def test_parts_without_time_wait_for_the_next_run_and_none_always_comes_last() -> None:
    at = [0.0]

    def slow() -> int:
        at[0] += BUDGET_S
        return 1

    for turn, (run, left) in enumerate([("a", "b, c"), ("b", "c, a"), ("c", "a, b")]):
        parts = {"a": slow, "b": slow, "c": slow}
        with pytest.raises(HousekeepingIncomplete, match=f"undone: {left}$") as caught:
            keep_house(parts, turn=turn, clock=lambda: at[0])
        assert run not in str(caught.value).removeprefix("undone: ")


def test_one_of_many_that_fails_leaves_the_others_and_is_told_at_the_end() -> None:
    done: list[int] = []

    def divide(number: int) -> int:
        done.append(12 // number)
        return 1

    assert for_each([1, 2, 3], divide) == 3
    with pytest.raises(ZeroDivisionError):
        for_each([4, 0, 6], divide)
    assert done == [12, 6, 4, 3, 2]


def test_a_database_that_is_away_is_asked_for_one_of_many_only() -> None:
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        return failing()

    with pytest.raises(DatabaseUnavailable):
        for_each([1, 2, 3], ask)
    assert asked == [1]


def announced(stage: Stage) -> list[str]:
    stage.queue.clear()
    announce_waiting(database=stage.database, queue=stage.queue, now=stage.clock())
    return [thread_id for thread_id, _ in stage.queue.announced()]


def test_threads_are_announced_once_each_those_waiting_longest_first(stage: Stage) -> None:
    arrange_thread(stage.sql, "thread-2")
    queue_texts(stage.database, a_relay(thread_id="thread-2"), a_relay(), a_relay(), a_relay(thread_id="thread-2"))
    assert announced(stage) == ["thread-2", THREAD]


def test_a_thread_is_announced_when_its_text_is_due_again_and_not_before(stage: Stage) -> None:
    queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("error", code=21611, times=1)
    stage.work()
    assert announced(stage) == []
    stage.clock.move(seconds=45)
    assert announced(stage) == [THREAD]


def test_an_unknown_text_is_announced_when_it_is_to_be_looked_for(stage: Stage) -> None:
    queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("http_500", code=None, times=1)
    stage.work()
    assert announced(stage) == []
    stage.clock.move(seconds=60)
    assert announced(stage) == [THREAD]


def test_a_thread_in_a_workers_hands_is_left_to_it(stage: Stage) -> None:
    queue_texts(stage.database, a_relay())
    seen: list[list[str]] = []

    class Watching:
        def send(self, **fields: Any) -> Any:
            seen.append(announced(stage))
            return stage.sender().send(**fields)

    stage.work(twilio=Watching())
    assert seen == [[]]


def poll(stage: Stage, **changes: Any) -> int:
    return poll_unfinished(
        **changes,
        database=stage.database,
        queue=stage.queue,
        twilio=stage.sender(),
        now=stage.clock(),
        new_id=new_ids("poll"),
        fraction=lambda: 0.5,
    )


def test_a_text_without_a_final_status_is_asked_for_after_12_hours_once(stage: Stage) -> None:
    event_id = stage.end_untold("delivered")
    stage.clock.move(hours=12)
    assert poll(stage) == 0
    stage.clock.move(seconds=1)
    assert poll(stage) == 1
    assert stage.event(event_id)["status"] == "delivered"
    assert poll(stage) == 0


def test_a_text_that_stays_without_an_end_is_asked_for_once_only(stage: Stage) -> None:
    event_id = stage.end_untold("sent")
    stage.clock.move(hours=13)
    assert poll(stage) == 1
    assert poll(stage) == 0
    assert stage.event(event_id)["status"] == "sent"


def test_a_failure_that_was_only_learnt_by_asking_is_tried_again(stage: Stage) -> None:
    event_id = stage.end_untold("undelivered", code=30003)
    stage.clock.move(hours=13)
    poll(stage)
    assert stage.event(event_id)["next"] == stage.clock() + timedelta(minutes=15)


def test_a_twilio_that_is_away_is_asked_in_the_next_run(stage: Stage) -> None:
    stage.end_untold("delivered")
    stage.clock.move(hours=13)
    away = stage.sender()
    away._base_url = "http://127.0.0.1:1"
    done = poll_unfinished(
        database=stage.database,
        queue=stage.queue,
        twilio=away,
        now=stage.clock(),
        new_id=new_ids("poll"),
        fraction=lambda: 0.5,
    )
    assert done == 0
    assert poll(stage) == 1


def test_a_slow_twilio_leaves_time_for_the_other_parts(stage: Stage) -> None:
    for _ in range(4):
        stage.end_untold("delivered")
    stage.clock.move(hours=13)
    seconds = iter([0.0, 5.0, 10.0, 15.0])
    assert poll(stage, clock=lambda: next(seconds)) == 2
    assert poll(stage) == 2


def test_two_housekeepings_at_once_do_no_harm(stage: Stage) -> None:
    event_id = stage.end_untold("undelivered", code=30006)
    stage.clock.move(hours=13)
    gate = threading.Barrier(2)

    def run() -> None:
        gate.wait()
        poll(stage)
        announced(stage)

    runs = [threading.Thread(target=run) for _ in range(2)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert stage.event(event_id)["code"] == "30006"
    assert stage.unread() == 1
    assert len(stage.notices()) == 1
