"""Every statement is described, named where it is used, and used; every name that is used exists."""

import re
from pathlib import Path

import pytest

from switchboard.store.statements import Schemas, load
from tests.architecture.sources import PACKAGE, python_files, relative, strings_of

SQL_FILES = sorted(PACKAGE.rglob("*.sql"))
STEMS = {path.stem for path in SQL_FILES}
NAME = re.compile(r"^(?P<file>[a-z_]+)\.[a-z_0-9]+$")
HEAD = re.compile(r"^-- name: (?P<name>\S+)\n(?P<next>.*)$", re.MULTILINE)
USED = {text for path in python_files(PACKAGE) for text in strings_of(path)}


def test_every_name_that_is_used_exists() -> None:
    used = {text for text in USED if (found := NAME.match(text)) and found["file"] in STEMS}
    assert used - set(load(Schemas())) == set()


def test_every_statement_is_used() -> None:
    assert set(load(Schemas())) - USED == set()


@pytest.mark.parametrize("path", SQL_FILES, ids=relative)
def test_every_statement_has_a_plain_name_and_says_what_it_does(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    heads = [(found["name"], found["next"]) for found in HEAD.finditer(text)]
    assert len(heads) == text.count("-- name:")
    assert len({name for name, _ in heads}) == len(heads)
    assert [name for name, description in heads if not re.match(r"-- \S.{10,}", description)] == []


@pytest.mark.parametrize("path", SQL_FILES, ids=relative)
def test_no_statement_answers_with_every_column(path: Path) -> None:
    assert re.findall(r"^SELECT\s+\*", path.read_text(encoding="utf-8"), re.MULTILINE) == []


@pytest.mark.parametrize("path", SQL_FILES, ids=relative)
def test_nothing_but_schema_names_and_key_types_is_put_into_a_statement(path: Path) -> None:
    allowed = {"messaging", "accounts", "intake", "accounts_key", "intake_key"}
    assert set(re.findall(r"\{(\w+)\}", path.read_text(encoding="utf-8"))) <= allowed
