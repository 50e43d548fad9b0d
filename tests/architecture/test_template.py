"""The rules that template.yaml keeps."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from local.template import load_template
from switchboard.domain.webhook_addresses import wanted_addresses
from switchboard.errors import SettingsInvalid
from switchboard.flags import Flags
from switchboard.metrics import Metric
from switchboard.settings import VARIABLES, read_settings
from tests.architecture.sources import PACKAGE, ROOT, python_files, tree_of

TEMPLATE = load_template(ROOT / "template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
GLOBALS: dict[str, Any] = TEMPLATE["Globals"]["Function"]

# (logical id, action) → why its resource is a star
STARS: dict[tuple[str, str], str] = {
    ("Backfill", "states:DescribeExecution"): "the lanes of a Distributed Map are executions that Step Functions names",
    ("Backfill", "states:StopExecution"): "the lanes of a Distributed Map are executions that Step Functions names",
    **{
        ("Backfill", f"logs:{action}"): "setting up log delivery knows no single resource"
        for action in (
            "CreateLogDelivery",
            "GetLogDelivery",
            "UpdateLogDelivery",
            "DeleteLogDelivery",
            "ListLogDeliveries",
            "PutResourcePolicy",
            "DescribeResourcePolicies",
            "DescribeLogGroups",
        )
    },
}

# Environment variables that are other programs', not the settings'.
NOT_SETTINGS = {
    "AWS_ENDPOINT_URL",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
}


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by logical id."""
    return {name: one.get("Properties", {}) for name, one in RESOURCES.items() if one["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
QUEUES = of_type("AWS::SQS::Queue")
ALARMS = of_type("AWS::CloudWatch::Alarm")
LOG_GROUPS = of_type("AWS::Logs::LogGroup")
DEAD_LETTER_QUEUES = {
    queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    for queue in QUEUES.values()
    if "RedrivePolicy" in queue
}
WORKING_QUEUES = sorted(set(QUEUES) - DEAD_LETTER_QUEUES)


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy statement with the logical id of what it is given to."""
    for name, resource in RESOURCES.items():
        for policy in resource.get("Properties", {}).get("Policies", ()):
            document = policy.get("PolicyDocument", policy)
            for statement in document["Statement"]:
                yield name, statement


def sources(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every event source of a kind with the logical id of its function."""
    for name, function in FUNCTIONS.items():
        for event in function.get("Events", {}).values():
            if event["Type"] == kind:
                yield name, event["Properties"]


def timeout_of(function: str) -> int:
    return int(FUNCTIONS[function].get("Timeout", GLOBALS["Timeout"]))


def test_a_statement_allows_one_action_on_what_it_names() -> None:
    for name, statement in statements():
        assert statement["Effect"] == "Allow"
        assert isinstance(statement["Action"], str), name
        assert "*" not in statement["Action"], name
        if "*" in json.dumps(statement["Resource"]):
            assert STARS.get((name, statement["Action"])), f"{name} {statement['Action']}: a star needs its reason"


def test_no_reason_for_a_star_outlives_the_star() -> None:
    starred = {(name, one["Action"]) for name, one in statements() if "*" in json.dumps(one["Resource"])}
    assert set(STARS) == starred


@pytest.mark.parametrize("queue", WORKING_QUEUES)
def test_a_queue_has_a_dead_letter_queue_that_keeps_for_two_weeks(queue: str) -> None:
    target = QUEUES[queue]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert QUEUES[target]["MessageRetentionPeriod"] == 14 * 86_400


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_a_queue_is_encrypted_and_has_an_alarm(queue: str) -> None:
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True
    metric = "ApproximateNumberOfMessagesVisible" if queue in DEAD_LETTER_QUEUES else "ApproximateAgeOfOldestMessage"
    dimension = [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    assert [name for name, one in ALARMS.items() if one["MetricName"] == metric and one["Dimensions"] == dimension]


@pytest.mark.parametrize("function", sorted({name for name, _ in sources("SQS")}))
def test_a_queue_is_read_with_partial_failures_bounded_and_with_six_times_the_time(function: str) -> None:
    (source,) = [source for name, source in sources("SQS") if name == function]
    queue = QUEUES[source["Queue"]["Fn::GetAtt"][0]]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"]["MaximumConcurrency"] >= 2
    assert queue["VisibilityTimeout"] >= 6 * timeout_of(function)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_is_followed_by_its_log_group_with_retention(function: str) -> None:
    logs = f"{function}Logs"
    order = list(RESOURCES)
    assert order[order.index(function) + 1] == logs
    assert LOG_GROUPS[logs]["RetentionInDays"]
    assert (
        LOG_GROUPS[logs]["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/{FUNCTIONS[function]['FunctionName']['Fn::Sub']}"
    )
    assert FUNCTIONS[function]["LoggingConfig"]["LogGroup"] == {"Ref": logs}


@pytest.mark.parametrize("group", sorted(LOG_GROUPS))
def test_no_log_is_kept_for_ever(group: str) -> None:
    assert LOG_GROUPS[group]["RetentionInDays"]


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_that_talks_to_the_database_is_bounded(function: str) -> None:
    properties = FUNCTIONS[function]
    if "VpcConfig" not in properties:
        return
    by_source = any(
        "MaximumConcurrency" in one.get("ScalingConfig", {}) for name, one in sources("SQS") if name == function
    )
    by_machine = function in ("PlanBackfill", "FinishBackfill")  # one at a time for each run
    assert by_source or by_machine or "ReservedConcurrentExecutions" in properties


@pytest.mark.parametrize("function", sorted({name for name, _ in sources("HttpApi")}))
def test_a_webhook_answers_within_twilios_patience_and_has_an_alarm(function: str) -> None:
    assert timeout_of(function) <= 10
    errors = [one for one in ALARMS.values() if one["MetricName"] == "Errors" and one["Namespace"] == "AWS/Lambda"]
    assert {"Ref": function} in [one["Dimensions"][0]["Value"] for one in errors]


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"MigrateSchema"}))
def test_an_error_that_a_function_logs_reaches_an_alarm(function: str) -> None:
    """What is invoked by hand answers whoever invoked it."""
    filters = of_type("AWS::Logs::MetricFilter").values()
    logged = [one for one in filters if one["LogGroupName"] == {"Ref": f"{function}Logs"}]
    (found,) = [one for one in logged if "ERROR" in one["FilterPattern"]]
    (metric,) = found["MetricTransformations"]
    assert (metric["MetricNamespace"], metric["MetricName"]) in [
        (one["Namespace"], one["MetricName"]) for one in ALARMS.values()
    ]


def test_what_the_api_serves_is_throttled_and_logged_without_people() -> None:
    (api,) = of_type("AWS::Serverless::HttpApi").values()
    assert api["DefaultRouteSettings"]["ThrottlingRateLimit"]
    logged = json.loads(api["AccessLogSettings"]["Format"])
    assert {"$context.path", "$context.identity.sourceIp"} & set(logged.values()) == set()


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_an_alarm_tells_somebody_and_names_a_runbook_that_exists(alarm: str) -> None:
    assert ALARMS[alarm]["AlarmActions"] == [{"Ref": "Alarms"}]
    runbook = re.search(r"docs/runbooks/[a-z-]+\.md$", ALARMS[alarm]["AlarmDescription"])
    assert runbook
    assert (ROOT / runbook[0]).exists()


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_an_alarm_says_what_silence_means(alarm: str) -> None:
    assert ALARMS[alarm]["TreatMissingData"] in ("breaching", "notBreaching")


def test_the_flag_parameters_are_the_flags_with_their_safe_defaults() -> None:
    path = "/switchboard/${Stage}/flags/"
    deployed = {
        one["Name"]["Fn::Sub"].removeprefix(path): one["Value"]
        for one in of_type("AWS::SSM::Parameter").values()
        if one["Name"]["Fn::Sub"].startswith(path)
    }
    deployed.pop("TWILIO_PHONE_NUMBER")  # a fact for a backfill, not a flag
    defaults = Flags()
    assert deployed == {flag.name.upper(): str(getattr(defaults, flag.name)).lower() for flag in fields(Flags)}


def test_a_flag_is_literal_so_that_a_deployment_leaves_it_as_the_operator_set_it() -> None:
    for parameter in of_type("AWS::SSM::Parameter").values():
        if parameter["Name"]["Fn::Sub"].rpartition("/")[2].lower() in {flag.name for flag in fields(Flags)}:
            assert isinstance(parameter["Value"], str)


def test_every_function_is_given_exactly_the_settings() -> None:
    assert set(GLOBALS["Environment"]["Variables"]) - NOT_SETTINGS == set(VARIABLES)


def test_a_number_that_a_parameter_takes_is_one_that_the_settings_take() -> None:
    numbers = {
        name: TEMPLATE["Parameters"][value["Ref"]]
        for name, value in GLOBALS["Environment"]["Variables"].items()
        if isinstance(value, dict) and TEMPLATE["Parameters"].get(value.get("Ref"), {}).get("Type") == "Number"
    }
    assert set(numbers) == {"DATABASE_PORT", "BEFORE_IMAGE_DAYS", "NUMBERS_A_DAY"}
    for name, parameter in numbers.items():
        least, most = parameter["MinValue"], parameter["MaxValue"]
        taken = [getattr(read_settings({name: str(value)}), name.lower()) for value in (least, most)]
        assert taken == [least, most]
        for beyond in (least - 1, most + 1, 10**18):
            with pytest.raises(SettingsInvalid, match=f"{name}: a whole number from {least} to {most}"):
                read_settings({name: str(beyond)})


def test_no_secret_is_in_the_environment() -> None:
    for name in GLOBALS["Environment"]["Variables"]:
        assert not re.search(r"PASSWORD|TOKEN", name)
    assert GLOBALS["Environment"]["Variables"]["DATABASE_URL"] == ""


def test_the_dashboard_is_json_about_resources_that_exist() -> None:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    named = {name.partition(".")[0] for name in re.findall(r"\$\{([A-Za-z.:]+)\}", body)}
    assert named <= set(RESOURCES) | {"AWS::Region", "Stage"}
    assert json.loads(body)["widgets"]


def charted() -> set[str]:
    """The names of the product's own metrics on the dashboard."""
    body = json.loads(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    found: set[str] = set()
    for widget in body["widgets"]:
        namespace = ""
        for metric in widget["properties"]["metrics"]:
            names = [one for one in metric if isinstance(one, str)]
            namespace = names[0] if names and names[0] not in (".", "...") else namespace
            if namespace == "Switchboard/${Stage}" and len(names) > 1:
                found.add(names[1])
            expressions = [one["expression"] for one in metric if isinstance(one, dict) and "expression" in one]
            found |= {name for one in expressions for name in re.findall(r'MetricName="(\w+)"', one)}
    return found


def counted_in_logs() -> set[str]:
    """The names of the metrics that are made of log lines."""
    filters = of_type("AWS::Logs::MetricFilter").values()
    return {metric["MetricName"] for one in filters for metric in one["MetricTransformations"]}


def test_every_metric_of_ours_is_charted_and_every_chart_of_ours_has_its_metric() -> None:
    assert charted() == {*Metric, *counted_in_logs()}


def test_an_alarm_of_ours_watches_a_metric_that_there_is() -> None:
    watched = {one["MetricName"] for one in ALARMS.values() if one["Namespace"] == {"Fn::Sub": "Switchboard/${Stage}"}}
    assert watched <= {*Metric, *counted_in_logs()}


def test_every_metric_is_measured_somewhere() -> None:
    measured = {
        node.attr
        for path in python_files(PACKAGE / "services")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Metric"
    }
    assert measured == set(Metric.__members__)


def test_the_dashboard_shows_what_an_operator_looks_for() -> None:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = json.dumps([widget["properties"]["metrics"] for widget in json.loads(body)["widgets"]])
    for webhook in ("ReceiveText", "QueueText", "RecordStatus", "ChangeBooking"):
        assert f'"FunctionName", "${{{webhook}}}"' in shown or f'"...", "${{{webhook}}}"' in shown
    for wanted in ("ApproximateAgeOfOldestMessage", "p50", "p99", *Metric):
        assert wanted in shown


def test_the_layer_is_built_for_the_runtime_from_the_folder_that_holds_the_package() -> None:
    layer = RESOURCES["SharedLayer"]
    assert layer["Metadata"]["BuildMethod"] == GLOBALS["Runtime"]
    assert layer["Properties"]["ContentUri"] == "layers/shared/python"


def test_the_guide_says_how_many_connections_and_how_much_concurrency_it_takes() -> None:
    reserved = {
        name: function["ReservedConcurrentExecutions"]["Fn::If"][1]
        for name, function in FUNCTIONS.items()
        if "ReservedConcurrentExecutions" in function
    }
    connected = sum(many for name, many in reserved.items() if "VpcConfig" in FUNCTIONS[name])
    connected += sum(source["ScalingConfig"]["MaximumConcurrency"] for _, source in sources("SQS"))
    guide = (ROOT / "docs" / "deploy.md").read_text()
    assert f"{connected} connections" in guide
    assert f"{sum(reserved.values())} of reserved concurrency" in guide


def test_a_text_that_waits_outlives_the_stack() -> None:
    for queue in ("InboundQueue", "InboundDeadLetters"):
        assert RESOURCES[queue]["DeletionPolicy"] == RESOURCES[queue]["UpdateReplacePolicy"] == "Retain"


def test_the_outputs_are_the_addresses_that_the_command_sets() -> None:
    def path(output: str) -> str:
        base, rest = TEMPLATE["Outputs"][output]["Value"]["Fn::Join"][1]
        assert base == {"Fn::GetAtt": ["PublicBaseUrlParameter", "Value"]}
        return str(rest)

    wanted = wanted_addresses("")
    assert (path("TwilioInbound"), path("TwilioInboundFallback")) == (wanted.sms_url, wanted.sms_fallback_url)
    routes = {source["Path"] for _, source in sources("HttpApi")}
    assert {url.partition("#")[0] for url in (wanted.sms_url, wanted.sms_fallback_url)} <= routes


def test_the_pool_alarm_watches_what_housekeeping_measures() -> None:
    """A metric filter reads a line by its event and its key: either renamed, the alarm would be silent."""
    (metric,) = RESOURCES["KeepHousePool"]["Properties"]["MetricTransformations"]
    event = re.search(r'"(\w+)"', RESOURCES["KeepHousePool"]["Properties"]["FilterPattern"])
    assert event
    service = (ROOT / "layers/shared/python/switchboard/services/rest_numbers.py").read_text()
    assert f'logger.info("{event[1]}", ' in service
    assert f"{metric['MetricValue'].removeprefix('$.')}=" in service
    assert ALARMS["PoolLow"]["MetricName"] == metric["MetricName"]
    assert ALARMS["PoolLow"]["Threshold"] == {"Ref": "PoolLowWater"}
