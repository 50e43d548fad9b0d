"""The backfills that there are. A new one is one more line here."""

import functools
from collections.abc import Mapping

from switchboard.backfills.definition import Definition


@functools.cache
def definitions() -> Mapping[str, Definition]:
    """Every backfill by its name; imported when first asked for."""
    from switchboard.backfills import account_priorities, lead_customers, message_numbers

    return {found.name: found for found in (message_numbers.DEFINITION, lead_customers.DEFINITION, account_priorities.DEFINITION)}


def definition_named(name: str) -> Definition:
    """The backfill with this name. Raises KeyError."""
    return definitions()[name]
