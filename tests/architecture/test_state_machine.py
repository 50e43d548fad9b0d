"""The state machine: every target exists and is reached, every named error is one, every function is deployed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.step_functions import FILE, FUNCTIONS, definition, problems_of
from local.template import load_template
from switchboard import errors
from switchboard.backfills import errors as endings
from tests.architecture.sources import ROOT

MACHINE: dict[str, Any] = json.loads(definition())
SERVICE = re.compile(r"^(States\.(ALL|Timeout)|Lambda\.\w+|Runtime\.ExitError|Sandbox\.Timedout)$")


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state by its name, those of a Map's lanes too."""
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


STATES = dict(states(MACHINE))
TASKS = sorted(name for name, state in STATES.items() if state["Type"] == "Task")


def test_every_target_exists_and_every_state_is_reached() -> None:
    assert problems_of(MACHINE) == []


def test_a_missing_target_and_an_unreachable_state_are_noticed() -> None:
    broken = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Gone"}, "B": {"Type": "Succeed"}}}
    assert len(problems_of(broken)) == 2


def test_every_named_error_is_the_services_or_a_class_of_ours() -> None:
    for name, state in STATES.items():
        for rule in (*state.get("Retry", ()), *state.get("Catch", ())):
            for error in rule["ErrorEquals"]:
                ours = hasattr(errors, error) or hasattr(endings, error)
                assert SERVICE.match(error) or ours, f"{name}: {error}"


@pytest.mark.parametrize("name", TASKS)
def test_a_task_retries_with_full_jitter_and_catches_everything(name: str) -> None:
    state = STATES[name]
    assert [rule["JitterStrategy"] for rule in state["Retry"]] == ["FULL"]
    assert "States.ALL" not in state["Retry"][0]["ErrorEquals"]
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert state["TimeoutSeconds"] <= 900


def test_how_a_run_ends_badly_is_never_tried_again() -> None:
    names = {ending.__name__ for ending in endings.ENDINGS}
    for state in STATES.values():
        assert not any(names & set(rule["ErrorEquals"]) for rule in state.get("Retry", ()))


def test_the_file_names_the_functions_that_the_template_fills_in() -> None:
    machine = load_template(ROOT / "template.yaml")["Resources"]["Backfill"]["Properties"]
    assert machine["DefinitionUri"] == str(FILE.relative_to(ROOT))
    named = set(re.findall(r"\$\{(\w+)\}", FILE.read_text()))
    assert set(machine["DefinitionSubstitutions"]) == named == set(FUNCTIONS)


def test_only_numbers_go_to_a_lane() -> None:
    lanes = STATES["WorkLanes"]
    assert set(lanes["ItemSelector"]) == {"run.$", "step.$", "lane.$"}
    assert lanes["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
