"""The booking system's side of tests: snapshots in the contract's words, and what Switchboard makes of them."""

import copy
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from switchboard.booking_snapshots import read_snapshot
from switchboard.domain.changes import Answer
from switchboard.services.change_booking import change_booking
from switchboard.services.retry_bookings import retry_deferred
from switchboard.store.database import Database
from tests.builders import ORG, Sql, World
from tests.fakes import ListQueue

NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)
OTHER_SITTER_NUMBER = "+15550100012"
SAM = {"id": "sitter-1", "firstName": "Sam", "lastName": "Lee", "phone": "+15555550102", "active": True}
BO = {"id": "sitter-2", "firstName": "Bo", "lastName": "Ray", "phone": "(555) 555-0103", "active": True}
JANE = {"id": "client-1", "firstName": "Jane", "lastName": "Doe", "phone": "+15555550101", "hasWeeklyPlan": False}
OMAR = {"id": "client-2", "firstName": "Omar", "lastName": "Kay", "phone": "+15555550104"}


def snapshot(
    *,
    event_type: str = "booking.assigned",
    minute: int = 0,
    org_id: str = ORG,
    sitter: dict[str, Any] | None = SAM,
    client: dict[str, Any] | None = JANE,
    **booking: Any,
) -> dict[str, Any]:
    """The contract's example; `minute` moves occurredAt, other names are the booking's own fields."""
    occurred_at = datetime(2025, 1, 4, 12, tzinfo=UTC) + timedelta(minutes=minute)
    told = {
        "id": "booking-1",
        "service": "Drop-ins",
        "startAt": "2025-01-15T10:00:00Z",
        "endAt": "2025-01-15T12:00:00Z",
        "status": "confirmed",
        "isRecurring": True,
        "isMeetAndGreet": False,
    }
    data = {"orgId": org_id, "booking": told | booking, "client": client, "sitter": sitter}
    return copy.deepcopy({"type": event_type, "occurredAt": occurred_at.isoformat(), "data": data})


@dataclass
class BookingDesk:
    """Tells Switchboard of bookings and looks at what became of it."""

    database: Database
    sql: Sql
    world: World
    may_create: bool = True
    now: datetime = NOW
    queue: ListQueue = field(default_factory=ListQueue)
    prefix: str = "id"
    _count: Any = field(default_factory=lambda: itertools.count(1))

    def tell(self, told: dict[str, Any] | None = None, *, webhook_id: str | None = None, **changes: Any) -> Answer:
        """One event, through everything but its signature."""
        body = json.dumps(told or snapshot(**changes))
        event, kept = read_snapshot(body, webhook_id=webhook_id or f"msg-{self._next():04}")
        return change_booking(
            event,
            body=kept,
            database=self.database,
            queue=self.queue,
            may_create=self.may_create,
            now=self.now,
            new_id=lambda: f"{self.prefix}-{self._next():04}",
        )

    def retry(self, *, after: timedelta = timedelta(0)) -> int:
        """Housekeeping, some time later."""
        self.now += after
        return retry_deferred(
            database=self.database,
            queue=self.queue,
            may_create=self.may_create,
            now=self.now,
            new_id=lambda: f"{self.prefix}-{self._next():04}",
        )

    def _next(self) -> int:
        number: int = next(self._count)
        return number

    def thread(self, booking_id: str = "booking-1", client_id: str = "client-1") -> dict[str, Any]:
        """The booking's thread with this client."""
        [found] = self.rows(
            'SELECT id, "assignedSitterId" AS sitter, "numberClass" AS class, "maskedNumberE164" AS number,'
            ' "isOneTimeClient" AS one_time, "isMeetAndGreet" AS meet, "assignmentWindowId" AS window_id, scope, status'
            ' FROM messaging."MessageThread" WHERE "bookingId" = :booking AND "clientId" = :client',
            booking=booking_id,
            client=client_id,
        )
        return found

    def windows(self, status: str = "active") -> list[dict[str, Any]]:
        """All windows of a status, in the order of their start."""
        return self.rows(
            'SELECT id, "sitterId" AS sitter, "bookingId" AS booking, "startAt" AS start, "endAt" AS end, tag'
            ' FROM messaging."AssignmentWindow" WHERE status = :status ORDER BY "startAt", id',
            status=status,
        )

    def count(self, table: str, where: str = "true") -> int:
        """How many rows a table has."""
        [[found]] = self.sql(f"SELECT count(*) FROM {table} WHERE {where}")
        counted: int = found
        return counted

    def rows(self, statement: str, **params: Any) -> list[dict[str, Any]]:
        """Rows as dictionaries."""
        rows = self.sql(statement, **params)
        columns = [column["name"] for column in self.sql.__self__.columns]  # type: ignore[attr-defined]
        return [dict(zip(columns, row, strict=True)) for row in rows]


def opened_desk(database: Database, sql: Sql, *, sitter_numbers: int = 2, pool_numbers: int = 1) -> BookingDesk:
    """A desk in an organisation with a front desk, sitter numbers and pool numbers."""
    world = World(sql)
    world.organisation()
    for index in range(sitter_numbers):
        world.number(f"+1555010001{index + 1}", "sitter")
    for index in range(pool_numbers):
        world.number(f"+1555010000{index + 1}", "pool")
    return BookingDesk(database, sql, world)
