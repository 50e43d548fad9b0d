"""Runs the schema revisions that an operator asks for."""

from collections.abc import Mapping
from typing import Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field

from switchboard.orders import read_order
from switchboard.settings import Settings
from switchboard.store.connection import Connector
from switchboard.store.revisions import upgrade

logger = Logger(service="switchboard", child=True)


class MigrationOrder(BaseModel):
    """Which kinds of revisions to run. Expand is always possible, so it is what an empty order means."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    kinds: tuple[Literal["expand", "contract"], ...] = Field(default=("expand",), min_length=1)


def migrate_schema(order: Mapping[str, Any], *, connector: Connector, settings: Settings) -> dict[str, Any]:
    """Answers {"revisions": [...]}, the ones now in force. Raises InvalidRequest; ContractRefused lists rows by id."""
    kinds = read_order(MigrationOrder, order).kinds
    revisions = upgrade(
        connector,
        folder=settings.migrations_folder,
        schemas=settings.schemas,
        default_org_id=settings.default_org_id,
        kinds=kinds,
    )
    logger.info("schema_migrated", kinds=kinds, revisions=revisions)
    return {"revisions": revisions}
