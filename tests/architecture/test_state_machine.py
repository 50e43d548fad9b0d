"""The deployed state machine: every target exists and is reached, every task retries and catches, no row travels."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.template import load_template
from tests.architecture.sources import ROOT

TEXT = (ROOT / "statemachines" / "backfill.asl.json").read_text()
MACHINE: dict[str, Any] = json.loads(TEXT)


def machines(machine: dict[str, Any] = MACHINE) -> Iterator[dict[str, Any]]:
    """The state machine and those inside its Maps."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def targets(state: dict[str, Any]) -> set[str]:
    """Where a state may lead."""
    branches = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return {branch[key] for branch in branches for key in ("Next", "Default") if key in branch}


ALL_STATES = [(name, state) for machine in machines() for name, state in machine["States"].items()]
TASKS = [(name, state) for name, state in ALL_STATES if state["Type"] in ("Task", "Map")]


@pytest.mark.parametrize("machine", list(machines()), ids=lambda machine: machine["StartAt"])
def test_every_target_exists_and_every_state_is_reached(machine: dict[str, Any]) -> None:
    states = machine["States"]
    reached, waiting = set(), {machine["StartAt"]}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= targets(states[name]) - reached
    assert reached == set(states)


@pytest.mark.parametrize(("name", "state"), ALL_STATES, ids=[name for name, _ in ALL_STATES])
def test_every_state_leads_on_or_ends(name: str, state: dict[str, Any]) -> None:
    if state["Type"] in ("Succeed", "Fail"):
        assert targets(state) == set()
    elif state["Type"] == "Choice":
        assert "Default" in state
    else:
        assert "Next" in state or state.get("End")


@pytest.mark.parametrize(("name", "state"), TASKS, ids=[name for name, _ in TASKS])
def test_every_task_catches_everything_and_retries_with_full_jitter(name: str, state: dict[str, Any]) -> None:
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    if state["Type"] == "Task":
        assert state["TimeoutSeconds"] <= 900
        for retry in state["Retry"]:
            assert retry["JitterStrategy"] == "FULL"
            assert "States.ALL" not in retry["ErrorEquals"]


def test_states_are_verbs_and_speak_jsonpath() -> None:
    assert [name for name, _ in ALL_STATES if not re.match(r"[A-Z][a-z]+([A-Z][a-z]+)*$", name)] == []
    assert "QueryLanguage" not in TEXT


def test_the_template_fills_in_every_function_that_the_file_leaves_open() -> None:
    resource = load_template(ROOT / "template.yaml")["Resources"]["Backfill"]["Properties"]
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == set(resource["DefinitionSubstitutions"])
    assert resource["DefinitionUri"] == "statemachines/backfill.asl.json"
