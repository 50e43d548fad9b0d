"""Status callbacks: forward only, per attempt, in any order, before and after our own commit."""

import itertools
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.domain.delivery import STATUS_RANK
from switchboard.services.keep_outbox import apply_early_statuses
from switchboard.services.record_status import StatusReport, read_status
from tests.delivery_builders import NOW, SITTER_PHONE, THREAD, WINDOW_END, a_relay, queue_texts
from tests.delivery_stage import Stage, new_ids


def sent_text(stage: Stage) -> tuple[str, str]:
    """A text that Twilio took: its event and its sid."""
    [event_id] = queue_texts(stage.database, a_relay())
    stage.work()
    sid = str(stage.event(event_id)["sid"])
    return event_id, sid


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
def test_callbacks_in_any_order_end_delivered(stage: Stage, order: tuple[str, ...]) -> None:
    event_id, sid = sent_text(stage)
    for status in order:
        stage.tell(event_id, status, sid=sid)
    assert stage.event(event_id)["status"] == "delivered"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statuses=st.lists(st.sampled_from(sorted(set(STATUS_RANK) - {"undelivered", "failed", "canceled"})), max_size=8))
def test_a_text_ends_at_the_highest_status_that_was_told(stage: Stage, statuses: list[str]) -> None:
    event_id, sid = sent_text(stage)
    for status in statuses:
        stage.tell(event_id, status, sid=sid)
    told = max((STATUS_RANK[status] for status in statuses), default=0)
    assert STATUS_RANK[str(stage.event(event_id)["status"])] == told


def test_a_callback_before_our_own_record_is_kept(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())

    class Quick:
        """The callbacks are there before the answer is recorded."""

        def send(self, **fields: object) -> object:
            outcome = stage.sender().send(**fields)  # type: ignore[arg-type]  # as the worker gave them
            [message] = stage.simulator.account.messages()
            stage.tell(event_id, "delivered", sid=message.sid)
            return outcome

    stage.work(twilio=Quick())
    assert stage.event(event_id)["status"] == "delivered"
    assert stage.state(event_id) == "done"


def test_a_callback_that_names_only_a_sid_before_our_own_record_is_kept(stage: Stage) -> None:
    [event_id] = queue_texts(stage.database, a_relay())

    class Quick:
        def send(self, **fields: object) -> object:
            outcome = stage.sender().send(**fields)  # type: ignore[arg-type]  # as the worker gave them
            [message] = stage.simulator.account.messages()
            for status in ("delivered", "sent", "delivered"):
                stage.tell(None, status, sid=message.sid, attempt=None)
            return outcome

    stage.work(twilio=Quick())
    assert stage.event(event_id)["status"] == "delivered"
    assert stage.sql("SELECT count(*) FROM ops.early_status") == [[0]]


