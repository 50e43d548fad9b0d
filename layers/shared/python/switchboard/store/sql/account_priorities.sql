-- The backfill account-priorities. The rules are functions of the revision 0004_numbers_and_accounts_expand.

-- name: bounds
-- Lanes over customers, and about how many are in each.
WITH total AS (
    SELECT least(100, 5e6 / greatest(reltuples, 1)) AS percent FROM pg_class WHERE oid = '{accounts}."Customer"'::regclass
), sample AS MATERIALIZED (
    SELECT id, ntile(cast(:lanes AS integer)) OVER (ORDER BY id) AS lane
    FROM {accounts}."Customer" TABLESAMPLE SYSTEM ((SELECT percent FROM total))
), size AS (
    SELECT ceil(count(*) * 100 / min(total.percent) / greatest(max(lane), 1)) AS rows FROM total LEFT JOIN sample ON true
)
SELECT lanes.first_key, cast(size.rows AS bigint) AS rows
FROM (
    (SELECT 0 AS lane, cast(id AS text) AS first_key FROM {accounts}."Customer" ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT DISTINCT ON (lane) lane, cast(id AS text) FROM sample WHERE lane > 1 ORDER BY lane, id)
) AS lanes
CROSS JOIN size
ORDER BY lanes.lane

-- name: page
-- The next customers by key; `upto` is where what is to be written ends.
WITH page AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY id) AS place
    FROM (
        SELECT id FROM {accounts}."Customer"
        WHERE id >= cast(:after AS {accounts_key})
        ORDER BY id
        LIMIT cast(:size AS integer) + 1
    ) AS customers
    WHERE cast(:until AS text) IS NULL OR id < cast(:until AS {accounts_key})
), edge AS (
    SELECT (SELECT cast(id AS text) FROM page WHERE place = cast(:size AS integer) + 1) AS next_key,
           (SELECT cast(id AS text) FROM page WHERE place = 1) AS first_key,
           (SELECT cast(least(count(*), :size) AS integer) FROM page) AS scanned
)
SELECT next_key, first_key, first_key AS first_id, scanned, cast(NULL AS jsonb) AS counts,
       coalesce(next_key, :until) AS upto
FROM edge

-- name: foresee_classes
-- What the next customers will be, of those that have no class yet.
WITH page AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY id) AS place, class
    FROM (
        SELECT id,
               CASE WHEN "accountType" IS NULL THEN
                   ops.account_class("lastOrderDate", cast(:active_from AS timestamptz), cast(:target_from AS timestamptz))
               END AS class
        FROM {accounts}."Customer"
        WHERE id >= cast(:after AS {accounts_key})
        ORDER BY id
        LIMIT cast(:size AS integer) + 1
    ) AS customers
    WHERE cast(:until AS text) IS NULL OR id < cast(:until AS {accounts_key})
)
SELECT (SELECT cast(id AS text) FROM page WHERE place = cast(:size AS integer) + 1) AS next_key,
       (SELECT cast(id AS text) FROM page WHERE place = 1) AS first_key,
       (SELECT cast(id AS text) FROM page WHERE place = 1) AS first_id,
       (SELECT cast(least(count(*), :size) AS integer) FROM page) AS scanned,
       jsonb_build_object(
           'ACTIVE customers updated', count(*) FILTER (WHERE class = 'ACTIVE'),
           'TARGET customers updated', count(*) FILTER (WHERE class = 'TARGET'),
           'PROSPECT customers updated', count(*) FILTER (WHERE class = 'PROSPECT')) AS counts
FROM page WHERE place <= :size

-- name: apply_classes
-- Classes for customers that have none, locked in the order of their keys.
WITH locked AS MATERIALIZED (
    SELECT id, cast(ops.account_class("lastOrderDate", cast(:active_from AS timestamptz), cast(:target_from AS timestamptz))
                    AS {accounts}."AccountType") AS class
    FROM {accounts}."Customer"
    WHERE id >= cast(:after AS {accounts_key})
      AND (cast(:upto AS text) IS NULL OR id < cast(:upto AS {accounts_key}))
      AND "accountType" IS NULL
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE {accounts}."Customer" AS c SET "accountType" = locked.class FROM locked WHERE c.id = locked.id
    RETURNING c.id, c."accountType" AS class
)
SELECT jsonb_build_object(
           'ACTIVE customers updated', count(*) FILTER (WHERE class = 'ACTIVE'),
           'TARGET customers updated', count(*) FILTER (WHERE class = 'TARGET'),
           'PROSPECT customers updated', count(*) FILTER (WHERE class = 'PROSPECT')) AS counts,
       'class' AS image, cast(array_agg(id) AS text) AS keys, cast(NULL AS text) AS before,
       cast(array_agg(class) AS text) AS after, cast(count(*) AS integer) AS written
FROM changed

