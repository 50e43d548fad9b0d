"""Tells CloudWatch each minute what waits, and how far the backfills are."""

from datetime import datetime

from aws_lambda_powertools.metrics import MetricUnit

from switchboard.backfills.catalogue import definition_named
from switchboard.backfills.progress import progress
from switchboard.backfills.runs import get_run, running
from switchboard.metrics import Metric, measure
from switchboard.store import bookings
from switchboard.store.database import Database


def measure_backlog(*, database: Database, now: datetime) -> int:
    """Answers with how many backfills run."""
    with database.transaction(read_only=True) as tx:
        measure(Metric.BOOKINGS_DEFERRED, bookings.count_deferred(tx))
        runs = running(tx)
        for backfill, number in runs:
            share = progress(tx, definition_named(backfill), get_run(tx, number), now=now)
            measure(Metric.BACKFILL_PERCENT, share["percent"], unit=MetricUnit.Percent, backfill=backfill)
    return len(runs)
