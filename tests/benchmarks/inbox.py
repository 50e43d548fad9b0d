"""The owner's list: a page of 50 threads of very many, against the same page of few."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pg8000.native

from local.postgres import PostgresServer
from local.seed import prepare_database
from switchboard import runtime
from switchboard.services.read_inbox import list_threads
from switchboard.store.connection import Address, Connector
from switchboard.store.database import Database
from switchboard.store.inbox import ThreadPlace
from switchboard.store.statements import Schemas
from tests.benchmarks.figures import Figure, Prepare, milliseconds, side_by_side
from tests.builders import NOON

FEW, MANY, TIMES_FEW, PAGE = 1_000, 100_000, 2.0, 50
DATA = Path(__file__).parent / "sql" / "inbox_data.sql"


def measure(full: bool) -> list[Figure]:
    """The first page, and one in the middle."""
    with PostgresServer() as server:
        few, many = (_database(server, threads) for threads in (FEW, MANY))
        times = 600 if full else 200
        return [
            _figure("the first page", _page(few, None), _page(many, None), times=times),
            _figure("a page in the middle", _page(few, _middle(FEW)), _page(many, _middle(MANY)), times=times),
        ]


def _figure(what: str, few: Prepare, many: Prepare, *, times: int) -> Figure:
    medians = side_by_side(many, few, times=times)
    note = f"{what}, {milliseconds(medians)}"
    return Figure(
        f"inbox: {PAGE} of {MANY:,} threads to {PAGE} of {FEW:,}", medians[0] / medians[1], TIMES_FEW, note=note
    )


def _middle(threads: int) -> ThreadPlace:
    return ThreadPlace(NOON - timedelta(minutes=threads // 2), "")


def _page(database: Database, after: ThreadPlace | None) -> Prepare:
    def read() -> object:
        found, _ = list_threads(org_id="bench", after=after, limit=PAGE, database=database, now=NOON)
        assert len(found) == PAGE
        return found

    def prepare() -> Callable[[], object]:
        return read

    return prepare


def _database(server: PostgresServer, threads: int) -> Database:
    name = f"inbox_{threads}"
    _run(server.url(), f"CREATE DATABASE {name}")
    url = server.url(name)
    prepare_database(url, schemas=Schemas(), now=runtime.now(), new_id=runtime.new_id)
    _run(url, *DATA.read_text().format(threads=threads).split(";\n"), "VACUUM ANALYZE")
    return Database(Connector(lambda _fresh: Address.from_url(url)))


def _run(url: str, *statements: str) -> None:
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    try:
        for statement in statements:
            if statement.strip():
                connection.run(statement)
    finally:
        connection.close()
