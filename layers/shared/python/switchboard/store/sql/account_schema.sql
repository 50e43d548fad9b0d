-- The objects that account-priorities adds to the accounts schema: what is there, and the DDL of each.

-- name: found
-- Enums, columns, indexes and foreign keys as the catalogue has them.
WITH enum AS (
    SELECT t.typname, jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) AS labels
    FROM pg_type AS t JOIN pg_enum AS e ON e.enumtypid = t.oid
    WHERE t.typnamespace = '{accounts}'::regnamespace
    GROUP BY t.typname
), relation AS (
    SELECT oid, relname FROM pg_class WHERE relnamespace = '{accounts}'::regnamespace AND relkind IN ('r', 'p')
), relation_column AS (
    SELECT r.relname, jsonb_object_agg(a.attname, jsonb_build_object(
        'kind', CASE WHEN t.typtype = 'e' AND t.typnamespace = '{accounts}'::regnamespace THEN t.typname
                     ELSE format_type(a.atttypid, NULL) END,
        'is_enum', t.typtype = 'e', 'is_nullable', NOT a.attnotnull,
        'default', pg_get_expr(d.adbin, d.adrelid))) AS columns
    FROM relation AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
    GROUP BY r.relname
), relation_index AS (
    SELECT jsonb_build_object(
        'name', c.relname, 'table', r.relname, 'is_unique', i.indisunique, 'is_primary', i.indisprimary,
        'is_valid', i.indisvalid AND i.indisready,
        'is_plain', i.indpred IS NULL AND i.indexprs IS NULL AND m.amname = 'btree',
        'columns', (SELECT jsonb_agg(a.attname ORDER BY k.place)
                    FROM unnest(cast(i.indkey AS smallint[])) WITH ORDINALITY AS k (attnum, place)
                    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = k.attnum
                    WHERE k.place <= i.indnkeyatts)) AS index
    FROM relation AS r
    JOIN pg_index AS i ON i.indrelid = r.oid
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_am AS m ON m.oid = c.relam
), reference AS (
    SELECT jsonb_build_object(
        'name', k.conname, 'table', r.relname, 'target', t.relname, 'is_here', t.relnamespace = '{accounts}'::regnamespace,
        'on_delete', k.confdeltype, 'is_validated', k.convalidated, 'target_column', ta.attname,
        'column', a.attname, 'width', cardinality(k.conkey)) AS reference
    FROM relation AS r
    JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype = 'f'
    JOIN pg_class AS t ON t.oid = k.confrelid
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = k.conkey[1]
    JOIN pg_attribute AS ta ON ta.attrelid = t.oid AND ta.attnum = k.confkey[1]
)
SELECT (SELECT jsonb_object_agg(typname, labels) FROM enum) AS enums,
       (SELECT jsonb_object_agg(relname, columns) FROM relation_column) AS tables,
       (SELECT jsonb_agg(index) FROM relation_index) AS indexes,
       (SELECT jsonb_agg(reference) FROM reference) AS references

-- name: is_building
-- Whether another session may be building an index on the table now. A build without a lock that stops writers holds
-- this one to its end (a vacuum does too); who holds it is shown to every role, which a build's progress is not.
SELECT EXISTS (
    SELECT 1 FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.relation = to_regclass(format('%s.%I', '{accounts}', cast(:table AS text)))
      AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()) AS found

-- name: wait
-- A moment until it is looked at again.
SELECT cast(pg_sleep(0.25) AS text) AS waited

-- name: note_build
-- The run sets out to build an index; no row where it had set out before.
INSERT INTO ops.index_build (run_number, name) VALUES (:run_number, :name) ON CONFLICT DO NOTHING RETURNING name

-- name: forget_build
-- Somebody else was first: the index is not the run's.
DELETE FROM ops.index_build WHERE run_number = :run_number AND name = :name

-- name: noted_builds
-- The indexes that a run set out to build.
SELECT name FROM ops.index_build WHERE run_number = :run_number

-- name: made_by_run
-- The objects that a run made and that no rollback has taken back.
SELECT i.kind, k.name
FROM ops.backfill_image AS i
CROSS JOIN LATERAL unnest(cast(i.keys AS text[])) AS k (name)
WHERE i.run_number = :target_number AND i.undone < i.rows AND i.kind NOT IN ('class', 'priority')
ORDER BY 1, 2

-- name: kinds_to_undo
-- The kinds of change that a run made and that no rollback has taken back.
SELECT DISTINCT kind FROM ops.backfill_image WHERE run_number = :target_number AND undone < rows ORDER BY kind

