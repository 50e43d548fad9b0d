"""A worker that is killed at a seam: python -m tests.delivery_crash DATABASE_URL TWILIO_URL INSTANT SEAM."""

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from switchboard.services.send_text import Sending, send_thread
from switchboard.store.connection import Address, Connector
from switchboard.store.database import Database, Transaction
from switchboard.twilio import TwilioCredentials, TwilioSender
from tests.delivery_builders import THREAD
from tests.delivery_stage import ACCOUNT, BASE_URL, TOKEN, new_ids
from tests.fakes import ListQueue

SEAMS = ("claim_uncommitted", "claim_committed", "twilio_called", "record_uncommitted", "record_committed", "announced")
KILLED = 9


def die_at(seam: str, reached: str) -> None:
    """Ends the process as a kill would: nothing is flushed, closed or rolled back."""
    if seam == reached:
        os._exit(KILLED)


class DyingDatabase(Database):
    """A database whose user dies before or after one of its commits."""

    seam = ""
    _numbers: Iterator[str] = iter(())

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[Transaction]:
        name = next(self._numbers, "later")
        with super().transaction(**options) as tx:
            yield tx
            die_at(self.seam, f"{name}_uncommitted")
        die_at(self.seam, f"{name}_committed")


class DyingTwilio(TwilioSender):
    """Twilio's client, whose user dies when the answer is there."""

    seam = ""

    def send(self, **fields: Any) -> Any:
        outcome = super().send(**fields)
        die_at(self.seam, "twilio_called")
        return outcome


def main(database_url: str, twilio_url: str, instant: str, seam: str) -> None:
    database = DyingDatabase(Connector(lambda _: Address.from_url(database_url)))
    database._numbers = itertools.chain(("claim", "record"))
    twilio = DyingTwilio(lambda *, fresh: TwilioCredentials(ACCOUNT, TOKEN), base_url=twilio_url)
    database.seam = twilio.seam = seam
    using = Sending(
        database=database,
        twilio=twilio,
        queue=ListQueue(),
        public_base_url=BASE_URL,
        holder="dying",
        now=lambda: datetime.fromisoformat(instant),
        new_id=new_ids("dying"),
        fraction=lambda: 0.5,
    )
    send_thread(THREAD, using=using)
    die_at(seam, "announced")


if __name__ == "__main__":
    main(*sys.argv[1:])
