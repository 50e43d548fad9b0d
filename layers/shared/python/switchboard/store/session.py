"""One connection to PostgreSQL: what is prepared on it, what is sent and read together; driver errors translated."""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pg8000.core
import pg8000.exceptions
import pg8000.native
from pg8000.converters import make_param

from switchboard import errors

_COUNTS, _LENGTH = struct.Struct("!HH"), struct.Struct("!i")
_NULL = _LENGTH.pack(-1)
_NO_DATA = 4  # the length of a message counts itself: BindComplete and the like say nothing more
_STALE_STATES = ("0A000", "26000")  # what was prepared here has other columns by now, or is not there any more
MOST_TOGETHER = 50  # their answers must find room in the socket until they are read
_GRACE_S = 0.2  # for the server's own time-out to be the one that is heard
_CONNECTION_STATES = ("08", "57P01", "57P02", "57P03", "53300", "28", *_STALE_STATES)
_LOCK_STATES = ("40001", "40P01", "55P03")


class Call(NamedTuple):
    """A statement by its name, and what it is given."""

    name: str
    params: Mapping[str, Any]


class _Names(dict[str, str]):
    """Gives each placeholder its own name as its value."""

    def __missing__(self, name: str) -> str:
        return name


class _Prepared:
    """A statement prepared on a connection, the names of its placeholders in their order, and of its columns."""

    def __init__(self, statement: pg8000.native.PreparedStatement) -> None:
        self.statement = statement
        self.names: Sequence[str] = statement.make_vals(_Names())
        self.columns = [column["name"] for column in statement.cols or ()]

    def bound(self, params: Mapping[str, Any], types: Mapping[type, Any]) -> bytes:
        """The messages that run it. As pg8000's own, which ask for an answer at once, step by step."""
        parts = [b"\0", self.statement.name_bin, _COUNTS.pack(0, len(self.names))]
        for name in self.names:
            value = params[name]
            if value is None:
                parts.append(_NULL)
            else:
                text = (value if type(value) is str else make_param(types, value)).encode()
                parts += (_LENGTH.pack(len(text)), text)
        parts.append(b"\0\0")
        data = b"".join(parts)
        return b"".join((pg8000.core.BIND, _LENGTH.pack(len(data) + 4), data, pg8000.core.EXECUTE_MSG))

    def context(self) -> pg8000.core.Context:
        """What pg8000 reads an answer into."""
        statement = self.statement
        return pg8000.core.Context(statement.statement, columns=statement.cols, input_funcs=statement.input_funcs)


class _Step(NamedTuple):
    """What is sent, a script's text or the messages that run a prepared statement, and what the answer is read into."""

    prepared: _Prepared | None
    sent: bytes | str
    context: pg8000.core.Context

    def rows(self) -> list[Any]:
        """By their columns' names; a script's as they are."""
        found = self.context.rows or []
        if self.prepared is None:
            return found
        return [dict(zip(self.prepared.columns, row, strict=True)) for row in found]


