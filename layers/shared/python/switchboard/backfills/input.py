"""The input of an execution: checked whole, every bad field named, values never repeated."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictBool, StrictInt, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from switchboard.backfills.catalogue import definitions
from switchboard.backfills.definition import Definition
from switchboard.backfills.errors import InvalidInput
from switchboard.field_paths import problems_by_path

Action = Literal["run", "verify", "rollback", "pause", "resume", "abort", "status"]
EARLIEST_YEAR = 1900
_PLAIN = r"^[^\x00]*$"
_NEEDS_RUN = ("rollback", "pause", "resume", "abort")


def _as_of(value: object) -> datetime:
    """`2025-01-15`, which is its first instant in UTC, or an instant with its zone; from the year 1900 on."""
    text = value if isinstance(value, str) else ""
    try:
        found = datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        found = _read_instant(text)
    if found.year < EARLIEST_YEAR:
        raise ValueError(f"a date from the year {EARLIEST_YEAR} on")
    return found


def _read_instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("a date, or an instant with its zone")


class BackfillInput(BaseModel):
    """What an operator may say. Meaning of each field: docs/runbooks/run-a-backfill.md."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", hide_input_in_errors=True, frozen=True)

    backfill: StrictStr
    action: Action = "run"
    dry_run: StrictBool = True
    batch_size: Annotated[StrictInt, Field(ge=1, le=100_000)] = 1_000
    concurrency: Annotated[StrictInt, Field(ge=1, le=40)] = 2
    lanes: Annotated[StrictInt, Field(ge=1, le=500)] = 8
    as_of: Annotated[datetime, PlainValidator(_as_of)] | None = None
    max_row_errors: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 100
    run_id: Annotated[StrictStr, Field(pattern=r"^[!-~]{1,100}$")] | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    verbose: StrictBool = False
    requested_by: Annotated[StrictStr, Field(max_length=200, pattern=_PLAIN)] = ""
    reason: Annotated[StrictStr, Field(max_length=500, pattern=_PLAIN)] = ""


def read_input(given: object) -> tuple[BackfillInput, Definition]:
    """Raises InvalidInput naming every bad field."""
    problems: dict[str, str] = {}
    parsed: BackfillInput | None = None
    fields: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    try:
        parsed = BackfillInput.model_validate(given)
    except ValidationError as error:
        problems |= problems_by_path(error)
    known = definitions()
    definition = known.get(name) if isinstance(name := fields.get("backfill"), str) else None
    if definition is None:
        problems["backfill"] = f"one of {', '.join(sorted(known))}"
    elif isinstance(params := fields.get("params", {}), Mapping):
        problems |= _bad_params(definition, str(fields.get("action", "run")), params)
    problems |= _misplaced_run(fields) if "runId" not in problems else {}
    if problems or parsed is None or definition is None:
        raise InvalidInput("; ".join(f"{field}: {problem}" for field, problem in problems.items()))
    return parsed, definition


def _misplaced_run(fields: Mapping[str, Any]) -> dict[str, str]:
    action, run_id = fields.get("action", "run"), fields.get("runId")
    if action in _NEEDS_RUN and run_id is None:
        return {"runId": f"{action} needs the run's id"}
    if action == "run" and run_id is not None:
        return {"runId": "a new run has none yet; to go on with a run, the action is resume"}
    return {}


def _bad_params(definition: Definition, action: str, params: Mapping[str, Any]) -> dict[str, str]:
    model = definition.rollback_params if action == "rollback" else definition.run_params
    try:
        model.model_validate(params)
    except ValidationError as error:
        return {f"params.{field}": problem for field, problem in problems_by_path(error).items()}
    return {}


def full_params(definition: Definition, request: BackfillInput) -> dict[str, Any]:
    """The params with their defaults."""
    model = definition.rollback_params if request.action == "rollback" else definition.run_params
    return model.model_validate(request.params).model_dump()
