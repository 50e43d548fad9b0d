"""Texts of ours in Twilio's list: what a lost callback would have said is learnt, and nothing moves back."""

from datetime import datetime, timedelta
from typing import Any

from switchboard.flags import Flags
from switchboard.services.receive_text import Receiving
from switchboard.services.reconcile_texts import Reconciling, reconcile_texts
from tests.delivery_builders import CLIENT_PHONE, MASKED, a_relay, queue_texts
from tests.delivery_stage import Stage, new_ids


def reconcile(stage: Stage, **changes: Any) -> dict[str, int]:
    """One run at the stage's present time."""
    receiving = Receiving(
        database=stage.database,
        send_queue=stage.queue,
        flags=Flags,
        now=stage.clock,
        new_id=new_ids(f"reconcile-{next(stage._holders)}"),
    )
    parts: dict[str, Any] = {
        "receiving": receiving,
        "twilio": stage.sender(),
        "fraction": lambda: 0.5,
        "out_of_time": lambda: False,
    }
    return reconcile_texts(using=Reconciling(**parts | changes))


def test_lost_callbacks_are_made_up_for_once(stage: Stage) -> None:
    delivered, failed = stage.end_untold("delivered"), stage.end_untold("undelivered", code=30006)
    stage.clock.move(minutes=20)
    assert reconcile(stage) == {"compared": 2, "found": 0, "moved": 2, "strays": 0, "polled": 0}
    assert stage.event(delivered)["status"] == "delivered"
    assert (stage.event(failed)["status"], stage.event(failed)["code"]) == ("undelivered", "30006")
    assert stage.unread() == 1
    assert len(stage.notices()) == 1
    assert reconcile(stage)["moved"] == 0
    assert stage.unread() == 1


def test_a_failure_learnt_late_is_tried_again_by_the_same_rules(stage: Stage) -> None:
    event_id = stage.end_untold("undelivered", code=30003)
    stage.clock.move(minutes=20)
    reconcile(stage)
    assert stage.event(event_id)["next"] == stage.clock() + timedelta(minutes=15)
    assert stage.state(event_id) == "waiting"


def test_a_status_never_moves_back_and_an_unknown_one_moves_nothing(stage: Stage) -> None:
    event_id = stage.end_untold("sent")
    message = stage.simulator.account.messages()[-1]
    stage.tell(event_id, "delivered", sid=message.sid)
    stage.clock.move(minutes=20)
    for status in ("sent", "queued", "partially_delivered"):
        message.status = status
        assert reconcile(stage)["moved"] == 0
    assert stage.event(event_id)["status"] == "delivered"


def test_what_the_list_shows_no_more_is_asked_for_after_12_hours(stage: Stage) -> None:
    ids = [stage.end_untold("delivered") for _ in range(22)]
    stage.clock.move(hours=40)
    assert reconcile(stage) == {"compared": 0, "found": 0, "moved": 0, "strays": 0, "polled": 22}
    assert {stage.event(event_id)["status"] for event_id in ids} == {"delivered"}
    assert reconcile(stage)["polled"] == 0


def test_a_text_that_twilio_does_not_know_is_asked_for_once_and_left_as_it_is(stage: Stage) -> None:
    event_id = stage.end_untold("delivered")
    stage.simulator.account.forget_messages()
    stage.clock.move(hours=13)
    assert reconcile(stage)["polled"] == 1
    assert reconcile(stage)["polled"] == 0
    assert stage.event(event_id)["status"] == "queued"


def test_a_text_that_is_being_sent_is_no_stray_and_one_whose_record_was_lost_is(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("accept_then_hang", code=None, times=1)
    stage.work(twilio=stage.sender(read_timeout_s=0.3))
    assert stage.state(event_id) == "unknown"
    stage.clock.move(minutes=20)
    assert reconcile(stage)["strays"] == 0
    stage.sql("DELETE FROM ops.outbound_text; DELETE FROM ops.send_attempt")
    assert reconcile(stage)["strays"] == 1


def test_a_stray_to_one_person_is_seen_while_another_text_is_being_sent_elsewhere(stage: Stage) -> None:
    queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("accept_then_hang", code=None, times=1)
    stage.work(twilio=stage.sender(read_timeout_s=0.3))
    stray(stage, at=stage.clock())
    stage.clock.move(minutes=20)
    assert reconcile(stage)["strays"] == 1
    assert stage.sql("SELECT count(*) FROM ops.stray_text") == [[1]]


def stray(stage: Stage, *, at: datetime) -> None:
    fields = [("From", MASKED), ("To", CLIENT_PHONE), ("Body", "Sale!")]
    stage.simulator.account.take(fields, now=at)
