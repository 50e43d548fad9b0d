"""A worker killed between any two of claim, commit, Twilio call, record, commit: each text arrives once."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from switchboard.services.keep_outbox import announce_waiting
from tests.delivery_builders import THREAD, a_relay, queue_texts
from tests.delivery_crash import KILLED, SEAMS
from tests.delivery_stage import Stage

ROOT = Path(__file__).parent.parent.parent


def run_worker_that_dies(stage: Stage, database_url: str, seam: str) -> None:
    """A true process, ended by os._exit at the seam."""
    paths = os.pathsep.join((str(ROOT), str(ROOT / "layers/shared/python")))
    ended = subprocess.run(
        [
            sys.executable, "-m", "tests.delivery_crash",
            database_url, stage.simulator.url, stage.clock().isoformat(), seam,
        ],
        env=os.environ | {"PYTHONPATH": paths},
        check=False,
        timeout=60,
    )  # fmt: skip
    assert ended.returncode == KILLED


def keep_house(stage: Stage) -> list[str]:
    """What housekeeping announces now."""
    stage.queue.clear()
    announce_waiting(database=stage.database, queue=stage.queue, now=stage.clock())
    return [thread_id for thread_id, _ in stage.queue.announced()]


@pytest.mark.parametrize("seam", SEAMS)
def test_texts_survive_their_workers_death(stage: Stage, database_url: str, seam: str) -> None:
    ids = queue_texts(stage.database, a_relay("1"), a_relay("2"))
    run_worker_that_dies(stage, database_url, seam)
    for _ in range(5):
        stage.clock.move(seconds=61)
        for thread_id in keep_house(stage):
            stage.work(thread_id)
    assert stage.sent() == ["1", "2"]
    assert [stage.state(event_id) for event_id in ids] == ["done", "done"]
    assert [stage.event(event_id)["status"] for event_id in ids] == ["queued", "queued"]
    assert keep_house(stage) == []


def test_a_claim_whose_callback_came_is_not_looked_for(stage: Stage, database_url: str) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    run_worker_that_dies(stage, database_url, "twilio_called")
    [message] = stage.simulator.account.messages()
    stage.tell(event_id, "delivered", sid=message.sid)
    stage.clock.move(seconds=61)
    assert keep_house(stage) == [THREAD]
    stage.work(twilio=None)
    assert stage.event(event_id)["status"] == "delivered"
    assert stage.state(event_id) == "done"


def test_a_claim_whose_callback_told_of_failure_is_tried_again_later(stage: Stage, database_url: str) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    run_worker_that_dies(stage, database_url, "twilio_called")
    [message] = stage.simulator.account.messages()
    stage.tell(event_id, "undelivered", sid=message.sid, code=30003)
    stage.clock.move(seconds=61)
    stage.work(twilio=None)
    assert stage.event(event_id)["next"] == stage.clock() + timedelta(minutes=15)
    stage.clock.move(minutes=15)
    stage.work()
    assert stage.sent() == ["hello", "hello"]
    assert stage.attempts(event_id) == [["undelivered", 30003], ["queued", None]]


def test_texts_that_were_committed_and_never_announced_are_found(stage: Stage) -> None:
    queue_texts(stage.database, a_relay())
    assert keep_house(stage) == [THREAD]
    stage.work()
    assert stage.sent() == ["hello"]
    assert keep_house(stage) == []
