"""Reads the repository for the tests of its rules."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "layers" / "shared" / "python" / "switchboard"
FUNCTIONS = ROOT / "functions"
DEPLOYED = (PACKAGE, FUNCTIONS)


def python_files(*folders: Path) -> list[Path]:
    """Every Python file under the folders, sorted."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> set[str]:
    """Every module that a file names in an import; `from a import b` counts as a and as a.b."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def strings_of(path: Path) -> Iterator[str]:
    """Every string literal of a file."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def relative(path: Path) -> str:
    """The path from the repository's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def tracked_files() -> list[Path]:
    """Every file of the repository that git knows or would take; in an archive without git, every file."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return sorted(path for name in done.stdout.splitlines() if (path := ROOT / name).is_file())
    folders = ("docs", "events", "functions", "layers", "local", "migrations", "requirements", "statemachines", "tests")
    loose = [path for path in ROOT.iterdir() if path.is_file()]
    return sorted(loose + [path for name in folders for path in (ROOT / name).rglob("*") if path.is_file()])
