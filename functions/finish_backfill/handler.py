"""Step Functions: how a backfill's run ends."""

from typing import Any

from switchboard import runtime
from switchboard.backfills.finish import explain, finish_run


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"run"}` verifies, records and reports; `{"execution", "error"}` says why an execution failed."""
    if "run" in event:
        return finish_run(event["run"], database=runtime.backfill_database(), now=runtime.now)
    return explain(event["execution"], event["error"], database=runtime.backfill_database(), now=runtime.now)