-- name: foresee_priorities
-- What the next customers' priorities will be, by the classes that they will have; the column may not be there yet.
WITH page AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY id) AS place, ops.account_priority(class) AS wanted, priority
    FROM (
        SELECT c.id,
               coalesce(cast(c."accountType" AS text),
                        ops.account_class(c."lastOrderDate", cast(:active_from AS timestamptz),
                                          cast(:target_from AS timestamptz))) AS class,
               to_jsonb(c) ->> 'accountPriority' AS priority
        FROM {accounts}."Customer" AS c
        WHERE c.id >= cast(:after AS {accounts_key})
        ORDER BY c.id
        LIMIT cast(:size AS integer) + 1
    ) AS customers
    WHERE cast(:until AS text) IS NULL OR id < cast(:until AS {accounts_key})
), changed AS (
    SELECT wanted FROM page WHERE place <= :size AND wanted IS NOT NULL AND wanted IS DISTINCT FROM priority
)
SELECT (SELECT cast(id AS text) FROM page WHERE place = cast(:size AS integer) + 1) AS next_key,
       (SELECT cast(id AS text) FROM page WHERE place = 1) AS first_key,
       (SELECT cast(id AS text) FROM page WHERE place = 1) AS first_id,
       (SELECT cast(least(count(*), :size) AS integer) FROM page) AS scanned,
       jsonb_build_object(
           'HIGH priority', count(*) FILTER (WHERE wanted = 'HIGH'),
           'MEDIUM priority', count(*) FILTER (WHERE wanted = 'MEDIUM'),
           'LOW priority', count(*) FILTER (WHERE wanted = 'LOW')) AS counts
FROM changed

-- name: apply_priorities
-- Priorities of the three classes where they differ, locked in the order of the keys.
WITH locked AS MATERIALIZED (
    SELECT id, "accountPriority" AS before,
           cast(ops.account_priority(cast("accountType" AS text)) AS {accounts}."AccountPriority") AS wanted
    FROM {accounts}."Customer"
    WHERE id >= cast(:after AS {accounts_key})
      AND (cast(:upto AS text) IS NULL OR id < cast(:upto AS {accounts_key}))
      AND "accountType" IN ('ACTIVE', 'TARGET', 'PROSPECT')
      AND cast("accountPriority" AS text) IS DISTINCT FROM ops.account_priority(cast("accountType" AS text))
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE {accounts}."Customer" AS c SET "accountPriority" = locked.wanted FROM locked WHERE c.id = locked.id
    RETURNING c.id, locked.before, c."accountPriority" AS after
)
SELECT jsonb_build_object(
           'HIGH priority', count(*) FILTER (WHERE after = 'HIGH'),
           'MEDIUM priority', count(*) FILTER (WHERE after = 'MEDIUM'),
           'LOW priority', count(*) FILTER (WHERE after = 'LOW')) AS counts,
       'priority' AS image, cast(array_agg(id) AS text) AS keys,
       CASE WHEN count(before) > 0 THEN cast(array_agg(before) AS text) END AS before,
       cast(array_agg(after) AS text) AS after, cast(count(*) AS integer) AS written
FROM changed

-- name: late
-- Customers that came or changed since they were gone through; recorded errors excepted.
WITH late AS (
    SELECT cast(c.id AS text) AS id
    FROM {accounts}."Customer" AS c
    WHERE (c."accountType" IS NULL
           OR c."accountType" IN ('ACTIVE', 'TARGET', 'PROSPECT')
              AND cast(c."accountPriority" AS text)
                  IS DISTINCT FROM ops.account_priority(cast(c."accountType" AS text)))
      AND NOT EXISTS (SELECT 1 FROM ops.backfill_row_error AS e
                      WHERE e.run_number = :run_number AND e.row_id = cast(c.id AS text))
)
SELECT (SELECT count(*) FROM late) AS rows,
       (SELECT jsonb_agg(id ORDER BY id) FROM (SELECT id FROM late ORDER BY id LIMIT :size) AS first) AS ids,
       jsonb_build_object('unfit', (SELECT count(*) FROM late)) AS kinds

-- name: distribution
-- Customers by class and priority.
SELECT cast("accountType" AS text) AS class, cast("accountPriority" AS text) AS priority, count(*) AS customers
FROM {accounts}."Customer"
GROUP BY "accountType", "accountPriority"

-- name: distribution_foreseen
-- Customers by class and priority where there may be no such column yet; where `foreseen`, as they will be.
WITH customer AS (
    SELECT CASE WHEN :foreseen THEN coalesce(cast(c."accountType" AS text), ops.account_class(
                    c."lastOrderDate", cast(:active_from AS timestamptz), cast(:target_from AS timestamptz)))
                ELSE cast(c."accountType" AS text) END AS class,
           to_jsonb(c) ->> 'accountPriority' AS priority
    FROM {accounts}."Customer" AS c
)
SELECT class, CASE WHEN :foreseen THEN coalesce(ops.account_priority(class), priority) ELSE priority END AS priority,
       count(*) AS customers
FROM customer
GROUP BY 1, 2

-- name: record_in_force
-- The record of the migration that has not been rolled back.
SELECT name, run_number FROM ops.migration_record WHERE backfill = 'account-priorities' AND rolled_back_at IS NULL

