"""What CloudWatch is told beside its own metrics: each is on the dashboard or has an alarm."""

from enum import StrEnum

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

from switchboard.settings import are_metrics_wanted


class Metric(StrEnum):
    """The metrics, by the names that the template charts."""

    TEXTS_IN = "TextsIn"
    TEXTS_HELD = "TextsHeld"  # for their contact details, or for a sitter to say for whom they are
    TEXTS_OUT = "TextsOut"  # taken by Twilio
    SEND_ERRORS = "SendErrors"  # by code: Twilio's, or not_sent where no connection came about
    BOOKINGS_DEFERRED = "BookingsDeferred"  # waiting now
    BACKFILL_PERCENT = "BackfillPercent"  # of each backfill that runs
    TEXTS_FOUND = "TextsFound"  # lost webhooks
    STRAY_TEXTS = "StrayTexts"


def measure(metric: Metric, value: float = 1, *, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Writes one line for CloudWatch; nothing where POWERTOOLS_METRICS_NAMESPACE is not set, or they are disabled."""
    if not are_metrics_wanted() or is_metrics_disabled():
        return
    with single_metric(name=metric.value, unit=unit, value=value, default_dimensions=dimensions):
        pass
