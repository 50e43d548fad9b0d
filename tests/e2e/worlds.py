"""Worlds that begin alike, and the repository's functions in one of them behind the gateway and Lambda's Invoke."""

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pg8000.native

from local.aws import client
from local.event import Event
from local.facts import ROOT
from local.http_server import listen
from local.issuer import issue_token
from local.players import Caller
from local.process import Process, environment
from local.settings import settings_for
from local.stack import Stack
from local.template import read_template
from local.twilio_simulator import TwilioSimulator
from switchboard.store.connection import Address
from switchboard.store.database import Database
from switchboard.store.statements import Schemas
from tests.conftest import connector_to
from tests.delivery_builders import a_relay, arrange_conversation, queue_texts
from tests.lead_town import Lead, Town, settle

CHANCE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[A-Z]{2}[0-9a-f]{32}\b"  # ids, ours and Twilio's
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?"  # instants
)
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """A database, a Twilio, queues and flags that nobody else uses, in the stack's AWS."""

    database_url: str
    twilio: TwilioSimulator
    settings: dict[str, str]

    def outcome(self) -> dict[str, object]:
        """How many rows each table has, and what Twilio was given."""
        with connected(self.database_url) as sql:
            tables = sql("SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables ORDER BY name")
            counts = {table: sql(f"SELECT count(*) FROM {table}")[0][0] for (table,) in tables}
        return counts | {"texts": [(one.recipient, one.body) for one in self.twilio.account.messages()]}


@contextmanager
def connected(url: str) -> Iterator[Callable[..., list[list[Any]]]]:
    """Runs statements on a database."""
    connection = pg8000.native.Connection(**Address.from_url(url).arguments())
    try:
        yield connection.run
    finally:
        connection.close()


def arrange(database_url: str) -> None:
    """The conversation that the events of texts are about, on now, a text of it that waits; and the events' own org."""
    with connected(database_url) as sql:
        arrange_conversation(sql)
        sql("""
        UPDATE messaging."AssignmentWindow"
        SET "startAt" = now() - interval '1 hour', "endAt" = now() + interval '1 hour'
        """)
        sql("""
        INSERT INTO messaging."Organization" (id, name, "ownerPhone") VALUES ('default', 'Org', '+15550109998');
        INSERT INTO messaging."MessageNumber" (id, "orgId", e164, "numberClass") VALUES
            ('desk', 'default', '+15550100030', 'front_desk'),
            ('first', 'default', '+15550100031', 'sitter'),
            ('second', 'default', '+15550100032', 'sitter'),
            ('pool', 'default', '+15550100033', 'pool');
        """)
        settle(sql, Town((Lead(phone="+15555550104"), Lead(phone="+15555550104"), Lead(email="b@example.test"))))
    database = Database(connector_to(database_url))
    queue_texts(database, a_relay(event_id="event-1", not_after=None, window_id=None))
    database.close()


def settings(stack: Stack, database_url: str, *, twilio_url: str) -> dict[str, str]:
    """The functions' settings, with queues and flags of their own."""
    addresses = replace(
        stack.addresses, database_url=database_url, twilio_url=twilio_url, flags_path=f"/built/{uuid.uuid4().hex}/flags"
    )
    url = addresses.aws_endpoint_url
    client("ssm", url).put_parameter(
        Name=f"{addresses.flags_path}/ENABLE_PROACTIVE_THREAD_CREATION", Type="String", Value="true"
    )
    sqs = client("sqs", url)
    queues = {
        queue.logical_id: sqs.create_queue(QueueName=f"{queue.logical_id}-{uuid.uuid4().hex}")["QueueUrl"]
        for queue in read_template(ROOT / "template.yaml").queues
    }
    return settings_for(addresses, queue_urls=queues, schemas=Schemas())


class Here:
    """The functions of the repository behind the gateway and Lambda's Invoke API."""

    def __init__(self, world: World, *, log: Path) -> None:
        self._log = log.open("a")
        sockets = listen(0), listen(0)
        api, invoke = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets)
        self._api, self._invoke = Caller(api), Caller(invoke)
        fds = tuple(one.fileno() for one in sockets)
        self._process = Process(
            "functions", {"api_fd": fds[0], "invoke_fd": fds[1], "queue_urls": {}, "schedule_s": 3600},
            environ=environment(world.settings), log=self._log, pass_fds=fds,
        )  # fmt: skip
        for one in sockets:
            one.close()

    def __enter__(self) -> Self:
        self._process.ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()
        self._log.close()

    def tell(self, function: str, event: Event) -> Told:
        """What it answers to an event, over HTTP where the event is a request."""
        if "rawPath" in event:
            return self._request(event)
        answer = self._invoke.call("POST", f"/2015-03-31/functions/{function}/invocations", json.dumps(event))
        return as_told("error" if "x-amz-function-error" in answer.headers else "response", answer.json())

    def _request(self, event: Event) -> Told:
        headers = dict(event["headers"])
        if claims := event["requestContext"].get("authorizer"):
            headers["authorization"] = f"Bearer {issue_token(now=datetime.now(UTC), **claims['jwt']['claims'])}"
        body = event.get("body", "")
        raw = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
        query = event["rawQueryString"]
        path = event["rawPath"] + (f"?{query}" if query else "")
        answer = self._api.call(event["requestContext"]["http"]["method"], path, raw, headers)
        return as_request_told(answer.status, answer.headers, answer.body)


def as_request_told(status: int, headers: Mapping[str, str], body: bytes) -> Told:
    kept = {name.lower(): value for name, value in headers.items() if name.lower() != "content-length"}
    return {"status": status, "headers": kept, "body": CHANCE.sub("*", body.decode())}


def as_told(how: str, answer: Any) -> Told:
    """An answer, or of an error what callers see of it."""
    kept = {name: answer[name] for name in ("errorType", "errorMessage")} if how == "error" else answer
    told: Told = json.loads(CHANCE.sub("*", json.dumps({how: kept})))
    return told
