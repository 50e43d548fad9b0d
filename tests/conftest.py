"""What every test may ask for: a real PostgreSQL server per worker, and a fresh database in a moment."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pg8000.native
import pytest

from local.postgres import PostgresServer
from switchboard.store.connection import Address, Connector
from switchboard.store.database import Database
from switchboard.store.revisions import upgrade
from switchboard.store.statements import Schemas

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "migrations" / "schema"
_numbers = itertools.count(1)


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
    return url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A new database without any schema."""
    yield from _lent(server_url, None)


@pytest.fixture
def database_url(server_url: str, template_url: str) -> Iterator[str]:
    """A new database with all schema revisions and no rows."""
    yield from _lent(server_url, template_url.rsplit("/", 1)[1])


@pytest.fixture
def other_database_url(server_url: str, template_url: str) -> Iterator[str]:
    """A second such database, for a test that compares two worlds."""
    yield from _lent(server_url, template_url.rsplit("/", 1)[1])


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The store's way to the test's own database."""
    database = Database(connector_to(database_url))
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


def _lent(server_url: str, template: str | None) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield create_database(server_url, name, template)
    _on_server(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _on_server(server_url: str, statement: str) -> None:
    connection = pg8000.native.Connection(**Address.from_url(server_url).arguments())
    try:
        connection.run(statement)
    finally:
        connection.close()
