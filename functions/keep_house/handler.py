"""Housekeeping, each minute. A new part is one line."""

from datetime import timedelta
from functools import partial
from typing import Any

from switchboard import runtime
from switchboard.backfills.runs import drop_old_images, pause_lost_runs
from switchboard.services import keep_outbox, keep_texts, measure_backlog, rest_numbers
from switchboard.services.keep_house import Part, keep_house
from switchboard.services.provision_numbers import Shop, provision_numbers
from switchboard.services.receive_text import Receiving
from switchboard.services.retry_bookings import retry_deferred


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Runs the parts; answers with how much each did."""
    now, database, queue, twilio = runtime.now(), runtime.database(), runtime.send_queue(), runtime.twilio_sender()
    flags, new_id, fraction, found = runtime.flags(), runtime.new_id, runtime.fraction, runtime.settings()
    rows: dict[str, Any] = {"database": database, "now": now}
    made = rows | {"queue": queue, "new_id": new_id}
    shop = Shop(runtime.twilio_numbers(), runtime.public_base_url, found.number_country, found.numbers_a_day)
    using = Receiving(database=database, send_queue=queue, flags=flags, now=runtime.now, new_id=new_id)
    parts: dict[str, Part] = {
        "announce_waiting": partial(keep_outbox.announce_waiting, queue=queue, **rows),
        "apply_early_statuses": partial(keep_outbox.apply_early_statuses, fraction=fraction, **made),
        "poll_unfinished": partial(keep_outbox.poll_unfinished, twilio=twilio, fraction=fraction, **made),
        "retry_bookings": partial(retry_deferred, may_create=flags().enable_proactive_thread_creation, **made),
        "release_pool_numbers": partial(rest_numbers.release_pool_numbers, **rows),
        "measure_pool": partial(rest_numbers.measure_pool, database=database),
        "provision_numbers": partial(provision_numbers, shop=shop, may_buy=flags().enable_number_provisioning, **made),
        "end_quarantines": partial(rest_numbers.end_quarantines, **rows),
        "expire_held_texts": partial(keep_texts.expire_held_texts, using=using),
        "route_stored_texts": partial(keep_texts.route_stored_texts, using=using),
        "keep_response_records": partial(keep_texts.keep_response_records, using=using),
        "pause_lost_runs": lambda: len(pause_lost_runs(**rows)),
        "drop_old_images": partial(drop_old_images, keep=timedelta(days=found.before_image_days), **rows),
        "measure_backlog": partial(measure_backlog.measure_backlog, **rows),
    }
    return keep_house(parts, turn=now.minute)
