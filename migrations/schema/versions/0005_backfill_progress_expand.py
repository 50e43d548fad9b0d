"""Backfills: how far each lane is, groups of leads that are larger than a batch, a quicker rule for phones (expand)."""

from alembic import op

revision = "0005_backfill_progress_expand"
down_revision = "0004_numbers_and_accounts_expand"
branch_labels = None
depends_on = None

# A lane carries the sums over its ledger along, so that a run's status costs the same however many batches it had.
PROGRESS = """
ALTER TABLE ops.backfill_lane
    ADD expected bigint NOT NULL DEFAULT 0,   -- about how many rows it has; 0: not known
    ADD scanned bigint NOT NULL DEFAULT 0,
    ADD counts jsonb NOT NULL DEFAULT '{}';
ALTER TABLE ops.backfill_run
    ADD resumed_scanned bigint NOT NULL DEFAULT 0,
    ADD resumed_share double precision NOT NULL DEFAULT 0;
CREATE FUNCTION ops.add_counts(these jsonb, those jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(jsonb_object_agg(s.label, s.total), '{}')
       FROM (SELECT c.key AS label, sum(cast(c.value AS bigint)) AS total
             FROM (SELECT key, value FROM jsonb_each_text(these)
                   UNION ALL
                   SELECT key, value FROM jsonb_each_text(those)) AS c
             GROUP BY c.key) AS s $$;
UPDATE ops.backfill_lane AS l
SET scanned = (SELECT coalesce(sum(b.scanned), 0) FROM ops.backfill_batch AS b
               WHERE b.run_number = l.run_number AND b.step = l.step AND b.lane = l.lane),
    counts = (SELECT coalesce(jsonb_object_agg(s.label, s.total), '{}')
              FROM (SELECT c.key AS label, sum(cast(c.value AS bigint)) AS total
                    FROM ops.backfill_batch AS b
                    CROSS JOIN LATERAL jsonb_each_text(b.counts) AS c (key, value)
                    WHERE b.run_number = l.run_number AND b.step = l.step AND b.lane = l.lane
                    GROUP BY c.key) AS s)
"""

# What a group that goes on in the next batch came to so far, and the leads that its customer may be made of.
LARGE_GROUPS = """
CREATE TABLE ops.lead_customers_part AS
    SELECT group_id, lead_id AS next_lead, ARRAY[lead_id] AS lead_ids, cast(0 AS bigint) AS leads,
           cast(0 AS bigint) AS new_leads, cast(0 AS bigint) AS unlinked
    FROM ops.lead_customers_lead
    WITH NO DATA;
ALTER TABLE ops.lead_customers_part ADD CONSTRAINT lead_customers_part_pkey PRIMARY KEY (group_id)
"""

# The same rule as before, without a regular expression: half the time of a lead's key.
DIGITS = "translate(raw, translate(raw, '0123456789', ''), '')"
LEAD_PHONE = """
CREATE OR REPLACE FUNCTION ops.lead_phone(raw text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT CASE length({digits})
                  WHEN 10 THEN {digits}
                  WHEN 11 THEN CASE WHEN left({digits}, 1) = '1' THEN right({digits}, 10) ELSE {digits} END
                  ELSE CASE WHEN length({digits}) > 11 THEN {digits} END END $$
"""


def upgrade() -> None:
    """Adds columns, a table and functions."""
    connection = op.get_bind()
    for statement in (PROGRESS + ";\n" + LARGE_GROUPS + ";\n" + LEAD_PHONE.replace("{digits}", DIGITS)).split(";\n"):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """An expansion is not taken back."""
