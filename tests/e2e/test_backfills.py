"""Backfills on the running local stack: the command, the machine, the functions and the books together."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from local.aws import client
from local.facts import ROOT
from local.players import eventually
from local.stack import Stack
from switchboard.cli_machine import Machine
from tests.e2e.conftest import town_on
from tests.e2e.town import Town

LEADS = 400
COMMAND = "import sys; from switchboard.cli import main; sys.exit(main())"


@pytest.fixture
def town(fragile: Stack) -> Town:
    """A way to look into its database, without leads: backfills work on whole tables."""
    found = town_on(fragile)
    found.sql(
        'TRUNCATE intake."Lead", intake."Job", intake."Customer", intake."CustomerAddress", intake."Audit" CASCADE'
    )
    return found


@pytest.fixture
def machine(fragile: Stack) -> Machine:
    addresses = fragile.addresses
    return Machine(client("stepfunctions", addresses.aws_endpoint_url), addresses.state_machine_arn, poll_s=0.05)


def command(stack: Stack, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`switchboard backfill …` in a process of its own."""
    addresses = stack.addresses
    file = folder / "stack.json"
    known = {"aws_endpoint_url": addresses.aws_endpoint_url, "state_machine_arn": addresses.state_machine_arn}
    file.write_text(json.dumps(known))
    environ = {name: value for name, value in os.environ.items() if name != "STATE_MACHINE_ARN"}
    return subprocess.run(
        [sys.executable, "-c", COMMAND, "backfill", *words, "--stack", str(file)],
        env=environ | {"PYTHONPATH": str(ROOT / "layers" / "shared" / "python"), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def add_leads(town: Town) -> None:
    town.sql(
        """INSERT INTO intake."Lead" (channel, "messengerPsid", name)
           SELECT 'sms', 'p' || n % 90, 'N' || n FROM generate_series(1, cast(:leads AS integer)) AS n""",
        leads=LEADS,
    )


def test_the_command_tries_does_and_undoes_a_backfill(fragile: Stack, town: Town, tmp_path: Path) -> None:
    add_leads(town)
    tried = command(fragile, tmp_path, "run", "lead-customers")
    assert (tried.returncode, "🔍 DRY RUN COMPLETE" in tried.stdout) == (0, True), tried
    assert town.sql('SELECT count(*) FROM intake."Customer"') == [[0]]
    done = command(fragile, tmp_path, "run", "lead-customers", "--apply", "--watch")
    assert (done.returncode, "✅ BACKFILL COMPLETE" in done.stdout) == (0, True), done
    run = done.stdout.splitlines()[-1].split()[1].rstrip(":")
    assert town.sql('SELECT count(customer_id) FROM intake."Lead"') == [[LEADS]]
    assert command(fragile, tmp_path, "verify", "lead-customers").returncode == 0
    status = command(fragile, tmp_path, "status", run)
    assert (status.returncode, "completed 100.0%" in status.stdout) == (0, True), status
    undone = command(fragile, tmp_path, "rollback", run, "--apply")
    assert undone.returncode == 0, undone
    assert town.sql('SELECT count(customer_id) FROM intake."Lead"') == [[0]]


def test_the_command_fails_where_the_execution_does(fragile: Stack, tmp_path: Path) -> None:
    refused = command(fragile, tmp_path, "run", "lead-customers", "--lanes", "0")
    assert refused.returncode == 1
    assert "InvalidInput" in refused.stderr
    assert command(fragile, tmp_path, "pause", "nobody").returncode == 1


def test_functions_that_are_killed_while_a_run_works_only_cost_time(
    fragile: Stack, town: Town, machine: Machine
) -> None:
    add_leads(town)
    arn = machine.start(backfill="lead-customers", dryRun=False, batchSize=20, lanes=2)
    for step in (2, 4):
        eventually(partial(_has_reached, town, step), within_s=60)
        fragile.functions.kill()
    done = machine.wait(arn)
    assert done.succeeded, done
    assert done.output["counts"]["Leads linked"] == LEADS
    assert town.sql('SELECT count(customer_id) FROM intake."Lead"') == [[LEADS]]
    assert town.sql("SELECT count(*) FROM intake.\"Audit\" WHERE action = 'backfill_customers'") == [[1]]


def _has_reached(town: Town, step: int) -> bool:
    return town.sql("SELECT max(step) >= :step FROM ops.backfill_run WHERE state = 'running'", step=step) == [[True]]
