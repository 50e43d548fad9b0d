"""Puts an authentic text on the inbound queue, with its time of arrival, and reads it back."""

import json
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from switchboard.webhooks import Form, parse_form


class InboundQueue(Protocol):
    """Where texts wait that could not be stored."""

    def put(self, body: dict[str, Any]) -> None:
        """Raises QueueUnavailable."""


def queue_text(form: Form, *, arrived_at: datetime, queue: InboundQueue) -> None:
    """Keeps the form as it came and when it came. Raises QueueUnavailable."""
    queue.put({"arrivedAt": arrived_at.isoformat(), "body": urlencode(list(form), errors="replace")})


def read_queued(message: str) -> tuple[Form, datetime]:
    """The form in a queue's message, and when it first arrived."""
    queued = json.loads(message)
    return parse_form(queued["body"]), datetime.fromisoformat(queued["arrivedAt"])
