"""Intake and accounts: the tables that lead-customers and account-priorities work on, where there are none (expand)."""

from alembic import context, op
from sqlalchemy import Connection, text

revision = "0003_intake_accounts_expand"
down_revision = "0002_backfills_expand"
branch_labels = None
depends_on = None

INSTANT = "timestamptz(3)"
ID = "uuid PRIMARY KEY DEFAULT gen_random_uuid()"

INTAKE_TABLES = ("Lead", "Job", "Customer", "CustomerAddress", "Audit")
INTAKE = f"""
CREATE TABLE {{schema}}."Customer" (
    id {ID}, name text, phone text, email text, metadata jsonb,
    created_at {INSTANT} NOT NULL DEFAULT now(), updated_at {INSTANT} NOT NULL DEFAULT now());
CREATE TABLE {{schema}}."CustomerAddress" (
    id {ID}, customer_id uuid NOT NULL REFERENCES {{schema}}."Customer" (id) ON DELETE CASCADE, address text, city text,
    state text, zip text, lat double precision, lng double precision, is_primary boolean NOT NULL DEFAULT false,
    metadata jsonb, created_at {INSTANT} NOT NULL DEFAULT now());
CREATE TABLE {{schema}}."Lead" (
    id {ID}, channel text, name text, "messengerPsid" text, phone text, email text, address text,
    lat double precision, lng double precision, curbside boolean, stage text, "stateMetadata" jsonb,
    last_customer_message_at {INSTANT}, last_agent_message_at {INSTANT},
    created_at {INSTANT} NOT NULL DEFAULT now(), updated_at {INSTANT} NOT NULL DEFAULT now(),
    customer_id uuid REFERENCES {{schema}}."Customer" (id) ON DELETE SET NULL,
    CONSTRAINT lead_channel_known CHECK (channel IN ('messenger', 'sms')));
CREATE TABLE {{schema}}."Job" (
    id {ID}, lead_id uuid REFERENCES {{schema}}."Lead" (id) ON DELETE CASCADE, quote_id uuid,
    window_start {INSTANT}, window_end {INSTANT}, status text NOT NULL DEFAULT 'tentative',
    customer_id uuid REFERENCES {{schema}}."Customer" (id) ON DELETE SET NULL,
    CONSTRAINT job_status_known CHECK (status IN ('tentative', 'booked', 'completed', 'cancelled')));
CREATE TABLE {{schema}}."Audit" (
    id {ID}, lead_id uuid REFERENCES {{schema}}."Lead" (id) ON DELETE SET NULL, actor text NOT NULL, action text NOT NULL,
    payload jsonb, created_at {INSTANT} NOT NULL DEFAULT now());
CREATE INDEX customer_address_by_customer ON {{schema}}."CustomerAddress" (customer_id);
CREATE INDEX lead_by_customer ON {{schema}}."Lead" (customer_id);
CREATE INDEX job_by_customer ON {{schema}}."Job" (customer_id);
CREATE INDEX job_by_lead ON {{schema}}."Job" (lead_id);
CREATE INDEX intake_audit_by_lead ON {{schema}}."Audit" (lead_id)
"""

ACCOUNTS_TABLES = ("Tenant", "Customer", "CallPlan", "ActivityType")
ACCOUNTS = f"""
CREATE TYPE {{schema}}."AccountType" AS ENUM ('ACTIVE', 'TARGET', 'PROSPECT');
CREATE TABLE {{schema}}."Tenant" (
    id {ID}, slug text, name text, timezone text NOT NULL DEFAULT 'America/Chicago');
CREATE TABLE {{schema}}."Customer" (
    id {ID}, "tenantId" uuid NOT NULL REFERENCES {{schema}}."Tenant" (id), "externalId" text, name text,
    "lastOrderDate" {INSTANT}, "isPermanentlyClosed" boolean NOT NULL DEFAULT false,
    "accountType" {{schema}}."AccountType",
    "createdAt" {INSTANT} NOT NULL DEFAULT now(), "updatedAt" {INSTANT} NOT NULL DEFAULT now());
CREATE TABLE {{schema}}."CallPlan" (
    id {ID}, "tenantId" uuid NOT NULL REFERENCES {{schema}}."Tenant" (id), "userId" uuid, name text, description text,
    "effectiveAt" {INSTANT}, "createdAt" {INSTANT} NOT NULL DEFAULT now(), "updatedAt" {INSTANT} NOT NULL DEFAULT now());
CREATE TABLE {{schema}}."ActivityType" (
    id {ID}, "tenantId" uuid NOT NULL REFERENCES {{schema}}."Tenant" (id), name text, code text, description text);
CREATE INDEX customer_by_tenant ON {{schema}}."Customer" ("tenantId");
CREATE INDEX call_plan_by_tenant ON {{schema}}."CallPlan" ("tenantId");
CREATE INDEX activity_type_by_tenant ON {{schema}}."ActivityType" ("tenantId")
"""


def upgrade() -> None:
    """Creates each context's tables where its schema has none of that name: otherwise they are an adopted database's."""
    connection = op.get_bind()
    schemas = context.config.attributes["schemas"]
    _create(connection, schemas.intake, INTAKE_TABLES, INTAKE)
    _create(connection, schemas.accounts, ACCOUNTS_TABLES, ACCOUNTS)


def _create(connection: Connection, schema: str, tables: tuple[str, ...], script: str) -> None:
    taken = connection.execute(
        text(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = :schema AND table_name = ANY (:tables)"
        ),
        {"schema": schema, "tables": list(tables)},
    ).scalar()
    if taken:
        return
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    for statement in script.replace("{schema}", f'"{schema}"').split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)


def downgrade() -> None:
    """An expansion is not taken back."""
