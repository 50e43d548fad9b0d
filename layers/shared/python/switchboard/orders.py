"""What an operator's call of a function asks for."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from switchboard.errors import InvalidRequest
from switchboard.field_paths import problems_by_path

Order = TypeVar("Order", bound=BaseModel)


def read_order(kind: type[Order], order: Mapping[str, Any]) -> Order:
    """The order, checked. Raises InvalidRequest naming the fields, never their values."""
    try:
        return kind.model_validate(order)
    except ValidationError as error:
        raise InvalidRequest(tuple(problems_by_path(error))) from None
