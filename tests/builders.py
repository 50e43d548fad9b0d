"""Rows for tests, each with sensible values, named in the domain's words. All phones are fictional."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Sql = Callable[..., list[list[Any]]]

ORG = "default"
FRONT_DESK = "+15550100000"
POOL = "+15550100001"
SITTER_NUMBER = "+15550100011"
OWNER_PHONE = "+15550109999"
BOOKING_LINK = "https://book.example.test"
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class World:
    """Writes rows of one organisation straight into the database and answers with their ids."""

    def __init__(self, sql: Sql, *, org_id: str = ORG) -> None:
        self.sql = sql
        self.org_id = org_id
        self._count = itertools.count(1)

    def _id(self, kind: str) -> str:
        return f"{kind}-{next(self._count)}" if self.org_id == ORG else f"{self.org_id}-{kind}-{next(self._count)}"

    def _insert(self, table: str, **values: Any) -> None:
        values = {"createdAt": NOON - 30 * 24 * HOUR, "updatedAt": NOON - 30 * 24 * HOUR} | values
        columns = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f":{name}" for name in values)
        self.sql(f'INSERT INTO messaging."{table}" ({columns}) VALUES ({places})', **values)

    def organisation(
        self,
        *,
        owner_phone: str | None = OWNER_PHONE,
        hotlines: tuple[str, ...] = (),
        sla_seconds: int | None = None,
        booking_link: str | None = BOOKING_LINK,
        front_desk: str | None = FRONT_DESK,
    ) -> str:
        """The organisation and, unless None, its front desk number; answers with that number's id."""
        self._insert(
            "Organization",
            id=self.org_id,
            name=self.org_id,
            ownerPhone=owner_phone,
            timezone="America/Chicago",
            bookingLink=booking_link,
            hotlines=json.dumps(hotlines),
            responseSlaSeconds=sla_seconds,
        )
        return self.number(front_desk, "front_desk") if front_desk else ""

    def number(
        self, e164: str, number_class: str = "sitter", *, sitter_id: str | None = None, status: str = "active"
    ) -> str:
        """A masked number."""
        number_id = self._id("number")
        self._insert(
            "MessageNumber",
            id=number_id,
            orgId=self.org_id,
            provider="twilio",
            e164=e164,
            status=status,
            numberClass=number_class,
            assignedSitterId=sitter_id,
            isRotating=number_class == "pool",
        )
        if sitter_id:
            self._insert(
                "SitterMaskedNumber",
                id=self._id("mask"),
                orgId=self.org_id,
                sitterId=sitter_id,
                messageNumberId=number_id,
                status="active",
                assignedAt=NOON - 30 * 24 * HOUR,
            )
        return number_id

    def client(
        self,
        phone: str = "+15555550101",
        *,
        client_id: str | None = None,
        first: str | None = "Jane",
        last: str | None = "Doe",
        guest: bool = False,
    ) -> str:
        """A client."""
        client_id = client_id or self._id("client")
        self._insert(
            "Client",
            id=client_id,
            orgId=self.org_id,
            firstName=first,
            lastName=last,
            phone=phone,
            isGuest=guest,
            hasWeeklyPlan=False,
        )
        return client_id

    def sitter(
        self,
        phone: str | None = "+15555550102",
        *,
        sitter_id: str | None = None,
        first: str = "Sam",
        last: str = "Lee",
        active: bool = True,
        locked_at: datetime | None = None,
    ) -> str:
        """A sitter."""
        sitter_id = sitter_id or self._id("sitter")
        self._insert(
            "Sitter",
            id=sitter_id,
            orgId=self.org_id,
            firstName=first,
            lastName=last,
            phone=phone,
            active=active,
            relayLockedAt=locked_at,
        )
        return sitter_id

    def thread(
        self,
        *,
        client_id: str | None = None,
        sitter_id: str | None = None,
        number_id: str | None = None,
        booking_id: str | None = None,
        scope: str = "client_booking",
        status: str = "open",
        one_time: bool = False,
    ) -> str:
        """A thread on a number; a booking's has a booking id of its own unless one is given."""
        thread_id = self._id("thread")
        if scope == "client_booking" and booking_id is None:
            booking_id = self._id("booking")
        found = self.sql('SELECT "numberClass", e164 FROM messaging."MessageNumber" WHERE id = :id', id=number_id)
        number_class, e164 = found[0] if found else (None, None)
        self._insert(
            "MessageThread",
            id=thread_id,
            orgId=self.org_id,
            scope=scope,
            bookingId=booking_id,
            clientId=client_id,
            assignedSitterId=sitter_id,
            status=status,
            messageNumberId=number_id,
            numberClass=number_class,
            maskedNumberE164=e164,
            isOneTimeClient=one_time,
            isMeetAndGreet=False,
            ownerUnreadCount=0,
        )
        return thread_id

    def window(
        self,
        thread_id: str,
        sitter_id: str,
        *,
        start: datetime = NOON - HOUR,
        end: datetime = NOON + HOUR,
        tag: int | None = 1,
        status: str = "active",
    ) -> str:
        """An assignment window on a thread, stored there as the current one."""
        window_id = self._id("window")
        self._insert(
            "AssignmentWindow",
            id=window_id,
            orgId=self.org_id,
            threadId=thread_id,
            bookingId=self._value("bookingId", thread_id),
            sitterId=sitter_id,
            startAt=start,
            endAt=end,
            status=status,
            tag=tag,
        )
        self.sql(
            'UPDATE messaging."MessageThread" SET "assignmentWindowId" = :window WHERE id = :id',
            window=window_id,
            id=thread_id,
        )
        return window_id

    def _value(self, column: str, thread_id: str) -> Any:
        return self.sql(f'SELECT "{column}" FROM messaging."MessageThread" WHERE id = :id', id=thread_id)[0][0]

    def history(
        self,
        window_id: str,
        *,
        sitter_id: str,
        until: datetime,
        since: datetime | None = None,
        start: datetime = NOON - HOUR,
        end: datetime = NOON + HOUR,
        tag: int | None = 1,
    ) -> None:
        """A former state of a window, as a booking change leaves it."""
        self.sql(
            """INSERT INTO ops.window_history
                   (org_id, window_id, thread_id, sitter_id, start_at, end_at, status, tag, valid_from, valid_until)
               SELECT "orgId", id, "threadId", :sitter, :start, :end, 'active', :tag, :since, :until
               FROM messaging."AssignmentWindow" WHERE id = :id""",
            id=window_id,
            sitter=sitter_id,
            start=start,
            end=end,
            tag=tag,
            since=since,
            until=until,
        )

    def opt_out(self, phone: str, *, state: str = "opted_out") -> None:
        """A person's stored wish."""
        self._insert(
            "OptOutState",
            id=self._id("optout"),
            orgId=self.org_id,
            phoneE164=phone,
            state=state,
            source="inbound_keyword",
        )

    def assigned(
        self,
        *,
        client_phone: str = "+15555550101",
        sitter_phone: str = "+15555550102",
        number: str = SITTER_NUMBER,
    ) -> dict[str, str]:
        """One client and one sitter in a live window around NOON on the sitter's number; the ids by what they are."""
        sitter = self.sitter(sitter_phone)
        number_id = self.number(number, sitter_id=sitter)
        client = self.client(client_phone)
        thread = self.thread(client_id=client, sitter_id=sitter, number_id=number_id)
        window = self.window(thread, sitter)
        return {"sitter": sitter, "number": number_id, "client": client, "thread": thread, "window": window}
