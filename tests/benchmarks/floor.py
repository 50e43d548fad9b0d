"""The floor of a use case: bare pg8000 inserting the rows that it inserted, in one transaction, and nothing else."""

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from typing import Any

import pg8000.native

_COLUMNS = """
    SELECT table_schema, table_name, column_name, data_type
    FROM information_schema.columns
    WHERE table_schema IN ('messaging', 'ops') AND is_identity = 'NO'
    ORDER BY table_schema, table_name, ordinal_position"""
_KEYS = """
    SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum)
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
    WHERE i.indisprimary AND n.nspname IN ('messaging', 'ops')
    GROUP BY n.nspname, c.relname"""

_REFERENCES = """
    SELECT n.nspname, c.relname, fn.nspname, f.relname
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class f ON f.oid = k.confrelid
    JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE k.contype = 'f' AND n.nspname IN ('messaging', 'ops')"""


@dataclass(frozen=True, slots=True)
class Row:
    """One inserted row: its table, columns, and values as texts; `kinds` are the columns' types."""

    table: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """The rows that one run inserted, and which of their values are of that run alone."""

    rows: tuple[Row, ...]
    own_values: tuple[str, ...]

    def as_json(self) -> str:
        """For another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Recording":
        """What `as_json` wrote."""
        found = json.loads(text)
        rows = [
            Row(row["table"], tuple(row["columns"]), tuple(row["kinds"]), tuple(row["values"])) for row in found["rows"]
        ]
        return cls(tuple(rows), tuple(found["own_values"]))


def record(connection: pg8000.native.Connection, run: Callable[[], object], *, own_values: Sequence[str]) -> Recording:
    """Runs the use case once and finds what it inserted. `own_values` are texts that the request made up."""
    keys = {f'"{schema}"."{table}"': columns for schema, table, columns in connection.run(_KEYS)}
    columns: dict[str, list[tuple[str, str]]] = {}
    for schema, table, column, kind in connection.run(_COLUMNS):
        columns.setdefault(f'"{schema}"."{table}"', []).append((column, kind))
    before = {table: _keys(connection, table, names) for table, names in keys.items()}
    known = {value for found in before.values() for key in found for value in key}
    run()
    rows: list[Row] = []
    made: set[str] = set(own_values)
    for table in _referenced_first(connection, keys):
        names = keys[table]
        selected = ", ".join(f'"{name}"::text' for name, _ in columns[table])
        for values in connection.run(f"SELECT {selected} FROM {table}"):
            row = dict(zip((name for name, _ in columns[table]), values, strict=True))
            key = tuple(row.get(name) for name in names)
            if None in key or key in before[table]:
                continue
            made |= {str(value) for value in key} - known
            kinds = tuple(kind for _, kind in columns[table])
            rows.append(Row(table, tuple(row), kinds, tuple(row.values())))
    return Recording(tuple(rows), tuple(sorted(made)))


def _referenced_first(connection: pg8000.native.Connection, tables: Iterable[str]) -> list[str]:
    sorter = TopologicalSorter[str]({table: [] for table in tables})
    for schema, table, other_schema, other in connection.run(_REFERENCES):
        if (schema, table) != (other_schema, other):
            sorter.add(f'"{schema}"."{table}"', f'"{other_schema}"."{other}"')
    return list(sorter.static_order())


def _keys(connection: pg8000.native.Connection, table: str, names: Sequence[str]) -> set[tuple[str, ...]]:
    selected = ", ".join(f'"{name}"::text' for name in names)
    return {tuple(row) for row in connection.run(f"SELECT {selected} FROM {table}")}


class Floor:
    """Inserts a recording's rows again and again, each time under new ids."""

    def __init__(self, connection: pg8000.native.Connection, recording: Recording) -> None:
        self._connection = connection
        self._own = recording.own_values
        self._inserts = [(self._prepared(row), row) for row in recording.rows]

    def prepare(self) -> Callable[[], None]:
        """One transaction under new ids: a round trip for BEGIN, one for each row, one for COMMIT."""
        fresh = {value: str(uuid.uuid4()) for value in self._own}
        inserts = [
            (statement, {f"v{n}": fresh.get(value or "", value) for n, value in enumerate(row.values)})
            for statement, row in self._inserts
        ]

        def insert() -> None:
            self._connection.run("BEGIN")
            for statement, values in inserts:
                statement.run(**values)
            self._connection.run("COMMIT")

        return insert

    def _prepared(self, row: Row) -> Any:
        places = ", ".join(f"cast(:v{n} as {kind})" for n, kind in enumerate(row.kinds))
        names = ", ".join(f'"{name}"' for name in row.columns)
        return self._connection.prepare(f"INSERT INTO {row.table} ({names}) VALUES ({places})")
