"""Inserts the rows that an inbound text leaves and publishes its message, and does nothing else."""

import functools
import os
from pathlib import Path
from typing import Any

import pg8000.native

from switchboard import runtime
from switchboard.store.connection import Address
from tests.benchmarks.floor import Floor, Recording


@functools.cache
def _floor() -> Floor:
    recording = Recording.from_json(Path(os.environ["FLOOR_RECORDING"]).read_text())
    return Floor(pg8000.native.Connection(**Address.from_url(os.environ["FLOOR_DATABASE_URL"]).arguments()), recording)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers as Twilio wants to be answered."""
    _floor().prepare()()
    runtime.send_queue().put({"threadId": os.environ["FLOOR_THREAD_ID"]})
    return {"statusCode": 200, "headers": {"content-type": "text/xml"}, "body": "<Response/>"}
