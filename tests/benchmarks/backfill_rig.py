"""Backfills against the best hand-written SQL on the same server: databases, the state machine, a slice's memory."""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pg8000.native

from local.facts import REGION, ROOT
from local.postgres import PostgresServer
from local.seed import prepare_database
from switchboard import runtime
from switchboard.backfills.control import status
from switchboard.backfills.input import read_input
from switchboard.store.connection import Address
from switchboard.store.database import Database
from switchboard.store.session import Call, Session
from switchboard.store.statements import Schemas
from tests.backfill_desk import Desk
from tests.backfill_machine import Machine, machine
from tests.benchmarks.figures import Figure
from tests.conftest import connector_to

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


# The longest that a transaction which writes has been open; index builds are exempt.
_OPEN_FOR = """
SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND query NOT LIKE 'CREATE INDEX CONCURRENTLY%'
"""
_LOOK_EVERY_S = 0.05
_PER_SLICE = ("backfill.lease_lane", "backfill.run", "backfill.leave_lane")
_PER_TRANSACTION = ("BEGIN", "SELECT WHERE", "COMMIT")
BATCHES_OF_A_LARGE_RUN = 20_000  # 50 million rows through four steps


@dataclass(frozen=True, slots=True)
class Taken:
    """A whole execution: its seconds, its output, and the longest that one of its writing transactions was open."""

    seconds: float
    output: dict[str, Any]
    longest_s: float


class BackfillRig:
    """One server; each database is a copy of one that a file of SQL has filled."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._filled: dict[tuple[str, int], str] = {}

    @contextmanager
    def database(self, data: str, *, rows: int) -> Iterator[tuple[str, pg8000.native.Connection]]:
        """The URL of a new database with the data, vacuumed and analysed, and a connection to it."""
        filled = self._filled.get((data, rows)) or self._fill(data, rows)
        name = f"measured_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {filled} STRATEGY file_copy", "CHECKPOINT")
        try:
            with _connected(self._server.url(name)) as connection:
                yield self._server.url(name), connection
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _fill(self, data: str, rows: int) -> str:
        name = f"filled_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name}")
        prepare_database(self._server.url(name), schemas=Schemas(), now=runtime.now(), new_id=runtime.new_id)
        with _connected(self._server.url(name)) as connection:
            for statement in (SQL / data).read_text(encoding="utf-8").replace(":rows", str(rows)).split(";\n"):
                connection.run(statement)
            connection.run("VACUUM ANALYZE")
        self._filled[data, rows] = name
        return name

    def _run(self, *statements: str) -> None:
        with _connected(self._server.url()) as connection:
            for statement in statements:
                connection.run(statement)

    def floor(self, connection: pg8000.native.Connection, script: str) -> float:
        """The seconds that a file's statements take in one transaction."""
        began = time.perf_counter()
        connection.run("BEGIN")
        for statement in (SQL / script).read_text(encoding="utf-8").split(";\n"):
            connection.run(statement)
        connection.run("COMMIT")
        return time.perf_counter() - began

    def through_the_machine(self, url: str, backfill: str, *, slowly: bool = False, **fields: Any) -> Taken:
        """A whole execution; `slowly`: each statement takes a millisecond more."""
        with self._address(url, slowly=slowly) as address, _pointed_at(address), machine() as states:
            with _longest_transaction(url) as longest:
                seconds, output = _timed(states, backfill, fields)
            return Taken(seconds, output, longest[0])

    def row_by_row(self, url: str, work: Callable[[pg8000.native.Connection], None], *, slowly: bool = False) -> float:
        """The seconds that statements row by row take, each committed by itself."""
        with self._address(url, slowly=slowly) as address, _connected(address) as connection:
            began = time.perf_counter()
            work(connection)
            return time.perf_counter() - began

    @contextmanager
    def _address(self, url: str, *, slowly: bool) -> Iterator[str]:
        if not slowly:
            yield url
            return
        relay = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.relay", str(self._server.port)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        try:
            assert relay.stdout is not None
            yield url.replace(f":{self._server.port}/", f":{relay.stdout.readline().strip()}/")
        finally:
            relay.terminate()
            relay.wait()

    def statements_for_a_batch(self, url: str, backfill: str, *, batch_size: int, **fields: Any) -> tuple[int, int]:
        """The most statements that a batch of a real run needed, and the rows of its largest batch."""
        database = Database(connector_to(url))
        spoken = [0]
        most = [0]
        plainly = Session._step

        def counted(session: Session, step: Call | str) -> Any:
            if isinstance(step, Call):
                spoken[0] += step.name not in _PER_SLICE and not step.name.startswith(_PER_TRANSACTION)
                if step.name == "backfill.close_batch":
                    most[0], spoken[0] = max(most[0], spoken[0]), 0
                elif step.name == "backfill.open_lanes":  # between two steps
                    spoken[0] = 0
            return plainly(session, step)

        with mock.patch.object(Session, "_step", counted):
            Desk(database).output(backfill, dryRun=False, batchSize=batch_size, lanes=1, **fields)
        database.close()
        with _connected(url) as connection:
            [[rows]] = connection.run("SELECT max(scanned) FROM ops.backfill_batch")
        return most[0], rows

    def slice_memory(self, url: str, backfill: str, *, lanes: int = 1) -> float:
        """The peak memory, in MB, of a process that works through all slices of a real run."""
        with _pointed_at(url), machine() as states:
            peaks: list[float] = []

            def elsewhere(name: str, event: dict[str, Any], number: int) -> None:
                if name == "work_backfill":
                    peaks.append(_slice_in_a_process(url, event))

            states.lambdas.before = elsewhere
            _timed(states, backfill, {"concurrency": 1, "lanes": lanes, "dryRun": False})
        return max(peaks)


