"""A page of a list as Twilio's API shows it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from local.simulator_http import Answer, Request, json_answer

T = TypeVar("T")
_DEFAULT_PAGE = 50


def page_size(request: Request) -> int:
    """How many are asked for."""
    return int(dict(request.query).get("PageSize", _DEFAULT_PAGE))


def numbered_page(request: Request, name: str, found: Sequence[T], show: Callable[[T], dict[str, Any]]) -> Answer:
    """The page of a list by its number."""
    size, page = page_size(request), int(dict(request.query).get("Page", 0))
    start = page * size
    return page_answer(
        request,
        name,
        [show(one) for one in found[start : start + size]],
        start=start,
        before=page_uri(request, page - 1) if page else None,
        following=page_uri(request, page + 1) if len(found) > start + size else None,
    )


def page_answer(
    request: Request,
    name: str,
    resources: list[dict[str, Any]],
    *,
    start: int = 0,
    before: str | None = None,
    following: str | None = None,
) -> Answer:
    """A page with the addresses of those around it."""
    page = int(dict(request.query).get("Page", 0))
    return json_answer(
        {
            name: resources,
            "page": page,
            "page_size": page_size(request),
            "start": start,
            "end": start + max(len(resources) - 1, 0),
            "uri": page_uri(request, page),
            "first_page_uri": page_uri(request, 0),
            "next_page_uri": following,
            "previous_page_uri": before,
        }
    )


def page_uri(request: Request, page: int, *, after: str | None = None) -> str:
    """Where another page is; `after`: behind this message."""
    kept = [(name, value) for name, value in request.query if name not in {"Page", "PageToken"}]
    token = [("PageToken", f"PA{after}")] if after else []
    return f"{request.path}?{urlencode([*kept, ('Page', str(page)), *token])}"
