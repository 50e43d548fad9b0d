"""What every test may ask for: a real PostgreSQL server per worker, and a fresh database in a moment."""

import gc
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pg8000.exceptions
import pg8000.native
import pytest

from local.postgres import PostgresServer
from switchboard.store.connection import Address, Connector
from switchboard.store.database import Database, Limits
from switchboard.store.revisions import upgrade
from switchboard.store.statements import Schemas

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "migrations" / "schema"
LENDING = Path(__file__).parent / "lending.sql"
PATIENCE = Limits(statement_ms=60_000, lock_ms=60_000, idle_ms=60_000)
_numbers = itertools.count(1)
# The collector's default makes it look through thousands of collected tests over and over: a fifth of the suite's time.
gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: the tests of outages mostly wait."""
    return len(os.sched_getaffinity(0)) + 1 if sys.platform == "linux" else (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What was collected lives to the end: the collector need not look at it again."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True, slots=True)
class Lent:
    """A database that one test has at a time, and a session in it that no test has."""

    url: str
    watch: pg8000.native.Connection

    def is_restored(self) -> bool:
        """Takes away all that a test has written; False where it changed more than rows."""
        try:
            [[restored]] = self.watch.run("SELECT lending.restore()")
        except (pg8000.exceptions.Error, OSError):  # a test has ended all sessions
            return False
        return bool(restored)

    def leave(self) -> None:
        """Ends the session, unless a test has."""
        with suppress(pg8000.exceptions.Error, OSError):
            self.watch.close()


def connector_to(url: str) -> Connector:
    """Opens connections to the database at a URL."""
    return Connector(lambda fresh: Address.from_url(url))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a server's maintenance database: the embedded server's, or DATABASE_URL's."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with PostgresServer(small=True) as server:
        yield server.url()


@pytest.fixture(scope="session")
def template_url(server_url: str) -> str:
    """A database with all schema revisions, to be copied."""
    url = create_database(server_url, f"template_{os.getpid()}")
    upgrade(connector_to(url), folder=MIGRATIONS, schemas=Schemas(), default_org_id="default")
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    connection.run(LENDING.read_text())
    connection.close()
    return url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A new database without any schema."""
    name = _new_name()
    yield create_database(server_url, name)
    _drop(server_url, name)


@pytest.fixture(scope="session")
def shelf(server_url: str, template_url: str) -> Iterator[list[Lent]]:
    """Databases that have been given back as they were."""
    shelf: list[Lent] = []
    yield shelf
    for lent in shelf:
        lent.leave()


@pytest.fixture
def database_url(server_url: str, template_url: str, shelf: list[Lent]) -> Iterator[str]:
    """A database with all schema revisions and no rows: a new one, or one that no test has left a trace in."""
    yield from _lent(server_url, template_url, shelf)


@pytest.fixture
def other_database_url(server_url: str, template_url: str, shelf: list[Lent]) -> Iterator[str]:
    """A second such database, for a test that compares two worlds."""
    yield from _lent(server_url, template_url, shelf)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The store's way to the test's own database, with the patience that a busy machine needs."""
    database = Database(connector_to(database_url), limits=PATIENCE)
    yield database
    database.close()


@pytest.fixture
def sql(database_url: str) -> Iterator[Callable[..., list[list[object]]]]:
    """Runs a statement on the test's own database, in autocommit: to arrange rows and to look at them."""
    connection = pg8000.native.Connection(**Address.from_url(database_url).arguments())
    connection.run("SET TIME ZONE 'UTC'")
    yield connection.run
    connection.close()


def create_database(server_url: str, name: str, template: str | None = None) -> str:
    """Makes a database on the server, from a template where one is named; answers with its URL."""
    _on_server(server_url, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    return server_url.rsplit("/", 1)[0] + "/" + name


def _lent(server_url: str, template_url: str, shelf: list[Lent]) -> Iterator[str]:
    lent = shelf.pop() if shelf else _copy_of(template_url, server_url)
    yield lent.url
    if lent.is_restored():
        shelf.append(lent)
    else:
        lent.leave()
        _drop(server_url, lent.url.rsplit("/", 1)[1])


def _copy_of(template_url: str, server_url: str) -> Lent:
    url = create_database(server_url, _new_name(), template_url.rsplit("/", 1)[1])
    return Lent(url, pg8000.native.Connection(**Address.from_url(url).arguments()))


def _new_name() -> str:
    return f"test_{os.getpid()}_{next(_numbers)}"


def _drop(server_url: str, name: str) -> None:
    _on_server(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _on_server(server_url: str, statement: str) -> None:
    connection = pg8000.native.Connection(**Address.from_url(server_url).arguments())
    try:
        connection.run(statement)
    finally:
        connection.close()
