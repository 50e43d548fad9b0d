"""The backfills that there are. A new one is one more line here."""

import functools
from collections.abc import Mapping

from switchboard.backfills.definition import Definition


@functools.cache
def definitions() -> Mapping[str, Definition]:
    """Every backfill by its name; imported when first asked for."""
    from switchboard.backfills import account_priorities, lead_customers, message_numbers

    modules = (message_numbers, lead_customers, account_priorities)
    return {module.DEFINITION.name: module.DEFINITION for module in modules}


def definition_named(name: str) -> Definition:
    """The backfill with this name. Raises KeyError."""
    return definitions()[name]
