"""What is documented is what there is."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from local.template import load_template
from switchboard.domain.anti_poaching import AntiPoachingMode
from switchboard.flags import Flags
from switchboard.settings import VARIABLES
from tests.architecture.sources import DEPLOYED, ROOT, python_files, relative, tracked_files, tree_of

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
DOCUMENTS = [path for path in tracked_files() if path.suffix == ".md"]
LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")
MENTION = re.compile(
    r"`(?P<path>(?:docs|functions|layers|local|migrations|tests|events|statemachines|requirements)/[\w./-]+)`"
)

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
PERSONAL = {"phone", "body", "name", "first_name", "last_name", "token", "email", "text", "address", "form"}


def first_columns(document: Path) -> list[list[str]]:
    """The cells of every table row whose first cell is code."""
    rows = [line.strip("|").split(" | ") for line in document.read_text().splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in row] for row in rows]


def test_the_documented_flags_are_the_flags_with_their_defaults() -> None:
    documented = {name: default for name, _, default, *_ in first_columns(REFERENCE / "flags.md")}
    defaults = Flags()
    assert documented == {flag.name.upper(): str(getattr(defaults, flag.name)).lower() for flag in fields(Flags)}


def test_the_documented_modes_are_the_modes() -> None:
    (values,) = [row[1] for row in first_columns(REFERENCE / "flags.md") if row[0] == "ANTI_POACHING_MODE"]
    assert set(re.findall(r"\w+", values)) == set(AntiPoachingMode)


def test_the_documented_settings_are_the_settings_with_their_defaults() -> None:
    documented = {name: default for name, default, *_ in first_columns(REFERENCE / "settings.md")}
    assert documented == {name: default or "" for name, (default, _) in VARIABLES.items()}


def test_every_link_and_every_file_that_a_document_names_is_there() -> None:
    assert [f"{relative(document)}: {name}" for document in DOCUMENTS for name in _missing(document)] == []


def _missing(document: Path) -> list[str]:
    text = document.read_text(encoding="utf-8")
    links = [found["target"] for found in LINK.finditer(text) if "://" not in found["target"]]
    missing = [link for link in links if not (document.parent / link).exists()]
    return missing + [found["path"] for found in MENTION.finditer(text) if not (ROOT / found["path"]).exists()]


@pytest.mark.parametrize("folder", ["runbooks", "decisions", "functions"])
def test_a_folders_readme_lists_every_document_in_it(folder: str) -> None:
    listed = {found["target"] for found in LINK.finditer((DOCS / folder / "README.md").read_text())}
    beside = {target for target in listed if "/" not in target}
    assert {path.name for path in (DOCS / folder).glob("*.md")} - {"README.md"} == beside


def test_decisions_are_numbered_one_by_one_in_name_and_title() -> None:
    decisions = sorted((DOCS / "decisions").glob("0*.md"))
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert [path.name for path in decisions if not path.read_text().startswith(f"# {int(path.name[:4])}. ")] == []


def test_every_error_that_is_logged_says_in_the_runbook_what_to_do() -> None:
    described = {row[0] for row in first_columns(DOCS / "runbooks" / "errors-logged.md")}
    assert logged_errors() == described


def logged_errors() -> set[str]:
    """The events that deployed code logs as errors."""
    return {
        call.args[0].value
        for _, call in log_lines()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("error", "exception", "critical")
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_a_log_line_is_a_constant_event_with_facts_as_keys() -> None:
    assert [f"{relative(path)}:{call.lineno}" for path, call in log_lines() if not _is_well_said(call)] == []


def _is_well_said(call: ast.Call) -> bool:
    event = call.args[0]
    return (
        len(call.args) == 1
        and isinstance(event, ast.Constant)
        and re.fullmatch(r"[a-z]+(_[a-z]+)+", str(event.value)) is not None
        and not {keyword.arg for keyword in call.keywords} & PERSONAL
    )


def log_lines() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a module's logger in deployed code, and where it is."""
    for path in python_files(*DEPLOYED):
        for node in ast.walk(tree_of(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            of_logger = isinstance(node.func.value, ast.Name) and node.func.value.id == "logger"
            if of_logger and node.func.attr in LEVELS:
                yield path, node


def test_every_parameter_of_the_template_is_explained_in_the_deployment_guide_with_its_default() -> None:
    rows = re.findall(r"^\| ([A-Z]\w+(?:, [A-Z]\w+)*) \| (.*) \|$", (DOCS / "deploy.md").read_text(), re.MULTILINE)
    explained = {name: cells for names, cells in rows for name in names.split(", ")}
    parameters = load_template(ROOT / "template.yaml")["Parameters"]
    assert explained.keys() == parameters.keys()
    defaults = {name: str(one["Default"]) for name, one in parameters.items() if one.get("Default") not in (None, "")}
    assert [name for name, default in defaults.items() if f"`{default}`" not in explained[name]] == []
