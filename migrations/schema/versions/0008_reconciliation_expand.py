"""How far our texts have been compared with Twilio's list, and what was found there that is nobody's (expand)."""

from alembic import op

revision = "0008_reconciliation_expand"
down_revision = "0007_growth_expand"
branch_labels = None
depends_on = None

TABLES = """
-- One row. A round is through when compared_until has come to goal; what a run left undone the next one goes on with.
CREATE TABLE ops.reconciliation (
    is_the_one boolean PRIMARY KEY DEFAULT true,
    compared_until timestamptz NOT NULL,
    goal timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT reconciliation_one_row CHECK (is_the_one)
);

-- Texts that left one of our numbers and are in no table of ours: somebody else sent them, or their record was lost.
CREATE TABLE ops.stray_text (
    provider_sid text PRIMARY KEY,
    org_id text NOT NULL,
    sent_at timestamptz NOT NULL,
    status text NOT NULL,
    found_at timestamptz NOT NULL
)
"""


def upgrade() -> None:
    """Creates the tables."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    """An expansion is not taken back: the earlier version runs beside it unharmed."""
