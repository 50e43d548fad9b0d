"""Backfills: the engine's own tables, and what lead-customers stages (expand)."""

from alembic import context, op
from sqlalchemy import Connection, text

revision = "0002_backfills_expand"
down_revision = "0001_messaging_expand"
branch_labels = None
depends_on = None

ENGINE = """
CREATE TABLE ops.backfill_run (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    backfill text NOT NULL,
    action text NOT NULL,
    dry_run boolean NOT NULL,
    state text NOT NULL,
    wanted text NOT NULL DEFAULT 'run',       -- run, pause, abort, stop (too many row errors)
    execution text,                           -- the state machine's execution that works on it
    began boolean NOT NULL DEFAULT false,     -- planned and not refused
    step integer NOT NULL DEFAULT 0,          -- the leg it is at: passes over the definition's steps, counted from 1
    last_pass integer NOT NULL DEFAULT 3,
    as_of timestamptz NOT NULL,
    batch_size integer NOT NULL,
    concurrency integer NOT NULL,
    lanes integer NOT NULL,
    max_row_errors integer NOT NULL,
    params jsonb NOT NULL,
    is_verbose boolean NOT NULL,
    requested_by text NOT NULL,
    reason text NOT NULL,
    target_number bigint REFERENCES ops.backfill_run (number),  -- a rollback's run
    error text,
    detail text,
    checks jsonb NOT NULL DEFAULT '[]',
    late jsonb NOT NULL DEFAULT '{}',         -- {"rows": n, "ids": [...]} after the last pass
    report text,
    lease_until timestamptz NOT NULL,
    rolled_back_at timestamptz,
    images_dropped boolean NOT NULL DEFAULT false,  -- past their keeping time, some or all
    started_at timestamptz NOT NULL,
    resumed_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT backfill_run_id UNIQUE (id),
    CONSTRAINT backfill_run_state_known CHECK (state IN ('running', 'paused', 'completed', 'failed', 'aborted'))
);
CREATE UNIQUE INDEX backfill_run_one_active ON ops.backfill_run (backfill)
    WHERE state IN ('running', 'paused') AND action <> 'verify';
CREATE UNIQUE INDEX backfill_run_execution ON ops.backfill_run (execution);
CREATE INDEX backfill_run_newest ON ops.backfill_run (backfill, number DESC);

CREATE TABLE ops.backfill_lane (
    run_number bigint NOT NULL REFERENCES ops.backfill_run (number),
    step integer NOT NULL,
    lane integer NOT NULL,
    kind text NOT NULL DEFAULT 'range',       -- range, or errors: the recorded row errors of the step, tried again
    step_key text NOT NULL,
    pass integer NOT NULL,
    cursor text,                              -- the first key that is not done yet
    until text,                               -- the first key that is another lane's; null: to the end
    state text NOT NULL DEFAULT 'ready',
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    batch_size integer NOT NULL,
    batches integer NOT NULL DEFAULT 0,
    error text,
    CONSTRAINT backfill_lane_pkey PRIMARY KEY (run_number, step, lane),
    CONSTRAINT backfill_lane_state_known CHECK (state IN ('ready', 'done'))
);

CREATE TABLE ops.backfill_batch (
    run_number bigint NOT NULL,
    step integer NOT NULL,
    lane integer NOT NULL,
    batch integer NOT NULL,
    step_key text NOT NULL,
    scanned bigint NOT NULL,
    counts jsonb NOT NULL,
    took_ms integer NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT backfill_batch_pkey PRIMARY KEY (run_number, step, lane, batch)
);

-- Before-images: one row for each kind of change in a batch, its keys and values as array literals.
CREATE TABLE ops.backfill_image (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_number bigint NOT NULL REFERENCES ops.backfill_run (number),
    step integer NOT NULL,
    kind text NOT NULL,
    keys text NOT NULL,
    before text,
    after text,
    rows integer NOT NULL,
    undone integer NOT NULL DEFAULT 0,        -- that many from the start have been rolled back
    at timestamptz NOT NULL
);
ALTER TABLE ops.backfill_image ALTER keys SET STORAGE EXTERNAL, ALTER before SET STORAGE EXTERNAL,
    ALTER after SET STORAGE EXTERNAL;
CREATE INDEX backfill_image_by_age ON ops.backfill_image (at);
CREATE INDEX backfill_image_of_run ON ops.backfill_image (run_number, step, kind, number);

CREATE TABLE ops.backfill_row_error (
    run_number bigint NOT NULL,
    step integer NOT NULL,
    row_key text NOT NULL,
    row_id text NOT NULL,
    sqlstate text NOT NULL,
    message text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT backfill_row_error_pkey PRIMARY KEY (run_number, step, row_key)
);

-- What a rollback found changed or gone, and left alone.
CREATE TABLE ops.backfill_left_alone (
    run_number bigint NOT NULL,
    kind text NOT NULL,
    row_id text NOT NULL,
    why text NOT NULL,
    CONSTRAINT backfill_left_alone_pkey PRIMARY KEY (run_number, kind, row_id)
);

-- What a rollback's dry run would restore: the references that will be gone when it comes to created rows.
CREATE TABLE ops.backfill_undone (
    run_number bigint NOT NULL,
    source text NOT NULL,
    row_id text NOT NULL,
    CONSTRAINT backfill_undone_pkey PRIMARY KEY (run_number, source, row_id)
);
"""

PART = """
CREATE FUNCTION ops.backfill_part(literal text, first integer, last integer) RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT cast((cast(literal AS text[]))[first : last] AS text) $$
"""

