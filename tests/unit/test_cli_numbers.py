"""`switchboard numbers` against functions that answer from memory."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from switchboard import cli
from switchboard.cli_functions import Functions

CHANGE = {"field": "SmsUrl", "found": "https://old\t\x1b[31m", "wanted": "https://new"}
DRIFT = {"number": "+15550100000", "sid": "PN1", "outcome": "drift", "applicationSid": None, "changes": [CHANGE]}
KNOWN = {"number": "+15550100000", "sid": "PN1", "class": "front_desk", "status": "active", "outcome": "known"}
POINTED: dict[str, Any] = {"applied": False, "numbers": 1, "cannotText": 0, "drift": [], "notInAccount": []}
IMPORTED: dict[str, Any] = {
    "applied": False, "orgId": "default", "numbers": [], "cannotText": 0, "notInAccount": [], "lostAtTwilio": [],
    "hasFrontDesk": True,
}  # fmt: skip


class Lambda:
    """A Lambda client: every function answers the same."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] = {}
        self.error: str | None = None
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803  boto's names
        """Notes the call."""
        self.calls.append((FunctionName, json.loads(Payload)))
        answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(self.answer).encode())}
        return answer | ({"FunctionError": self.error} if self.error else {})


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Lambda:
    found = Lambda()
    monkeypatch.setattr(cli, "functions_of", lambda options: Functions(found, options.stage or "local"))
    return found


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 0),
        ({"drift": [DRIFT]}, 3),
        ({"applied": True, "drift": [DRIFT | {"outcome": "set"}]}, 0),
        ({"applied": True, "drift": [DRIFT | {"outcome": "set"}, DRIFT | {"outcome": "refused 20429"}]}, 1),
        ({"applied": True, "drift": [DRIFT | {"outcome": "application", "applicationSid": "AP1"}]}, 1),
        ({"notInAccount": ["+15550100001"]}, 1),
    ],
)
def test_the_exit_status_of_webhooks_tells_drift_from_what_could_not_be_done(
    deployed: Lambda, change: dict[str, Any], status: int
) -> None:
    deployed.answer = POINTED | change
    assert cli.main(["numbers", "webhooks"]) == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"numbers": [KNOWN]}, 0),
        ({"numbers": [KNOWN, KNOWN | {"outcome": "imported"}]}, 3),
        ({"numbers": [KNOWN | {"outcome": "imported"}], "applied": True}, 0),
        ({"numbers": [KNOWN | {"outcome": "refused"}], "applied": True}, 1),
        ({"notInAccount": ["+15550100001"], "applied": True}, 1),
        ({"numbers": [KNOWN], "hasFrontDesk": False}, 1),
        ({"numbers": [KNOWN | {"outcome": "imported"}], "applied": True, "hasFrontDesk": False}, 1),
        ({"numbers": [KNOWN], "lostAtTwilio": ["+15550100001"]}, 1),
    ],
)
def test_the_exit_status_of_import_tells_what_is_new_from_what_could_not_be_done(
    deployed: Lambda, change: dict[str, Any], status: int
) -> None:
    deployed.answer = IMPORTED | change
    assert cli.main(["numbers", "import"]) == status


def test_a_pipe_reads_a_line_for_each_field_and_nothing_that_steers_a_terminal(
    deployed: Lambda, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.answer = POINTED | {"drift": [DRIFT]}
    cli.main(["numbers", "webhooks"])
    read = capsys.readouterr()
    assert read.out == "drift\t+15550100000\tSmsUrl\thttps://old??[31m\thttps://new\n"
    assert "--apply" in read.err


def test_a_person_reads_a_table(deployed: Lambda, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    deployed.answer = POINTED | {"drift": [DRIFT]}
    cli.main(["numbers", "webhooks"])
    read = capsys.readouterr().out
    assert "│ drift" in read
    assert "\t" not in read
    assert "old??[31m" in read


def test_what_is_asked_is_what_the_function_is_told(deployed: Lambda) -> None:
    deployed.answer = POINTED
    cli.main(["numbers", "webhooks", "--apply", "--number", "+15550100000", "--stage", "production"])
    deployed.answer = IMPORTED
    cli.main(["numbers", "import", "--org", "paws", "--class", "pool"])
    assert deployed.calls == [
        ("switchboard-production-point-numbers", {"apply": True, "numbers": ["+15550100000"]}),
        ("switchboard-local-import-numbers", {"apply": False, "orgId": "paws", "class": "pool"}),
    ]


def test_what_the_function_raises_is_said_in_one_line(deployed: Lambda, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.error, deployed.answer = (
        "Unhandled",
        {"errorType": "TwilioUnavailable", "errorMessage": "no [credentials]"},
    )
    assert cli.main(["numbers", "import"]) == 1
    assert capsys.readouterr().err == "TwilioUnavailable: no [credentials]\n"


def test_without_a_deployment_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STAGE", raising=False)
    assert cli.main(["numbers", "webhooks", "--stack", str(tmp_path / "none.json")]) == 2
    assert "--stage" in capsys.readouterr().err


def test_aws_without_a_region_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert cli.main(["numbers", "webhooks", "--stage", "production"]) == 1
    assert "region" in capsys.readouterr().err


def test_the_region_is_taken_where_the_guide_sets_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    assert cli.main(["numbers", "webhooks", "--stage", "production"]) == 1
    assert "switchboard-production-point-numbers was not reached" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["5550100000", "+0555", "+1555\n"])
def test_a_number_that_is_none_is_refused_before_anything_is_called(deployed: Lambda, number: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["numbers", "webhooks", "--number", number])
    assert deployed.calls == []
