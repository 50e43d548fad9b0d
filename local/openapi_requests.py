"""Holds the requests that the Twilio simulator gets to Twilio's published OpenAPI."""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema_path import SchemaPath
from openapi_core import V30RequestValidator
from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.styles import StyleDeserializersFactory, style_deserializers
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

SPEC_FILE = Path(__file__).parent / "spec" / "twilio_messages_openapi.json"
_HOST = "https://api.twilio.com"
_PARAMETER = re.compile(r"parameter(?: error)?: (\S+)")


def _is_uri(value: object) -> bool:
    parts = urlsplit(str(value))
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_date_time(value: object) -> bool:
    """An instant or a day: the specification says date-time, its description and its examples YYYY-MM-DD."""
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


# Given whole, because the library copies its own checker anew for every request.
_FORMATS = {"uri": _is_uri, "date-time": _is_date_time}


class _Request:
    """One request in the shape that openapi-core reads."""

    host_url = _HOST

    def __init__(
        self, *, method: str, path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes
    ) -> None:
        self.method = method.lower()
        self.path = path
        self.body = body or None
        self.content_type = headers.get("Content-Type", "")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(query), header=Headers(dict(headers)), cookie=ImmutableMultiDict({})
        )


def _remembered_styles() -> StyleDeserializersFactory:
    """The library's style deserializers, made once a field: made anew for every request they cost 2 ms."""
    factory = StyleDeserializersFactory(
        V30RequestValidator.schema_casters_factory, style_deserializers=style_deserializers
    )
    factory.create = functools.cache(factory.create)
    return factory


class RequestRules:
    """The specification, read once."""

    def __init__(self) -> None:
        specification: dict[str, Any] = json.loads(SPEC_FILE.read_text())
        self._validator = V30RequestValidator(
            SchemaPath.from_dict(specification),
            style_deserializers_factory=_remembered_styles(),
            format_validators=_FORMATS,
        )

    def problem(
        self, *, method: str, path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes
    ) -> str | None:
        """What is wrong with the request, by the names of its parameters; None for a good one."""
        request = _Request(method=method, path=path, query=query, headers=headers, body=body)
        found = next(iter(self._validator.iter_errors(request)), None)
        return None if found is None else _explain(found)


def _explain(error: OpenAPIError) -> str:
    """The names and the rules that were broken."""
    schema_errors = getattr(error.__cause__, "schema_errors", ())
    if schema_errors:
        parts = ["/".join(str(step) for step in one.absolute_path) + " " + one.message for one in schema_errors]
        return "; ".join(part.strip() for part in parts)
    named = _PARAMETER.search(str(error))
    return f"{type(error).__name__} {named.group(1) if named else ''} {error.__cause__ or error}".strip()
