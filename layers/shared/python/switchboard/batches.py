"""Batches of an SQS queue: each message on its own, those that failed come back."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    ExceptionInfo,
    FailureResponse,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = Logger(service="switchboard", child=True)


class _Processor(BatchProcessor):
    """Says which message failed and of what; the library is silent about it."""

    def failure_handler(self, record: Any, exception: ExceptionInfo) -> FailureResponse:
        kind = exception[0].__name__ if exception[0] else "unknown"
        logger.warning("message_not_processed", message_id=record.message_id, error=kind)
        return super().failure_handler(record, exception)


def answer_batch(event: dict[str, Any], context: Any, process: Callable[[str], None]) -> Any:
    """Hands each message's body to process; answers with the messages that are to come back."""

    def handle(record: SQSRecord) -> None:
        process(record.body)

    processor = _Processor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
