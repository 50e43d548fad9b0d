"""What CloudWatch is told of texts and of what waits: each thing once, under its name."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from switchboard.services.measure_backlog import measure_backlog
from tests.builders import NOON, World
from tests.delivery_builders import a_relay, queue_texts
from tests.delivery_stage import Stage
from tests.inbound_texts import Switchboard

Counted = Callable[[], list[tuple[str, float, str | None]]]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Counted:
    """What has been measured since the last look: metric, value, and its dimension beside the service."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Switchboard/test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "switchboard")

    def read() -> list[tuple[str, float, str | None]]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
        return [_measured(line) for line in lines]

    return read


def _measured(line: dict[str, Any]) -> tuple[str, float, str | None]:
    [told] = line["_aws"]["CloudWatchMetrics"]
    name = told["Metrics"][0]["Name"]
    others = [line[dimension] for dimension in told["Dimensions"][0] if dimension != "service"]
    return name, line[name][0], others[0] if others else None


def test_a_text_counts_once_however_often_it_is_delivered(board: Switchboard, world: World, counted: Counted) -> None:
    world.assigned()
    for _ in range(3):
        board.text("Hello", sid="SM1")
    assert counted() == [("TextsIn", 1, None)]


def test_held_texts_count_as_in_and_held(board: Switchboard, world: World, counted: Counted) -> None:
    ids = world.assigned()
    board.text("call me at 415-555-0134")
    assert counted() == [("TextsIn", 1, None), ("TextsHeld", 1, None)]
    omar = world.client("+15555550104", first="Omar", last="Khan")
    world.window(world.thread(client_id=omar, sitter_id=ids["sitter"], number_id=ids["number"]), ids["sitter"], tag=2)
    board.text("On my way", sender="+15555550102")
    assert counted() == [("TextsIn", 1, None), ("TextsHeld", 1, None)]


def test_texts_out_and_errors_by_code_count_once_each(stage: Stage, counted: Counted) -> None:
    [delivered, failed] = queue_texts(stage.database, a_relay(), a_relay())
    stage.simulator.account.add_faults("error", code=21211, times=1)
    stage.work()
    assert counted() == [("SendErrors", 1, "21211"), ("TextsOut", 1, None)]
    [message] = stage.simulator.account.messages()
    for _ in range(2):
        stage.tell(failed, "undelivered", sid=message.sid, code=30005)
    assert counted() == [("SendErrors", 1, "30005")]
    assert stage.event(delivered)["status"] == "failed"


def test_a_refused_connection_counts_under_a_name_of_its_own(stage: Stage, counted: Counted) -> None:
    queue_texts(stage.database, a_relay())
    away = stage.sender()
    away._base_url = "http://127.0.0.1:1"
    stage.work(twilio=away)
    assert counted() == [("SendErrors", 1, "not_sent")]


def test_what_waits_and_how_far_backfills_are_is_told_each_minute(stage: Stage, counted: Counted) -> None:
    assert measure_backlog(database=stage.database, now=NOON) == 0
    assert counted() == [("BookingsDeferred", 0, None)]
    stage.sql(
        """INSERT INTO ops.booking_event (webhook_id, org_id, booking_id, type, occurred_at, body, outcome, attempts,
               next_attempt_at, received_at)
           VALUES ('msg', 'org-1', 'b', 'booking.assigned', now(), '{}', 'deferred', 1, now(), now());
           INSERT INTO ops.backfill_run (id, backfill, action, dry_run, state, step, as_of, batch_size, concurrency,
               lanes, max_row_errors, params, is_verbose, requested_by, reason, lease_until, started_at, resumed_at)
           VALUES ('run', 'lead-customers', 'run', true, 'running', 2, now(), 1, 1, 1, 1, '{}', false, 'x', 'x', now(),
               now(), now())"""
    )
    assert measure_backlog(database=stage.database, now=NOON) == 1
    [deferred, (metric, percent, backfill)] = counted()
    assert 0 < percent < 100
    assert [deferred, (metric, backfill)] == [
        ("BookingsDeferred", 1, None),
        ("BackfillPercent", "lead-customers"),
    ]
