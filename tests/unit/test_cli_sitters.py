"""`switchboard sitter` against a function that answers from memory."""

from typing import Any

import pytest

from switchboard import cli
from tests.unit.test_cli_numbers import Lambda, deployed

__all__ = ["deployed"]
LEFT: dict[str, Any] = {
    "orgId": "default", "sitterId": "sam", "active": False, "threads": 2, "windows": 3, "number": "+15550100011",
    "wasInUse": True, "frontDeskMissing": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "sam is out: 2 threads to the owner, 3 windows closed\n+15550100011 rests\n"),
        ({"number": None}, "no number was theirs"),
        ({"frontDeskMissing": True}, "there is no front desk number"),
    ],
)
def test_leaving_says_what_was_taken_away(
    deployed: Lambda, capsys: pytest.CaptureFixture[str], change: dict[str, Any], said: str
) -> None:
    deployed.answer = LEFT | change
    assert cli.main(["sitter", "leave", "sam", "--org", "paws"]) == 0
    assert said in capsys.readouterr().err
    assert deployed.calls == [
        ("switchboard-local-offboard-sitter", {"sitterId": "sam", "orgId": "paws", "active": False})
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"number": "+15550100011", "wasAway": True}, "sam is back: +15550100011 is theirs again"),
        ({"number": None, "wasAway": True}, "they get a number with the next booking"),
        ({"number": None, "wasAway": False}, "sam was not away"),
    ],
)
def test_returning_says_what_was_given_back(
    deployed: Lambda, capsys: pytest.CaptureFixture[str], answer: dict[str, Any], said: str
) -> None:
    deployed.answer = {"sitterId": "sam"} | answer
    assert cli.main(["sitter", "return", "sam"]) == 0
    assert said in capsys.readouterr().err
    assert deployed.calls[0][1] == {"sitterId": "sam", "active": True}


def test_somebody_whom_nobody_knows_is_a_failure(deployed: Lambda, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.error, deployed.answer = "Unhandled", {"errorType": "NotFound", "errorMessage": "nothing with this id"}
    assert cli.main(["sitter", "leave", "nobody"]) == 1
    assert "NotFound" in capsys.readouterr().err