# The ids that another table's foreign key still refers to; `gone` names rows of a rollback's dry run to look past.
REFERRED = """
CREATE FUNCTION ops.backfill_referred(target regclass, ids text[], ignored regclass[], rollback bigint)
RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
    reference record;
BEGIN
    FOR reference IN
        SELECT cast(c.conrelid AS regclass) AS source, a.attname AS source_column, format_type(a.atttypid, a.atttypmod) AS kind
        FROM pg_constraint AS c
        JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND c.confrelid = target AND cardinality(c.conkey) = 1 AND c.conparentid = 0
          AND c.conrelid <> ALL (ignored)
        ORDER BY c.oid
    LOOP
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT r.%I::text FROM %s AS r WHERE r.%I = ANY ($1::%s[]) AND NOT EXISTS (
                 SELECT 1 FROM ops.backfill_undone AS u
                 WHERE u.run_number = $2 AND u.source = $3 AND u.row_id = to_jsonb(r) ->> ''id'')',
            reference.source_column, reference.source, reference.source_column, reference.kind)
        USING ids, rollback, cast(reference.source AS text);
    END LOOP;
END $$
"""

# The rules of a lead's key, in one place: each is one expression, which the planner puts into the statement.
WHITE = "E' \\t\\n\\u000b\\f\\r\\u001c\\u001d\\u001e\\u001f\\u0085\\u00a0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff'"
LEAD_CUSTOMERS = """
CREATE FUNCTION ops.lead_text(raw text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN btrim(raw, {white}) <> '' THEN raw END $$;

CREATE FUNCTION ops.lead_phone(raw text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT substring(translate(raw, translate(raw, '0123456789', ''), '') FROM '^(?:1(?=[0-9]{10}$))?([0-9]{10,})$') $$;

CREATE FUNCTION ops.lead_email(raw text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT CASE WHEN strpos(raw, '@') > 0 THEN lower(btrim(raw, {white}){unicode}) END $$;

CREATE FUNCTION ops.lead_key(psid text, phone text, email text, lead_id text)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT coalesce('psid:' || ops.lead_text(psid), 'phone:' || ops.lead_phone(phone),
                       'email:' || ops.lead_email(email), 'individual:' || lead_id) $$;

CREATE FUNCTION ops.lead_group(org text, key text) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT cast(encode(substring(sha256(convert_to(coalesce(length(org) || ':' || org, '-') || ' ' || key, 'UTF8'))
                                    FROM 1 FOR 16), 'hex') AS uuid) $$;

CREATE FUNCTION ops.lead_customer_metadata(key text, leads bigint, at timestamptz)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT jsonb_build_object(
           'groupType', split_part(key, ':', 1), 'groupKey', key, 'leadCount', leads, 'createdBy', 'backfill-customers.ts',
           'createdAt', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'multipleLeads', leads > 1) $$;

CREATE TABLE ops.lead_customers_lead (
    lead_id {intake_key} PRIMARY KEY,
    group_id uuid NOT NULL,
    pass integer NOT NULL
);
CREATE INDEX lead_customers_lead_by_group ON ops.lead_customers_lead (group_id, lead_id) INCLUDE (pass);

CREATE TABLE ops.lead_customers_candidate (
    group_id uuid NOT NULL,
    made boolean NOT NULL,                    -- by this backfill, for this very key
    created_at timestamptz NOT NULL,
    customer_id {intake_key} NOT NULL
);
CREATE INDEX lead_customers_candidate_by_group ON ops.lead_customers_candidate (group_id, made, created_at, customer_id);

CREATE TABLE ops.lead_customers_group (
    group_id uuid PRIMARY KEY,
    customer_id {intake_key} NOT NULL
)
"""


def upgrade() -> None:
    """Creates the engine's tables; the staged keys have the type of the intake tables' own keys."""
    connection = op.get_bind()
    schema = context.config.attributes["schemas"].intake
    key = _key_type(connection, schema) or "uuid"
    for statement in ENGINE.split(";\n"):
        _run(connection, statement)
    _run(connection, PART)
    _run(connection, REFERRED)
    for statement in LEAD_CUSTOMERS.split(";\n"):
        filled = statement.replace("{white}", WHITE).replace("{unicode}", _unicode(connection))
        _run(connection, filled.replace("{intake_key}", key))


def _key_type(connection: Connection, schema: str) -> str | None:
    found = connection.execute(
        text(
            "SELECT data_type FROM information_schema.columns"
            """ WHERE table_schema = :schema AND table_name = 'Lead' AND column_name = 'id'"""
        ),
        {"schema": schema},
    )
    kind = found.scalar()
    return "text" if kind in ("text", "character varying") else kind


def _unicode(connection: Connection) -> str:
    """A collation that lowers every letter, whatever the database's own: in C, lower() knows ASCII alone."""
    found = connection.execute(
        text(
            "SELECT quote_ident(collname) FROM pg_collation WHERE collname IN ('pg_c_utf8', 'und-x-icu')"
            " AND collnamespace = 'pg_catalog'::regnamespace"
            " AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))"
            " ORDER BY collname LIMIT 1"
        )
    )
    name = found.scalar()
    return f" COLLATE pg_catalog.{name}" if name else ""


def _run(connection: Connection, sql: str) -> None:
    if sql.strip():
        connection.exec_driver_sql(sql)


def downgrade() -> None:
    """An expansion is not taken back."""
