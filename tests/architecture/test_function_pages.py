"""Each function has its page in docs/functions, whose facts are those of template.yaml, the machine and events/."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.template import load_template
from tests.architecture.sources import FUNCTIONS as FOLDER
from tests.architecture.sources import ROOT, tree_of

PAGES = ROOT / "docs" / "functions"
DOCUMENT = load_template(ROOT / "template.yaml")
RESOURCES: dict[str, Any] = DOCUMENT["Resources"]
DEFAULTS: dict[str, Any] = DOCUMENT["Globals"]["Function"]
FUNCTIONS = {
    str(one["Properties"]["CodeUri"]).removeprefix("functions/"): name
    for name, one in RESOURCES.items()
    if one["Type"] == "AWS::Serverless::Function"
}
ALARMS = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
EVENTS = sorted(path.stem for path in (ROOT / "events").glob("*.json"))
SAID = ("Answers", "Reads and writes", "When it fails", "Settings and flags")


def test_there_is_a_page_for_each_function_and_no_other() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "README") == sorted(FUNCTIONS)


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_page_holds_the_facts_as_they_are_deployed(folder: str) -> None:
    facts = [line for line in page(folder).splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    assert facts == facts_of(folder)


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_page_says_what_is_answered_touched_and_done_in_trouble_and_how_to_try_it(folder: str) -> None:
    text = page(folder)
    assert text.startswith(f"# {folder}\n\n")
    assert re.findall(r"^\*\*(.+?)\.\*\* \S", text, re.MULTILINE) == list(SAID)
    tried = re.findall(r"make event NAME=(\w+) \| \.venv-sam/bin/sam local invoke (\w+) -e -$", text, re.MULTILINE)
    assert [(event in events_of(folder), name) for event, name in tried] == [(True, FUNCTIONS[folder])]


def test_the_page_of_housekeeping_names_its_parts() -> None:
    dicts = [node for node in ast.walk(tree_of(FOLDER / "keep_house" / "handler.py")) if isinstance(node, ast.Dict)]
    parts = {key.value for key in max(dicts, key=lambda one: len(one.keys)).keys if isinstance(key, ast.Constant)}
    (said,) = re.findall(r"^\*\*Reads and writes\.\*\* (.+?)\n\n", page("keep_house"), re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(\w+)`", said)) == parts


def page(folder: str) -> str:
    return (PAGES / f"{folder}.md").read_text()


def facts_of(folder: str) -> list[str]:
    """The rows of a page's table."""
    properties = DEFAULTS | RESOURCES[FUNCTIONS[folder]]["Properties"]
    alarms = [f"[{_name(alarm)}](../runbooks/{_runbook(alarm)})" for alarm in ALARMS if _watches(alarm, folder)]
    events = [f"[{event}](../../events/{event}.json)" for event in events_of(folder)]
    limit = f"{most} at once" if (most := _most_at_once(properties)) else "no bound of its own on how many at once"
    rows = {
        "invoked by": " · ".join(_sources(folder, properties)) or "hand",
        "limits": f"{properties['Timeout']} s, {properties['MemorySize']} MB, {limit}",
        "alarms": " · ".join(alarms) or "none",
        "events": " · ".join(events),
    }
    return ["| | |", *(f"| {name} | {value} |" for name, value in rows.items())]


def events_of(folder: str) -> list[str]:
    """The events whose names begin with the function's."""
    longer = [name for name in FUNCTIONS if name.startswith(f"{folder}_")]
    mine = [event for event in EVENTS if f"{event}_".startswith(f"{folder}_")]
    return [event for event in mine if not any(f"{event}_".startswith(f"{name}_") for name in longer)]


def _sources(folder: str, properties: dict[str, Any]) -> Iterator[str]:
    for event in properties.get("Events", {}).values():
        given = event["Properties"]
        if event["Type"] == "HttpApi":
            yield f"`{given['Method']} {given['Path']}`"
        elif event["Type"] == "SQS":
            yield f"queue {_logical_id(given['Queue'])}, {given['BatchSize']} messages a batch"
        else:
            yield f"`{given['Schedule']}`"
    if states := _states(FUNCTIONS[folder]):
        yield f"Step Functions: {', '.join(states)}"


def _states(name: str) -> list[str]:
    """The states of the machine that invoke a function."""
    found: list[str] = []

    def read(states: dict[str, Any]) -> None:
        for state, content in states.items():
            if content.get("Resource") == f"${{{name}FunctionArn}}":
                found.append(state)
            if content["Type"] == "Map":
                read(content["ItemProcessor"]["States"])

    read(json.loads((ROOT / "statemachines" / "backfill.asl.json").read_text())["States"])
    return found


def _most_at_once(properties: dict[str, Any]) -> int | None:
    if reserved := properties.get("ReservedConcurrentExecutions"):
        return int(reserved["Fn::If"][1])
    pollers = [event["Properties"].get("ScalingConfig") for event in properties.get("Events", {}).values()]
    return next((int(one["MaximumConcurrency"]) for one in pollers if one), None)


def _watches(alarm: dict[str, Any], folder: str) -> bool:
    """Whether an alarm is about the function, what invokes it, or what it logs."""
    name = FUNCTIONS[folder]
    events = [event["Properties"] for event in RESOURCES[name]["Properties"].get("Events", {}).values()]
    about = {name}
    for queue in (_logical_id(event["Queue"]) for event in events if "Queue" in event):
        about |= {queue, _logical_id(RESOURCES[queue]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])}
    about |= {"Api" for event in events if "ApiId" in event}
    about |= {"Backfill"} if _states(name) else set()
    if any(_counts_lines_of(one, f"{name}Logs", alarm) for one in RESOURCES.values()):
        return True
    values = [dimension["Value"] for dimension in alarm.get("Dimensions", ())]
    return bool(about & {_logical_id(value) for value in values if isinstance(value, dict)})


def _counts_lines_of(resource: dict[str, Any], log_group: str, alarm: dict[str, Any]) -> bool:
    if resource["Type"] != "AWS::Logs::MetricFilter" or resource["Properties"]["LogGroupName"] != {"Ref": log_group}:
        return False
    return alarm.get("MetricName") in {one["MetricName"] for one in resource["Properties"]["MetricTransformations"]}


def _logical_id(reference: dict[str, Any]) -> str:
    return str(reference["Ref"] if "Ref" in reference else reference["Fn::GetAtt"][0])


def _name(alarm: dict[str, Any]) -> str:
    return str(alarm["AlarmName"]["Fn::Sub"]).removeprefix("switchboard-${Stage}-")


def _runbook(alarm: dict[str, Any]) -> str:
    found = re.search(r"docs/runbooks/([\w-]+\.md)", str(alarm["AlarmDescription"]))
    assert found
    return found[1]