def _timed(states: Machine, backfill: str, fields: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    ended = states.wait(states.start(backfill, **fields), at_most_s=3_600, look_every_s=0.2)
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


def memory(rig: BackfillRig, backfill: str, data: str, *, sizes: tuple[int, int], lanes: int = 1) -> list[Figure]:
    """Peak memory of a slice on a small and on a large table."""
    peaks = []
    for rows in sizes:
        with rig.database(data, rows=rows) as (url, _):
            peaks.append(rig.slice_memory(url, backfill, lanes=lanes))
    small, large = peaks
    note = f"{small:.0f} MB at {sizes[0]:,} rows, {large:.0f} MB at {sizes[1]:,}; real runs"
    return [
        Figure(f"{backfill}: peak memory of a slice", max(peaks), 150.0, unit="MB", note=note),
        Figure(f"{backfill}: memory, large ÷ small", large / small, 1.2, note=note),
    ]


def statements(rig: BackfillRig, backfill: str, data: str, **fields: Any) -> Figure:
    """Statements for a batch, large against small."""
    most = []
    for batch_size in (50, 20_000):
        with rig.database(data, rows=5_000) as (url, _):
            most.append(rig.statements_for_a_batch(url, backfill, batch_size=batch_size, **fields))
    (few, rows), (many, more_rows) = most
    note = f"{few} in batches of up to {rows:,} rows, {many} of up to {more_rows:,}"
    return Figure(f"{backfill}: statements for a batch, large ÷ small", many / few, 1.0, note=note)


def status_time(url: str, backfill: str) -> Figure:
    """How long status takes, on a run with as many batches in its ledger as 50 million rows make."""
    with _connected(url) as connection:
        connection.run(
            "INSERT INTO ops.backfill_batch (run_number, step, lane, batch, step_key, scanned, counts, took_ms, at)"
            " SELECT run_number, step, lane, 1000000 + n, step_key, scanned, counts, took_ms, at"
            " FROM (SELECT * FROM ops.backfill_batch ORDER BY step, lane, batch LIMIT 1) AS b"
            " CROSS JOIN generate_series(1, :n) AS n",
            n=BATCHES_OF_A_LARGE_RUN,
        )
    database = Database(connector_to(url))
    request, definition = read_input({"backfill": backfill, "action": "status"})
    taken = []
    for _ in range(6):  # the first one warms up
        began = time.perf_counter()
        status(request, definition, database=database, now=runtime.now())
        taken.append(time.perf_counter() - began)
    database.close()
    note = f"the slowest of {len(taken) - 1}, warm, {BATCHES_OF_A_LARGE_RUN:,} batches in the ledger"
    return Figure(f"{backfill}: status", max(taken[1:]) * 1000, 50.0, unit="ms", note=note)


@contextmanager
def _longest_transaction(url: str) -> Iterator[list[float]]:
    longest, over = [0.0], threading.Event()

    def look() -> None:
        with _connected(url) as connection:
            while not over.wait(_LOOK_EVERY_S):
                [[seconds]] = connection.run(_OPEN_FOR)
                longest[0] = max(longest[0], float(seconds or 0))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield longest
    finally:
        over.set()
        looking.join()


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
