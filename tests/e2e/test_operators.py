"""The command as an operator types it, against a running stack."""

import pytest

from local.seed import FRONT_DESK
from local.stack import Stack
from switchboard import cli
from tests.e2e.town import Town


def run(stack: Stack, *words: str) -> int:
    return cli.main([*words, "--stack", str(stack.options.file)])


def test_the_accounts_numbers_are_pointed_here_by_command_and_drift_is_told(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stack, "numbers", "webhooks") == 3
    assert f"drift\t{FRONT_DESK}\tSmsUrl\t" in capsys.readouterr().out
    assert run(stack, "numbers", "webhooks", "--apply") == 0
    assert run(stack, "numbers", "webhooks") == 0
    assert run(stack, "numbers", "import") == 0
    assert f"known\t{FRONT_DESK}\tfront_desk\tactive" in capsys.readouterr().out


def test_what_a_function_refuses_reaches_the_terminal(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(stack, "numbers", "import", "--org", "nobody") == 1
    assert capsys.readouterr().err == "InvalidRequest: invalid: orgId\n"


def test_a_sitter_is_sent_away_by_command(stack: Stack, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    jane, sam = town.person("Jane", "Doe"), town.person("Sam", "Lee")
    thread_id = town.booking(jane, sam).json()["threadId"]
    number = town.number_of(thread_id)
    assert run(stack, "sitter", "leave", sam.id, "--org", town.org_id) == 0
    assert capsys.readouterr().err == f"{sam.id} is out: 1 thread to the owner, 1 window closed\n{number} rests\n"
    assert town.number_of(thread_id) == town.front_desk
    assert run(stack, "sitter", "return", sam.id, "--org", town.org_id) == 0
    assert run(stack, "sitter", "leave", sam.id) == 1
