"""Lambda on this machine: built functions under the real runtime client, seeing what they would see there."""

import json
import queue
import subprocess
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.api_gateway import HttpAnswer, HttpRequest, json_answer
from local.facts import REGION
from local.http_server import HttpServer, listen
from local.lambdas import function_arn
from local.template import load_template

_RUNTIME = "/2018-06-01/runtime"
_LONGEST_S = 60.0
_LOOK_EVERY_S = 0.2
_TAIL = 2000
Answer = tuple[str, Any]  # how it ended (response or error), and the JSON of it


class RuntimeApi:
    """Lambda's Runtime API towards one function: events are put in, answers come out."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[HttpAnswer] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        listening = listen(0)
        self.address = f"127.0.0.1:{listening.getsockname()[1]}"
        self._server = HttpServer(listening, self._answer)
        self._server.start()

    def put(self, event: Any, *, function: str, timeout_s: int) -> None:
        """The next event that the function gets."""
        headers = {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": str(uuid.uuid4()),
            "lambda-runtime-deadline-ms": str(int((time.time() + timeout_s) * 1000)),
            "lambda-runtime-invoked-function-arn": function_arn(function),
            "lambda-runtime-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
        }
        self._events.put(HttpAnswer(200, list(headers.items()), json.dumps(event).encode()))

    def stop(self) -> None:
        """Stops serving; a function that waits for an event is gone by then."""
        self._events.put(json_answer(410, {}))
        self._server.stop()

    def _answer(self, request: HttpRequest) -> HttpAnswer:
        if (request.method, request.path) == ("GET", f"{_RUNTIME}/invocation/next"):
            return self._events.get()
        self.answers.put((request.path.rpartition("/")[2], json.loads(request.body)))
        return json_answer(202, {"status": "OK"})


@dataclass(frozen=True, slots=True)
class Running:
    """A function's process, warm after its first event."""

    name: str
    timeout_s: int
    process: subprocess.Popen[bytes]
    api: RuntimeApi
    log: Path

    def invoke(self, event: Any) -> Answer:
        """What the function answers."""
        self.api.put(event, function=self.name, timeout_s=self.timeout_s)
        ends_at = time.monotonic() + _LONGEST_S
        while time.monotonic() < ends_at:
            try:
                return self.api.answers.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:
                if self.process.poll() is not None:
                    break
        raise AssertionError(f"{self.name} did not answer: {self.log.read_text(errors='replace')[-_TAIL:]}")


class Host:
    """The functions of a build. `scratch` is for logs and for what stands for /opt; there packages may be left out."""

    def __init__(
        self,
        build: Path,
        *,
        python: Path,
        runtime: Path,
        settings: Mapping[str, str],
        scratch: Path,
        without: Collection[str] = (),
        keeps_bytecode: bool = False,
    ) -> None:
        self._build = build
        self._python = python
        self._runtime = runtime
        self._settings = settings
        self._scratch = scratch
        self._without = without
        self._keeps_bytecode = keeps_bytecode
        document = load_template(build / "template.yaml")
        self._resources: dict[str, Any] = document["Resources"]
        self._parameters: dict[str, Any] = document["Parameters"]
        self._globals: dict[str, Any] = document["Globals"]["Function"]

    def names(self) -> list[str]:
        """Every function that the template deploys."""
        return [name for name, one in self._resources.items() if one["Type"] == "AWS::Serverless::Function"]

    @contextmanager
    def running(self, name: str) -> Iterator[Running]:
        """A process of a function: its folder, its layers and the runtime client are all that it can import from."""
        properties = self._globals | self._resources[name]["Properties"]
        opt, api, log = self.opt(name), RuntimeApi(), self._scratch / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [self._python, "-S", "-m", "awslambdaric", properties["Handler"]],
                cwd=self._build / properties["CodeUri"], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=self._variables(opt) | _of_lambda(name, properties) | {
                    "PYTHONPATH": f"{opt / 'python'}:{self._runtime}",
                    "PYTHONDONTWRITEBYTECODE": "" if self._keeps_bytecode else "1",
                    "AWS_LAMBDA_RUNTIME_API": api.address,
                },
            )  # fmt: skip
        try:
            yield Running(name, properties["Timeout"], process, api, log)
        finally:
            process.kill()
            process.wait()
            api.stop()

    def opt(self, name: str) -> Path:
        """A folder with what the function's layers put into /opt."""
        opt = self._scratch / f"opt-{name}"
        for layer in (*self._globals["Layers"], *self._resources[name]["Properties"].get("Layers", ())):
            content = self._build / self._resources[layer["Ref"]]["Properties"]["ContentUri"]
            for entry in (entry for folder in content.iterdir() for entry in folder.iterdir()):
                place = opt / entry.parent.name / entry.name
                place.parent.mkdir(parents=True, exist_ok=True)
                if entry.name not in self._without and not place.exists():
                    place.symlink_to(entry.resolve())
        return opt

    def _variables(self, opt: Path) -> dict[str, str]:
        """What the template sets, and nothing else: from the settings, or as it stands there, or a default."""
        given: dict[str, Any] = self._globals["Environment"]["Variables"]
        return {
            name: self._settings.get(name, self._default(value)).replace("/opt/", f"{opt}/")
            for name, value in given.items()
        }

    def _default(self, value: Any) -> str:
        if isinstance(value, dict):
            return str(self._parameters.get(value.get("Ref", ""), {}).get("Default", ""))
        return str(value)


def _of_lambda(name: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """The variables that Lambda sets by itself."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": name,
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
    }
