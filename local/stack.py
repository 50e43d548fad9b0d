"""The whole product on one machine: four processes that this one starts, watches and stops."""

import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local.databases import borrowed_database
from local.facts import (
    API_PORT,
    AWS_PORT,
    BOOKING_SECRET,
    FLAGS_PATH,
    PUBLIC_BASE_URL,
    ROOT,
    TWILIO_ACCOUNT_SID,
    TWILIO_AUTH_TOKEN,
    TWILIO_PORT,
    Addresses,
)
from local.http_server import listen
from local.issuer import issue_token
from local.process import PartFailed, Process, environment
from local.seed import prepare_database
from local.settings import settings_for
from switchboard.store.statements import Schemas

logger = logging.getLogger("local.stack")


@dataclass(frozen=True, slots=True)
class Options:
    """How a stack is to run. Ports: 0 is any free one. Without `database_url` there is an embedded server."""

    api_port: int = API_PORT
    twilio_port: int = TWILIO_PORT
    aws_port: int = AWS_PORT
    keep: Path | None = None
    database_url: str | None = None
    schemas: Schemas = field(default_factory=Schemas)
    schedule_s: float = 60.0
    file: Path | None = ROOT / ".local" / "stack.json"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Options":
        """PORT, KEEP, DATABASE_URL, STACK_FILE, and the schemas' names as in the settings."""
        port = _port(environ.get("PORT") or str(API_PORT))
        return cls(
            api_port=port,
            twilio_port=TWILIO_PORT if port else 0,
            aws_port=AWS_PORT if port else 0,
            keep=Path(environ["KEEP"]).resolve() if environ.get("KEEP") else None,
            database_url=environ.get("DATABASE_URL") or None,
            schemas=Schemas(
                environ.get("SCHEMA_MESSAGING") or "messaging",
                environ.get("SCHEMA_ACCOUNTS") or "accounts",
                environ.get("SCHEMA_INTAKE") or "intake",
            ),
            file=Path(environ.get("STACK_FILE") or ROOT / ".local" / "stack.json"),
        )


class Stack:
    """Starts when entered, stops when left. `addresses` says where everything is."""

    addresses: Addresses
    invoke_url: str  # Lambda's Invoke API, which Step Functions and the tests use

    def __init__(self, options: Options, *, log: IO[str] | None = None) -> None:
        self.options = options
        self._log = log
        self._ends = ExitStack()
        self._stopping = threading.Event()
        self._parts: list[Process] = []
        self._failed: str | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops everything that was started, in the opposite order."""
        self._stopping.set()
        self._ends.close()

    def wait(self) -> None:
        """Returns only by raising: PartFailed when a part cannot go on, KeyboardInterrupt or SystemExit when told."""
        while not self._stopping.wait(0.2):
            ended = [part.name for part in self._parts if part.poll() is not None]
            if ended or self._failed:
                raise PartFailed(self._failed or f"{ended[0]} ended by itself")

    def _start(self) -> None:
        options = self.options
        api, invoke = listen(options.api_port), listen(0)
        for listening in (api, invoke):
            self._ends.callback(listening.close)
        api_url, self.invoke_url = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (api, invoke))
        for port in (options.aws_port, options.twilio_port):
            listen(port).close()  # says which one is taken
        self.cloud = self._begin("cloud", {"port": options.aws_port, "invoke_url": self.invoke_url})
        self.twilio = self._begin("twilio", {"port": options.twilio_port, "api_url": api_url})
        database_url = self._prepare_database()
        cloud, twilio = self.cloud.ready(), self.twilio.ready()
        self.twilio.command(cloud["url"])
        self.addresses = Addresses(
            api_url=api_url, public_base_url=PUBLIC_BASE_URL, database_url=database_url, twilio_url=twilio["url"],
            aws_endpoint_url=cloud["url"], state_machine_arn=cloud["state_machine_arn"], flags_path=FLAGS_PATH,
            booking_secret=BOOKING_SECRET, twilio_auth_token=TWILIO_AUTH_TOKEN, twilio_account_sid=TWILIO_ACCOUNT_SID,
            owner_token=issue_token(now=datetime.now(UTC)),
        )  # fmt: skip
        config = {
            "api_fd": api.fileno(), "invoke_fd": invoke.fileno(),
            "queue_urls": cloud["queue_urls"], "schedule_s": options.schedule_s,
        }  # fmt: skip
        variables = settings_for(self.addresses, queue_urls=cloud["queue_urls"], schemas=options.schemas)

        def begin_functions() -> Process:
            return self._process("functions", config, variables, pass_fds=(api.fileno(), invoke.fileno()))

        self.functions = begin_functions()
        self._ends.callback(self._stop_functions)
        self.functions.ready()
        self._watch(begin_functions)
        self._write_files(variables)

    def _process(
        self, name: str, config: Mapping[str, object], variables: Mapping[str, str], pass_fds: tuple[int, ...] = ()
    ) -> Process:
        return Process(name, config, environ=environment(variables), log=self._log, pass_fds=pass_fds)

    def _begin(self, name: str, config: Mapping[str, object]) -> Process:
        process = self._process(name, config, {})
        self._ends.callback(process.stop)
        self._parts.append(process)
        return process

    def _prepare_database(self) -> str:
        url = self._database_url()
        prepare_database(url, schemas=self.options.schemas, now=datetime.now(UTC), new_id=lambda: str(uuid.uuid4()))
        return url

    def _database_url(self) -> str:
        options = self.options
        if options.database_url and options.keep:
            return options.database_url
        if options.database_url:
            return self._ends.enter_context(borrowed_database(options.database_url))
        self.database = self._begin("database", {"keep": str(options.keep) if options.keep else None})
        url: str = self.database.ready()["url"]
        return url

    def _stop_functions(self) -> None:
        self.functions.stop()  # which may have been started again since

    def _watch(self, begin_functions: Callable[[], Process]) -> None:
        """Functions that crash are started again, as Lambda would; requests wait at the socket meanwhile."""

        def watch() -> None:
            while True:
                status = self.functions.wait()
                if self._stopping.is_set():
                    return
                logger.warning("functions ended with status %s and are started again", status)
                self.functions = begin_functions()
                if self._stopping.is_set():
                    self.functions.stop()
                    return
                try:
                    self.functions.ready()
                except PartFailed as error:
                    self._failed = str(error)
                    return

        threading.Thread(target=watch, name="watch", daemon=True).start()

    def _write_files(self, variables: Mapping[str, str]) -> None:
        """The addresses, and beside them the functions' settings as `sam local invoke` reads them."""
        file = self.options.file
        if file is None:
            return
        inside = {name: value for name, value in variables.items() if name != "MIGRATIONS_FOLDER"}
        self._write(file.with_name("env.json"), {"Parameters": inside})
        self._write(file, {name: getattr(self.addresses, name) for name in Addresses.__slots__})

    def _write(self, file: Path, content: Mapping[str, object]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=2) + "\n"
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        unfinished.write_text(text)
        unfinished.replace(file)
        self._ends.callback(_remove_if_same, file, text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004  the greatest that there is
        raise ValueError("PORT is a number between 0 and 65535")
    return int(text)


def _remove_if_same(file: Path, text: str) -> None:
    """Another stack may have written its own since."""
    if file.exists() and file.read_text() == text:
        file.unlink()
