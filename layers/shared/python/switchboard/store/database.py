"""Transactions on PostgreSQL through pg8000, and statements by name."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pg8000.native

from switchboard import errors
from switchboard.store.session import MOST_TOGETHER, Call, Session, translated
from switchboard.store.statements import Schemas, load

Row = dict[str, Any]
_TIMESTAMP_OID = 1114
_COMMIT = Call("COMMIT", {})  # prepared, it is synchronised with what leaves with it


class Limits(NamedTuple):
    """How long a transaction may take, in milliseconds; set for it alone when it begins."""

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
        self._idle: list[Session] = []
        self._lock = threading.Lock()

    @contextmanager
    def transaction(
        self, *, read_only: bool = False, repeatable_read: bool = False, limits: Limits | None = None
    ) -> Iterator["Transaction"]:
        """Commits when the block ends, rolls back when it raises. Raises the classes of switchboard.errors.

        repeatable_read: all statements see the same moment.
        BEGIN leaves with the first statement: a block without statements talks to nobody.
        """
        limits = limits or self._limits
        begin = (_begin(read_only=read_only, repeatable_read=repeatable_read), _set_local(limits))
        session, is_fresh = self._take(limits)
        tx = Transaction(session, begin=begin, instead=None if is_fresh else lambda: self._take(limits))
        try:
            yield tx
            tx.commit()
        except errors.DatabaseUnavailable:
            tx.session.close()
            raise
        except BaseException:
            self._abandon(tx)
            raise
        with self._lock:
            self._idle.append(tx.session)

    @contextmanager
    def outside_transaction(self, *, limits: Limits) -> Iterator["Transaction"]:
        """For what PostgreSQL refuses inside one, such as CREATE INDEX CONCURRENTLY: each statement commits itself."""
        session = Session(self._open(), self._statements)
        session.wait_for(statement_ms=limits.statement_ms)
        try:
            tx = Transaction(session)
            tx.script(
                f"SET TIME ZONE 'UTC'; SET statement_timeout = {limits.statement_ms}; "
                f"SET lock_timeout = {limits.lock_ms}"
            )
            yield tx
        finally:
            session.close()

    def close(self) -> None:
        """Closes the idle connections."""
        with self._lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.close()

    def _take(self, limits: Limits) -> tuple[Session, bool]:
        """An idle session, else a fresh one; whether it is fresh."""
        with self._lock:
            idle = self._idle.pop() if self._idle else None
        session = idle or Session(self._open(), self._statements)
        session.wait_for(statement_ms=limits.statement_ms)
        return session, idle is None

    def _open(self) -> pg8000.native.Connection:
        with translated():
            connection = self._connect()
        connection.register_in_adapter(_TIMESTAMP_OID, _instant)
        connection.register_out_adapter(datetime, _instant_text)
        connection.register_out_adapter(dict, json.dumps)
        return connection

    def _abandon(self, tx: "Transaction") -> None:
        try:
            tx.rollback()
        except errors.DatabaseError:
            tx.session.close()
        else:
            with self._lock:
                self._idle.append(tx.session)


class Transaction:
    """The statements of one transaction, by name (`file.name` in store/sql).

    `begin` leaves with the first of them; where the idle session turns out to be closed by then, another is tried.
    """

    def __init__(
        self,
        session: Session,
        *,
        begin: Sequence[str] = (),
        instead: Callable[[], tuple[Session, bool]] | None = None,
    ) -> None:
        self.session = session
        self._begin = begin
        self._instead = instead
        self._later: list[Call] = []
        self._savepoints = 0

    def rows(self, name: str, /, **params: Any) -> list[Row]:
        """All rows of a statement. Pass instants aware, lists as arrays, dicts as JSON; one round trip when warm."""
        return self._send(Call(name, params))[-1]

    def together(self, *calls: Call, meanwhile: Callable[[], object] | None = None) -> list[list[Row]]:
        """All rows of each of several statements: one round trip for all; `meanwhile` is called while it lasts."""
        self._later += calls[:-1]
        return self._send(calls[-1], meanwhile=meanwhile)[-len(calls) :]

    def row(self, name: str, /, **params: Any) -> Row | None:
        """The first row, or None."""
        rows = self.rows(name, **params)
        return rows[0] if rows else None

    def one(self, name: str, /, **params: Any) -> Row:
        """The row of a statement that always returns one."""
        return self.rows(name, **params)[0]

    def later(self, name: str, /, **params: Any) -> None:
        """A statement whose rows nobody needs and nobody waits for: it fails with the next one or with COMMIT.

        It leaves at once where it can, so that the server works while the next is made ready, else with the next.
        """
        call = Call(name, params)
        if self._begin or self._later or not self.session.push(call):
            if len(self._later) < MOST_TOGETHER:
                self._later.append(call)
            else:
                self._send(call)

    def script(self, sql: str) -> list[list[Any]]:
        """Statements without parameters in one round trip, never built from data."""
        return self._send(sql)[-1]

    @contextmanager
    def savepoint(self) -> Iterator[Callable[[], None]]:
        """Takes back what the block did where it raises, or where it calls what it is given; the transaction goes on.

        Not for a block that puts statements off with `later`.
        """
        self._savepoints += 1
        name = f"savepoint_{self._savepoints}"  # one within another has a name of its own
        try:
            self.script(f"SAVEPOINT {name}")
            yield lambda: self._take_back(name)
        except errors.DatabaseUnavailable:
            raise
        except Exception:
            self._take_back(name)
            raise
        finally:
            self._savepoints -= 1

    def _take_back(self, name: str) -> None:
        self._later.clear()
        self.script(f"ROLLBACK TO SAVEPOINT {name}")

    def commit(self) -> None:
        """Commits what was begun."""
        if self._begin and self._later:  # never together with BEGIN: a lost answer must not be taken for a lost session
            self._send(self._later.pop())
        if not self._begin:
            self._send(_COMMIT)

    def rollback(self) -> None:
        """Rolls back what was begun."""
        self._later.clear()
        if not self._begin:
            self._send("ROLLBACK")

    def _send(self, last: Call | str, *, meanwhile: Callable[[], object] | None = None) -> list[list[Any]]:
        """One round trip for all that waits and the last; the rows of each that answers with rows."""
        steps: list[Call | str] = [*self._later, last]
        begin, self._begin = self._begin, ()
        self._later.clear()
        while begin and self._instead:
            try:
                return self.session.run(steps, begin=begin, meanwhile=meanwhile)
            except errors.DatabaseUnavailable:  # closed since it was last used; nothing is done yet: try another
                self.session.close()
                self.session, is_fresh = self._instead()
                self._instead = None if is_fresh else self._instead
        return self.session.run(steps, begin=begin, meanwhile=meanwhile)


def _begin(*, read_only: bool, repeatable_read: bool) -> str:
    isolation = " ISOLATION LEVEL REPEATABLE READ" if repeatable_read else ""
    return f"BEGIN{isolation}{' READ ONLY' if read_only else ''}"


@lru_cache(maxsize=64)
def _set_local(limits: Limits) -> str:
    """SET LOCAL for all that is set, as one statement that answers with nothing: no value of a setting is null."""
    settings = {
        "TimeZone": "UTC",
        "statement_timeout": limits.statement_ms,
        "lock_timeout": limits.lock_ms,
        "idle_in_transaction_session_timeout": limits.idle_ms,
    }
    values = " || ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    return f"SELECT WHERE ({values}) IS NULL"


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
    if isinstance(value, date):  # a datetime is one, too
        return _instant_text(value) if isinstance(value, datetime) else value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


_encode = json.JSONEncoder(default=_json_default, separators=(",", ":")).encode
