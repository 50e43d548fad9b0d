"""The owner releases a text that was held for its contact details: sent exactly once, if it still may be."""

from collections.abc import Callable
from datetime import datetime

from switchboard.domain.release import released, why_not
from switchboard.errors import Conflict, NotFound
from switchboard.services.announce_threads import SendQueue, announce
from switchboard.store import blocked_texts, outbox
from switchboard.store.database import Database


def release_text(
    event_id: str,
    *,
    org_id: str,
    reason: str,
    user_id: str,
    database: Database,
    queue: SendQueue,
    now: datetime,
    new_id: Callable[[], str],
) -> None:
    """Sends the held text. Raises NotFound, or Conflict: not held, released before, or the recipient has changed."""
    with database.transaction() as tx:
        text = blocked_texts.lock(tx, event_id, org_id=org_id)
        if text is None:
            raise NotFound
        if why := why_not(text):
            raise Conflict(why)
        outbox.add(tx, released(text, new_id=new_id), now=now)
        blocked_texts.mark_released(tx, text, reason=reason, user_id=user_id, now=now)
    announce(queue, [text.thread_id])
