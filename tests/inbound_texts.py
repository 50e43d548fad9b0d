"""Sends texts through the deployed handler, signed, and looks at what came of them."""

import base64
import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from local.signing import sign_twilio
from tests.builders import NOON, SITTER_NUMBER

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


class Switchboard:
    """The handler on a test's database, and the rows that it leaves."""

    def __init__(self, handler: ModuleType, sql: Callable[..., list[list[Any]]]) -> None:
        self._handler = handler
        self.sql = sql

    def text(self, body: str | None = "Hello", *, at: datetime = NOON, **fields: Any) -> dict[str, Any]:
        """Delivers one text; answers with the handler's answer."""
        answer: dict[str, Any] = self._handler.lambda_handler(event(form(body, **fields), at=at), None)
        return answer

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
                   WHERE direction = 'inbound' ORDER BY "createdAt", id"""
            )
        ]
