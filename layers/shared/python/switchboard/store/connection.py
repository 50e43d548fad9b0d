"""How a connection to PostgreSQL is opened: from a URL, or from parts with the password out of Secrets Manager."""

import socket
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import pg8000.exceptions
import pg8000.native

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WRONG_PASSWORD = ("28P01", "28000")


class Address(NamedTuple):
    """Where the database is and who connects."""

    host: str
    port: int
    database: str
    user: str
    password: str | None
    socket: str | None = None
    ca_file: str | None = None

    @classmethod
    def from_url(cls, url: str, *, ca_file: str | None = None) -> "Address":
        """Reads postgresql://user:password@host:port/database, or ...?host=/folder (a socket); else ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("postgresql", "postgres"):
            raise ValueError("a database URL begins with postgresql://")
        query = parse_qs(parts.query)
        folder = query.get("host", [""])[0]
        port = parts.port or 5432
        return cls(
            host=parts.hostname or "localhost",
            port=port,
            database=unquote(parts.path.lstrip("/")) or "postgres",
            user=unquote(parts.username or "postgres"),
            password=unquote(parts.password) if parts.password else None,
            socket=f"{folder}/.s.PGSQL.{port}" if folder.startswith("/") else None,
            ca_file=ca_file or query.get("sslrootcert", [None])[0],
        )

    def arguments(self, *, connect_timeout_s: float | None = None) -> dict[str, Any]:
        """pg8000's arguments. Off this machine the connection is TLS with a verified certificate, never plain.

        On it, it is plain: before it asks a server for TLS, pg8000 reads all certificates, which takes 40 ms.
        """
        found: dict[str, Any] = {"user": self.user, "database": self.database, "password": self.password}
        if self.socket:
            found |= {"unix_sock": self.socket, "ssl_context": False}
        else:
            found |= {"host": self.host, "port": self.port, "tcp_keepalive": True}
            here = self.host in _LOOPBACK
            found["ssl_context"] = False if here else ssl.create_default_context(cafile=self.ca_file)
        if connect_timeout_s:
            found["timeout"] = connect_timeout_s
        return found | {"application_name": "switchboard"}


class Connector:
    """Opens connections; asks for the password again when the server refuses the one it had (rotation)."""

    def __init__(self, address: Callable[[bool], Address], *, timeout_s: float | None = None) -> None:
        self._address = address
        self._timeout_s = timeout_s

    def __call__(self) -> pg8000.native.Connection:
        try:
            return self._open(fresh=False)
        except pg8000.exceptions.DatabaseError as error:
            facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
            if facts.get("C") not in _WRONG_PASSWORD:
                raise
        return self._open(fresh=True)

    def _open(self, *, fresh: bool) -> pg8000.native.Connection:
        """pg8000 leaves it to TCP to wait for more before it sends the end of a large statement: up to 40 ms."""
        connection = pg8000.native.Connection(**self.arguments(fresh=fresh))
        if connection._usock.family != socket.AF_UNIX:
            connection._usock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def arguments(self, *, fresh: bool) -> dict[str, Any]:
        """What pg8000's connect is given; `fresh` reads the secret again, and asks for TLS on this machine too.

        A server at a tunnel's far end may refuse whoever comes without TLS.
        """
        found = self._address(fresh).arguments(connect_timeout_s=self._timeout_s)
        if fresh and found["ssl_context"] is False:
            del found["ssl_context"]
        return found
