"""How far our texts have been compared with Twilio's list of messages, and where the two differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from switchboard.domain.delivery import SentMessage
from switchboard.store.database import Transaction, as_json


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything until then has been compared; everything until the goal is to be."""

    compared_until: datetime
    goal: datetime


class Finding(StrEnum):
    """What a message of Twilio's list is to us."""

    MISSING = "missing"  # inbound, and we do not have it
    SENT = "sent"  # one of ours
    STRAY = "stray"  # outbound from our number, and we know nothing of it


@dataclass(frozen=True, slots=True)
class Compared:
    """A message that needs a look; `status` is the one that we know of a text of ours."""

    message: SentMessage
    finding: Finding
    org_id: str
    status: str | None


def begin(tx: Transaction, *, look_back: datetime, goal: datetime, now: datetime) -> Progress:
    """Goes on with the round that is under way, or begins one."""
    row = tx.one("reconciliation.begin", look_back=look_back, goal=goal, now=now)
    return Progress(row["compared_until"], row["goal"])


def advance(tx: Transaction, *, since: datetime, until: datetime, now: datetime) -> datetime:
    """The stretch has been compared; answers how far all runs together are."""
    found: datetime = tx.one("reconciliation.advance", since=since, until=until, now=now)["compared_until"]
    return found


def compare(tx: Transaction, messages: Sequence[SentMessage]) -> list[Compared]:
    """The messages of our numbers that differ from what we have, in the order given."""
    listed = [
        {
            "sid": one.sid,
            "is_inbound": one.is_inbound,
            "number": one.recipient if one.is_inbound else one.sender,
            "person": one.sender if one.is_inbound else one.recipient,
        }
        for one in messages
    ]
    rows = {row["sid"]: row for row in tx.rows("reconciliation.compare", messages=as_json(listed))}
    return [
        Compared(one, Finding(row["finding"]), row["org_id"], row["status"])
        for one in messages
        if (row := rows.get(one.sid))
    ]


def note_strays(tx: Transaction, strays: Sequence[Compared], *, now: datetime) -> int:
    """Keeps stray texts for somebody to look at; answers how many were not known yet."""
    rows = [
        {
            "sid": one.message.sid,
            "org_id": one.org_id,
            "sent_at": one.message.created_at,
            "status": one.message.status,
        }
        for one in strays
    ]
    return len(tx.rows("reconciliation.note_strays", strays=as_json(rows), now=now))
