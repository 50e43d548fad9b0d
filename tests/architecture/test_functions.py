"""Every function folder is deployed, small, allowed what it uses and nothing else, and has events to be tried with."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from local.template import load_template
from tests.architecture.sources import FUNCTIONS, ROOT, tree_of

MAX_HANDLER_LINES = 40
RESOURCES: dict[str, Any] = load_template(ROOT / "template.yaml")["Resources"]
DEPLOYED = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
}
FOLDERS = sorted(path for path in FUNCTIONS.iterdir() if (path / "handler.py").exists())
EVENTS = sorted((ROOT / "events").glob("*.json"))

# collaborator of runtime.py, or setting → what the function's policies must allow
NEEDS = {
    "database": {"secret DatabaseSecretArn", "network"},
    "inbound_database": {"secret DatabaseSecretArn", "network"},
    "connector": {"secret DatabaseSecretArn", "network"},
    "twilio_sender": {"secret TwilioSecretArn"},
    "twilio_numbers": {"secret TwilioSecretArn"},
    "twilio_secret_id": {"secret TwilioSecretArn"},
    "booking_secret_id": {"secret BookingSecretArn"},
    "flags": {"parameters flags"},
    "public_base_url": {"parameter public_base_url"},
    "send_queue": {"put SendQueue"},
    "inbound_queue": {"put InboundQueue"},
    "backfill_database": {"secret DatabaseSecretArn", "network"},
    "parameters": {"parameters flags"},
}


def _folder(properties: dict[str, Any]) -> str:
    return str(properties["CodeUri"]).removeprefix("functions/")


def _title(folder: str) -> str:
    return "".join(word.title() for word in folder.split("_"))


def test_every_function_folder_is_deployed_and_every_function_has_its_folder() -> None:
    assert sorted(_folder(properties) for properties in DEPLOYED.values()) == [path.name for path in FOLDERS]


@pytest.mark.parametrize("name", sorted(DEPLOYED))
def test_a_function_is_named_like_its_folder(name: str) -> None:
    folder = _folder(DEPLOYED[name])
    assert name == _title(folder)
    assert DEPLOYED[name]["FunctionName"] == {"Fn::Sub": f"switchboard-${{Stage}}-{folder.replace('_', '-')}"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_handler_is_one_file_of_forty_lines_with_a_lambda_handler(folder: Path) -> None:
    assert [path.name for path in folder.iterdir() if path.name != "__pycache__"] == ["handler.py"]
    handler = folder / "handler.py"
    assert len(handler.read_text().splitlines()) <= MAX_HANDLER_LINES
    assert "lambda_handler" in {node.name for node in tree_of(handler).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_handler_catches_nothing_and_asks_no_database(folder: Path) -> None:
    tree = tree_of(folder / "handler.py")
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_function_has_an_event_to_be_tried_with(folder: Path) -> None:
    assert [event for event in EVENTS if _function_of(event) == folder.name]


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: path.stem)
def test_an_event_belongs_to_a_function_and_goes_where_its_route_does(event: Path) -> None:
    content = json.loads(event.read_text())
    function = _function_of(event)
    if "rawPath" in content:
        routes = [
            (each["Properties"]["Method"], each["Properties"]["Path"])
            for each in DEPLOYED[_title(function)].get("Events", {}).values()
            if each["Type"] == "HttpApi"
        ]
        method, _, path = content["routeKey"].partition(" ")
        assert (method, path) in routes
        assert content["version"] == "2.0"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_function_may_do_what_its_collaborators_do_and_nothing_else(folder: Path) -> None:
    used = _runtime_names(folder / "handler.py")
    needed = {need for name in used for need in NEEDS.get(name, set())}
    assert _allowed(DEPLOYED[_title(folder.name)]) == needed


def _function_of(event: Path) -> str:
    """The longest function's name that the event's name begins with."""
    names = [path.name for path in FOLDERS if event.stem == path.name or event.stem.startswith(f"{path.name}_")]
    assert names, f"{event.name} belongs to no function"
    return max(names, key=len)


def _runtime_names(handler: Path) -> set[str]:
    return {node.attr for node in ast.walk(tree_of(handler)) if isinstance(node, ast.Attribute)}


def _allowed(properties: dict[str, Any]) -> set[str]:
    found = {"network"} if "VpcConfig" in properties else set()
    for statement in (one for policy in properties["Policies"] for one in policy["Statement"]):
        found.add(_described(statement["Action"], statement["Resource"]))
    return found


def _described(action: str, resource: dict[str, Any]) -> str:
    match action:
        case "secretsmanager:GetSecretValue":
            return f"secret {resource['Ref']}"
        case "ssm:GetParameter":
            return f"parameter {resource['Fn::Sub'].rpartition('/')[2]}"
        case "ssm:GetParametersByPath":
            return f"parameters {resource['Fn::Sub'].rpartition('/')[2]}"
        case "sqs:SendMessage":
            return f"put {resource['Fn::GetAtt'][0]}"
    return action