-- name: names
-- The names in an image.
SELECT k.name FROM unnest(cast(:keys AS text[])) AS k (name)

-- name: dependents
-- Views, and foreign keys and columns of other tables, that would go with the run's tables, columns or enums.
WITH own AS (
    SELECT oid FROM pg_class
    WHERE relnamespace = '{accounts}'::regnamespace AND relname = ANY (cast(:tables AS text[]))
), own_column AS (
    SELECT a.attrelid, a.attnum
    FROM unnest(cast(:columns AS text[])) AS k (name)
    JOIN pg_class AS c ON c.relnamespace = '{accounts}'::regnamespace AND c.relname = split_part(k.name, '.', 1)
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = split_part(k.name, '.', 2)
)
SELECT DISTINCT 'view ' || cast(cast(r.ev_class AS regclass) AS text) AS name
FROM pg_depend AS d
JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
WHERE d.refclassid = 'pg_class'::regclass
  AND (d.refobjid IN (SELECT oid FROM own)
       OR (d.refobjid, d.refobjsubid) IN (SELECT attrelid, cast(attnum AS integer) FROM own_column))
UNION
SELECT 'foreign key ' || cast(cast(k.conrelid AS regclass) AS text) || '.' || k.conname
FROM pg_constraint AS k
WHERE k.contype = 'f' AND k.confrelid IN (SELECT oid FROM own) AND k.conrelid NOT IN (SELECT oid FROM own)
UNION
SELECT 'column ' || cast(cast(a.attrelid AS regclass) AS text) || '.' || a.attname
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
WHERE t.typnamespace = '{accounts}'::regnamespace AND t.typname = ANY (cast(:enums AS text[])) AND NOT a.attisdropped
  AND a.attrelid NOT IN (SELECT oid FROM own)
  AND (a.attrelid, a.attnum) NOT IN (SELECT attrelid, attnum FROM own_column)
ORDER BY 1

-- name: rows_call_plan_account
-- How many accounts are on call plans.
SELECT count(*) AS rows FROM {accounts}."CallPlanAccount"

-- name: rows_call_plan_activity
-- How many activities call plans have.
SELECT count(*) AS rows FROM {accounts}."CallPlanActivity"

-- name: lock_call_plan_account
-- Nobody adds a row from here on.
LOCK TABLE {accounts}."CallPlanAccount" IN ACCESS EXCLUSIVE MODE

-- name: lock_call_plan_activity
-- Nobody adds a row from here on.
LOCK TABLE {accounts}."CallPlanActivity" IN ACCESS EXCLUSIVE MODE

-- Enums.

-- name: make_account_priority
CREATE TYPE {accounts}."AccountPriority" AS ENUM ('LOW', 'MEDIUM', 'HIGH')

-- name: drop_account_priority
DROP TYPE IF EXISTS {accounts}."AccountPriority"

-- name: make_call_plan_status
CREATE TYPE {accounts}."CallPlanStatus" AS ENUM ('DRAFT', 'ACTIVE', 'COMPLETED', 'ARCHIVED')

-- name: drop_call_plan_status
DROP TYPE IF EXISTS {accounts}."CallPlanStatus"

-- name: make_contact_outcome
CREATE TYPE {accounts}."ContactOutcome" AS ENUM ('NOT_ATTEMPTED', 'NO_CONTACT', 'CONTACTED', 'VISITED')

-- name: drop_contact_outcome
DROP TYPE IF EXISTS {accounts}."ContactOutcome"

-- Columns.

-- name: make_customer__account_priority
ALTER TABLE {accounts}."Customer" ADD COLUMN IF NOT EXISTS "accountPriority" {accounts}."AccountPriority"

-- name: drop_customer__account_priority
ALTER TABLE {accounts}."Customer" DROP COLUMN IF EXISTS "accountPriority"

-- name: make_customer__territory
ALTER TABLE {accounts}."Customer" ADD COLUMN IF NOT EXISTS "territory" text

-- name: drop_customer__territory
ALTER TABLE {accounts}."Customer" DROP COLUMN IF EXISTS "territory"

-- name: make_call_plan__week_number
ALTER TABLE {accounts}."CallPlan" ADD COLUMN IF NOT EXISTS "weekNumber" integer

-- name: drop_call_plan__week_number
ALTER TABLE {accounts}."CallPlan" DROP COLUMN IF EXISTS "weekNumber"

-- name: make_call_plan__year
ALTER TABLE {accounts}."CallPlan" ADD COLUMN IF NOT EXISTS "year" integer

