"""Brings the database's schema to this version: invoked by hand after a deployment."""

from typing import Any

from switchboard import runtime
from switchboard.services.migrate_schema import migrate_schema


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Takes {"kinds": ["expand", "contract"]} and answers with the revisions in force; {} means expand only."""
    return migrate_schema(event, connector=runtime.connector(), settings=runtime.settings())
