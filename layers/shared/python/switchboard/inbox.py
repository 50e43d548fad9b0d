"""The owner API's bytes: who asks, what is asked, by which address; and its answers."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from switchboard import errors
from switchboard.domain.storable import is_storable, storable
from switchboard.inbox_page import SignIn, answer_page
from switchboard.services.announce_threads import SendQueue
from switchboard.services.answer_thread import answer_thread, mark_read
from switchboard.services.mark_client import mark_client
from switchboard.services.read_inbox import TEXTS_SHOWN, list_threads, read_thread
from switchboard.services.release_text import release_text
from switchboard.services.unlock_sitter import unlock_sitter
from switchboard.store.database import Database
from switchboard.store.inbox import TextPlace, ThreadPlace
from switchboard.web import Request, Response, empty_response, json_response

MAX_BODY_BYTES = 64 * 1024
MAX_TEXT, MAX_REASON, MAX_ID, MAX_CURSOR = 1600, 500, 255, 1000
PAGE, LONGEST_PAGE = 50, 100
OWNER = "owner"
_STRANGE_CURSOR = "cursor: it is none of ours"
_PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asks, from the token's claims only."""

    user_id: str
    org_id: str


@dataclass(frozen=True, slots=True)
class Using:
    """What the calls need; the database is opened by those that look into it."""

    database: Database
    queue: SendQueue
    now: datetime
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an owner; `id` is the one in its address."""

    owner: Owner
    id: str
    request: Request
    using: Using


def answer(request: Request, *, using: Callable[[], Using], sign_in: SignIn) -> Response:
    """The API beneath /api/{path+}, the page at every other address."""
    if "path" in request.path_parameters:
        return answer_call(request, using=using())
    return answer_page(request, sign_in=sign_in)


def answer_call(request: Request, *, using: Using) -> Response:
    """Raises TokenMissing, Forbidden, NotFound, CallMalformed, Refused, Conflict."""
    owner = read_owner(request.claims)
    path = "/" + request.path_parameters["path"]  # as API Gateway decoded it: a booking system's ids may hold anything
    for method, pattern, handle in _CALLS:
        found = re.fullmatch(pattern, path)
        if found and method == request.method:
            response = handle(Call(owner, _readable_id(*found.groups()), request, using))
            response["headers"] |= _PRIVATE
            return response
    raise errors.NotFound("there is no such call")


def read_owner(claims: Mapping[str, Any]) -> Owner:
    """The owner out of the claims sub, org and role; Cognito's own attributes are custom:org and custom:role."""
    if not claims:
        raise errors.TokenMissing
    user_id, org_id, role = (claims.get(name) or claims.get(f"custom:{name}") for name in ("sub", "org", "role"))
    if not (isinstance(user_id, str) and isinstance(org_id, str) and role == OWNER):
        raise errors.Forbidden
    return Owner(user_id, org_id)


def _readable_id(text: str = "") -> str:
    if len(text) > MAX_ID or not is_storable(text):
        raise errors.NotFound
    return text


def _list_threads(call: Call) -> Response:
    query = dict(parse_qsl(call.request.query, keep_blank_values=True))
    cursor = _read_cursor(query.get("cursor", ""), ids=1)
    threads, rest = list_threads(
        org_id=call.owner.org_id,
        after=ThreadPlace(cursor[0], *cursor[1]) if cursor else None,
        limit=_read_limit(query.get("limit", ""), else_=PAGE, most=LONGEST_PAGE),
        database=call.using.database,
        now=call.using.now,
    )
    return json_response(
        200, {"threads": threads, "nextCursor": _write_cursor(rest.at, rest.thread_id) if rest else None}
    )


def _read_limit(text: str, *, else_: int, most: int) -> int:
    if text and not (re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= most):
        raise errors.CallMalformed(f"limit: a number from 1 to {most}")
    return int(text or else_)


def _write_cursor(at: datetime | None, *ids: str) -> str:
    raw = json.dumps([at.isoformat() if at else None, *ids])
    return base64.urlsafe_b64encode(raw.encode()).decode()


def _read_cursor(text: str, *, ids: int) -> tuple[datetime | None, list[str]] | None:
    """What a cursor of so many ids was made of; None: there is no cursor. Raises CallMalformed."""
    if not text:
        return None
    try:
        at, *found = json.loads(base64.b64decode(text[:MAX_CURSOR], altchars=b"-_", validate=True))
        instant = datetime.fromisoformat(at) if at is not None else None
        if len(found) == ids and (instant is None or instant.tzinfo is not None):
            return instant and instant.astimezone(UTC), [_readable_id(one) for one in found]
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError, errors.NotFound):
        pass
    raise errors.CallMalformed(_STRANGE_CURSOR)


