"""Dependencies point one way: functions, services, domain; the domain knows the standard library only."""

import ast
import sys

import pytest

from tests.architecture.sources import DEPLOYED, FUNCTIONS, PACKAGE, imports_of, python_files, relative, tree_of

DOMAIN = PACKAGE / "domain"

# What would bring a clock, chance or the outside world into the domain, although it is the standard library.
IMPURE = {"asyncio", "http", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess", "sys",
          "tempfile", "threading", "time", "urllib.request", "uuid"}  # fmt: skip

# part of the package → what of the package it may know
KNOWN = {
    "domain": {"domain"},
    "store": {"domain", "errors", "store"},
    "backfills": {"backfills", "domain", "errors", "field_paths", "store"},
    "services": {"backfills", "booking_snapshots", "domain", "errors", "flags", "metrics", "orders", "services",
                 "settings", "store", "twilio", "twilio_numbers", "web", "webhooks"},
}  # fmt: skip

# What a handler may reach: it builds collaborators, parses, calls one use case, answers.
FOR_HANDLERS = {
    "backfills",
    "batches",
    "booking_webhook",
    "errors",
    "inbox",
    "inbox_page",
    "runtime",
    "services",
    "web",
}


def test_the_domain_imports_the_standard_library_and_itself() -> None:
    foreign = [
        f"{relative(path)}: {name}"
        for path in python_files(DOMAIN)
        for name in sorted(imports_of(path))
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("switchboard.domain")
    ]
    assert foreign == []


def test_the_domain_has_no_clock_no_chance_and_no_outside() -> None:
    impure = [f"{relative(path)}: {name}" for path in python_files(DOMAIN) for name in imports_of(path) & IMPURE]
    clocks = [
        f"{relative(path)}:{node.lineno}"
        for path in python_files(DOMAIN)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today") and _is_class(node.value)
    ]
    assert impure + clocks == []


@pytest.mark.parametrize("part", sorted(KNOWN))
def test_a_part_knows_those_beneath_it_only(part: str) -> None:
    unknown = [
        f"{relative(path)}: {name}"
        for path in python_files(PACKAGE / part)
        for name in sorted(imports_of(path))
        if name.startswith("switchboard.") and name.split(".")[1] not in KNOWN[part]
    ]
    assert unknown == []


def test_a_handler_reaches_for_collaborators_and_use_cases_only() -> None:
    reached = {
        f"{relative(path)}: {name}"
        for path in python_files(FUNCTIONS)
        for name in imports_of(path)
        if name.startswith("switchboard.") and name.split(".")[1] not in FOR_HANDLERS
    }
    assert reached == set()


def test_nothing_deployed_imports_the_local_stack_or_the_tests() -> None:
    wrong = [
        relative(path)
        for path in python_files(*DEPLOYED)
        if {"local", "tests"} & {n.split(".")[0] for n in imports_of(path)}
    ]
    assert wrong == []


def test_the_environment_is_read_in_settings_only() -> None:
    readers = {
        relative(path)
        for path in python_files(*DEPLOYED)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "getenv"} & {a.name for a in node.names}
        )
    }
    assert readers <= {relative(PACKAGE / "settings.py")}


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert [relative(path) for path in python_files(*DEPLOYED) if path.stem in drawers] == []


def _is_class(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("datetime", "date")
