"""Tells the sender, after commit, on which threads texts wait."""

from collections.abc import Iterable
from typing import Any, Protocol

from aws_lambda_powertools import Logger

from switchboard.errors import QueueUnavailable

logger = Logger(service="switchboard", child=True)


class SendQueue(Protocol):
    """Where threads are announced whose texts wait."""

    def put(self, body: dict[str, Any], *, delay_s: int = 0) -> None:
        """Raises QueueUnavailable."""


def announce(queue: SendQueue, thread_ids: Iterable[str], *, delay_s: int = 0) -> None:
    """Tells the worker, after commit, whose texts wait. A failure ends it: housekeeping finds the rows."""
    for thread_id in dict.fromkeys(thread_ids):
        try:
            queue.put({"threadId": thread_id}, delay_s=delay_s)
        except QueueUnavailable as error:
            logger.warning("thread_not_announced", thread_id=thread_id, error=str(error))
            return  # whoever waits for an answer must not wait for one time-out after the other
