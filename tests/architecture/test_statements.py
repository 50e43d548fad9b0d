"""Every statement is described, named where it is used, and used; every name that is used exists.

A literal that ends in an underscore or a dot is the beginning of names: `f"lead_customers.apply_undo_{what}"`.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from pg8000.native import to_statement

from switchboard.store.statements import Schemas, load
from tests.architecture.sources import PACKAGE, python_files, relative, strings_of, tree_of

SQL_FILES = sorted(PACKAGE.rglob("*.sql"))
STEMS = {path.stem for path in SQL_FILES}
NAME = re.compile(r"^(?P<file>[a-z_]+)\.[a-z_0-9]*$")
HEAD = re.compile(r"^-- name: (?P<name>\S+)\n(?P<next>.*)$", re.MULTILINE)
ONE_LINE_DDL = re.compile(r"(?:CREATE|ALTER|DROP|LOCK) ")  # says itself what it does
USED = {text for path in python_files(PACKAGE) for text in strings_of(path)}


STATEMENTS = load(Schemas())
BY_FILE = {stem: {n: sql for n, sql in STATEMENTS.items() if n.startswith(f"{stem}.")} for stem in STEMS}
EVERY_COLUMN = re.compile(r"SELECT \*\s+FROM (?:ops\.|\{|\")|\b\w+\.\*|RETURNING \*")


def named(text: str) -> set[str]:
    """The statements that a literal names."""
    return {name for name in STATEMENTS if name == text or (text.endswith(("_", ".")) and name.startswith(text))}


def test_every_name_that_is_used_exists() -> None:
    names = {text for text in USED if (found := NAME.match(text)) and found["file"] in STEMS}
    assert {text for text in names if not named(text)} == set()


def test_every_statement_is_used() -> None:
    names = {text for text in USED if (found := NAME.match(text)) and found["file"] in STEMS}
    assert set(STATEMENTS) - {name for text in names for name in named(text)} == set()


@pytest.mark.parametrize("path", SQL_FILES, ids=relative)
def test_every_statement_has_a_plain_name_and_says_what_it_does(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    heads = [(found["name"], found["next"]) for found in HEAD.finditer(text)]
    assert len(heads) == text.count("-- name:")
    assert len({name for name, _ in heads}) == len(heads)
    assert [
        name for name, first in heads if not re.match(r"-- \S.{10,}", first) and not ONE_LINE_DDL.match(first)
    ] == []


@pytest.mark.parametrize("path", SQL_FILES, ids=relative)
def test_no_statement_answers_with_every_column(path: Path) -> None:
    """Of a table, that is, or of something with a name; all that a WITH has just spelt out is all right."""
    assert [name for name, sql in BY_FILE[path.stem].items() if EVERY_COLUMN.search(outermost(sql))] == []


def outermost(sql: str) -> str:
    """A statement without what is in brackets."""
    while (shorter := re.sub(r"\([^()]*\)", "", sql)) != sql:
        sql = shorter
    return sql


def test_every_column_is_found_where_a_statement_answers_with_it() -> None:
    table, alias, told = 'SELECT * FROM {intake}."Job"', "SELECT 1 AS a,\n    job.* FROM x AS job", "RETURNING *"
    assert [bool(EVERY_COLUMN.search(outermost(sql))) for sql in (table, alias, told)] == [True] * 3
    spelt_out, counted = "WITH page AS (SELECT t.* FROM ops.t) SELECT * FROM page", "SELECT count(job.*) FROM ops.job"
    assert [bool(EVERY_COLUMN.search(outermost(sql))) for sql in (spelt_out, counted)] == [False] * 2


def test_a_statement_is_given_nothing_that_it_does_not_ask_for() -> None:
    """A misspelt keyword would be ignored where the statement asks for the right one from elsewhere."""
    given = [
        (f"{relative(path)}:{call.lineno}", name, [word.arg for word in call.keywords if word.arg])
        for path in python_files(PACKAGE)
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call) and (name := statement_of(call))
    ]
    assert len(given) > 100
    assert [(where, name, extra) for where, name, words in given if (extra := set(words) - placeholders(name))] == []


def test_a_statement_is_given_all_that_it_asks_for_where_a_call_spells_everything_out() -> None:
    lacking = [
        (f"{relative(path)}:{call.lineno}", name, missing)
        for path in python_files(PACKAGE)
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call) and (name := statement_of(call)) and all(word.arg for word in call.keywords)
        if (missing := placeholders(name) - {word.arg for word in call.keywords})
    ]
    assert lacking == []


def statement_of(call: ast.Call) -> str | None:
    """The statement that a call of a transaction's method names."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in ("rows", "row", "one", "later") and call.args):
        return None
    name = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
    return name if isinstance(name, str) and name in STATEMENTS else None


class _Names(dict[str, str]):
    """Gives each placeholder its own name as its value."""

    def __missing__(self, name: str) -> str:
        return name


@cache
def placeholders(name: str) -> set[str]:
    """What a statement asks for, as the driver reads it."""
    return set(to_statement(STATEMENTS[name])[1](_Names()))


@pytest.mark.parametrize("path", SQL_FILES, ids=relative)
def test_nothing_but_schema_names_and_key_types_is_put_into_a_statement(path: Path) -> None:
    allowed = {"messaging", "accounts", "intake", "accounts_key", "intake_key"}
    assert set(re.findall(r"\{(\w+)\}", path.read_text(encoding="utf-8"))) <= allowed
