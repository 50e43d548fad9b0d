"""Purchases of numbers: each is a row before Twilio is asked, so that none is forgotten and none is made twice."""

from datetime import datetime, timedelta

from switchboard.domain.numbers import NumberClass
from switchboard.domain.provisioning import LEASE, PAUSE, PAUSE_AFTER_REFUSAL, Purchase
from switchboard.store.database import Transaction


def open_wanted(tx: Transaction, *, a_day: int, now: datetime) -> list[str]:
    """Opens what is wanted; answers with the organisations that want more than the day's limit."""
    tx.rows("number_purchases.hold")
    rows = tx.rows(
        "number_purchases.open",
        a_day=a_day,
        a_day_ago=now - timedelta(days=1),
        refused_since=now - PAUSE_AFTER_REFUSAL,
        now=now,
    )
    return [row["org_id"] for row in rows]


def take(tx: Transaction, *, may_buy: bool, now: datetime) -> Purchase | None:
    """One to be worked on; nobody else gets it meanwhile."""
    row = tx.row("number_purchases.take", may_buy=may_buy, until=now + LEASE, now=now)
    return Purchase(**row | {"number_class": NumberClass(row["number_class"])}) if row else None


def begin(tx: Transaction, purchase: Purchase, *, e164: str, now: datetime) -> None:
    """To be committed before Twilio is asked for the number."""
    tx.rows("number_purchases.begin", id=purchase.id, e164=e164, now=now)


def put_off(tx: Transaction, purchase: Purchase, *, in_doubt: bool, looks: int, now: datetime) -> None:
    """Works on it again in a minute."""
    tx.rows("number_purchases.put_off", id=purchase.id, attempted=in_doubt, looks=looks, next_at=now + PAUSE, now=now)


def close(
    tx: Transaction, purchase: Purchase, *, e164: str | None = None, refused_with: str | None = None, now: datetime
) -> bool:
    """Bought or refused; False: somebody else closed it."""
    state = "refused" if refused_with else "bought"
    row = tx.row("number_purchases.close", id=purchase.id, state=state, e164=e164, refused_with=refused_with, now=now)
    return row is not None
