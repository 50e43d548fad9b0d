"""Step Functions on this machine: where moto's interpreter is not as AWS is."""

from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError, ProgramState
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

from local.step_functions import interpreting


class Execution:
    """Notes in which order what is shown of it changes."""

    def __init__(self, state: ProgramState) -> None:
        environment = SimpleNamespace(program_state=lambda: state, states=SimpleNamespace(get_input=lambda: {"a": 1}))
        self.exec_worker = SimpleNamespace(env=environment)
        self.shown: list[str] = []

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name not in ("shown", "exec_worker"):
            self.shown.append(name)


@pytest.mark.parametrize(
    ("state", "before"),
    [(ProgramEnded(), {"output"}), (ProgramError({"error": "RunFailed", "cause": "{}"}), {"error", "cause"})],
    ids=["succeeded", "failed"],
)
def test_an_execution_has_ended_only_once_what_came_of_it_can_be_read(state: ProgramState, before: set[str]) -> None:
    execution: Any = Execution(state)
    with interpreting(client=None):
        BaseExecutionWorkerCommunication(execution).terminated()
    *earlier, last = execution.shown
    assert last == "exec_status"
    assert set(earlier) == before | {"stop_date"}
