"""The command line against a state machine that answers from memory."""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from switchboard import cli, cli_backfills
from switchboard.cli_machine import Machine, MachineMissing, machine_of

OUTPUT = {
    "runId": "run-1", "backfill": "lead-customers", "status": "completed", "counts": {}, "report": "[1/4] the report",
    "percent": 100.0, "rowsPerSecond": 1234, "secondsLeft": 61, "rowErrors": 0,
}  # fmt: skip


class States:
    """A Step Functions client: executions end as told, after a few looks."""

    def __init__(self) -> None:
        self.inputs: list[dict[str, Any]] = []
        self.fails_with: dict[str, str] | None = None
        self.failing: tuple[str, ...] = ()  # backfills whose status fails too
        self._looks = 0

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, str]:  # noqa: A002, N803  boto's
        """Notes the input; the names are the client's."""
        self.inputs.append(json.loads(input))
        return {"executionArn": str(len(self.inputs))}

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803  the client's name
        """RUNNING at the first look, then its end."""
        self._looks += 1
        if self._looks % 2:
            return {"status": "RUNNING"}
        asked = self.inputs[int(executionArn) - 1]
        if (self.fails_with and asked["action"] != "status") or asked["backfill"] in self.failing:
            return {"status": "FAILED", **(self.fails_with or {})}
        return {"status": "SUCCEEDED", "output": json.dumps(OUTPUT)}


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> States:
    found = States()
    monkeypatch.setattr(cli_backfills, "machine_of", lambda options: Machine(found, "arn", poll_s=0))
    return found


