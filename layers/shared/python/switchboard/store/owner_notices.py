"""What the owner is told by text, once per subject while it lasts, from the front desk on the internal thread.

What cannot be texted stands there unread.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from switchboard.domain.messages import OUT_OF_REACH, OUT_OF_REACH_DETAIL
from switchboard.errors import ConstraintViolated
from switchboard.store.database import Transaction


def tell(
    tx: Transaction,
    *,
    org_id: str,
    subject: str,
    body: str,
    now: datetime,
    new_id: Callable[[], str],
    again_after: timedelta | None,
) -> str | None:
    """Records that the owner was told about the subject and queues the text; answers with the thread to announce.

    None: told within again_after (without one: once until `clear`), or there is no front desk or owner's phone, and the
    inbox alone shows it.
    """
    tx.later("owner_notices.hold", org_id=org_id)
    told = tx.row(
        "owner_notices.tell",
        org_id=org_id,
        subject=subject,
        body=body,
        now=now,
        told_before=now - again_after if again_after is not None else None,
        thread_id=new_id(),
        event_id=new_id(),
        failure_code=OUT_OF_REACH,
        failure_detail=OUT_OF_REACH_DETAIL,
    )
    return told["thread_id"] if told else None


def hold_internal_thread(tx: Transaction, *, org_id: str) -> None:
    """To be called before the internal thread is made. Raises ConstraintViolated when somebody else has made it.

    So does the index that adopted databases get with the contract.
    """
    tx.later("owner_notices.hold", org_id=org_id)
    if tx.rows("owner_notices.internal_thread", org_id=org_id):
        raise ConstraintViolated("23505", "thread_one_internal")


def clear(tx: Transaction, *, org_id: str, subject: str) -> None:
    """The state has ended: the next one is told again."""
    tx.later("owner_notices.clear", org_id=org_id, subject=subject)
