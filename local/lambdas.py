"""The functions as Lambda runs them: loaded from their own file, invoked with an event and a context."""

import importlib.util
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.facts import AWS_ACCOUNT, REGION
from local.template import Function

INVOKE_PATH = "/2015-03-31/functions/"
Handler = Callable[[dict[str, Any], Any], Any]


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What Lambda hands over beside the event."""

    function_name: str
    memory_limit_in_mb: int
    ends_at: float  # on the monotonic clock
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    log_group_name: str = "local"
    log_stream_name: str = "local"

    @property
    def invoked_function_arn(self) -> str:
        return function_arn(self.function_name)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's time is up."""
        return max(0, int((self.ends_at - time.monotonic()) * 1000))


def function_arn(name: str) -> str:
    """The ARN that a function has locally."""
    return f"arn:aws:lambda:{REGION}:{AWS_ACCOUNT}:function:{name}"


class Lambdas:
    """All functions of the template, by folder name.

    As on Lambda, a loaded handler serves one invocation at a time, and one more is loaded when all are busy: what a
    handler keeps in its module is its own. The packages beneath are loaded once.
    """

    def __init__(self, functions: Iterable[Function], *, root: Path) -> None:
        self.functions = {function.name: function for function in functions}
        self._root = root
        self._idle: dict[str, list[Handler]] = {name: [] for name in self.functions}

    def load(self) -> None:
        """Loads every handler now, so that the first request finds it warm."""
        for name in self.functions:
            self._idle[name].append(self._load(name))

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """The function's result. Raises what the handler raises."""
        function = self.functions[name]
        context = LambdaContext(name, function.memory_mb, time.monotonic() + function.timeout_s)
        with self._borrowed(name) as handler:
            return handler(event, context)

    @contextmanager
    def _borrowed(self, name: str) -> Iterator[Handler]:
        try:
            handler = self._idle[name].pop()
        except IndexError:
            handler = self._load(name)
        try:
            yield handler
        finally:
            self._idle[name].append(handler)

    def _load(self, name: str) -> Handler:
        return load_handler(self._root / self.functions[name].folder)


def load_handler(folder: Path) -> Handler:
    """The lambda_handler of a function's folder."""
    spec = importlib.util.spec_from_file_location(f"function_{folder.name}", folder / "handler.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(folder / "handler.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.lambda_handler
    return handler