def test_without_apply_a_run_is_a_dry_run(states: States, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backfill", "run", "lead-customers"]) == 0
    assert states.inputs[0]["dryRun"] is True
    assert cli.main(["backfill", "run", "lead-customers", "--apply", "--as-of", "2025-01-15", "--verbose"]) == 0
    assert (states.inputs[1]["dryRun"], states.inputs[1]["asOf"], states.inputs[1]["verbose"]) == (
        False,
        "2025-01-15",
        True,
    )
    assert "[1/4] the report" in capsys.readouterr().out


def test_the_exit_status_is_0_only_for_succeeded(states: States, capsys: pytest.CaptureFixture[str]) -> None:
    states.fails_with = {"error": "VerifyFailed", "cause": json.dumps({"message": "a check", "runId": "run-1"})}
    assert cli.main(["backfill", "verify", "lead-customers"]) == 1
    told = capsys.readouterr()
    assert told.err == "VerifyFailed: a check\n"
    assert json.loads(told.out)["runId"] == "run-1"


@pytest.mark.parametrize("action", ["pause", "resume", "abort", "rollback"])
def test_an_action_on_a_run_finds_its_backfill(states: States, action: str) -> None:
    assert cli.main(["backfill", action, "run-1"]) == 0
    assert states.inputs[-1]["runId"] == "run-1"
    assert states.inputs[-1]["action"] == action
    assert states.inputs[-1]["backfill"] == states.inputs[0]["backfill"]


def test_a_rollback_carries_its_level(states: States) -> None:
    cli.main(["backfill", "rollback", "run-1", "--apply", "--level", "tables", "--force"])
    assert states.inputs[-1]["params"] == {"level": "tables", "force": True}
    assert states.inputs[-1]["dryRun"] is False


def test_watching_without_a_terminal_prints_plain_lines(states: States, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backfill", "run", "lead-customers", "--watch"]) == 0
    assert "100.0% 1,234 rows/s, 1:01 left, 0 row errors" in capsys.readouterr().out


def test_status_without_a_run_tells_of_every_backfill(states: States) -> None:
    assert cli.main(["backfill", "status"]) == 0
    assert {given["backfill"] for given in states.inputs} >= {"lead-customers"}
    assert all("runId" not in given for given in states.inputs)


def test_a_status_that_could_not_be_had_is_no_success(states: States, capsys: pytest.CaptureFixture[str]) -> None:
    states.failing = ("message-numbers",)
    states.fails_with = {"error": "InvalidInput", "cause": json.dumps({"message": "backfill: needs tables"})}
    assert cli.main(["backfill", "status"]) == 1
    told = capsys.readouterr()
    assert told.err == "message-numbers: InvalidInput: backfill: needs tables\n"
    assert len(told.out.splitlines()) == 2


def test_status_takes_a_backfills_name_for_its_newest_run(states: States) -> None:
    assert cli.main(["backfill", "status", "lead-customers"]) == 0
    assert [given["backfill"] for given in states.inputs] == ["lead-customers"]
    assert "runId" not in states.inputs[0]


def test_a_run_that_nobody_knows_is_named_beside_what_a_pipe_reads(
    states: States, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Machine, "backfill_of", lambda *_: None)
    assert cli.main(["backfill", "pause", "run-9"]) == 1
    told = capsys.readouterr()
    assert (told.out, "no backfill has a run run-9" in told.err) == ("", True)


def test_without_a_state_machine_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("STATE_MACHINE_ARN", "STAGE"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["backfill", "status", "--stack", str(tmp_path / "none.json")]) == 2
    assert "set STAGE, or start the local stack" in capsys.readouterr().err


def test_what_a_failure_says_is_printed_as_it_is(states: States, capsys: pytest.CaptureFixture[str]) -> None:
    states.fails_with = {"error": "RunFailed", "cause": json.dumps({"message": "[/red] a [bold]cause[/bold] [1/2]"})}
    assert cli.main(["backfill", "run", "lead-customers"]) == 1
    assert "RunFailed: [/red] a [bold]cause[/bold] [1/2]" in capsys.readouterr().err


def test_a_backfill_that_never_ran_says_so(
    states: States, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OUTPUT, "runId", None)
    assert cli.main(["backfill", "status"]) == 0
    assert "lead-customers: has not run yet" in capsys.readouterr().out.splitlines()


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An AWS account with the state machines of two stages; its client. STAGE names one of them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("STAGE", "production")
    monkeypatch.delenv("STATE_MACHINE_ARN", raising=False)
    with mock_aws():
        client = boto3.client("stepfunctions", region_name="us-east-1")
        for stage in ("staging", "production"):
            client.create_state_machine(
                name=f"switchboard-{stage}-backfill",
                definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
                roleArn="arn:aws:iam::123456789012:role/any",
            )
        yield client


def asked(*further: str, stack: Path) -> argparse.Namespace:
    """The options of a status."""
    return cli._parser().parse_args(["backfill", "status", "--stack", str(stack), *further])


def test_the_stage_says_which_state_machine_is_meant_and_never_the_local_one(production: Any, tmp_path: Path) -> None:
    stack = tmp_path / "stack.json"
    stack.write_text(json.dumps({"aws_endpoint_url": "http://127.0.0.1:9", "state_machine_arn": "arn:::us-east-1:l"}))
    assert machine_of(asked(stack=stack)).arn.endswith(":switchboard-production-backfill")
    assert machine_of(asked("--stage", "staging", stack=stack)).arn.endswith(":switchboard-staging-backfill")
    assert machine_of(asked("--stage", "local", stack=stack)).arn == "arn:::us-east-1:l"
    with pytest.raises(MachineMissing, match="no state machine switchboard-none-backfill"):
        machine_of(asked("--stage", "none", stack=stack))


def test_a_stage_that_is_asked_for_counts_more_than_an_arn_that_is_set(
    production: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:set")
    none = tmp_path / "none.json"
    assert machine_of(asked(stack=none)).arn.endswith(":set")
    assert machine_of(asked("--stage", "staging", stack=none)).arn.endswith(":switchboard-staging-backfill")
    assert machine_of(asked("--stage", "staging", "--state-machine", "given", stack=none)).arn == "given"


@pytest.mark.parametrize("arn", ["arn:aws:states:us-east-1:123456789012:stateMachine:backfill", "nonsense"])
def test_an_aws_that_is_away_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arn: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    told = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_MAX_ATTEMPTS": "1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}  # fmt: skip
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert cli.main(["backfill", "status", "--state-machine", arn]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert ("region" in line) == (arn == "nonsense")


def test_a_wrong_setting_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_PORT", "many")
    assert cli.main(["backfill", "status"]) == 2
    assert capsys.readouterr().err.startswith("settings are wrong: DATABASE_PORT")


def test_params_that_are_no_json_are_named(states: States, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["backfill", "run", "lead-customers", "--params", "{level"])
    assert "argument --params: JSON, like" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["", "numbers", "numbers webhooks", "numbers import", "sitter", "sitter leave", "backfill",
                "backfill run", "backfill rollback", "backfill status", "backfill verify"],
)  # fmt: skip
def test_help_says_what_each_command_and_option_is(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        cli.main([*command.split(), "--help"])
    lines = [line for line in capsys.readouterr().out.splitlines() if re.match(" {2,4}[a-zA-Z-]", line)]
    assert lines
    assert [line for line in lines if not re.fullmatch(r" +\S.*? {2,}\S.*[^`:,]", line)] == []
