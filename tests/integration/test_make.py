"""What make does before there is an environment, and when it is told to stop."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

RECIPE = ".PHONY: run\nrun:\n\t@exec {python} -c '{program}'\n"
PROGRAM = (
    "import threading; from local.make import follow_make; follow_make(); "
    'print("ready", flush=True); threading.Event().wait(60)'
)

# A shell's background jobs, the tests among them where a script starts them so, ignore SIGINT and pass that on.
MAKE = "import os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp('make', ['make', 'run'])"


def test_make_alone_prints_the_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    for target in ("demo", "test", "dev", "check", "bench", "build", "event", "lock"):
        assert f"make {target} " in done.stdout


def test_an_old_python_is_refused_in_one_line(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\ntest "$1" = -V && echo Python 3.9.2 && exit 0\nexit 1\n')
        program.chmod(0o755)
    done = subprocess.run(
        [ROOT / "local" / "environment.sh", tmp_path / "environment", "requirements/dev.txt"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Python 3.11 or newer is needed, python3 here is Python 3.9.2" in done.stderr
    assert not (tmp_path / "environment").exists()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only /proc shows what make knows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_what_stops_make_alone_stops_what_it_runs(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "Makefile").write_text(RECIPE.format(python=sys.executable, program=PROGRAM))
    (tmp_path / "local").symlink_to(ROOT / "local")
    make = subprocess.Popen(
        [sys.executable, "-c", MAKE], cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True, env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    try:
        assert make.stdout is not None
        assert make.stdout.readline() == "ready\n"
        make.send_signal(number)
        make.communicate(timeout=30)  # returns when the last process that writes here has ended
        assert make.returncode != 0
    finally:
        if make.poll() is None:
            os.killpg(make.pid, signal.SIGKILL)
