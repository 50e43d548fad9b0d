"""Step Functions: one slice of work on one lane of a backfill."""

import time
from typing import Any

from switchboard import runtime
from switchboard.backfills.lanes import Clock, Tools
from switchboard.backfills.slices import work_slice


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"run", "step", "lane"}`; answers `{"again"}`: whether the lane wants another slice."""
    clock = Clock(now=runtime.now, monotonic=time.monotonic, sleep=time.sleep, jitter=runtime.fraction)
    return work_slice(
        run_number=event["run"],
        step=event["step"],
        lane=event["lane"],
        tools=Tools(runtime.backfill_database(), clock),
    )
