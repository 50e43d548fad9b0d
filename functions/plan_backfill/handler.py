"""Step Functions: what is asked of a backfill, and which lanes come next."""

from typing import Any

from switchboard import runtime
from switchboard.backfills.plan import Collaborators, after_lanes, plan_run


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"input", "execution"}` begins a run; `{"run", "step"}` leads it on after a step's lanes."""
    if "run" in event:
        return after_lanes(event["run"], event["step"], database=runtime.backfill_database(), now=runtime.now)
    use = Collaborators(
        database=runtime.backfill_database(),
        now=runtime.now,
        new_id=runtime.new_id,
        parameters=runtime.parameters,
    )
    return plan_run(event["input"], execution=event["execution"], use=use)
