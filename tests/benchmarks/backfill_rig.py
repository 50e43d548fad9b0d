"""Backfills against the best hand-written SQL on the same server: databases, the state machine, a slice's memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pg8000.native

from local.facts import REGION, ROOT
from local.postgres import PostgresServer
from local.seed import prepare_database
from switchboard import runtime
from switchboard.store.connection import Address
from switchboard.store.statements import Schemas
from tests.backfill_machine import Machine, machine

SQL = Path(__file__).parent / "sql"
# As durable as a real server: a commit is on disk when it is answered.
_DURABLE = (
    "shared_buffers=256MB", "max_wal_size=4GB", "max_connections=100", "log_min_messages=warning",
    "unix_socket_directories=",
)  # fmt: skip
_SLICES = r"""
import json, re, sys, time
from pathlib import Path
from switchboard import runtime
from switchboard.backfills.lanes import Clock, Tools
from switchboard.backfills.slices import work_slice
clock = Clock(runtime.now, time.monotonic, time.sleep, runtime.fraction)
tools = Tools(runtime.backfill_database(), clock)
for lane in json.loads(sys.argv[3]):
    while work_slice(run_number=int(sys.argv[1]), step=int(sys.argv[2]), lane=lane, tools=tools)["again"]:
        pass
print(int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


class BackfillRig:
    """One server; each database is filled anew by a file of SQL."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._made = 0

    def database(self, data: str, **values: int) -> tuple[str, pg8000.native.Connection]:
        """The URL of a new database with the data, vacuumed and analysed, and a connection to it."""
        self._made += 1
        name = f"measured_{self._made}"
        with _connected(self._server.url()) as connection:
            connection.run(f"CREATE DATABASE {name}")
        url = self._server.url(name)
        prepare_database(url, schemas=Schemas(), now=runtime.now(), new_id=runtime.new_id)
        connection = pg8000.native.Connection(**Address.from_url(url).arguments())
        script = (SQL / data).read_text(encoding="utf-8")
        for label, value in values.items():
            script = script.replace(f":{label}", str(value))
        for statement in script.split(";\n"):
            connection.run(statement)
        connection.run("VACUUM ANALYZE")
        return url, connection

    def floor(self, connection: pg8000.native.Connection, script: str) -> float:
        """The seconds that a file's statements take in one transaction."""
        began = time.perf_counter()
        connection.run("BEGIN")
        for statement in (SQL / script).read_text(encoding="utf-8").split(";\n"):
            connection.run(statement)
        connection.run("COMMIT")
        return time.perf_counter() - began

    def through_the_machine(self, url: str, backfill: str, **fields: Any) -> tuple[float, dict[str, Any]]:
        """The seconds and the output of a whole execution."""
        with _pointed_at(url), machine() as states:
            return _timed(states, backfill, fields)

    def slice_memory(self, url: str, backfill: str, *, lanes: int = 1) -> float:
        """The peak memory, in MB, of a process that works through all slices of a dry run."""
        with _pointed_at(url), machine() as states:
            peaks: list[float] = []

            def elsewhere(name: str, event: dict[str, Any], number: int) -> None:
                if name == "work_backfill":
                    peaks.append(_slice_in_a_process(url, event))

            states.lambdas.before = elsewhere
            _timed(states, backfill, {"concurrency": 1, "lanes": lanes})
        return max(peaks)


def _timed(states: Machine, backfill: str, fields: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    ended = states.wait(states.start(backfill, **fields), at_most_s=3_600)
    seconds = time.perf_counter() - began
    if ended.status != "SUCCEEDED":
        raise RuntimeError(f"{backfill} ended {ended.error}: {ended.cause}")
    return seconds, ended.output


def _slice_in_a_process(url: str, event: dict[str, Any]) -> float:
    numbers = [str(event["run"]), str(event["step"]), json.dumps([event["lane"]])]
    environ = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT / "layers" / "shared" / "python")}
    done = subprocess.run(
        [sys.executable, "-c", _SLICES, *numbers],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=1_800,
    )
    return float(done.stdout.splitlines()[-1])


@contextmanager
def backfill_rig() -> Iterator[BackfillRig]:
    """A server of its own."""
    with PostgresServer(settings=_DURABLE) as server:
        yield BackfillRig(server)


@contextmanager
def _connected(url: str) -> Iterator[pg8000.native.Connection]:
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _pointed_at(url: str) -> Iterator[None]:
    variables = {
        "DATABASE_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    runtime.forget()
    with mock.patch.dict(os.environ, variables):
        yield
    runtime.forget()