def test_a_callback_that_our_own_record_just_missed_is_applied_by_housekeeping(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    stage.sql("INSERT INTO ops.early_status VALUES (:sid, 'delivered', NULL, :now)", sid=sid, now=NOW)
    stage.sql("INSERT INTO ops.early_status VALUES ('SMnobody', 'sent', NULL, :now)", now=NOW)
    keep = {"database": stage.database, "queue": stage.queue, "new_id": new_ids("keep"), "fraction": lambda: 0.5}
    assert apply_early_statuses(now=NOW, **keep) == 1  # type: ignore[arg-type]  # collaborators by name
    assert stage.event(event_id)["status"] == "delivered"
    assert apply_early_statuses(now=NOW + timedelta(days=8), **keep) == 0  # type: ignore[arg-type]
    assert stage.sql("SELECT count(*) FROM ops.early_status") == [[0]]


def test_a_callback_without_an_attempt_is_for_the_attempt_that_holds_its_sid(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    stage.tell(None, "sent", sid=sid, attempt=None)
    stage.tell(event_id, "delivered", sid=sid, attempt=None)
    assert stage.event(event_id)["status"] == "delivered"


def test_another_texts_sid_changes_nothing(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    other_id, _ = sent_text(stage)
    stage.tell(other_id, "delivered", sid=sid)
    stage.tell(event_id, "delivered", sid="SMnobody")
    assert [stage.event(one)["status"] for one in (event_id, other_id)] == ["queued", "queued"]


def test_a_sid_that_two_texts_claim_is_refused_without_harm(stage: Stage) -> None:
    _, sid = sent_text(stage)
    [waiting] = queue_texts(stage.database, a_relay())
    stage.simulator.account.add_faults("http_500", code=None, times=1)
    stage.work()
    stage.tell(waiting, "delivered", sid=sid)
    assert stage.state(waiting) == "unknown"


def test_an_attempt_that_never_was_is_kept_for_later_only(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    stage.tell(event_id, "delivered", sid=sid, attempt=7)
    stage.tell("no-such-event", "delivered", sid="SMx")
    assert stage.event(event_id)["status"] == "queued"


def test_an_unreachable_handset_is_tried_after_15_minutes_1_and_4_hours_and_then_given_up(stage: Stage) -> None:
    text = a_relay(not_after=NOW + timedelta(days=1))
    stage.sql('UPDATE messaging."AssignmentWindow" SET "endAt" = :end', end=text.not_after)
    [event_id] = queue_texts(stage.database, text)
    for number, pause in enumerate((timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), None), 1):
        stage.work()
        sid = str(stage.event(event_id)["sid"])
        stage.tell(event_id, "undelivered", sid=sid, attempt=number, code=30003)
        assert stage.event(event_id)["next"] == (stage.clock() + pause if pause else None)
        stage.clock.move(seconds=pause.total_seconds() if pause else 0)
    assert stage.sent() == ["hello"] * 4
    assert stage.event(event_id)["status"] == "undelivered"
    assert stage.event(event_id)["code"] == "30003"
    assert stage.unread() == 1
    assert len(stage.notices()) == 1


@pytest.mark.parametrize("code", [30005, 30008])
def test_an_unknown_error_is_tried_once_more(stage: Stage, code: int) -> None:
    [event_id] = queue_texts(stage.database, a_relay())
    for number in (1, 2):
        stage.work()
        sid = str(stage.event(event_id)["sid"])
        stage.tell(event_id, "failed", sid=sid, attempt=number, code=code)
        stage.clock.move(minutes=1)
    stage.work()
    assert stage.sent() == ["hello"] * 2
    assert stage.event(event_id)["status"] == "failed"


def test_a_later_retry_is_not_made_after_the_windows_end(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    stage.clock.at = WINDOW_END - timedelta(minutes=10)
    stage.tell(event_id, "undelivered", sid=sid, code=30003)
    stage.clock.move(hours=1)
    stage.work()
    assert stage.sent() == ["hello"]
    assert stage.event(event_id)["next"] is None
    assert stage.unread() == 1


CLOSE = """UPDATE messaging."AssignmentWindow" SET status = 'closed' """
SWAP = """UPDATE messaging."AssignmentWindow" SET "sitterId" = 'sitter-2' """


@pytest.mark.parametrize("ended", [CLOSE, SWAP])
@pytest.mark.parametrize("when", ["before the failure is told", "after it"])
def test_a_later_retry_is_not_made_for_a_sitter_whose_window_has_ended_early(
    stage: Stage, ended: str, when: str
) -> None:
    event_id, sid = sent_text(stage)
    if when.startswith("before"):
        stage.sql(ended)
    stage.tell(event_id, "undelivered", sid=sid, code=30003)
    stage.sql(ended)
    stage.clock.move(minutes=15)
    stage.work()
    assert stage.sent() == ["hello"]
    assert stage.unread() == 1


def test_a_later_retry_may_use_the_time_that_a_window_was_given_more(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    stage.clock.at = WINDOW_END - timedelta(minutes=10)
    stage.sql('UPDATE messaging."AssignmentWindow" SET "endAt" = :end', end=WINDOW_END + timedelta(hours=1))
    stage.tell(event_id, "undelivered", sid=sid, code=30003)
    stage.clock.move(minutes=15)
    stage.work()
    assert stage.sent() == ["hello", "hello"]


def test_a_retry_that_is_planned_is_given_up_when_the_text_turns_out_delivered(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    stage.tell(event_id, "undelivered", sid=sid, code=30003)
    stage.tell(event_id, "delivered", sid=sid)
    stage.clock.move(minutes=16)
    stage.work()
    assert stage.sent() == ["hello"]
    assert stage.event(event_id) == {"status": "delivered", "sid": sid, "code": None, "attempts": 1, "next": None}


def test_an_older_attempts_status_does_not_move_the_text(stage: Stage) -> None:
    event_id, first = sent_text(stage)
    stage.tell(event_id, "undelivered", sid=first, code=30003)
    stage.clock.move(minutes=15)
    stage.work()
    second = stage.event(event_id)["sid"]
    stage.tell(event_id, "delivered", sid=first, attempt=1)
    assert stage.event(event_id) == {"status": "queued", "sid": second, "code": None, "attempts": 2, "next": None}
    assert stage.attempts(event_id) == [["delivered", None], ["queued", None]]


def test_a_30004_by_callback_opts_the_person_out_and_the_owner_sees_it(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    stage.tell(event_id, "undelivered", sid=sid, code=30004)
    stage.tell(event_id, "undelivered", sid=sid, code=30004)
    assert stage.sql('SELECT "phoneE164", state FROM messaging."OptOutState"') == [[SITTER_PHONE, "opted_out"]]
    assert stage.unread() == 1
    assert len(stage.notices()) == 1


def test_a_repeat_many_times_at_once_counts_once(stage: Stage) -> None:
    event_id, sid = sent_text(stage)
    gate = threading.Barrier(10)

    def run() -> None:
        gate.wait()
        stage.tell(event_id, "failed", sid=sid, code=30006)

    workers = [threading.Thread(target=run) for _ in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert stage.unread() == 1
    assert stage.event(event_id)["code"] == "30006"


def test_a_callback_and_a_worker_at_once_do_not_undo_each_other(stage: Stage) -> None:
    """Forty texts, each with its callbacks on the way while the worker records the next ones."""
    ids = queue_texts(stage.database, *(a_relay(str(n)) for n in range(40)))
    callers: list[threading.Thread] = []

    class Chatty:
        def send(self, **fields: object) -> object:
            outcome = stage.sender().send(**fields)  # type: ignore[arg-type]  # as the worker gave them
            message = stage.simulator.account.messages()[-1]
            event_id = str(message.status_callback).split("event=")[1].split("&")[0]
            for status in ("sent", "delivered", "queued"):
                caller = threading.Thread(target=stage.tell, args=(event_id, status), kwargs={"sid": message.sid})
                caller.start()
                callers.append(caller)
            return outcome

    stage.work(THREAD, twilio=Chatty())
    for caller in callers:
        caller.join()
    assert stage.sent() == [str(n) for n in range(40)]
    assert {str(stage.event(event_id)["status"]) for event_id in ids} == {"delivered"}
    assert {str(stage.state(event_id)) for event_id in ids} == {"done"}


FORM = [("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30003"), ("To", ""), ("From", "")]


@pytest.mark.parametrize(
    ("form", "query", "report"),
    [
        (FORM, "event=e1&attempt=2", StatusReport("SM1", "undelivered", 30003, "e1", 2)),
        (FORM, "", StatusReport("SM1", "undelivered", 30003)),
        (FORM, "event=&attempt=", StatusReport("SM1", "undelivered", 30003)),
        (FORM, "attempt=x&event=%00", StatusReport("SM1", "undelivered", 30003)),
        (FORM, "attempt=99999999999999999999&event=%ff", StatusReport("SM1", "undelivered", 30003, "\ufffd")),
        (FORM, "event=e1&event=e2&attempt=1", StatusReport("SM1", "undelivered", 30003, "e1", 1)),
        ([("SmsSid", "SM1"), ("SmsStatus", "sent")], "", StatusReport("SM1", "sent")),
        ([("MessageSid", "SM1"), ("MessageStatus", "sent"), ("ErrorCode", "-")], "", StatusReport("SM1", "sent")),
        ([("MessageSid", "SM1"), ("MessageStatus", "teleported")], "", None),
        ([("MessageStatus", "sent")], "", None),
        ([], "", None),
    ],
)
def test_a_callback_is_read_or_passed_over(
    form: list[tuple[str, str]], query: str, report: StatusReport | None
) -> None:
    assert read_status(form, query) == report
