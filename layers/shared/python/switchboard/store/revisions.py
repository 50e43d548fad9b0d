"""Schema revisions: alembic's, in two kinds. *expand* is always possible; *contract* adds the constraints.

A new database gets both at once. An adopted one is expanded, cleaned by the message-numbers backfill, then contracted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import StaticPool

from switchboard.store.connection import Connector
from switchboard.store.statements import Schemas

LOCK_KEY = 7_305_804_402_566_914  # "switchbo": one revision run at a time


def upgrade(
    connector: Connector,
    *,
    folder: Path,
    schemas: Schemas,
    default_org_id: str,
    kinds: Sequence[str] = ("expand", "contract"),
) -> list[str]:
    """Brings the schema to the newest revision of the given kinds; answers with the revisions now in force.

    All revisions of one kind are one transaction. Raises ContractRefused when rows break a constraint.
    """
    from alembic import command
    from alembic.config import Config

    engine = create_engine("postgresql+pg8000://", creator=_dbapi(connector), poolclass=StaticPool)
    try:
        for kind in kinds:
            with engine.begin() as connection:
                _prepare(connection)
                config = Config(
                    attributes={
                        "connection": connection,
                        "schemas": schemas,
                        "default_org_id": default_org_id,
                    }
                )
                config.set_main_option("script_location", str(folder))
                command.upgrade(config, f"{kind}@head")
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT version_num FROM ops.schema_revision ORDER BY version_num"))
            return [row[0] for row in rows]
    finally:
        engine.dispose()


def _prepare(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS ops"))


def _dbapi(connector: Connector) -> Callable[[], Any]:
    """SQLAlchemy wants pg8000's DB-API connection; it is opened with what the native one would be given."""

    def create() -> Any:
        import pg8000.dbapi

        # Without the time-out, which would hold for every answer: adding a constraint may take minutes.
        return pg8000.dbapi.connect(**(connector.arguments(fresh=True) | {"timeout": None}))

    return create
