"""Builds .aws-sam/build as `sam build` would, on a machine without python3.13: wheels for it are downloaded."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".aws-sam" / "build"
LOCK = ROOT / "layers" / "shared" / "python" / "requirements.txt"
_RESOURCE = re.compile(r"^  (?P<name>[A-Za-z0-9]+):$")
_LOCATION = re.compile(r"^      (?:CodeUri|ContentUri|DefinitionUri): (?P<path>\S+)$")
_COMMON = ("--only-binary", ":all:", "--no-deps", "--require-hashes", "--requirement", str(LOCK), "--quiet")


def build() -> None:
    """Copies what the template names beside a template that names the copies, and fetches the layer's wheels."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    lines, resource = [], ""
    for line in (ROOT / "template.yaml").read_text().splitlines():
        if found := _RESOURCE.match(line):
            resource = found["name"]
        if found := _LOCATION.match(line):
            _copy(ROOT / found["path"], BUILD / resource)
            line = line.replace(found["path"], resource)  # noqa: PLW2901  the line is what is rewritten
        lines.append(line)
    (BUILD / "template.yaml").write_text("\n".join(lines) + "\n")


def _copy(source: Path, target: Path) -> None:
    if source == LOCK.parent:
        _fetch(target / "python")
        target /= "python"
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    else:
        shutil.copy(source, target)


def _fetch(target: Path) -> None:
    uv = str(Path(sys.executable).parent / "uv")
    with_uv = [
        *(uv, "pip", "install", "--target", str(target), "--python", sys.executable, "--python-version", "3.13"),
        *("--python-platform", "x86_64-manylinux_2_28", *_COMMON),
    ]
    with_pip = [
        *(sys.executable, "-m", "pip", "install", "--target", str(target), "--python-version", "3.13"),
        *("--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64", *_COMMON),
    ]
    if shutil.which(uv) and subprocess.run(with_uv, capture_output=True, check=False).returncode == 0:
        return
    done = subprocess.run(with_pip, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        sys.exit(f"python3.13 is not on this machine, and its packages could not be downloaded: {last}")


if __name__ == "__main__":
    build()
