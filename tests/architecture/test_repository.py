"""Rules of the repository: the lock, the lint's exceptions, what may be said in it."""

import re
import tokenize
from pathlib import Path

import pytest

from tests.architecture.sources import DEPLOYED, ROOT, imports_of, python_files, relative, tracked_files

MAX_LINES = 350
TEXTS = [path for path in tracked_files() if path.suffix not in (".txt", ".png", ".pem")]
MACHINE = re.compile(r"/(?:home|Users|root|work)/\w|/tmp/(?!sw)\w|[/.](?:jfrog|artifactory|nexus)\b")
OTHER_REGISTRY = re.compile(r"--(?:extra-)?index-url|--find-links")
TARGETS = {"demo", "test", "dev", "check", "bench", "build", "event", "lock"}
NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?(?P<reason>.*)")


def comments(path: Path) -> list[str]:
    """Every comment of a Python file."""
    with path.open("rb") as file:
        return [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]


def test_the_layer_carries_what_is_locked() -> None:
    layer = ROOT / "layers" / "shared" / "python" / "requirements.txt"
    assert layer.read_text() == (ROOT / "requirements" / "layer.txt").read_text()


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=relative)
def test_the_lock_pins_and_hashes_everything_and_names_no_registry(lock: Path) -> None:
    text = lock.read_text()
    assert not OTHER_REGISTRY.search(text)
    packages = re.split(r"\n(?=\S)", text.strip())
    assert [one for one in packages if not re.match(r"[a-z0-9._-]+==\S+", one) or "--hash=sha256:" not in one] == []


def test_tests_run_with_the_packages_that_are_deployed() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==[^\s;]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))

    assert pins("layer.txt") <= pins("dev.txt")


def test_an_exception_from_a_rule_gives_its_reason() -> None:
    silent = [
        f"{relative(path)}: {comment}"
        for path in TEXTS
        if path.suffix == ".py"
        for comment in comments(path)
        if (found := NOQA.search(comment)) and (not found["codes"] or not re.search(r"[a-z]{3}", found["reason"] or ""))
    ]
    assert silent == []


def test_nothing_names_somebodys_machine() -> None:
    assert [relative(path) for path in TEXTS if MACHINE.search(path.read_text(encoding="utf-8"))] == []


def test_a_file_can_be_read_in_one_sitting() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(*DEPLOYED)}
    assert {name: lines for name, lines in lengths.items() if lines >= MAX_LINES} == {}


def test_tests_use_no_mocks() -> None:
    tests = [path for path in python_files(ROOT / "tests") if "benchmarks" not in path.parts]
    assert [
        relative(path) for path in tests if any(name.startswith("unittest.mock") for name in imports_of(path))
    ] == []


def test_make_has_the_targets_that_are_promised_and_ci_checks() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)) >= TARGETS
    assert "make check" in (ROOT / ".ci" / "run").read_text()
