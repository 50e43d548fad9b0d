"""The stack's parts as processes of their own, which end when the stack ends, however it ends.

The stack holds the other end of a part's standard input. Lines on it are commands; its end, which the kernel brings
about even when the stack is killed, tells the part to stop. The part answers with one JSON line each on its standard
output; whatever else is printed in it goes to the log.
"""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Protocol

from local.facts import REGION, ROOT

_SOURCES = (str(ROOT), str(ROOT / "layers" / "shared" / "python"))
_STOP_S = 20.0


class PartFailed(RuntimeError):
    """A part of the stack did not start, or ended by itself."""


class Part(Protocol):
    """What a part's process runs."""

    def start(self) -> Mapping[str, Any]:
        """Returns, when the part serves, the facts that the stack wants to know."""

    def command(self, word: str) -> None:
        """Does what the stack asks while it runs."""

    def stop(self) -> None:
        """Ends everything that was started."""


def host(build: Callable[[], Part]) -> None:
    """Runs a part in this process until the stack goes away or asks it to stop."""
    with _answers() as answers:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the stack decides
        signal.signal(signal.SIGTERM, _leave)
        gc.disable()  # nothing that a part loads becomes garbage, and looking for some takes a third of its start
        try:
            part = build()
            facts = part.start()
        except Exception as error:  # noqa: BLE001  whatever it is, the stack says it
            _answer(answers, {"error": str(error) or type(error).__name__})
            sys.exit(1)
        try:
            gc.freeze()
            gc.enable()
            _answer(answers, facts)
            for line in sys.stdin:
                part.command(line.strip())
                _answer(answers, {})
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            part.stop()


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def _answers() -> IO[str]:
    """The stack's end of standard output; what handlers and libraries print joins the log."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _answer(answers: IO[str], facts: Mapping[str, Any]) -> None:
    answers.write(json.dumps(facts) + "\n")
    answers.flush()


class Process:
    """A part's process, as the stack sees it."""

    def __init__(
        self,
        name: str,
        config: Mapping[str, Any],
        *,
        environ: Mapping[str, str],
        log: IO[str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.name = name
        self._is_ready = False
        self._child = subprocess.Popen(
            [sys.executable, "-m", "local", "part", name, json.dumps(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
            env=dict(environ),
            pass_fds=tuple(pass_fds),
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    def ready(self) -> dict[str, Any]:
        """Waits for the part's facts, or for a command's end. Raises PartFailed."""
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise PartFailed(f"{self.name} ended with status {self._child.wait()}")
        facts: dict[str, Any] = json.loads(line)
        if "error" in facts:
            raise PartFailed(f"{self.name}: {facts['error']}")
        self._is_ready = True
        return facts

    def command(self, word: str) -> None:
        """Has the part do something, and waits until it is done."""
        assert self._child.stdin is not None
        self._child.stdin.write(word + "\n")
        self._child.stdin.flush()
        self.ready()

    def poll(self) -> int | None:
        """The exit status, None while it runs."""
        return self._child.poll()

    def wait(self) -> int:
        """Waits until the process has ended."""
        return self._child.wait()

    def kill(self) -> None:
        """Kills it at once, as a crash would."""
        self._child.kill()
        self._child.wait()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal: SIGSTOP makes the part hang, SIGCONT go on."""
        self._child.send_signal(number)

    def ask_to_stop(self) -> None:
        """Closes its standard input."""
        if self._child.stdin and not self._child.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._child.stdin.close()

    def stop(self) -> None:
        """Asks it to stop and waits; kills it where it does not. One that is still starting is not waited for."""
        self.ask_to_stop()
        if not self._is_ready:
            self._child.terminate()
        try:
            self._child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._child.stdout:
            self._child.stdout.close()


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """A part's environment: this process's, without what would lead it to a real AWS account or through a proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_"))}
    paths = [*_SOURCES, *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {
        "PYTHONPATH": os.pathsep.join(paths),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        **extra,
    }
