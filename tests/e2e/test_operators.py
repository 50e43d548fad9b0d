"""The command as an operator types it, against a running stack."""

import pytest

from local.seed import FRONT_DESK
from local.stack import Stack
from switchboard import cli


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
