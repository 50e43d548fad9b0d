"""The owner reads: a page of threads, and one thread with its texts and the sitters it has had."""

import json
from datetime import datetime
from typing import Any

from switchboard.domain.contact_check import read_media
from switchboard.errors import NotFound
from switchboard.store import inbox
from switchboard.store.database import Database, Row, read_instant
from switchboard.store.inbox import TextPlace, ThreadPlace

TEXTS_SHOWN = 500  # of one thread at once, at the most


def list_threads(
    *, org_id: str, after: ThreadPlace | None, limit: int, database: Database, now: datetime
) -> tuple[list[dict[str, Any]], ThreadPlace | None]:
    """A page of threads as the API shows them, and the place where the next one begins."""
    with database.transaction(read_only=True) as tx:
        rows = inbox.threads(tx, org_id=org_id, after=after, most=limit + 1, now=now)
    last = rows[limit - 1] if len(rows) > limit else None
    rest = ThreadPlace(read_instant(last["last_message_at"]), last["id"]) if last else None
    return [_thread(row, now=now) for row in rows[:limit]], rest


def read_thread(
    thread_id: str, *, org_id: str, before: TextPlace | None, limit: int, database: Database, now: datetime
) -> tuple[dict[str, Any], TextPlace | None]:
    """One thread with its newest texts, or those before a place; and where the earlier ones end. Raises NotFound."""
    with database.transaction(read_only=True) as tx:
        row = inbox.thread(tx, thread_id, org_id=org_id, now=now)
        if row is None:
            raise NotFound
        messages = inbox.messages(tx, thread_id, org_id=org_id, most=limit + 1, before=before)
        assignments = inbox.assignments(tx, thread_id, org_id=org_id)
    earlier, messages = len(messages) > limit, messages[-limit:]
    first = messages[0] if earlier else None
    rest = TextPlace(read_instant(first["created_at"]), first["direction"], first["id"]) if first else None
    return _thread(row, now=now) | {
        "isRecurringOverride": row["recurring_override"],
        "sitterLockedAt": instant(row["sitter_locked_at"]),
        "messages": [shown_message(message) for message in messages],
        "assignments": [_assignment(one) for one in assignments],
    }, rest


def _thread(row: Row, *, now: datetime) -> dict[str, Any]:
    title = "Guest" if row["is_guest"] else "Client"
    return {
        "id": row["id"],
        "scope": row["scope"],
        "bookingId": row["booking_id"],
        "client": _person(row, "client", title=title),
        "sitter": _person(row, "sitter", title="Sitter"),
        "numberClass": row["number_class"],
        "maskedNumber": row["number_e164"],
        "window": _window(row, now=now),
        "unreadCount": row["unread"],
        "held": row["held"],
        "lastMessageAt": instant(row["last_message_at"]),
        "lastMessage": row["last_message"],
    }


def _person(row: Row, prefix: str, *, title: str) -> dict[str, Any] | None:
    """The owner sees whole names; nobody's number leaves the database."""
    if row[f"{prefix}_id"] is None:
        return None
    names = [(row[f"{prefix}_{part}"] or "").strip() for part in ("first", "last")]
    return {"id": row[f"{prefix}_id"], "name": " ".join(name for name in names if name) or title}


def _window(row: Row, *, now: datetime) -> dict[str, Any]:
    start = read_instant(row["window_start"])
    if start is None:
        return {"state": "none", "startAt": None, "endAt": None}
    state = "active" if start <= now else "next"
    return {"state": state, "startAt": instant(start), "endAt": instant(row["window_end"])}


def shown_message(row: Row) -> dict[str, Any]:
    """A text as the API shows it."""
    return {
        "id": row["id"],
        "direction": row["direction"],
        "actorType": row["actor_type"],
        "body": row["body"],
        "mediaUrls": [one.url for one in read_media(row["media"])],
        "status": row["status"],
        "reason": _reason(row),
        "createdAt": instant(row["created_at"]),
        "held": _held(row),
    }


def _held(row: Row) -> dict[str, Any] | None:
    if row["held_type"] is None:
        return None
    contact = _metadata(row["metadata"]).get("contact")
    types = contact.get("types") if isinstance(contact, dict) else None
    return {"types": types or [row["held_type"]], "preview": row["held_preview"] or ""}


def _reason(row: Row) -> str | None:
    """Why a text went where it went, and why it was released; of one that did not arrive, why not."""
    said = _metadata(row["metadata"])
    route = said.get("route")
    reason = route.get("reason") if isinstance(route, dict) else None
    why_not = row["failure_detail"] if row["direction"] == "outbound" else None
    found: str | None = why_not or reason or said.get("reason") or row["failure_code"]
    release = said.get("release")
    return f"{found}; released: {release.get('reason')}" if isinstance(release, dict) else found


def _metadata(text: str | None) -> dict[str, Any]:
    """What an earlier application stored there may be anything."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _assignment(row: Row) -> dict[str, Any]:
    return {
        "from": _person(row, "from", title="Sitter"),
        "to": _person(row, "to", title="Sitter"),
        "reason": row["reason"],
        "by": row["actor"],
        "at": instant(row["at"]),
    }


def instant(value: datetime | str | None) -> str | None:
    """An instant as the API shows it."""
    found = read_instant(value)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z") if found else None
