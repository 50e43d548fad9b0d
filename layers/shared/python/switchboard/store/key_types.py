"""The key types of the intake and accounts tables, read from the catalogue once."""

from dataclasses import replace

from switchboard.errors import SchemaMismatch
from switchboard.store.connection import Connector
from switchboard.store.statements import Schemas

_QUERY = """
SELECT data_type FROM information_schema.columns
WHERE table_schema = :schema AND table_name = :table AND column_name = 'id'
"""


def read_key_types(connector: Connector, schemas: Schemas) -> Schemas:
    """The schemas with uuid or text as found; a missing table leaves the default. Raises SchemaMismatch for others."""
    connection = connector()
    try:
        found = {
            field: connection.run(_QUERY, schema=schema, table=table)
            for field, schema, table in (
                ("intake_key", schemas.intake, "Lead"),
                ("accounts_key", schemas.accounts, "CallPlan"),
            )
        }
    finally:
        connection.close()
    kinds = {field: _kind(rows[0][0]) for field, rows in found.items() if rows}
    return replace(schemas, **kinds)


def _kind(data_type: str) -> str:
    if data_type == "uuid":
        return "uuid"
    if data_type in ("text", "character varying"):
        return "text"
    raise SchemaMismatch(f"a key of type {data_type} is neither uuid nor text")