-- name: drop_call_plan__year
ALTER TABLE {accounts}."CallPlan" DROP COLUMN IF EXISTS "year"

-- name: make_call_plan__status
ALTER TABLE {accounts}."CallPlan" ADD COLUMN IF NOT EXISTS "status" {accounts}."CallPlanStatus" NOT NULL DEFAULT 'DRAFT'

-- name: drop_call_plan__status
ALTER TABLE {accounts}."CallPlan" DROP COLUMN IF EXISTS "status"

-- name: make_call_plan__target_count
ALTER TABLE {accounts}."CallPlan" ADD COLUMN IF NOT EXISTS "targetCount" integer

-- name: drop_call_plan__target_count
ALTER TABLE {accounts}."CallPlan" DROP COLUMN IF EXISTS "targetCount"

-- Tables; their foreign keys and indexes are made one by one.

-- name: make_call_plan_account
CREATE TABLE {accounts}."CallPlanAccount" (
    id {accounts_key} NOT NULL DEFAULT cast(gen_random_uuid() AS {accounts_key}),
    "tenantId" {accounts_key} NOT NULL,
    "callPlanId" {accounts_key} NOT NULL,
    "customerId" {accounts_key} NOT NULL,
    objective text,
    "addedAt" timestamptz(3) NOT NULL DEFAULT now(),
    "contactOutcome" {accounts}."ContactOutcome" NOT NULL DEFAULT 'NOT_ATTEMPTED',
    "contactedAt" timestamptz(3),
    notes text,
    CONSTRAINT "CallPlanAccount_pkey" PRIMARY KEY (id),
    CONSTRAINT "CallPlanAccount_callPlanId_customerId_key" UNIQUE ("callPlanId", "customerId")
)

-- name: drop_call_plan_account
DROP TABLE IF EXISTS {accounts}."CallPlanAccount"

-- name: make_call_plan_activity
CREATE TABLE {accounts}."CallPlanActivity" (
    id {accounts_key} NOT NULL DEFAULT cast(gen_random_uuid() AS {accounts_key}),
    "tenantId" {accounts_key} NOT NULL,
    "callPlanId" {accounts_key} NOT NULL,
    "customerId" {accounts_key} NOT NULL,
    "activityTypeId" {accounts_key} NOT NULL,
    "occurredAt" timestamptz(3) NOT NULL,
    notes text,
    "createdAt" timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT "CallPlanActivity_pkey" PRIMARY KEY (id)
)

-- name: drop_call_plan_activity
DROP TABLE IF EXISTS {accounts}."CallPlanActivity"

-- Foreign keys: added without a look at the rows, then validated without a lock that stops writers.

-- name: make_call_plan_account_tenant_id_fkey
ALTER TABLE {accounts}."CallPlanAccount" ADD CONSTRAINT "CallPlanAccount_tenantId_fkey"
    FOREIGN KEY ("tenantId") REFERENCES {accounts}."Tenant" (id) ON DELETE CASCADE NOT VALID

-- name: drop_call_plan_account_tenant_id_fkey
ALTER TABLE IF EXISTS {accounts}."CallPlanAccount" DROP CONSTRAINT IF EXISTS "CallPlanAccount_tenantId_fkey"

-- name: make_call_plan_account_call_plan_id_fkey
ALTER TABLE {accounts}."CallPlanAccount" ADD CONSTRAINT "CallPlanAccount_callPlanId_fkey"
    FOREIGN KEY ("callPlanId") REFERENCES {accounts}."CallPlan" (id) ON DELETE CASCADE NOT VALID

-- name: drop_call_plan_account_call_plan_id_fkey
ALTER TABLE IF EXISTS {accounts}."CallPlanAccount" DROP CONSTRAINT IF EXISTS "CallPlanAccount_callPlanId_fkey"

-- name: make_call_plan_account_customer_id_fkey
ALTER TABLE {accounts}."CallPlanAccount" ADD CONSTRAINT "CallPlanAccount_customerId_fkey"
    FOREIGN KEY ("customerId") REFERENCES {accounts}."Customer" (id) ON DELETE CASCADE NOT VALID

-- name: drop_call_plan_account_customer_id_fkey
ALTER TABLE IF EXISTS {accounts}."CallPlanAccount" DROP CONSTRAINT IF EXISTS "CallPlanAccount_customerId_fkey"

-- name: make_call_plan_activity_tenant_id_fkey
ALTER TABLE {accounts}."CallPlanActivity" ADD CONSTRAINT "CallPlanActivity_tenantId_fkey"
    FOREIGN KEY ("tenantId") REFERENCES {accounts}."Tenant" (id) ON DELETE CASCADE NOT VALID

