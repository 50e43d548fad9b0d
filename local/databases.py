"""A database of our own on a server of somebody else's."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import pg8000.exceptions
import pg8000.native

from switchboard.store.connection import Address

logger = logging.getLogger("local.databases")


@contextmanager
def borrowed_database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database on the server of that URL; it is dropped at the end."""
    name = f"switchboard_{secrets.token_hex(4)}"
    _run(server_url, f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        try:
            _run(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except (pg8000.exceptions.Error, OSError):
            logger.warning("database %s could not be dropped", name)


def _run(url: str, statement: str) -> None:
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    try:
        connection.run(statement)
    finally:
        connection.close()
