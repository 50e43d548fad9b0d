"""Transactions on PostgreSQL through pg8000, prepared statements by name, and driver errors translated once."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pg8000.exceptions
import pg8000.native

from switchboard import errors
from switchboard.store.statements import Schemas, load

Row = dict[str, Any]
_TIMESTAMP_OID = 1114
_GRACE_S = 0.2  # for the server's own time-out to be the one that is heard
_CONNECTION_STATES = ("08", "57P01", "57P02", "57P03", "53300", "28")
_LOCK_STATES = ("40001", "40P01", "55P03")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a transaction may take, in milliseconds; set with SET LOCAL when it begins."""

    statement_ms: int = 4_000
    lock_ms: int = 2_000
    idle_ms: int = 10_000


class Database:
    """A few connections to one database, opened when first needed and thrown away when broken.

    In Lambda one request runs at a time, so there is one connection; the local gateway's threads share a few.
    """

    def __init__(
        self,
        connect: Callable[[], pg8000.native.Connection],
        *,
        schemas: Schemas | None = None,
        limits: Limits | None = None,
        more_statements: Path | None = None,
    ) -> None:
        self.schemas = schemas or Schemas()
        self._connect = connect
        self._statements = load(self.schemas) | (load(self.schemas, more_statements) if more_statements else {})
        self._limits = limits or Limits()
        self._idle: list[_Session] = []
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self, *, read_only: bool = False, limits: Limits | None = None) -> Iterator["Transaction"]:
        """Commits when the block ends, rolls back when it raises. Raises the classes of switchboard.errors."""
        session = self._begin(read_only=read_only, limits=limits or self._limits)
        try:
            yield Transaction(session)
            session.script("COMMIT")
        except BaseException:
            self._abandon(session)
            raise
        with self._lock:
            self._idle.append(session)

    @contextmanager
    def outside_transaction(self, *, limits: Limits) -> Iterator["Transaction"]:
        """For what PostgreSQL refuses inside one, such as CREATE INDEX CONCURRENTLY: each statement commits itself."""
        session = _Session(self._open(), self._statements)
        session.wait_for(limits)
        try:
            session.script(
                f"SET TIME ZONE 'UTC'; SET statement_timeout = {limits.statement_ms}; "
                f"SET lock_timeout = {limits.lock_ms}"
            )
            yield Transaction(session)
        finally:
            session.close()

    def close(self) -> None:
        """Closes the idle connections."""
        with self._lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.close()

    def _begin(self, *, read_only: bool, limits: Limits) -> "_Session":
        begin = (
            f"BEGIN{' READ ONLY' if read_only else ''}; SET LOCAL TIME ZONE 'UTC'; "
            f"SET LOCAL statement_timeout = {limits.statement_ms}; SET LOCAL lock_timeout = {limits.lock_ms}; "
            f"SET LOCAL idle_in_transaction_session_timeout = {limits.idle_ms}"
        )
        while True:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            fresh = session is None
            session = session or _Session(self._open(), self._statements)
            session.wait_for(limits)
            try:
                session.script(begin)
            except errors.DatabaseUnavailable:  # an idle connection may have been closed since: try another
                session.close()
                if fresh:
                    raise
            else:
                return session

    def _open(self) -> pg8000.native.Connection:
        with _translated():
            connection = self._connect()
        connection.register_in_adapter(_TIMESTAMP_OID, _instant)
        connection.register_out_adapter(datetime, _instant_text)
        connection.register_out_adapter(dict, json.dumps)
        return connection

    def _abandon(self, session: "_Session") -> None:
        try:
            session.script("ROLLBACK")
        except errors.DatabaseError:
            session.close()
        else:
            with self._lock:
                self._idle.append(session)


class Transaction:
    """The statements of one transaction, by name (`file.name` in store/sql)."""

    def __init__(self, session: "_Session") -> None:
        self._session = session

    def rows(self, name: str, /, **params: Any) -> list[Row]:
        """All rows of a statement. Pass instants aware, lists as arrays, dicts as JSON; one round trip when warm."""
        return self._session.run(name, params)

    def row(self, name: str, /, **params: Any) -> Row | None:
        """The first row, or None."""
        rows = self._session.run(name, params)
        return rows[0] if rows else None

    def one(self, name: str, /, **params: Any) -> Row:
        """The row of a statement that always returns one."""
        return self._session.run(name, params)[0]

    def script(self, sql: str) -> list[list[Any]]:
        """Statements without parameters in one round trip: SAVEPOINT and the like, never built from data."""
        return self._session.script(sql)


class _Session:
    """One connection and the statements prepared on it."""

    def __init__(self, connection: pg8000.native.Connection, statements: Mapping[str, str]) -> None:
        self._connection = connection
        self._statements = statements
        self._prepared: dict[str, tuple[pg8000.native.PreparedStatement, list[str]]] = {}
        self._timeout_s: float | None = connection._usock.gettimeout()

    def wait_for(self, limits: Limits) -> None:
        """Waits for an answer as long as a statement may run, where the connection's own time-out is shorter."""
        if self._timeout_s is not None:
            self._connection._usock.settimeout(max(self._timeout_s, limits.statement_ms / 1_000 + _GRACE_S))

    def script(self, sql: str) -> list[list[Any]]:
        with _translated():
            return self._connection.run(sql) or []

    def run(self, name: str, params: Mapping[str, Any]) -> list[Row]:
        with _translated():
            prepared, columns = self._prepared.get(name) or self._prepare(name)
            return [dict(zip(columns, row, strict=True)) for row in prepared.run(**params) or ()]

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()

    def _prepare(self, name: str) -> tuple[pg8000.native.PreparedStatement, list[str]]:
        statement = self._connection.prepare(self._statements[name])
        prepared = (statement, [column["name"] for column in statement.cols or ()])
        self._prepared[name] = prepared
        return prepared


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except pg8000.exceptions.DatabaseError as error:
        raise translate(error) from None
    except (pg8000.exceptions.InterfaceError, OSError, EOFError) as error:
        raise errors.DatabaseUnavailable(message=type(error).__name__) from None


def translate(error: pg8000.exceptions.DatabaseError) -> errors.DatabaseError:
    """The error's class by SQLSTATE. The server's message and detail are dropped: they may quote a row."""
    facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    state, constraint = str(facts.get("C", "")), str(facts.get("n", ""))
    kind = errors.DatabaseError
    if state.startswith(_CONNECTION_STATES):
        kind = errors.DatabaseUnavailable
    elif state in _LOCK_STATES:
        kind = errors.LockNotAvailable
    elif state == "57014":
        kind = errors.StatementTimedOut
    elif state.startswith("23"):
        kind = errors.ConstraintViolated
    return kind(state, constraint, str(facts.get("M", "")) if state.startswith(("42", "08", "57", "53")) else "")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _instant_text(instant: datetime) -> str:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its zone")
    return instant.astimezone(UTC).isoformat()


def read_instant(value: str | datetime | None) -> datetime | None:
    """An instant out of a JSON answer, where the column may be with or without a zone (then it holds UTC)."""
    if value is None:
        return None
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def as_json(value: object) -> str:
    """A JSON parameter: rows for jsonb_to_recordset and the like. Instants as ISO text in UTC."""
    return _encode(value)


def _json_default(value: object) -> str:
    if isinstance(value, datetime):
        return _instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


_encode = json.JSONEncoder(default=_json_default, separators=(",", ":")).encode
