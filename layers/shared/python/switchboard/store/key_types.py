"""The key types of the intake and accounts tables, read from the catalogue once."""

from contextlib import closing
from dataclasses import replace

from switchboard.errors import SchemaMismatch
from switchboard.store.connection import Connector
from switchboard.store.database import Database
from switchboard.store.statements import Schemas


def read_key_types(connector: Connector, schemas: Schemas) -> Schemas:
    """The schemas with uuid or text as found; a missing table leaves the default.

    Raises SchemaMismatch for another type, DatabaseUnavailable.
    """
    with closing(Database(connector, schemas=schemas)) as database, database.transaction(read_only=True) as tx:
        found = tx.one("key_types.found", intake=schemas.intake, accounts=schemas.accounts)
    return replace(schemas, **{key: _kind(data_type) for key, data_type in found.items() if data_type})


def _kind(data_type: str) -> str:
    if data_type == "uuid":
        return "uuid"
    if data_type in ("text", "character varying"):
        return "text"
    raise SchemaMismatch(f"a key of type {data_type} is neither uuid nor text")
