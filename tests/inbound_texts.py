"""Texts as Twilio hands them over, what receives them, and what came of them."""

import base64
import itertools
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from local.signing import sign_twilio
from switchboard.flags import Flags
from switchboard.services.receive_text import Receiving, receive_text
from switchboard.store.database import Database
from tests.builders import NOON, SITTER_NUMBER
from tests.fakes import ListQueue

TOKEN = "inbound-test-token"
BASE_URL = "https://switchboard.example.test"
PATH = "/webhooks/twilio/inbound"
Form = Sequence[tuple[str, str]]
_sids = itertools.count(1)


def form(
    body: str | None = "Hello",
    *,
    sender: str = "+15555550101",
    to: str = SITTER_NUMBER,
    sid: str | None = None,
    more: Form = (),
) -> list[tuple[str, str]]:
    """A form as Twilio posts it."""
    fields = [
        ("MessageSid", sid or f"SM{next(_sids):032x}"),
        ("AccountSid", "AC" + "0" * 32),
        ("From", sender),
        ("To", to),
        ("NumMedia", "0"),
        ("FromCity", ""),
    ]
    return [*fields, *([("Body", body)] if body is not None else []), *more]


def event(fields: Form, *, at: datetime = NOON, path: str = PATH, signature: str | None = None) -> dict[str, Any]:
    """The API Gateway event of a signed form."""
    body = urlencode(fields)
    signed = sign_twilio(url=BASE_URL + path, params=fields, auth_token=TOKEN)
    return {
        "version": "2.0",
        "routeKey": f"POST {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signed if signature is None else signature,
        },
        "requestContext": {"http": {"method": "POST", "path": path}, "timeEpoch": round(at.timestamp() * 1000)},
        "body": base64.b64encode(body.encode()).decode(),
        "isBase64Encoded": True,
    }


@dataclass
class Switchboard:
    """What receives a test's texts, and the rows that come of them. The clock stands at each text's arrival."""

    database: Database
    sql: Callable[..., list[list[Any]]]
    flags: Flags = field(default_factory=Flags)
    send_queue: ListQueue = field(default_factory=ListQueue)
    inbound_queue: ListQueue = field(default_factory=ListQueue)

    def using(self, *, now: datetime = NOON) -> Receiving:
        """The collaborators, at an instant."""
        return Receiving(
            database=self.database,
            send_queue=self.send_queue,
            flags=lambda: self.flags,
            now=lambda: now,
            new_id=lambda: str(uuid.uuid4()),
        )

    def text(
        self, body: str | None = "Hello", *, at: datetime = NOON, now: datetime | None = None, **fields: Any
    ) -> None:
        """Delivers one authentic text; `now`: processed later than it arrived."""
        receive_text(form(body, **fields), arrived_at=at, queue=self.inbound_queue, using=self.using(now=now or at))

    def rows(self, sql: str, **params: Any) -> list[tuple[Any, ...]]:
        """Rows as tuples."""
        return [tuple(row) for row in self.sql(sql, **params)]

    def sent(self) -> list[tuple[str, str, str]]:
        """What waits in the outbox besides the owner's notices: sender, recipient, body."""
        return self.rows(
            """SELECT o.sender_e164, o.recipient_e164, e.body
               FROM ops.outbound_text AS o JOIN messaging."MessageEvent" AS e ON e.id = o.event_id
               WHERE o.purpose <> 'owner_notice' ORDER BY o.position"""
        )

    def notices(self) -> list[str]:
        """What the owner is told by text."""
        return [
            row[0]
            for row in self.sql(
                """SELECT e.body FROM ops.outbound_text AS o JOIN messaging."MessageEvent" AS e ON e.id = o.event_id
                   WHERE o.purpose = 'owner_notice' ORDER BY o.position"""
            )
        ]

    def reasons(self) -> list[str]:
        """The routing reasons of all inbound events, in the order of arrival."""
        return [
            row[0]
            for row in self.sql(
                """SELECT cast("metadataJson" AS json) -> 'route' ->> 'reason' FROM messaging."MessageEvent"
                   WHERE direction = 'inbound' ORDER BY "createdAt", "providerMessageSid" """
            )
        ]

    def inbound(self) -> list[dict[str, Any]]:
        """All inbound events, in the order of arrival, their metadata read."""
        rows = self.sql(
            """SELECT row_to_json(e) FROM messaging."MessageEvent" AS e
               WHERE direction = 'inbound' ORDER BY "createdAt", "providerMessageSid" """
        )
        return [row[0] | {"metadata": json.loads(row[0]["metadataJson"] or "{}")} for row in rows]

    def rules(self) -> list[str]:
        """The routing rules of all inbound events."""
        return [event["metadata"]["route"]["rule"] for event in self.inbound()]

    def unread(self) -> dict[str, int]:
        """Threads with something unread, by scope."""
        return dict(
            self.sql(
                """SELECT scope, sum("ownerUnreadCount")::integer FROM messaging."MessageThread"
                   GROUP BY scope HAVING sum("ownerUnreadCount") > 0"""
            )
        )