-- name: drop_call_plan_activity_tenant_id_fkey
ALTER TABLE IF EXISTS {accounts}."CallPlanActivity" DROP CONSTRAINT IF EXISTS "CallPlanActivity_tenantId_fkey"

-- name: make_call_plan_activity_call_plan_id_fkey
ALTER TABLE {accounts}."CallPlanActivity" ADD CONSTRAINT "CallPlanActivity_callPlanId_fkey"
    FOREIGN KEY ("callPlanId") REFERENCES {accounts}."CallPlan" (id) ON DELETE CASCADE NOT VALID

-- name: drop_call_plan_activity_call_plan_id_fkey
ALTER TABLE IF EXISTS {accounts}."CallPlanActivity" DROP CONSTRAINT IF EXISTS "CallPlanActivity_callPlanId_fkey"

-- name: make_call_plan_activity_customer_id_fkey
ALTER TABLE {accounts}."CallPlanActivity" ADD CONSTRAINT "CallPlanActivity_customerId_fkey"
    FOREIGN KEY ("customerId") REFERENCES {accounts}."Customer" (id) ON DELETE CASCADE NOT VALID

-- name: drop_call_plan_activity_customer_id_fkey
ALTER TABLE IF EXISTS {accounts}."CallPlanActivity" DROP CONSTRAINT IF EXISTS "CallPlanActivity_customerId_fkey"

-- name: make_call_plan_activity_activity_type_id_fkey
ALTER TABLE {accounts}."CallPlanActivity" ADD CONSTRAINT "CallPlanActivity_activityTypeId_fkey"
    FOREIGN KEY ("activityTypeId") REFERENCES {accounts}."ActivityType" (id) ON DELETE CASCADE NOT VALID

-- name: drop_call_plan_activity_activity_type_id_fkey
ALTER TABLE IF EXISTS {accounts}."CallPlanActivity" DROP CONSTRAINT IF EXISTS "CallPlanActivity_activityTypeId_fkey"

-- name: validate_reference
-- Looks at the rows of a foreign key that was added without.
SELECT ops.validate_reference(to_regclass(format('%s.%I', '{accounts}', cast(:table AS text))), :name)

-- Indexes: built and, where a build left an invalid one, dropped without a lock that stops writers. A build of a name
-- that exists is refused (42P07): without IF NOT EXISTS it shows whose the index is.

-- name: make_customer_territory_idx
CREATE INDEX CONCURRENTLY "Customer_territory_idx" ON {accounts}."Customer" ("territory")

-- name: clear_customer_territory_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."Customer_territory_idx"

-- name: drop_customer_territory_idx
DROP INDEX IF EXISTS {accounts}."Customer_territory_idx"

-- name: make_customer_account_priority_idx
CREATE INDEX CONCURRENTLY "Customer_accountPriority_idx" ON {accounts}."Customer" ("accountPriority")

-- name: clear_customer_account_priority_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."Customer_accountPriority_idx"

-- name: drop_customer_account_priority_idx
DROP INDEX IF EXISTS {accounts}."Customer_accountPriority_idx"

-- name: make_call_plan_year_week_number_idx
CREATE INDEX CONCURRENTLY "CallPlan_year_weekNumber_idx" ON {accounts}."CallPlan" ("year", "weekNumber")

-- name: clear_call_plan_year_week_number_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlan_year_weekNumber_idx"

-- name: drop_call_plan_year_week_number_idx
DROP INDEX IF EXISTS {accounts}."CallPlan_year_weekNumber_idx"

-- name: make_call_plan_status_idx
CREATE INDEX CONCURRENTLY "CallPlan_status_idx" ON {accounts}."CallPlan" ("status")

-- name: clear_call_plan_status_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlan_status_idx"

-- name: drop_call_plan_status_idx
DROP INDEX IF EXISTS {accounts}."CallPlan_status_idx"

-- name: make_call_plan_account_tenant_id_idx
CREATE INDEX CONCURRENTLY "CallPlanAccount_tenantId_idx" ON {accounts}."CallPlanAccount" ("tenantId")

-- name: clear_call_plan_account_tenant_id_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanAccount_tenantId_idx"

-- name: drop_call_plan_account_tenant_id_idx
DROP INDEX IF EXISTS {accounts}."CallPlanAccount_tenantId_idx"

-- name: make_call_plan_account_call_plan_id_idx
CREATE INDEX CONCURRENTLY "CallPlanAccount_callPlanId_idx" ON {accounts}."CallPlanAccount" ("callPlanId")

