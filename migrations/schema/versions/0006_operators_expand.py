"""What operators do by command: sitters off-boarded, numbers bought (expand)."""

from alembic import context, op

revision = "0006_operators_expand"
down_revision = "0005_backfill_progress_expand"
branch_labels = None
depends_on = None

# Numbers that are being bought, and were: the row is there before Twilio is asked.
PURCHASES = """
CREATE TABLE ops.number_purchase (
    id text PRIMARY KEY,                      -- the number's FriendlyName at Twilio holds it
    org_id text NOT NULL,
    number_class text NOT NULL,
    state text NOT NULL DEFAULT 'open',       -- open, bought, refused, dropped
    e164 text,                                -- the number chosen, written before it is bought
    attempted_at timestamptz,                 -- when buying it began; null: nothing can have been bought
    looks integer NOT NULL DEFAULT 0,         -- times it was looked for in the account since, and not found
    next_at timestamptz NOT NULL,             -- not worked on before: a lease, or a pause
    refused_with text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT number_purchase_state_known CHECK (state IN ('open', 'bought', 'refused', 'dropped'))
);
CREATE UNIQUE INDEX number_purchase_one_open ON ops.number_purchase (org_id, number_class) WHERE state = 'open';
CREATE INDEX number_purchase_by_org ON ops.number_purchase (org_id, created_at)
"""


def upgrade() -> None:
    """Adds a column and a table."""
    schema = context.config.attributes["schemas"].messaging
    connection = op.get_bind()
    # While it is set, no snapshot makes the sitter active again.
    connection.exec_driver_sql(f'ALTER TABLE "{schema}"."Sitter" ADD COLUMN "offboardedAt" timestamptz(3)')
    for statement in PURCHASES.split(";\n"):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """An expansion is not taken back."""
