"""The owner at the desk: calls through the local gateway, its authorizer and the API, on a test's own database."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.api_gateway import HttpAnswer, HttpRequest
from local.gateway import Gateway
from local.issuer import issue_token
from local.lambdas import Lambdas
from local.template import read_template
from switchboard.inbox import Using, answer_call
from switchboard.web import answering
from tests.architecture.sources import ROOT
from tests.builders import NOON
from tests.inbound_texts import Switchboard

FUNCTIONS = read_template(ROOT / "template.yaml").functions


class _Inbox(Lambdas):
    """The template's functions, of which the inbox works on the test's database at the test's instant."""

    def __init__(self, board: Switchboard, now: datetime) -> None:
        super().__init__(FUNCTIONS, root=ROOT)
        self._board = board
        self._now = now

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        assert name == "serve_inbox"
        using = Using(
            database=self._board.database,
            queue=self._board.send_queue,
            now=self._now,
            new_id=lambda: str(uuid.uuid4()),
        )
        return answering()(lambda request: answer_call(request, using=using))(event, None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, its JSON read."""

    status: int
    body: Any
    headers: dict[str, str]


class Desk:
    """One owner's calls; the clock stands."""

    def __init__(self, board: Switchboard, *, now: datetime = NOON, token: str | None = None) -> None:
        self._gateway = Gateway(_Inbox(board, now))
        self.token = issue_token(now=datetime.now(UTC)) if token is None else token

    def call(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None) -> Reply:
        """Sends JSON, or raw bytes as if they were."""
        path, _, query = path.partition("?")
        content = raw if raw is not None else json.dumps(body).encode() if body is not None else b""
        headers = [("Authorization", f"Bearer {self.token}"), ("Content-Type", "application/json")]
        request = HttpRequest(method, path, query, headers if self.token else headers[1:], content, "127.0.0.1")
        return _reply(self._gateway(request))

    def get(self, path: str) -> Any:
        """The JSON of a call that succeeds."""
        reply = self.call("GET", path)
        assert reply.status == 200, reply
        return reply.body

    def post(self, path: str, body: Any = None) -> Reply:
        """Sends JSON."""
        return self.call("POST", path, body)


def _reply(answer: HttpAnswer) -> Reply:
    return Reply(answer.status, json.loads(answer.body) if answer.body else None, dict(answer.headers))