-- name: clear_call_plan_account_call_plan_id_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanAccount_callPlanId_idx"

-- name: drop_call_plan_account_call_plan_id_idx
DROP INDEX IF EXISTS {accounts}."CallPlanAccount_callPlanId_idx"

-- name: make_call_plan_account_customer_id_idx
CREATE INDEX CONCURRENTLY "CallPlanAccount_customerId_idx" ON {accounts}."CallPlanAccount" ("customerId")

-- name: clear_call_plan_account_customer_id_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanAccount_customerId_idx"

-- name: drop_call_plan_account_customer_id_idx
DROP INDEX IF EXISTS {accounts}."CallPlanAccount_customerId_idx"

-- name: make_call_plan_account_contact_outcome_idx
CREATE INDEX CONCURRENTLY "CallPlanAccount_contactOutcome_idx" ON {accounts}."CallPlanAccount" ("contactOutcome")

-- name: clear_call_plan_account_contact_outcome_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanAccount_contactOutcome_idx"

-- name: drop_call_plan_account_contact_outcome_idx
DROP INDEX IF EXISTS {accounts}."CallPlanAccount_contactOutcome_idx"

-- name: make_call_plan_account_contacted_at_idx
CREATE INDEX CONCURRENTLY "CallPlanAccount_contactedAt_idx" ON {accounts}."CallPlanAccount" ("contactedAt")

-- name: clear_call_plan_account_contacted_at_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanAccount_contactedAt_idx"

-- name: drop_call_plan_account_contacted_at_idx
DROP INDEX IF EXISTS {accounts}."CallPlanAccount_contactedAt_idx"

-- name: make_call_plan_activity_tenant_id_idx
CREATE INDEX CONCURRENTLY "CallPlanActivity_tenantId_idx" ON {accounts}."CallPlanActivity" ("tenantId")

-- name: clear_call_plan_activity_tenant_id_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanActivity_tenantId_idx"

-- name: drop_call_plan_activity_tenant_id_idx
DROP INDEX IF EXISTS {accounts}."CallPlanActivity_tenantId_idx"

-- name: make_call_plan_activity_call_plan_id_idx
CREATE INDEX CONCURRENTLY "CallPlanActivity_callPlanId_idx" ON {accounts}."CallPlanActivity" ("callPlanId")

-- name: clear_call_plan_activity_call_plan_id_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanActivity_callPlanId_idx"

-- name: drop_call_plan_activity_call_plan_id_idx
DROP INDEX IF EXISTS {accounts}."CallPlanActivity_callPlanId_idx"

-- name: make_call_plan_activity_customer_id_idx
CREATE INDEX CONCURRENTLY "CallPlanActivity_customerId_idx" ON {accounts}."CallPlanActivity" ("customerId")

-- name: clear_call_plan_activity_customer_id_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanActivity_customerId_idx"

-- name: drop_call_plan_activity_customer_id_idx
DROP INDEX IF EXISTS {accounts}."CallPlanActivity_customerId_idx"

-- name: make_call_plan_activity_activity_type_id_idx
CREATE INDEX CONCURRENTLY "CallPlanActivity_activityTypeId_idx" ON {accounts}."CallPlanActivity" ("activityTypeId")

-- name: clear_call_plan_activity_activity_type_id_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanActivity_activityTypeId_idx"

-- name: drop_call_plan_activity_activity_type_id_idx
DROP INDEX IF EXISTS {accounts}."CallPlanActivity_activityTypeId_idx"

-- name: make_call_plan_activity_occurred_at_idx
CREATE INDEX CONCURRENTLY "CallPlanActivity_occurredAt_idx" ON {accounts}."CallPlanActivity" ("occurredAt")

-- name: clear_call_plan_activity_occurred_at_idx
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanActivity_occurredAt_idx"

-- name: drop_call_plan_activity_occurred_at_idx
DROP INDEX IF EXISTS {accounts}."CallPlanActivity_occurredAt_idx"

-- name: make_call_plan_account_call_plan_id_customer_id_key
CREATE UNIQUE INDEX CONCURRENTLY "CallPlanAccount_callPlanId_customerId_key" ON {accounts}."CallPlanAccount" ("callPlanId", "customerId")

-- name: clear_call_plan_account_call_plan_id_customer_id_key
DROP INDEX CONCURRENTLY IF EXISTS {accounts}."CallPlanAccount_callPlanId_customerId_key"

-- name: drop_call_plan_account_call_plan_id_customer_id_key
DROP INDEX IF EXISTS {accounts}."CallPlanAccount_callPlanId_customerId_key"