def _read_thread(call: Call) -> Response:
    query = dict(parse_qsl(call.request.query, keep_blank_values=True))
    cursor = _read_cursor(query.get("cursor", ""), ids=2)
    found, rest = read_thread(
        call.id,
        org_id=call.owner.org_id,
        before=TextPlace(cursor[0], *cursor[1]) if cursor else None,
        limit=_read_limit(query.get("limit", ""), else_=TEXTS_SHOWN, most=TEXTS_SHOWN),
        database=call.using.database,
        now=call.using.now,
    )
    return json_response(200, found | {"nextCursor": _write_cursor(rest.at, rest.direction, rest.id) if rest else None})


def _answer_thread(call: Call) -> Response:
    fields = _fields(call.request, "body", "to")
    recipient = fields.get("to", "client")
    if recipient not in ("client", "sitter"):
        raise errors.Refused("to: client or sitter")
    message = answer_thread(
        call.id,
        org_id=call.owner.org_id,
        user_id=call.owner.user_id,
        body=_words(fields, "body", most=MAX_TEXT),
        recipient=recipient,
        database=call.using.database,
        queue=call.using.queue,
        now=call.using.now,
        new_id=call.using.new_id,
    )
    return json_response(201, message)


def _mark_read(call: Call) -> Response:
    mark_read(call.id, org_id=call.owner.org_id, database=call.using.database, now=call.using.now)
    return empty_response()


def _release_text(call: Call) -> Response:
    release_text(
        call.id,
        org_id=call.owner.org_id,
        reason=_words(_fields(call.request, "reason"), "reason", most=MAX_REASON),
        user_id=call.owner.user_id,
        database=call.using.database,
        queue=call.using.queue,
        now=call.using.now,
        new_id=call.using.new_id,
    )
    return json_response(200, {"id": call.id, "released": True})


def _unlock_sitter(call: Call) -> Response:
    unlock_sitter(call.id, org_id=call.owner.org_id, database=call.using.database, now=call.using.now)
    return empty_response()


def _mark_client(call: Call) -> Response:
    fields = _fields(call.request, "isRecurringOverride")
    override = fields.get("isRecurringOverride", "missing")
    if override is not None and not isinstance(override, bool):
        raise errors.Refused("isRecurringOverride: true, false or null")
    mark_client(call.id, org_id=call.owner.org_id, override=override, database=call.using.database, now=call.using.now)
    return empty_response()


def _list_runs(call: Call) -> Response:
    from switchboard.services.follow_backfills import list_runs  # the engine, when somebody looks at it

    query = dict(parse_qsl(call.request.query, keep_blank_values=True))
    cursor = _read_cursor(query.get("cursor", ""), ids=1)
    if cursor and not re.fullmatch("[0-9]{1,18}", cursor[1][0], re.ASCII):
        raise errors.CallMalformed(_STRANGE_CURSOR)
    before = int(cursor[1][0]) if cursor else None
    runs, rest = list_runs(before=before, database=call.using.database, now=call.using.now)
    return json_response(200, {"runs": runs, "nextCursor": _write_cursor(None, str(rest)) if rest else None})


def _read_run(call: Call) -> Response:
    from switchboard.services.follow_backfills import read_run

    return json_response(200, read_run(call.id, database=call.using.database, now=call.using.now))


def _fields(request: Request, *known: str) -> dict[str, Any]:
    """The JSON object in the body; unknown fields are refused by name."""
    if len(request.body) > MAX_BODY_BYTES:
        raise errors.CallMalformed("the body is too large")
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        raise errors.CallMalformed("the body is not JSON") from None
    if not isinstance(found, dict):
        raise errors.CallMalformed("the body is not a JSON object")
    if found.keys() - set(known):
        raise errors.Refused(f"only these fields are known: {', '.join(known)}")
    return found


def _words(fields: Mapping[str, Any], name: str, *, most: int) -> str:
    """What somebody wrote, as they wrote it. Raises Refused: nothing that can be seen, or too long."""
    given = fields.get(name)
    words = storable(given) if isinstance(given, str) else ""
    if not any(letter.isprintable() and not letter.isspace() for letter in words):
        raise errors.Refused(f"{name}: write something")
    if len(words) > most:
        raise errors.Refused(f"{name}: at most {most} characters, it has {len(words)}")
    return words


_CALLS: tuple[tuple[str, str, Callable[[Call], Response]], ...] = (
    ("GET", "/threads", _list_threads),
    ("GET", "/threads/([^/]+)", _read_thread),
    ("POST", "/threads/([^/]+)/messages", _answer_thread),
    ("POST", "/threads/([^/]+)/read", _mark_read),
    ("POST", "/messages/([^/]+)/release", _release_text),
    ("POST", "/sitters/(.+)/unlock", _unlock_sitter),
    ("PUT", "/clients/(.+)", _mark_client),
    ("GET", "/backfills", _list_runs),
    ("GET", "/backfills/([^/]+)", _read_run),
)
