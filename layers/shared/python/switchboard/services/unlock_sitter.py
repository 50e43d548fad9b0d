"""The owner lets a sitter's texts through again, after the third that was blocked."""

from datetime import datetime

from aws_lambda_powertools import Logger

from switchboard.errors import NotFound
from switchboard.store import inbox
from switchboard.store.database import Database

logger = Logger(service="switchboard", child=True)


def unlock_sitter(sitter_id: str, *, org_id: str, database: Database, now: datetime) -> None:
    """Ends the sitter's lock, if there is one. Raises NotFound."""
    with database.transaction() as tx:
        if not inbox.unlock_sitter(tx, sitter_id, org_id=org_id, now=now):
            raise NotFound
    logger.info("sitter_unlocked", org_id=org_id, sitter_id=sitter_id)
