"""Sends the texts that wait in the outbox, thread by thread."""

from collections.abc import Iterable
from typing import Any, Protocol

from aws_lambda_powertools import Logger

from switchboard.errors import QueueUnavailable

logger = Logger(service="switchboard", child=True)


class SendQueue(Protocol):
    """Where threads are announced whose texts wait."""

    def put(self, body: dict[str, Any], *, delay_s: int = 0) -> None:
        """Raises QueueUnavailable."""


def announce(queue: SendQueue, thread_ids: Iterable[str]) -> None:
    """Tells the worker, after commit, whose texts wait. A failure is logged only: housekeeping finds the rows."""
    for thread_id in dict.fromkeys(thread_ids):
        try:
            queue.put({"threadId": thread_id})
        except QueueUnavailable as error:
            logger.warning("thread_not_announced", thread_id=thread_id, error=str(error))
