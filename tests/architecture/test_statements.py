"""Every statement is described, named where it is used, and used; every name that is used exists.

A literal that ends in an underscore or a dot is the beginning of names: `f"lead_customers.apply_undo_{what}"`.
"""

import re
from pathlib import Path

import pytest

from switchboard.store.statements import Schemas, load
from tests.architecture.sources import PACKAGE, python_files, relative, strings_of

SQL_FILES = sorted(PACKAGE.rglob("*.sql"))
STEMS = {path.stem for path in SQL_FILES}
NAME = re.compile(r"^(?P<file>[a-z_]+)\.[a-z_0-9]*$")
HEAD = re.compile(r"^-- name: (?P<name>\S+)\n(?P<next>.*)$", re.MULTILINE)
ONE_LINE_DDL = re.compile(r"(?:CREATE|ALTER|DROP|LOCK) ")  # says itself what it does
USED = {text for path in python_files(PACKAGE) for text in strings_of(path)}


STATEMENTS = set(load(Schemas()))


def named(text: str) -> set[str]:
    """The statements that a literal names."""
    return {name for name in STATEMENTS if name == text or (text.endswith(("_", ".")) and name.startswith(text))}


def test_every_name_that_is_used_exists() -> None:
    names = {text for text in USED if (found := NAME.match(text)) and found["file"] in STEMS}
    assert {text for text in names if not named(text)} == set()


def test_every_statement_is_used() -> None:
    names = {text for text in USED if (found := NAME.match(text)) and found["file"] in STEMS}
    assert STATEMENTS - {name for text in names for name in named(text)} == set()


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
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^(?:SELECT \*\s+FROM (?:ops\.|\{)\S+|RETURNING \*)", text, re.MULTILINE) == []


@pytest.mark.parametrize("path", SQL_FILES, ids=relative)
def test_nothing_but_schema_names_and_key_types_is_put_into_a_statement(path: Path) -> None:
    allowed = {"messaging", "accounts", "intake", "accounts_key", "intake_key"}
    assert set(re.findall(r"\{(\w+)\}", path.read_text(encoding="utf-8"))) <= allowed
