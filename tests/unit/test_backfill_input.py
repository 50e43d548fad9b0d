"""The input of an execution: what is accepted, and how each wrong field is named."""

from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard.backfills.errors import InvalidInput
from switchboard.backfills.input import read_input

WHOLE: dict[str, Any] = {
    "backfill": "lead-customers", "action": "run", "dryRun": True, "batchSize": 1000, "concurrency": 2, "lanes": 8,
    "asOf": None, "maxRowErrors": 100, "runId": None, "params": {}, "verbose": False, "requestedBy": "ops",
    "reason": "CHG-1",
}  # fmt: skip


def problems(given: object) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_input(given)
    return str(caught.value)


def test_everything_but_the_backfill_has_a_default() -> None:
    request, definition = read_input({"backfill": "lead-customers"})
    assert definition.name == "lead-customers"
    assert request == read_input(WHOLE | {"requestedBy": "", "reason": ""})[0]
    assert request.dry_run


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("backfill", "leads"), ("backfill", None), ("backfill", 3), ("action", "go"), ("dryRun", "false"),
        ("dryRun", 0),
        ("batchSize", 0), ("batchSize", 100_001), ("batchSize", "10"), ("batchSize", True), ("batchSize", 1.5),
        ("concurrency", 0), ("concurrency", 41), ("lanes", 0), ("lanes", 501), ("maxRowErrors", -1),
        ("maxRowErrors", 1_000_001), ("asOf", "yesterday"), ("asOf", "2025-01-01T10:00:00"), ("asOf", 20250101),
        ("asOf", "0001-01-01"),
        ("params", []), ("verbose", "yes"), ("requestedBy", 7), ("reason", "x" * 501), ("reason", "a\x00b"),
        ("runId", "01"), ("surprise", 1),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_and_its_value_is_not_repeated(field: str, value: object) -> None:
    told = problems(WHOLE | {field: value})
    assert told.startswith(f"{field}: ") or f"; {field}: " in told
    if isinstance(value, str) and len(value) > 5:
        assert value not in told


def test_all_wrong_fields_are_named_at_once() -> None:
    told = problems({"backfill": "lead-customers", "batchSize": 0, "lanes": 0, "params": {"level": "data"}, "x": 1})
    assert [part.split(":")[0] for part in told.split("; ")] == ["batchSize", "lanes", "x", "params.level"]


@pytest.mark.parametrize("action", ["rollback", "pause", "resume", "abort"])
def test_an_action_on_a_run_needs_its_id(action: str) -> None:
    assert "runId" in problems({"backfill": "lead-customers", "action": action})


@pytest.mark.parametrize("given", [None, [], "lead-customers", 3, {}])
def test_what_is_no_object_with_a_backfill_is_refused(given: object) -> None:
    assert "backfill" in problems(given)


def test_a_date_is_its_first_instant_in_utc_and_an_instant_keeps_its_zone() -> None:
    day, _ = read_input(WHOLE | {"asOf": "2025-01-15"})
    instant, _ = read_input(WHOLE | {"asOf": "2025-01-15T10:00:00-06:00"})
    assert day.as_of == datetime(2025, 1, 15, tzinfo=UTC)
    assert instant.as_of == datetime(2025, 1, 15, 16, tzinfo=UTC)
