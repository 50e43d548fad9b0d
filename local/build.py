"""Builds .aws-sam/build: with sam where there is a python3.13, elsewhere as sam would, from wheels for it."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".aws-sam"
BUILD = FOLDER / "build"
_STAMP = FOLDER / "built.json"
_SOURCES = ("template.yaml", "functions", "layers", "migrations", "statemachines", "local/build.py")
_LAYER = ROOT / "layers" / "shared" / "python"
_RESOURCE = re.compile(r"^  (?P<name>[A-Za-z0-9]+):$")
_LOCATION = re.compile(r"^      (?:CodeUri|ContentUri|DefinitionUri): (?P<path>\S+)$")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


@dataclass(frozen=True, slots=True)
class Target:
    """What wheels are fetched for, as said to uv, and the command of pip, which serves where uv cannot."""

    uv: tuple[str, ...]
    pip: tuple[str, ...]


LAMBDA = Target(
    uv=("install", "--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28"),
    pip=(
        *(sys.executable, "-m", "pip", "install"),
        "--python-version",
        "3.13",
        *(f"--platform={name}_x86_64" for name in ("manylinux_2_28", "manylinux2014")),
    ),
)


def interpreter(python: Path) -> Target:
    """An interpreter of this machine, by its own pip: another's may be too old to run on it."""
    return Target(uv=("install", "--python", str(python)), pip=(str(python), "-m", "pip", "install"))


def build() -> str:
    """Builds for Lambda; answers with what was done."""
    _STAMP.unlink(missing_ok=True)
    FOLDER.mkdir(exist_ok=True)
    python = find_python313()
    if python is None:
        build_from_wheels(BUILD, target=LAMBDA)
        return "Built .aws-sam/build with wheels for python3.13, which is not on this machine"
    sources = _digest()
    _build_with_sam(python)
    _STAMP.write_text(json.dumps({"python": str(python), "sources": sources}))
    return "Built .aws-sam/build with sam and python3.13"


def python_of_build() -> Path | None:
    """The python3.13 that sam built .aws-sam/build with; None: it did not, or something has changed since."""
    if os.environ.get("WITHOUT_PYTHON313") or not _STAMP.exists():
        return None
    stamp = json.loads(_STAMP.read_text())
    return Path(stamp["python"]) if stamp["sources"] == _digest() else None


def build_for(python: Path) -> Path:
    """The folder of a build for an interpreter of this machine, which is kept until something changes."""
    place = FOLDER / f"for-{hashlib.sha256(str(python).encode()).hexdigest()[:8]}"
    place.mkdir(parents=True, exist_ok=True)
    folder, stamp, sources = place / "build", place / "sources", _digest()
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test workers ask for it at the same time
        if not stamp.exists() or stamp.read_text() != sources:
            stamp.unlink(missing_ok=True)
            build_from_wheels(folder, target=interpreter(python))
            stamp.write_text(sources)
    return folder


def find_python313() -> Path | None:
    """A python3.13 with pip: on PATH, or where pyenv and uv keep theirs."""
    if os.environ.get("WITHOUT_PYTHON313"):
        return None
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    kept = [*pyenv.glob("versions/3.13*/bin/python3.13"), *data.glob("uv/python/cpython-3.13*/bin/python3.13")]
    on_path = shutil.which("python3.13")
    return next(filter(None, map(_python313, [Path(on_path), *kept] if on_path else kept)), None)


def _python313(program: Path) -> Path | None:
    """Where it really is, for a program may be pyenv's shim; None: it is none, or has no pip."""
    ask = "import sys, pip; print(sys.executable) if sys.version_info[:2] == (3, 13) else sys.exit(1)"
    done = subprocess.run([program, "-c", ask], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _digest() -> str:
    """Of everything that is built from."""
    found = hashlib.sha256()
    for path in sorted(_source_files()):
        found.update(f"{path.relative_to(ROOT)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def _source_files() -> Iterator[Path]:
    for source in (ROOT / name for name in _SOURCES):
        for path in (source, *source.rglob("*")):
            if path.is_file() and not any(part == "__pycache__" or part.endswith(".egg-info") for part in path.parts):
                yield path


def _build_with_sam(python: Path) -> None:
    environ = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    sam = Path(sys.executable).parent / "sam"
    done = subprocess.run([sam, "build"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    (FOLDER / "build.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    # Lambda's /opt cannot be written: without bytecode in the layer, every cold start would compile it anew.
    compile_all = (python, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash")
    subprocess.run([*compile_all, BUILD / "SharedLayer"], stdout=subprocess.DEVNULL, check=False)


def build_from_wheels(into: Path, *, target: Target) -> None:
    """Copies what the template names beside a template that names the copies, and fetches the layer's wheels."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    lines, resource = [], ""
    for line in (ROOT / "template.yaml").read_text().splitlines():
        if found := _RESOURCE.match(line):
            resource = found["name"]
        if found := _LOCATION.match(line):
            _copy(ROOT / found["path"], into / resource, target=target)
            line = line.replace(found["path"], resource)  # noqa: PLW2901  the line is what is rewritten
        lines.append(line)
    (into / "template.yaml").write_text("\n".join(lines) + "\n")


def _copy(source: Path, place: Path, *, target: Target) -> None:
    if source == _LAYER:
        place /= "python"
        fetch(source / "requirements.txt", place, target=target)
    if source.is_dir():
        shutil.copytree(source, place, dirs_exist_ok=True, ignore=_LEFT_OUT)
    else:
        shutil.copy(source, place)


def fetch(lock: Path, into: Path, *, target: Target) -> None:
    """Installs the wheels of a lock into a folder, without commands, whose first lines name this machine."""
    given = (
        *("--target", str(into), "--only-binary", ":all:", "--no-deps", "--require-hashes", "--quiet"),
        *("--requirement", str(lock)),
    )
    uv = Path(sys.executable).parent / "uv"
    with_uv = (str(uv), "pip", *target.uv, *given)
    with_pip = (*target.pip, "--no-compile", *given)  # it would be this Python's bytecode
    if not (uv.exists() and subprocess.run(with_uv, capture_output=True, check=False).returncode == 0):
        done = subprocess.run(with_pip, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            sys.exit(f"the packages of {lock.name} could not be downloaded: {last}")
    shutil.rmtree(into / "bin", ignore_errors=True)
    (into / ".lock").unlink(missing_ok=True)


if __name__ == "__main__":
    print(build())
