"""The local stack reads routes, queues and schedules from the deployment's own template."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.event_sources import Schedule
from local.lambdas import Lambdas
from local.template import Queue, QueueSource, Route, read_template

TEMPLATE = """
Globals:
  Function: {Timeout: 10, MemorySize: 512, Handler: handler.lambda_handler}
Resources:
  Inbound: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60,
    RedrivePolicy: {deadLetterTargetArn: !GetAtt InboundDead.Arn, maxReceiveCount: 5}}}
  InboundDead: {Type: AWS::SQS::Queue}
  Receive:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/receive_text/
      Timeout: !Ref Elsewhere
      Events:
        Open: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: post, Path: /in, Auth: {Authorizer: NONE}}}
        Closed: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: '/api/{id}', Auth: {Authorizer: Jwt}}}
        Each: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(2 hours)}}
        Texts:
          Type: SQS
          Properties: {Queue: !GetAtt Inbound.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures],
                       ScalingConfig: {MaximumConcurrency: 7}}
"""


def test_functions_queues_and_routes_are_read(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    found = read_template(file)
    (receive,) = found.functions
    assert (receive.name, receive.memory_mb, receive.scheduled) == ("receive_text", 512, True)
    assert receive.every_minutes == 120
    assert receive.routes == (Route("POST", "/in", open_to_all=True), Route("GET", "/api/{id}", open_to_all=False))
    assert receive.queues == (QueueSource("Inbound", 5, 7, reports_failures=True),)
    assert found.queues == (Queue("Inbound", 60, "InboundDead", 5), Queue("InboundDead", 30, None, None))


def test_a_timer_that_is_no_rate_is_not_taken_for_one(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE.replace("rate(2 hours)", "'cron(0 9 * * ? *)'"))
    with pytest.raises(ValueError, match="not a rate"):
        read_template(file)


def test_each_function_has_its_round_in_its_own_minutes(tmp_path: Path) -> None:
    timers = {"keep_house": 1, "reconcile_texts": 1_440}
    schedule = Schedule(Lambdas([], root=tmp_path), timers, every_s=60, now=lambda: datetime(2025, 1, 15, tzinfo=UTC))
    assert [schedule.due(minute) for minute in (1, 1_439, 1_440)] == [["keep_house"], ["keep_house"], list(timers)]
