"""Puts an authentic text on the inbound queue, with its time of arrival, and reads it back."""

import json
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from switchboard.services.announce_threads import SendQueue
from switchboard.webhooks import parse_form

Form = Sequence[tuple[str, str]]


def queue_text(form: Form, *, arrived_at: datetime, queue: SendQueue) -> None:
    """Raises QueueUnavailable."""
    queue.put({"arrivedAt": arrived_at.isoformat(), "body": urlencode(list(form), errors="replace")})


def read_queued(message: str) -> tuple[list[tuple[str, str]], datetime]:
    """The form in a queue's message, and when it first arrived."""
    queued = json.loads(message)
    return parse_form(queued["body"]), datetime.fromisoformat(queued["arrivedAt"])
