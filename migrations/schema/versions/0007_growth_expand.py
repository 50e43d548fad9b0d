"""Indexes without which a statement would read a table that grows from end to end (expand).

Those of an adopted database came with the contract so far; it may have to wait, and texts do not.
"""

from alembic import context, op

revision = "0007_growth_expand"
down_revision = "0006_operators_expand"
branch_labels = None
depends_on = None

# As the contract names them, which makes only those that are missing.
INDEXES = {
    "thread_by_client": ("MessageThread", '"orgId", "clientId"'),
    "thread_by_sitter": ("MessageThread", '"orgId", "assignedSitterId"'),
    "thread_newest": ("MessageThread", '"orgId", "lastMessageAt" DESC NULLS LAST, id'),
    "client_by_phone": ("Client", '"orgId", phone'),
    "sitter_by_phone": ("Sitter", '"orgId", phone'),
    "booking_by_sitter": ("Booking", '"orgId", "sitterId"'),
    "number_by_class": ("MessageNumber", '"orgId", "numberClass", status'),
    "window_by_thread": ("AssignmentWindow", '"threadId", status'),
    "window_by_sitter": ("AssignmentWindow", '"orgId", "sitterId", "endAt"'),
    "event_by_thread": ("MessageEvent", '"threadId", "createdAt", id'),
    "audit_by_thread": ("ThreadAssignmentAudit", '"threadId", "createdAt"'),
    "attempt_by_actor": ("AntiPoachingAttempt", '"orgId", "actorId", "createdAt"'),
    "attempt_by_thread": ("AntiPoachingAttempt", '"threadId"'),
    "response_by_thread": ("ResponseRecord", '"threadId", "resolutionStatus"'),
    "response_by_status": ("ResponseRecord", '"resolutionStatus", "inboundAt"'),
}
# What housekeeping looks for each minute, and what a pool number's rest is read from.
WAITING = """
CREATE INDEX response_promised ON {messaging}."ResponseRecord" ("inboundAt")
    WHERE "resolutionStatus" = 'pending' AND "slaSeconds" IS NOT NULL;
CREATE INDEX number_quarantined ON {messaging}."MessageNumber" ("quarantinedUntil") WHERE status = 'quarantined';
CREATE INDEX pool_lease_by_number ON ops.pool_lease (number_id, released_at)
"""


def upgrade() -> None:
    """Makes the indexes that are missing."""
    schema = context.config.attributes["schemas"].messaging
    connection = op.get_bind()
    for name, (table, columns) in INDEXES.items():
        connection.exec_driver_sql(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{schema}"."{table}" ({columns})')
    for statement in WAITING.replace("{messaging}", f'"{schema}"').split(";\n"):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """An expansion is not taken back."""
