"""What template.yaml says about functions and queues, so that the local stack cannot drift from what is deployed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as SafeLoader  # libyaml's: a tenth of the time
except ImportError:  # an installation without it
    from yaml import SafeLoader  # type: ignore[assignment]

_DEFAULT_TIMEOUT_S = 3
_DEFAULT_VISIBILITY_S = 30
_DEFAULT_SQS_BATCH = 10


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the HTTP API."""

    method: str
    path: str
    open_to_all: bool  # no token is asked for


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A queue that a function is invoked for."""

    queue: str  # logical id
    batch_size: int
    concurrency: int
    reports_failures: bool


@dataclass(frozen=True, slots=True)
class Function:
    """One deployed function."""

    logical_id: str
    folder: str
    timeout_s: int
    memory_mb: int
    routes: tuple[Route, ...]
    queues: tuple[QueueSource, ...]
    scheduled: bool
    every_minutes: int = 1  # where it is scheduled

    @property
    def name(self) -> str:
        return Path(self.folder).name


@dataclass(frozen=True, slots=True)
class Queue:
    """One SQS queue."""

    logical_id: str
    visibility_s: int
    dead_letter_queue: str | None  # logical id
    max_receives: int | None


@dataclass(frozen=True, slots=True)
class Template:
    """The part of the template that runs locally."""

    functions: tuple[Function, ...]
    queues: tuple[Queue, ...]


class _Loader(SafeLoader):
    """Reads `!Ref X` as {"Ref": "X"} and `!Sub x` as {"Fn::Sub": "x"}, like CloudFormation."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _tagged)


def load_template(path: Path) -> dict[str, Any]:
    """The template as data, CloudFormation's short tags written out."""
    loaded: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)  # a SafeLoader with CloudFormation's tags
    return loaded


def read_template(path: Path) -> Template:
    """The functions and queues of a template."""
    document = load_template(path)
    resources: dict[str, Any] = document["Resources"]
    defaults = document.get("Globals", {}).get("Function", {})
    functions = [
        _function(name, defaults | resource["Properties"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    queues = [
        _queue(name, resource.get("Properties", {}))
        for name, resource in resources.items()
        if resource["Type"] == "AWS::SQS::Queue"
    ]
    return Template(tuple(functions), tuple(queues))


def _function(logical_id: str, properties: Mapping[str, Any]) -> Function:
    events = list(properties.get("Events", {}).values())
    schedules = [event for event in events if event["Type"] in ("Schedule", "ScheduleV2")]
    return Function(
        logical_id=logical_id,
        folder=str(properties["CodeUri"]).rstrip("/"),
        timeout_s=_number(properties.get("Timeout"), _DEFAULT_TIMEOUT_S),
        memory_mb=_number(properties.get("MemorySize"), 128),
        routes=tuple(_route(event["Properties"]) for event in events if event["Type"] == "HttpApi"),
        queues=tuple(_queue_source(event["Properties"]) for event in events if event["Type"] == "SQS"),
        scheduled=bool(schedules),
        every_minutes=min((_minutes(event["Properties"]) for event in schedules), default=1),
    )


def _minutes(properties: Mapping[str, Any]) -> int:
    """The minutes of a schedule `rate(1 day)`; another kind of expression is none that is used here."""
    rate = str(properties.get("Schedule") or properties["ScheduleExpression"])
    found = re.fullmatch(r"rate\((?P<count>\d+) (?P<unit>minute|hour|day)s?\)", rate)
    if found is None:
        raise ValueError(f"not a rate: {rate}")
    return int(found["count"]) * {"minute": 1, "hour": 60, "day": 24 * 60}[found["unit"]]


def _route(properties: Mapping[str, Any]) -> Route:
    authorizer = properties.get("Auth", {}).get("Authorizer", "NONE")
    return Route(str(properties["Method"]).upper(), properties["Path"], open_to_all=authorizer == "NONE")


def _queue_source(properties: Mapping[str, Any]) -> QueueSource:
    return QueueSource(
        queue=_logical_id(properties["Queue"]),
        batch_size=_number(properties.get("BatchSize"), _DEFAULT_SQS_BATCH),
        concurrency=_number(properties.get("ScalingConfig", {}).get("MaximumConcurrency"), 2),
        reports_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
    )


def _queue(logical_id: str, properties: Mapping[str, Any]) -> Queue:
    redrive = properties.get("RedrivePolicy", {})
    return Queue(
        logical_id=logical_id,
        visibility_s=_number(properties.get("VisibilityTimeout"), _DEFAULT_VISIBILITY_S),
        dead_letter_queue=_logical_id(redrive["deadLetterTargetArn"]) if redrive else None,
        max_receives=_number(redrive.get("maxReceiveCount"), 3) if redrive else None,
    )


def _logical_id(reference: Mapping[str, Any]) -> str:
    if "Fn::GetAtt" in reference:
        return str(reference["Fn::GetAtt"][0])
    return str(reference["Ref"])


def _number(value: Any, default: int) -> int:
    """A number written out in the template; what a parameter decides is the default here."""
    return value if isinstance(value, int) else default
