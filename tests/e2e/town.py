"""An organisation with its numbers, sitters and clients on a running stack, in the domain's words."""

import itertools
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.facts import Addresses
from local.players import Answer, BookingSystem, Phones
from tests.builders import Sql

HOUR = timedelta(hours=1)
_phones = itertools.count(os.getpid() % 1000 * 10_000)


def fresh_phone() -> str:
    """A fictional phone that no other test uses."""
    return f"+1555{next(_phones):07d}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a telephone."""

    id: str
    first_name: str
    last_name: str
    phone: str


class Town:
    """One organisation: what its people do, and what the database says of it."""

    def __init__(self, addresses: Addresses, sql: Sql, *, sitter_numbers: int = 4, pool_numbers: int = 2) -> None:
        self.addresses = addresses
        self.sql = sql
        self.org_id = f"org-{uuid.uuid4().hex[:8]}"
        self.phones = Phones(addresses)
        self.owner = Person("owner", "Olive", "Owner", fresh_phone())
        self.front_desk = fresh_phone()
        self._bookings = BookingSystem(addresses)
        self._make(sitter_numbers, pool_numbers)

    def _make(self, sitter_numbers: int, pool_numbers: int) -> None:
        now = datetime.now(UTC)
        self.sql(
            """INSERT INTO messaging."Organization" (id, name, "ownerPhone", "bookingLink", "createdAt", "updatedAt")
               VALUES (:id, :id, :phone, 'https://book.example.test', :now, :now)""",
            id=self.org_id, phone=self.owner.phone, now=now,
        )  # fmt: skip
        numbers = [(self.front_desk, "front_desk")]
        numbers += [(fresh_phone(), "sitter") for _ in range(sitter_numbers)]
        numbers += [(fresh_phone(), "pool") for _ in range(pool_numbers)]
        for e164, number_class in numbers:
            self.sql(
                """INSERT INTO messaging."MessageNumber"
                       (id, "orgId", e164, "numberClass", status, "createdAt", "updatedAt")
                   VALUES (:id, :org, :e164, :kind, 'active', :now, :now)""",
                id=str(uuid.uuid4()), org=self.org_id, e164=e164, kind=number_class, now=now,
            )  # fmt: skip

    def person(self, first_name: str, last_name: str) -> Person:
        """Somebody new."""
        return Person(f"{first_name.lower()}-{uuid.uuid4().hex[:6]}", first_name, last_name, fresh_phone())

    def booking(
        self,
        client: Person,
        sitter: Person | None,
        *,
        booking_id: str | None = None,
        occurred_at: datetime | None = None,
        kind: str = "booking.assigned",
        webhook_id: str | None = None,
        **booking: Any,
    ) -> Answer:
        """The booking system tells of a booking that is on now, unless told otherwise."""
        now = datetime.now(UTC)
        details = {
            "id": booking_id or f"booking-{uuid.uuid4().hex[:8]}", "service": "Drop-ins",
            "startAt": (now - HOUR / 2).isoformat(), "endAt": (now + 2 * HOUR).isoformat(),
            "status": "confirmed", "isRecurring": True,
        }  # fmt: skip
        data = {
            "orgId": self.org_id, "booking": details | booking, "client": _described(client),
            "sitter": _described(sitter) if sitter else None,
        }  # fmt: skip
        event = {"type": kind, "occurredAt": (occurred_at or now).isoformat(), "data": data}
        return self._bookings.tell(event, webhook_id=webhook_id)

    def number_of(self, thread_id: str) -> str:
        """The masked number of a thread."""
        found = self.sql('SELECT "maskedNumberE164" FROM messaging."MessageThread" WHERE id = :id', id=thread_id)
        return str(found[0][0])

    def bodies(self, phone: str) -> list[str]:
        """What has arrived on a telephone, oldest first."""
        return [message["body"] for message in self.phones.received(phone)]

    def rows(self, statement: str, **params: Any) -> list[list[Any]]:
        """Rows of this organisation: the statement has :org in it."""
        return self.sql(statement, org=self.org_id, **params)


def _described(person: Person) -> Mapping[str, Any]:
    return {
        "id": person.id, "firstName": person.first_name, "lastName": person.last_name, "phone": person.phone,
    }  # fmt: skip