class Session:
    """One connection and the statements prepared on it."""

    def __init__(self, connection: pg8000.native.Connection, statements: Mapping[str, str]) -> None:
        self._connection = connection
        self._statements = statements
        self._prepared: dict[str, _Prepared] = {}
        self._pushed: list[_Step] = []
        self._timeout_s: float | None = connection._usock.gettimeout()

    def wait_for(self, *, statement_ms: int) -> None:
        """Waits for an answer as long as a statement may run, where the connection's own time-out is shorter."""
        if self._timeout_s is not None:
            self._connection._usock.settimeout(max(self._timeout_s, statement_ms / 1_000 + _GRACE_S))

    def run(
        self,
        steps: Sequence[Call | str],
        *,
        begin: Sequence[str] = (),
        meanwhile: Callable[[], object] | None = None,
    ) -> list[list[Any]]:
        """Sends all steps, then reads all answers: one round trip. Answers with each step's rows.

        Raises what failed first, of what was pushed before too. Prepared statements, and `begin` before them, which
        begins a transaction, are synchronised once: where one fails, the server skips the rest of them. `meanwhile`
        is called while the server works.
        """
        with translated():
            ready = self._ready(steps, begin)
            pushed, self._pushed = self._pushed, []
            try:
                pieces = self._write(ready, after=pushed)
                pg8000.core._flush(self._connection._sock)
                if meanwhile:
                    meanwhile()
                for piece in pieces:
                    self._read(piece)
            except BaseException:  # half sent or half read: which answer is to what cannot be told any more
                self.close()
                raise
            for step in (*pushed, *ready):
                if step.context.error is not None:
                    raise step.context.error
        return [step.rows() for step in ready[len(ready) - len(steps) :]]

    def push(self, call: Call) -> bool:
        """Sends a statement without waiting for its answer, which is read with the next round trip.

        False, and nothing is sent, where it is not prepared yet, or so many are on their way that their answers might
        find no room.
        """
        if call.name not in self._prepared or len(self._pushed) >= MOST_TOGETHER:
            return False
        with translated():
            step = self._step(call)
            try:
                pg8000.core._write(self._connection._sock, step.sent)
                self._connection._sock.flush()
            except BaseException:
                self.close()
                raise
        self._pushed.append(step)
        return True

    def close(self) -> None:
        """Ends it, whatever state it is in.

        Shut down too: the driver's close leaves the socket open for as long as something refers to its file (a caught
        error's frames do), and with it the server's transaction and its locks.
        """
        at_hand = self._connection._usock
        with suppress(Exception):
            self._connection.close()
        with suppress(Exception):
            at_hand.shutdown(socket.SHUT_RDWR)

    def _ready(self, steps: Sequence[Call | str], begin: Sequence[str]) -> list[_Step]:
        """What is sent of each step. What has to be prepared is prepared after `begin`, under its time-outs."""
        self._prepare(begin)
        names = [step.name for step in steps if isinstance(step, Call)]
        if (begin or self._pushed) and not self._prepared.keys() >= set(names):
            self.run([Call(sql, {}) for sql in begin])
            begin = ()
        self._prepare(names)
        return [self._step(step) for step in (*(Call(sql, {}) for sql in begin), *steps)]

    def _prepare(self, names: Sequence[str]) -> None:
        """Prepares those that are not yet; what begins a transaction is its own name."""
        for name in names:
            if name not in self._prepared:
                self._prepared[name] = _Prepared(self._connection.prepare(self._statements.get(name, name)))

    def _step(self, step: Call | str) -> _Step:
        if isinstance(step, str):
            return _Step(None, step, pg8000.core.Context(step))
        prepared = self._prepared[step.name]
        return _Step(prepared, prepared.bound(step.params, self._connection.py_types), prepared.context())

    def _write(self, ready: Sequence[_Step], *, after: Sequence[_Step]) -> list[list[_Step]]:
        """The steps in pieces, each up to a synchronisation: prepared statements share one, a script has its own.

        `after` are prepared ones that are sent already.
        """
        pieces = [list(after)] if after else []
        for step in ready:
            if isinstance(step.sent, str):
                self._synchronise(pieces)
                self._connection.send_QUERY(step.sent)
                pieces.append([step])
                continue
            if not pieces or pieces[-1][-1].prepared is None:
                pieces.append([])
            pg8000.core._write(self._connection._sock, step.sent)
            pieces[-1].append(step)
        self._synchronise(pieces)
        return pieces

    def _synchronise(self, pieces: Sequence[Sequence[_Step]]) -> None:
        """Ends the last piece, unless it is a script, which ends itself."""
        if pieces and pieces[-1][-1].prepared is not None:
            pg8000.core._write(self._connection._sock, pg8000.core.SYNC_MSG)

    def _read(self, piece: Sequence[_Step]) -> None:
        """Reads up to a synchronisation. As pg8000's own, but each statement that is complete hands on to the next."""
        read, sock, handlers = pg8000.core._read, self._connection._sock, self._connection.message_types
        steps = iter(piece)
        context, code = next(steps).context, None
        while code != pg8000.core.READY_FOR_QUERY:
            code, length = pg8000.core.ci_unpack(read(sock, 5))
            if length > _NO_DATA:
                handlers[code](read(sock, length - _NO_DATA), context)
            if code == pg8000.core.COMMAND_COMPLETE:
                context = next(steps, piece[-1]).context


@contextmanager
def translated() -> Iterator[None]:
    """Driver errors as those of switchboard.errors."""
    try:
        yield
    except pg8000.exceptions.DatabaseError as error:
        raise translate(error) from None
    except (pg8000.exceptions.InterfaceError, OSError, EOFError) as error:
        raise errors.DatabaseUnavailable(message=type(error).__name__) from None


def translate(error: pg8000.exceptions.DatabaseError) -> errors.DatabaseError:
    """The error's class by SQLSTATE.

    The server's detail is dropped, and its message but for those of syntax, connections, shutdowns and resources, which
    quote no row.
    """
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
