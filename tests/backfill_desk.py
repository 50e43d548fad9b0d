"""Runs backfills as the state machine does, task after task, without it: quick, and open to faults in between."""

import itertools
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from switchboard.backfills.errors import BackfillError
from switchboard.backfills.finish import explain, finish_run
from switchboard.backfills.lanes import Clock, Tools
from switchboard.backfills.plan import Collaborators, after_lanes, plan_run
from switchboard.backfills.slices import work_slice
from switchboard.store.database import Database

Answer = dict[str, Any]
CLOCK = Clock(
    now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=lambda s: time.sleep(s / 10), jitter=lambda: 0.5
)


@dataclass
class Desk:
    """An operator's desk on one database."""

    database: Database
    now: Callable[[], datetime] = CLOCK.now
    clock: Clock = CLOCK
    parameters: Mapping[str, str] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def run(self, backfill: str = "lead-customers", **fields: Any) -> Answer:
        """A whole execution: `ok` with its output, or with error and cause (read)."""
        execution = f"execution-{uuid.uuid4()}"
        try:
            return self._lead({"backfill": backfill, **fields}, execution)
        except Exception as error:  # noqa: BLE001  what Step Functions would catch
            return self._explained(execution, error)

    def output(self, backfill: str = "lead-customers", **fields: Any) -> Answer:
        """The output of an execution that has to succeed."""
        answer = self.run(backfill, **fields)
        assert answer["ok"], answer
        output: Answer = answer["output"]
        return output

    def begin(self, backfill: str = "lead-customers", *, execution: str = "", **fields: Any) -> Answer:
        """Only the first task."""
        use = Collaborators(
            database=self.database, now=self.now, new_id=lambda: str(uuid.uuid4()), parameters=lambda: self.parameters
        )
        return plan_run({"backfill": backfill, **fields}, execution=execution or f"execution-{uuid.uuid4()}", use=use)

    def slice(self, run: int, step: int, lane: int) -> bool:
        """One slice; whether the lane wants another."""
        answer = work_slice(run_number=run, step=step, lane=lane, tools=Tools(self.database, self.clock))
        return bool(answer["again"])

    def go_on(self, task: Answer) -> Answer:
        """From a task's answer to the end."""
        while task["next"] == "work":
            for lane in task["lanes"]:
                while self.slice(task["run"], task["step"], lane):
                    pass
            task = after_lanes(task["run"], task["step"], database=self.database, now=self.now)
        if task["next"] == "finish":
            return self._readable(finish_run(task["run"], database=self.database, now=self.now))
        return {"ok": True, "output": task["output"]}

    def fail(self, task: Answer, *, execution: str) -> Answer:
        """The end of an execution whose next task is to fail."""
        try:
            after_lanes(task["run"], task["step"], database=self.database, now=self.now)
        except BackfillError as error:
            return self._explained(execution, error)
        raise AssertionError("the run goes on")

    def _explained(self, execution: str, error: Exception) -> Answer:
        told = {"errorMessage": str(error), "errorType": type(error).__name__}
        caught = {"Error": type(error).__name__, "Cause": json.dumps(told)}
        return self._readable(explain(execution, caught, database=self.database, now=self.now))

    def _lead(self, given: Answer, execution: str) -> Answer:
        return self.go_on(self.begin(execution=execution, **given))

    @staticmethod
    def _readable(answer: Answer) -> Answer:
        return answer if answer["ok"] else answer | {"cause": json.loads(answer["cause"])}


def counts(answer: Answer) -> list[int]:
    """The figures of an output, in the published order."""
    return list(answer["counts"].values())
