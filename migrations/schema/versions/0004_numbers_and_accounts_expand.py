"""What message-numbers and account-priorities keep of their own (expand)."""

from alembic import op

revision = "0004_numbers_and_accounts_expand"
down_revision = "0003_intake_accounts_expand"
branch_labels = None
depends_on = None

TABLES = """
-- Indexes that a run set out to build: after a crash in the middle they are still its own.
CREATE TABLE ops.index_build (
    run_number bigint NOT NULL REFERENCES ops.backfill_run (number),
    name text NOT NULL,
    CONSTRAINT index_build_pkey PRIMARY KEY (run_number, name)
);

CREATE TABLE ops.migration_record (
    name text PRIMARY KEY,
    backfill text NOT NULL,
    run_number bigint NOT NULL REFERENCES ops.backfill_run (number),
    recorded_at timestamptz NOT NULL,
    rolled_back_at timestamptz
);
CREATE UNIQUE INDEX migration_record_one_in_force ON ops.migration_record (backfill) WHERE rolled_back_at IS NULL;

-- Threads that got the front desk because nothing better was there: for the owner to look at.
CREATE TABLE ops.thread_review (
    thread_id text PRIMARY KEY,
    org_id text NOT NULL,
    reason text NOT NULL,
    run_number bigint NOT NULL REFERENCES ops.backfill_run (number),
    flagged_at timestamptz NOT NULL
);
CREATE INDEX thread_review_by_org ON ops.thread_review (org_id, flagged_at);

-- What message-numbers has decided so far; in a dry run the next step goes by it.
CREATE TABLE ops.message_numbers_desk (
    org_id text PRIMARY KEY,
    number_id text NOT NULL,
    e164 text NOT NULL,
    how text NOT NULL
);
CREATE TABLE ops.message_numbers_mask (
    org_id text NOT NULL,
    sitter_id text NOT NULL,
    number_id text NOT NULL,
    CONSTRAINT message_numbers_mask_pkey PRIMARY KEY (org_id, sitter_id)
);
CREATE TABLE ops.message_numbers_lease (
    number_id text PRIMARY KEY,
    org_id text NOT NULL,
    client_id text
);
CREATE INDEX message_numbers_lease_by_org ON ops.message_numbers_lease (org_id)
"""

# The rules of domain/account_classes.py as one expression each, which the planner puts into the statement.
RULES = """
CREATE FUNCTION ops.account_class(last_order_at timestamptz, active_from timestamptz, target_from timestamptz)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN last_order_at >= active_from THEN 'ACTIVE' WHEN last_order_at >= target_from THEN 'TARGET'
                   ELSE 'PROSPECT' END $$;
CREATE FUNCTION ops.account_priority(class text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT CASE class WHEN 'ACTIVE' THEN 'HIGH' WHEN 'TARGET' THEN 'MEDIUM' WHEN 'PROSPECT' THEN 'LOW' END $$
"""

# A constraint's name is not known before it is found, so the statement is made where it is known.
VALIDATE = """
CREATE FUNCTION ops.validate_reference(target regclass, reference text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', target, reference);
END $$
"""


def upgrade() -> None:
    """Creates tables and functions."""
    connection = op.get_bind()
    for statement in (TABLES + ";\n" + RULES).split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(VALIDATE)


def downgrade() -> None:
    """An expansion is not taken back."""
