"""The worker with its real parts: PostgreSQL, Twilio's client and the simulator, under a clock that tests move."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.twilio_simulator import TwilioSimulator
from switchboard.services.record_status import StatusReport, record_status
from switchboard.services.send_text import Sending, send_thread
from switchboard.store.database import Database
from switchboard.twilio import TwilioCredentials, TwilioSender
from tests.delivery_builders import NOW, THREAD, Sql, a_relay, queue_texts
from tests.fakes import ListQueue

ACCOUNT, TOKEN = "AC" + "0" * 32, "token-1"
BASE_URL = "https://switchboard.example.test"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Stage:
    """Everything around one worker."""

    database: Database
    sql: Sql
    simulator: TwilioSimulator
    clock: Clock
    queue: ListQueue = field(default_factory=ListQueue)
    fraction: float = 0.5
    _holders: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def sending(self, **changes: Any) -> Sending:
        """The collaborators of a new worker."""
        holder = f"worker-{next(self._holders)}"
        parts: dict[str, Any] = {
            "database": self.database,
            "twilio": self.sender(),
            "queue": self.queue,
            "public_base_url": BASE_URL,
            "holder": holder,
            "now": self.clock,
            "new_id": new_ids(holder),
            "fraction": lambda: self.fraction,
        }
        return Sending(**parts | changes)

    def sender(self, *, read_timeout_s: float = 2.0) -> TwilioSender:
        """Twilio's own client, towards the simulator."""
        return TwilioSender(
            lambda *, fresh: None if fresh else TwilioCredentials(ACCOUNT, TOKEN),
            connect_timeout_s=1.0,
            read_timeout_s=read_timeout_s,
            base_url=self.simulator.url,
        )

    def work(self, thread_id: str = THREAD, **changes: Any) -> None:
        """One message of the send queue."""
        send_thread(thread_id, using=self.sending(**changes))

    def tell(
        self, event_id: str | None, status: str, *, attempt: int | None = 1, sid: str = "SM1", code: int | None = None
    ) -> None:
        """One authentic status callback."""
        report = StatusReport(sid=sid, status=status, error_code=code, event_id=event_id, attempt=attempt)
        record_status(
            report,
            database=self.database,
            queue=self.queue,
            now=self.clock(),
            new_id=new_ids(f"status-{next(self._holders)}"),
            fraction=self.fraction,
        )

    def end_untold(self, status: str, *, code: int | None = None) -> str:
        """A text that Twilio brought to its end without telling; answers with its event's id."""
        [event_id] = queue_texts(self.database, a_relay(not_after=None, window_id=None))
        self.work()
        message = self.simulator.account.messages()[-1]
        message.status, message.error_code = status, code
        return event_id

    def sent(self) -> list[str]:
        """Bodies that Twilio holds, oldest first."""
        return [message.body for message in self.simulator.account.messages()]

    def event(self, event_id: str) -> dict[str, object]:
        """What the owner's inbox knows of a text's delivery."""
        [row] = self.sql(
            """SELECT "deliveryStatus", "providerMessageSid", "failureCode", "attemptCount", "nextAttemptAt"
               FROM messaging."MessageEvent" WHERE id = :id""",
            id=event_id,
        )
        return dict(zip(("status", "sid", "code", "attempts", "next"), row, strict=True))

    def state(self, event_id: str) -> object:
        """Where a text stands in the outbox."""
        return self.sql("SELECT state FROM ops.outbound_text WHERE event_id = :id", id=event_id)[0][0]

    def attempts(self, event_id: str) -> list[list[object]]:
        """Status and error code of each attempt, oldest first."""
        return self.sql(
            "SELECT status, error_code FROM ops.send_attempt WHERE event_id = :id ORDER BY attempt", id=event_id
        )

    def unread(self, thread_id: str = THREAD) -> object:
        """How much the owner has to see on a thread."""
        return self.sql('SELECT "ownerUnreadCount" FROM messaging."MessageThread" WHERE id = :id', id=thread_id)[0][0]

    def notices(self) -> list[object]:
        """What the owner was told by text."""
        return [row[0] for row in self.sql("""SELECT event.body FROM messaging."MessageEvent" AS event
            JOIN ops.outbound_text AS text ON text.event_id = event.id
            WHERE text.purpose = 'owner_notice' ORDER BY text.position""")]  # fmt: skip


def staged(database: Database, sql: Sql, simulator: TwilioSimulator) -> Iterator[Stage]:
    """A stage on a simulator that others have used and will use, which shares its clock meanwhile."""
    clock = Clock()
    simulator._now = clock
    yield Stage(database, sql, simulator, clock)
    simulator.account.forget_messages()
    simulator.account.forget_faults()
    simulator.account.opted_out.clear()


def new_ids(prefix: str) -> Callable[[], str]:
    """Ids that no other worker makes."""
    numbers = itertools.count(1)
    return lambda: f"{prefix}-{next(numbers)}"