-- name: add_record
-- Records the migration, unless one is in force: the first free second from now on names it.
WITH in_force AS (
    SELECT name, run_number FROM ops.migration_record WHERE backfill = 'account-priorities' AND rolled_back_at IS NULL
), free AS (
    SELECT names.name
    FROM generate_series(cast(:now AS timestamptz), cast(:now AS timestamptz) + interval '1 hour', interval '1 second') AS at
    CROSS JOIN LATERAL (SELECT to_char(at, 'YYYYMMDDHH24MISS') || '_phase2_complete' AS name) AS names
    WHERE NOT EXISTS (SELECT 1 FROM ops.migration_record AS r WHERE r.name = names.name)
    ORDER BY at
    LIMIT 1
), made AS (
    INSERT INTO ops.migration_record (name, backfill, run_number, recorded_at)
    SELECT free.name, 'account-priorities', :run_number, :now FROM free WHERE NOT EXISTS (SELECT 1 FROM in_force)
    RETURNING name, run_number
)
SELECT name, run_number FROM made UNION ALL SELECT name, run_number FROM in_force

-- name: mark_record
-- The record of a run that is rolled back.
UPDATE ops.migration_record AS r SET rolled_back_at = :now
FROM ops.backfill_run AS run
WHERE run.id = :target_id AND r.run_number = run.number AND r.rolled_back_at IS NULL

-- name: decide_undo_class
-- Customers that still hold the class that the run gave them.
WITH image AS (
    SELECT *
    FROM unnest(cast(:keys AS {accounts_key}[]), cast(cast(:after AS text) AS {accounts}."AccountType"[])) AS t (id, class)
), found AS (
    SELECT i.id, c.id IS NULL AS gone, c."accountType" IS NOT DISTINCT FROM i.class AS ours
    FROM image AS i LEFT JOIN {accounts}."Customer" AS c ON c.id = i.id
)
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE ours AND NOT gone)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN gone THEN 'customer deleted since' ELSE 'class changed since' END) ORDER BY id)
           FILTER (WHERE gone OR NOT ours) AS left_alone
FROM found

-- name: apply_undo_class
-- Takes the class off customers that still hold it.
WITH image AS (
    SELECT *
    FROM unnest(cast(:keys AS {accounts_key}[]), cast(cast(:after AS text) AS {accounts}."AccountType"[])) AS t (id, class)
), locked AS MATERIALIZED (
    SELECT c.id FROM image AS i JOIN {accounts}."Customer" AS c ON c.id = i.id AND c."accountType" = i.class
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
), changed AS (
    UPDATE {accounts}."Customer" AS c SET "accountType" = NULL FROM locked WHERE c.id = locked.id RETURNING c.id
), left_alone AS (
    SELECT i.id, EXISTS (SELECT 1 FROM {accounts}."Customer" AS c WHERE c.id = i.id) AS there
    FROM image AS i WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.id = i.id)
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN there THEN 'class changed since' ELSE 'customer deleted since' END) ORDER BY id)
           AS left_alone
FROM left_alone

-- name: decide_undo_priority
-- Customers that still hold the priority that the run gave them. The parameters are text: a statement that is prepared
-- with parameters of an enum outlives the enum.
WITH image AS (
    SELECT *
    FROM unnest(cast(:keys AS {accounts_key}[]), cast(cast(:after AS text) AS {accounts}."AccountPriority"[])) AS t (id, priority)
), found AS (
    SELECT i.id, c.id IS NULL AS gone, c."accountPriority" IS NOT DISTINCT FROM i.priority AS ours
    FROM image AS i LEFT JOIN {accounts}."Customer" AS c ON c.id = i.id
)
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE ours AND NOT gone)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN gone THEN 'customer deleted since' ELSE 'priority changed since' END)
                 ORDER BY id) FILTER (WHERE gone OR NOT ours) AS left_alone
FROM found

-- name: apply_undo_priority
-- Puts the priority back where it is still as the run left it.
WITH image AS (
    SELECT *
    FROM unnest(cast(:keys AS {accounts_key}[]), cast(cast(:before AS text) AS {accounts}."AccountPriority"[]),
                cast(cast(:after AS text) AS {accounts}."AccountPriority"[])) AS t (id, before, after)
), locked AS MATERIALIZED (
    SELECT c.id, i.before
    FROM image AS i JOIN {accounts}."Customer" AS c ON c.id = i.id AND c."accountPriority" = i.after
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
), changed AS (
    UPDATE {accounts}."Customer" AS c SET "accountPriority" = locked.before FROM locked WHERE c.id = locked.id
    RETURNING c.id
), left_alone AS (
    SELECT i.id, EXISTS (SELECT 1 FROM {accounts}."Customer" AS c WHERE c.id = i.id) AS there
    FROM image AS i WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.id = i.id)
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN there THEN 'priority changed since' ELSE 'customer deleted since' END)
                 ORDER BY id) AS left_alone
FROM left_alone
