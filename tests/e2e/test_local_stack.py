"""`make dev`'s promises: ready and its file, free ports, and nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pg8000.native
import pytest

from local.facts import ROOT
from local.players import Caller, eventually
from local.stack import Stack
from switchboard.store.connection import Address

KEYS = {
    "api_url", "public_base_url", "database_url", "twilio_url", "aws_endpoint_url", "state_machine_arn", "flags_path",
    "booking_secret", "twilio_auth_token", "twilio_account_sid", "owner_token",
}  # fmt: skip


class Dev:
    """A `python -m local dev` of a test's own, whose temporary folders go into the test's folder."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.file = folder / "stack.json"
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        folder.chmod(0o755)
        variables = {"PORT": "0", "STACK_FILE": str(self.file), "TMPDIR": str(self.temporary), **environ}
        inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "KEEP")}
        sources = os.pathsep.join((str(ROOT), str(ROOT / "layers" / "shared" / "python")))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", "dev"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=inherited | {"PYTHONPATH": sources} | variables,
        )  # fmt: skip

    def until_ready(self) -> dict[str, str]:
        """What its file says once it has printed `ready`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == "ready":
                found: dict[str, str] = json.loads(self.file.read_text())
                return found
        raise AssertionError("it ended without being ready")

    def family(self) -> set[int]:
        """The process and all those below it, by id."""
        found, parents = {self.process.pid}, living()
        while below := {child for child, parent in parents.items() if parent in found} - found:
            found |= below
        return found


def living() -> dict[int, int]:
    """The parent of each process that runs."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


@contextmanager
def dev(folder: Path, **environ: str) -> Iterator[Dev]:
    running = Dev(folder, **environ)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path that an unprivileged server may be let into."""
    with tempfile.TemporaryDirectory(prefix="switchboard-test-") as name:
        yield Path(name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_ready_and_after_a_signal_leaves_no_process_and_no_file(folder: Path, number: signal.Signals) -> None:
    with dev(folder) as running:
        found = running.until_ready()
        assert set(found) == KEYS
        family = running.family()
        assert len(family) > 4
        assert any(running.temporary.iterdir())
        running.process.send_signal(number)
        assert running.process.wait(30) == 0
        assert not running.file.exists()
        assert list(running.temporary.iterdir()) == []
        assert family & living().keys() == set()


def test_after_being_killed_nothing_of_it_runs_on(folder: Path) -> None:
    with dev(folder) as running:
        running.until_ready()
        family = running.family()
        running.process.kill()
        running.process.wait()
        assert eventually(lambda: not family & living().keys())
        assert eventually(lambda: not list(running.temporary.iterdir()))


def test_a_database_that_was_asked_to_be_kept_is_there_in_the_next_run(folder: Path) -> None:
    keep = folder / "kept"
    for seen_before in (0, 1):
        with dev(folder, KEEP=str(keep)) as running:
            url = running.until_ready()["database_url"]
            connection = pg8000.native.Connection(**Address.from_url(url).arguments())
            connection.run("CREATE TABLE IF NOT EXISTS ops.runs_seen (at timestamptz)")
            assert connection.run("SELECT count(*) FROM ops.runs_seen") == [[seen_before]]
            connection.run("INSERT INTO ops.runs_seen VALUES (now())")
            assert connection.run('SELECT count(*) FROM messaging."Organization"') == [[1]]
            connection.close()
            running.process.send_signal(signal.SIGTERM)
            running.process.wait(30)
    assert keep.is_dir()


def test_a_server_that_is_named_is_used_and_left_as_it_was(folder: Path, server_url: str) -> None:
    with dev(folder, DATABASE_URL=server_url) as running:
        url = running.until_ready()["database_url"]
        assert url != server_url
        assert url.rsplit("/", 1)[0] == server_url.rsplit("/", 1)[0]
        begins_with_one_organisation_and_its_numbers_and_nothing_else(url)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0
    name = url.rsplit("/", 1)[1]
    assert rows(server_url, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == [[0]]


def begins_with_one_organisation_and_its_numbers_and_nothing_else(url: str) -> None:
    assert rows(url, 'SELECT id, "ownerPhone", "bookingLink" FROM messaging."Organization"') == [
        ["default", "+15550109999", "https://book.example.test"]
    ]
    numbers = rows(
        url,
        """SELECT "numberClass", e164 FROM messaging."MessageNumber"
           WHERE status = 'active' AND "assignedSitterId" IS NULL ORDER BY e164""",
    )
    assert numbers == [
        ["front_desk", "+15550100000"],
        *(["pool", f"+1555010000{n}"] for n in (1, 2, 3)),
        *(["sitter", f"+1555010001{n}"] for n in (1, 2, 3, 4, 5)),
    ]
    assert rows(url, 'SELECT count(*) FROM messaging."MessageThread"') == [[0]]


def rows(url: str, statement: str) -> list[list[object]]:
    """What a database answers."""
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    try:
        return connection.run(statement) or []
    finally:
        connection.close()


def test_a_taken_port_is_said_in_one_line(folder: Path, stack: Stack) -> None:
    port = stack.addresses.api_url.rsplit(":", 1)[1]
    with dev(folder, PORT=port) as running:
        assert said_at_its_end(running) == (1, [f"port {port} is taken"])


@pytest.mark.parametrize("port", ["many", "-1", "65536"])
def test_a_port_that_is_none_is_said_in_one_line(folder: Path, port: str) -> None:
    with dev(folder, PORT=port) as running:
        assert said_at_its_end(running) == (1, ["PORT is a number between 0 and 65535"])


def test_a_folder_that_is_no_database_is_said(folder: Path) -> None:
    (folder / "kept").mkdir()
    (folder / "kept" / "PG_VERSION").write_text("0")
    with dev(folder, KEEP=str(folder / "kept")) as running:
        _, said = running.process.communicate(timeout=60)
        assert running.process.returncode == 1
        assert "The local stack cannot run: database: PostgreSQL did not start" in said


def said_at_its_end(running: Dev) -> tuple[int, list[str]]:
    """The exit status, and the reason in each line, cut at what it advises."""
    _, said = running.process.communicate(timeout=60)
    reasons = [line.removeprefix("The local stack cannot run: ") for line in said.splitlines()]
    return running.process.returncode, [reason.partition(":")[0] for reason in reasons]


def test_an_unknown_address_is_answered_as_api_gateway_does(stack: Stack) -> None:
    answer = Caller(stack.addresses.api_url).call("GET", "/webhooks/none")
    assert (answer.status, answer.json()) == (404, {"message": "Not Found"})


def test_a_body_over_ten_megabytes_is_refused_by_the_gateway(stack: Stack) -> None:
    head = f"POST /webhooks/booking HTTP/1.1\r\nhost: x\r\ncontent-length: {11 * 1024 * 1024}\r\n\r\n"
    assert said_to(stack, head).startswith("HTTP/1.1 413")


def said_to(stack: Stack, head: str) -> str:
    """The first bytes of the gateway's answer to raw bytes."""
    host, port = stack.addresses.api_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode())
        return connection.recv(1000).decode()
