-- The backfill lead-customers. The rules of a lead's key are functions of the revision 0002_backfills_expand.
-- `(VALUES (cast(NULL AS text))) AS absent (org_id)` stands in where a table has no column org_id.

-- name: forget
-- Empties what an earlier run staged.
TRUNCATE ops.lead_customers_lead, ops.lead_customers_candidate, ops.lead_customers_group, ops.lead_customers_part

-- name: customer_bounds
-- Lanes over customers, and about how many are in each.
WITH total AS (
    SELECT least(100, 5e7 / greatest(reltuples, 1)) AS percent FROM pg_class WHERE oid = '{intake}."Customer"'::regclass
), sample AS MATERIALIZED (
    SELECT id, ntile(cast(:lanes AS integer)) OVER (ORDER BY id) AS lane
    FROM {intake}."Customer" TABLESAMPLE SYSTEM ((SELECT percent FROM total))
), size AS (
    SELECT ceil(count(*) * 100 / min(total.percent) / greatest(max(lane), 1)) AS rows FROM total LEFT JOIN sample ON true
)
SELECT lanes.first_key, cast(size.rows AS bigint) AS rows
FROM (
    (SELECT 0 AS lane, cast(id AS text) AS first_key FROM {intake}."Customer" ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT DISTINCT ON (lane) lane, cast(id AS text) FROM sample WHERE lane > 1 ORDER BY lane, id)
) AS lanes
CROSS JOIN size
ORDER BY lanes.lane

-- name: lead_bounds
-- Lanes over leads, and about how many are in each.
WITH total AS (
    SELECT least(100, 5e7 / greatest(reltuples, 1)) AS percent FROM pg_class WHERE oid = '{intake}."Lead"'::regclass
), sample AS MATERIALIZED (
    SELECT id, ntile(cast(:lanes AS integer)) OVER (ORDER BY id) AS lane
    FROM {intake}."Lead" TABLESAMPLE SYSTEM ((SELECT percent FROM total))
), size AS (
    SELECT ceil(count(*) * 100 / min(total.percent) / greatest(max(lane), 1)) AS rows FROM total LEFT JOIN sample ON true
)
SELECT lanes.first_key, cast(size.rows AS bigint) AS rows
FROM (
    (SELECT 0 AS lane, cast(id AS text) AS first_key FROM {intake}."Lead" ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT DISTINCT ON (lane) lane, cast(id AS text) FROM sample WHERE lane > 1 ORDER BY lane, id)
) AS lanes
CROSS JOIN size
ORDER BY lanes.lane

-- name: job_bounds
-- Lanes over jobs, and about how many are in each.
WITH total AS (
    SELECT least(100, 5e7 / greatest(reltuples, 1)) AS percent FROM pg_class WHERE oid = '{intake}."Job"'::regclass
), sample AS MATERIALIZED (
    SELECT id, ntile(cast(:lanes AS integer)) OVER (ORDER BY id) AS lane
    FROM {intake}."Job" TABLESAMPLE SYSTEM ((SELECT percent FROM total))
), size AS (
    SELECT ceil(count(*) * 100 / min(total.percent) / greatest(max(lane), 1)) AS rows FROM total LEFT JOIN sample ON true
)
SELECT lanes.first_key, cast(size.rows AS bigint) AS rows
FROM (
    (SELECT 0 AS lane, cast(id AS text) AS first_key FROM {intake}."Job" ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT DISTINCT ON (lane) lane, cast(id AS text) FROM sample WHERE lane > 1 ORDER BY lane, id)
) AS lanes
CROSS JOIN size
ORDER BY lanes.lane

-- name: group_bounds
-- Lanes over groups and the leads in them, each from a group's first lead on, and about how many leads are in each.
WITH total AS (
    SELECT least(100, 5e7 / greatest(reltuples, 1)) AS percent FROM pg_class WHERE oid = 'ops.lead_customers_lead'::regclass
), sample AS MATERIALIZED (
    SELECT group_id, ntile(cast(:lanes AS integer)) OVER (ORDER BY group_id) AS lane
    FROM ops.lead_customers_lead TABLESAMPLE SYSTEM ((SELECT percent FROM total))
), size AS (
    SELECT ceil(count(*) * 100 / min(total.percent) / greatest(max(lane), 1)) AS rows FROM total LEFT JOIN sample ON true
), first AS (
    (SELECT 0 AS lane, group_id FROM ops.lead_customers_lead ORDER BY group_id LIMIT 1)
    UNION ALL
    (SELECT DISTINCT ON (lane) lane, group_id FROM sample WHERE lane > 1 ORDER BY lane, group_id)
)
SELECT first.group_id || '/' || lead.lead_id AS first_key, cast(size.rows AS bigint) AS rows
FROM first
CROSS JOIN LATERAL (
    SELECT s.lead_id FROM ops.lead_customers_lead AS s WHERE s.group_id = first.group_id ORDER BY s.lead_id LIMIT 1
) AS lead
CROSS JOIN size
ORDER BY first.group_id

-- name: member_bounds
-- Lanes over groups and the leads in them, and about how many leads are in each.
WITH total AS (
    SELECT least(100, 5e7 / greatest(reltuples, 1)) AS percent FROM pg_class WHERE oid = 'ops.lead_customers_lead'::regclass
), sample AS MATERIALIZED (
    SELECT group_id, lead_id, ntile(cast(:lanes AS integer)) OVER (ORDER BY group_id, lead_id) AS lane
    FROM ops.lead_customers_lead TABLESAMPLE SYSTEM ((SELECT percent FROM total))
), size AS (
    SELECT ceil(count(*) * 100 / min(total.percent) / greatest(max(lane), 1)) AS rows FROM total LEFT JOIN sample ON true
)
SELECT lanes.first_key, cast(size.rows AS bigint) AS rows
FROM (
    (SELECT 0 AS lane, group_id || '/' || lead_id AS first_key
     FROM ops.lead_customers_lead ORDER BY group_id, lead_id LIMIT 1)
    UNION ALL
    (SELECT DISTINCT ON (lane) lane, group_id || '/' || lead_id FROM sample WHERE lane > 1
     ORDER BY lane, group_id, lead_id)
) AS lanes
CROSS JOIN size
ORDER BY lanes.lane

-- name: analyze_staged
-- So that the next step's plans know how much is staged.
ANALYZE ops.lead_customers_lead, ops.lead_customers_candidate, ops.lead_customers_group

-- name: decide_survey
-- Customers that a group may get: made by this backfill for its key, or with its phone or email.
WITH page AS MATERIALIZED (
    SELECT c.*
    FROM (VALUES (cast(NULL AS text))) AS absent (org_id)
    CROSS JOIN LATERAL (
        SELECT id, cast(org_id AS text) AS org, phone, email, created_at,
               CASE WHEN metadata ->> 'createdBy' = 'backfill-customers.ts' THEN metadata ->> 'groupKey' END AS made_for,
               metadata ->> 'createdBy' IS NOT DISTINCT FROM 'backfill-customers.ts' AS made
        FROM {intake}."Customer"
        WHERE id >= cast(:after AS {intake_key})
        ORDER BY id
        LIMIT cast(:size AS integer) + 1
    ) AS c
), within AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY id) AS place, *
    FROM page
    WHERE cast(:until AS text) IS NULL OR id < cast(:until AS {intake_key})
), candidate AS (
    SELECT ops.lead_group(w.org, k.key) AS group_id, w.made, w.created_at, w.id
    FROM within AS w
    CROSS JOIN LATERAL (
        SELECT DISTINCT t.key
        FROM (VALUES (w.made_for), (CASE WHEN NOT w.made THEN 'phone:' || ops.lead_phone(w.phone) END),
                     (CASE WHEN NOT w.made THEN 'email:' || ops.lead_email(w.email) END)) AS t (key)
        WHERE t.key IS NOT NULL
    ) AS k
    WHERE w.place <= :size
)
SELECT (SELECT cast(id AS text) FROM within WHERE place = cast(:size AS integer) + 1) AS next_key,
       (SELECT cast(id AS text) FROM within WHERE place = 1) AS first_key,
       (SELECT cast(id AS text) FROM within WHERE place = 1) AS first_id,
       (SELECT cast(least(count(*), :size) AS integer) FROM within) AS scanned,
       cast('{}' AS jsonb) AS counts,
       cast(array_agg(group_id) AS text) AS group_ids,
       cast(array_agg(made) AS text) AS made,
       cast(array_agg(created_at) AS text) AS created_at,
       cast(array_agg(id) AS text) AS customer_ids
FROM candidate

-- name: stage_survey
-- Stages the candidates.
INSERT INTO ops.lead_customers_candidate (group_id, made, created_at, customer_id)
SELECT *
FROM unnest(cast(:group_ids AS uuid[]), cast(:made AS boolean[]), cast(:created_at AS timestamptz[]),
            cast(:customer_ids AS {intake_key}[]))

-- name: decide_group
-- The group of each lead: all of them in the first pass, then those that came, changed or were left since.
WITH page AS MATERIALIZED (
    SELECT l.id, l.customer_id, l.group_id
    FROM (VALUES (cast(NULL AS text))) AS absent (org_id)
    CROSS JOIN LATERAL (
        SELECT id, customer_id,
               ops.lead_group(cast(org_id AS text), ops.lead_key("messengerPsid", phone, email, cast(id AS text))) AS group_id
        FROM {intake}."Lead"
        WHERE id >= cast(:after AS {intake_key})
        ORDER BY id
        LIMIT cast(:size AS integer) + 1
    ) AS l
), within AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY id) AS place, *
    FROM page
    WHERE cast(:until AS text) IS NULL OR id < cast(:until AS {intake_key})
), staged AS (
    SELECT w.id, w.group_id,
           cast(:pass AS integer) > 1 AND EXISTS (SELECT 1 FROM ops.lead_customers_lead AS s WHERE s.lead_id = w.id) AS was_found
    FROM within AS w
    WHERE w.place <= :size
      AND (cast(:pass AS integer) = 1
           OR NOT EXISTS (SELECT 1 FROM ops.lead_customers_lead AS s WHERE s.lead_id = w.id)
           OR (w.customer_id IS NULL
               AND (NOT :dry_run OR w.group_id <> (SELECT s.group_id FROM ops.lead_customers_lead AS s WHERE s.lead_id = w.id))))
)
SELECT (SELECT cast(id AS text) FROM within WHERE place = cast(:size AS integer) + 1) AS next_key,
       (SELECT cast(id AS text) FROM within WHERE place = 1) AS first_key,
       (SELECT cast(id AS text) FROM within WHERE place = 1) AS first_id,
       (SELECT cast(least(count(*), :size) AS integer) FROM within) AS scanned,
       jsonb_build_object('Leads found', count(*) FILTER (WHERE NOT was_found)) AS counts,
       cast(array_agg(id) AS text) AS lead_ids,
       cast(array_agg(group_id) AS text) AS group_ids
FROM staged

-- name: stage_group
-- Stages the leads' groups.
INSERT INTO ops.lead_customers_lead (lead_id, group_id, pass)
SELECT t.lead_id, t.group_id, cast(:pass AS integer)
FROM unnest(cast(:lead_ids AS {intake_key}[]), cast(:group_ids AS uuid[])) AS t (lead_id, group_id)
ON CONFLICT (lead_id) DO UPDATE SET group_id = excluded.group_id, pass = excluded.pass

-- name: decide_create
-- The customer of each group that this pass touches: of its earliest linked lead, made before, adopted, or new. A group
-- that is larger than a batch is gone through in parts: what the parts before came to is carried in a row of its own.
WITH page AS MATERIALIZED (
    SELECT group_id, lead_id, pass, row_number() OVER (ORDER BY group_id, lead_id) AS place,
           bool_or(pass = :pass) OVER (PARTITION BY group_id) AS is_touched
    FROM (
        SELECT group_id, lead_id, pass
        FROM ops.lead_customers_lead
        WHERE (group_id, lead_id) >= (cast(left(:after, 36) AS uuid), cast(substr(:after, 38) AS {intake_key}))
        ORDER BY group_id, lead_id
        LIMIT cast(:size AS integer) + 1
    ) AS staged
    WHERE cast(:until AS text) IS NULL
       OR (group_id, lead_id) < (cast(left(:until, 36) AS uuid), cast(substr(:until, 38) AS {intake_key}))
), edge AS MATERIALIZED (
    SELECT first.group_id AS first_group, first.lead_id AS first_lead, extra.group_id AS cut_group, extra.lead_id AS cut_lead,
           coalesce(extra.group_id = first.group_id, false) AS is_part
    FROM page AS first
    LEFT JOIN page AS extra ON extra.place = cast(:size AS integer) + 1
    WHERE first.place = 1
), begun AS MATERIALIZED (
    SELECT p.group_id, p.lead_ids, p.leads, p.new_leads, p.unlinked
    FROM edge
    JOIN ops.lead_customers_part AS p ON p.group_id = edge.first_group AND p.next_lead = edge.first_lead
), member AS MATERIALIZED (
    SELECT page.group_id, page.lead_id, page.pass, true AS is_counted,
           page.is_touched OR edge.is_part OR page.group_id = (SELECT begun.group_id FROM begun) AS is_wanted
    FROM page
    CROSS JOIN edge
    WHERE page.place <= :size AND (edge.is_part OR page.group_id IS DISTINCT FROM edge.cut_group)
    UNION ALL
    SELECT begun.group_id, unnest(begun.lead_ids), 0, false, true FROM begun
    UNION ALL
    SELECT s.group_id, s.lead_id, s.pass, true, true
    FROM edge
    JOIN ops.lead_customers_lead AS s ON s.group_id = edge.first_group AND s.lead_id < edge.first_lead
    WHERE NOT EXISTS (SELECT 1 FROM begun)
), keyed AS MATERIALIZED (
    SELECT m.group_id, m.pass, m.is_counted, l.id, l.org, l.key, l.created_at, l.customer_id,
           CASE WHEN ops.lead_text(l.name) IS NOT NULL THEN l.name END AS name,
           ops.lead_phone(l.phone) AS phone, ops.lead_email(l.email) AS email
    FROM (VALUES (cast(NULL AS text))) AS absent (org_id)
    CROSS JOIN member AS m
    CROSS JOIN LATERAL (
        SELECT id, cast(org_id AS text) AS org, name, phone, email, created_at, customer_id,
               ops.lead_key("messengerPsid", phone, email, cast(id AS text)) AS key
        FROM {intake}."Lead"
        WHERE id = m.lead_id
        LIMIT 1
    ) AS l
    WHERE m.is_wanted AND ops.lead_group(l.org, l.key) = m.group_id
), part AS MATERIALIZED (
    SELECT edge.first_group AS group_id, edge.cut_lead AS next_lead, carried.*
    FROM edge
    CROSS JOIN LATERAL (
        SELECT array_remove(ARRAY[
                   (array_agg(id ORDER BY created_at, id))[1],
                   (array_agg(id ORDER BY created_at, id) FILTER (WHERE customer_id IS NOT NULL))[1],
                   (array_agg(id ORDER BY created_at, id) FILTER (WHERE name IS NOT NULL))[1],
                   (array_agg(id ORDER BY created_at, id) FILTER (WHERE phone IS NOT NULL))[1],
                   (array_agg(id ORDER BY created_at, id) FILTER (WHERE email IS NOT NULL))[1]], NULL) AS lead_ids,
               count(*) FILTER (WHERE is_counted) + coalesce((SELECT leads FROM begun), 0) AS leads,
               count(*) FILTER (WHERE pass = :pass) + coalesce((SELECT new_leads FROM begun), 0) AS new_leads,
               count(*) FILTER (WHERE is_counted AND customer_id IS NULL) + coalesce((SELECT unlinked FROM begun), 0) AS unlinked
        FROM keyed
    ) AS carried
    WHERE edge.is_part
), grouped AS MATERIALIZED (
    SELECT k.group_id, min(org) AS org, min(key) AS key,
           count(*) FILTER (WHERE is_counted) + coalesce(min(b.leads), 0) AS leads,
           count(*) FILTER (WHERE pass = :pass) + coalesce(min(b.new_leads), 0) AS new_leads,
           count(*) FILTER (WHERE is_counted AND customer_id IS NULL) + coalesce(min(b.unlinked), 0) AS unlinked,
           (array_agg(id ORDER BY created_at, id))[1] AS first_lead,
           (array_agg(customer_id ORDER BY created_at, id) FILTER (WHERE customer_id IS NOT NULL))[1] AS linked,
           (array_agg(name ORDER BY created_at, id) FILTER (WHERE name IS NOT NULL))[1] AS name,
           (array_agg(phone ORDER BY created_at, id) FILTER (WHERE phone IS NOT NULL))[1] AS phone,
           (array_agg(email ORDER BY created_at, id) FILTER (WHERE email IS NOT NULL))[1] AS email
    FROM keyed AS k
    LEFT JOIN begun AS b ON b.group_id = k.group_id
    WHERE NOT EXISTS (SELECT 1 FROM part)
    GROUP BY k.group_id
    HAVING count(*) FILTER (WHERE pass = :pass) + coalesce(min(b.new_leads), 0) > 0
), found AS MATERIALIZED (
    SELECT g.*, split_part(g.key, ':', 1) AS type, before.group_id IS NOT NULL AS seen,
           coalesce(g.linked, made.customer_id, before.made, other.customer_id) AS existing,
           coalesce(other.several, false) AND g.linked IS NULL AND made.customer_id IS NULL AND before.made IS NULL AS several
    FROM grouped AS g
    LEFT JOIN LATERAL (
        SELECT b.group_id,
               (SELECT c.id FROM {intake}."Customer" AS c
                WHERE c.id = b.customer_id AND c.metadata ->> 'createdBy' = 'backfill-customers.ts'
                  AND c.metadata ->> 'groupKey' = g.key) AS made
        FROM ops.lead_customers_group AS b WHERE b.group_id = g.group_id LIMIT 1
    ) AS before ON true
    LEFT JOIN LATERAL (
        SELECT d.customer_id
        FROM ops.lead_customers_candidate AS d
        WHERE d.group_id = g.group_id AND d.made
          AND EXISTS (SELECT 1 FROM {intake}."Customer" AS c WHERE c.id = d.customer_id LIMIT 1)
        ORDER BY d.created_at, d.customer_id
        LIMIT 1
    ) AS made ON g.linked IS NULL AND (SELECT EXISTS (SELECT 1 FROM ops.lead_customers_candidate))
    LEFT JOIN LATERAL (
        SELECT (array_agg(d.customer_id ORDER BY d.created_at, d.customer_id))[1] AS customer_id, count(*) > 1 AS several
        FROM ops.lead_customers_candidate AS d
        WHERE d.group_id = g.group_id AND NOT d.made
          AND EXISTS (SELECT 1 FROM {intake}."Customer" AS c WHERE c.id = d.customer_id LIMIT 1)
    ) AS other ON g.linked IS NULL AND (SELECT EXISTS (SELECT 1 FROM ops.lead_customers_candidate))
), chosen AS MATERIALIZED (
    SELECT f.*, coalesce(f.existing, cast(gen_random_uuid() AS {intake_key})) AS customer_id,
           f.existing IS NULL AS is_new
    FROM found AS f
)
SELECT (SELECT CASE WHEN edge.is_part THEN edge.cut_group || '/' || edge.cut_lead
                    ELSE (SELECT page.group_id || '/' || page.lead_id FROM page WHERE page.group_id = edge.cut_group
                          ORDER BY page.place LIMIT 1) END
        FROM edge) AS next_key,
       (SELECT first_group || '/' || first_lead FROM edge) AS first_key,
       (SELECT cast(first_lead AS text) FROM chosen ORDER BY group_id LIMIT 1) AS first_id,
       (SELECT cast(count(*) AS integer) FROM page CROSS JOIN edge
        WHERE page.place <= :size AND (edge.is_part OR page.group_id IS DISTINCT FROM edge.cut_group)) AS scanned,
       jsonb_build_object(
           'Customers created', count(*) FILTER (WHERE is_new AND NOT seen),
           'Customers reused', count(*) FILTER (WHERE NOT is_new AND NOT seen),
           'By psid', count(*) FILTER (WHERE type = 'psid' AND NOT seen),
           'By phone', count(*) FILTER (WHERE type = 'phone' AND NOT seen),
           'By email', count(*) FILTER (WHERE type = 'email' AND NOT seen),
           'By individual', count(*) FILTER (WHERE type = 'individual' AND NOT seen),
           'Leads by psid', coalesce(sum(new_leads) FILTER (WHERE type = 'psid'), 0),
           'Leads by phone', coalesce(sum(new_leads) FILTER (WHERE type = 'phone'), 0),
           'Leads by email', coalesce(sum(new_leads) FILTER (WHERE type = 'email'), 0),
           'Leads by individual', coalesce(sum(new_leads) FILTER (WHERE type = 'individual'), 0),
           'Several customers match', count(*) FILTER (WHERE several AND NOT seen)) AS counts,
       cast(array_agg(group_id ORDER BY group_id) AS text) AS group_ids,
       cast(array_agg(customer_id ORDER BY group_id) AS text) AS customer_ids,
       cast(array_agg(is_new ORDER BY group_id) AS text) AS is_new,
       cast(array_agg(CASE WHEN is_new THEN org END ORDER BY group_id) AS text) AS orgs,
       cast(array_agg(key ORDER BY group_id) AS text) AS group_keys,
       cast(array_agg(leads ORDER BY group_id) AS text) AS leads,
       cast(array_agg(unlinked > 0 ORDER BY group_id) AS text) AS joined,
       cast(array_agg(CASE WHEN is_new THEN name END ORDER BY group_id) AS text) AS names,
       cast(array_agg(CASE WHEN is_new THEN phone END ORDER BY group_id) AS text) AS phones,
       cast(array_agg(CASE WHEN is_new THEN email END ORDER BY group_id) AS text) AS emails,
       (SELECT cast(group_id AS text) FROM part) AS part_group,
       (SELECT cast(next_lead AS text) FROM part) AS part_next,
       (SELECT cast(lead_ids AS text) FROM part) AS part_lead_ids,
       (SELECT leads FROM part) AS part_leads,
       (SELECT new_leads FROM part) AS part_new_leads,
       (SELECT unlinked FROM part) AS part_unlinked
FROM chosen

-- name: stage_create
-- Which customer a group has, or would have; of a group that goes on in the next batch, what it came to so far.
WITH part AS (
    INSERT INTO ops.lead_customers_part (group_id, next_lead, lead_ids, leads, new_leads, unlinked)
    SELECT cast(:part_group AS uuid), cast(:part_next AS {intake_key}), cast(:part_lead_ids AS {intake_key}[]),
           cast(:part_leads AS bigint), cast(:part_new_leads AS bigint), cast(:part_unlinked AS bigint)
    WHERE cast(:part_group AS text) IS NOT NULL
    ON CONFLICT (group_id) DO UPDATE
    SET next_lead = excluded.next_lead, lead_ids = excluded.lead_ids, leads = excluded.leads,
        new_leads = excluded.new_leads, unlinked = excluded.unlinked
)
INSERT INTO ops.lead_customers_group (group_id, customer_id)
SELECT t.group_id, t.customer_id
FROM unnest(cast(:group_ids AS uuid[]), cast(:customer_ids AS {intake_key}[])) AS t (group_id, customer_id)
ON CONFLICT (group_id) DO UPDATE SET customer_id = excluded.customer_id

-- name: create_customers
-- Creates the new customers of a batch.
WITH created AS (
    INSERT INTO {intake}."Customer" (id, name, phone, email, metadata, created_at, updated_at)
    SELECT t.customer_id, t.name, t.phone, t.email,
           ops.lead_customer_metadata(t.group_key, t.leads, cast(:started_at AS timestamptz)),
           cast(:started_at AS timestamptz), cast(:started_at AS timestamptz)
    FROM unnest(cast(:customer_ids AS {intake_key}[]), cast(:is_new AS boolean[]), cast(:group_keys AS text[]),
                cast(:leads AS bigint[]), cast(:names AS text[]), cast(:phones AS text[]), cast(:emails AS text[]))
         AS t (customer_id, is_new, group_key, leads, name, phone, email)
    WHERE t.is_new
    RETURNING id, hashtextextended(concat_ws('|', name, phone, email, metadata, created_at, updated_at), 0) AS digest
)
SELECT cast(NULL AS jsonb) AS counts, 'customer' AS image, cast(array_agg(id) AS text) AS keys, cast(NULL AS text) AS before,
       cast(array_agg(digest) AS text) AS after, cast(count(*) AS integer) AS written
FROM created

-- name: create_customers_in_orgs
-- The same where customers carry their organisation.
WITH created AS (
    INSERT INTO {intake}."Customer" (id, name, phone, email, metadata, created_at, updated_at, org_id)
    SELECT t.customer_id, t.name, t.phone, t.email,
           ops.lead_customer_metadata(t.group_key, t.leads, cast(:started_at AS timestamptz)),
           cast(:started_at AS timestamptz), cast(:started_at AS timestamptz),
           (jsonb_populate_record(cast(NULL AS {intake}."Customer"), jsonb_build_object('org_id', t.org))).org_id
    FROM unnest(cast(:customer_ids AS {intake_key}[]), cast(:is_new AS boolean[]), cast(:group_keys AS text[]),
                cast(:leads AS bigint[]), cast(:names AS text[]), cast(:phones AS text[]), cast(:emails AS text[]),
                cast(:orgs AS text[]))
         AS t (customer_id, is_new, group_key, leads, name, phone, email, org)
    WHERE t.is_new
    RETURNING id, hashtextextended(concat_ws('|', name, phone, email, metadata, created_at, updated_at), 0) AS digest
)
SELECT cast(NULL AS jsonb) AS counts, 'customer' AS image, cast(array_agg(id) AS text) AS keys, cast(NULL AS text) AS before,
       cast(array_agg(digest) AS text) AS after, cast(count(*) AS integer) AS written
FROM created

-- name: refresh_metadata
-- Counts later leads in the metadata of customers that this backfill made before.
WITH stale AS MATERIALIZED (
    SELECT c.id, c.metadata AS before,
           c.metadata || jsonb_build_object('leadCount', t.leads, 'multipleLeads', t.leads > 1) AS after
    FROM unnest(cast(:customer_ids AS {intake_key}[]), cast(:is_new AS boolean[]), cast(:joined AS boolean[]),
                cast(:group_keys AS text[]), cast(:leads AS bigint[]))
         AS t (customer_id, is_new, joined, group_key, leads)
    JOIN {intake}."Customer" AS c ON c.id = t.customer_id
    WHERE NOT t.is_new AND t.joined
      AND c.metadata ->> 'createdBy' = 'backfill-customers.ts' AND c.metadata ->> 'groupKey' = t.group_key
      AND c.metadata -> 'leadCount' IS DISTINCT FROM to_jsonb(t.leads)
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
), refreshed AS (
    UPDATE {intake}."Customer" AS c SET metadata = s.after FROM stale AS s WHERE c.id = s.id
    RETURNING c.id, cast(s.before AS text) AS before, cast(c.metadata AS text) AS after
)
SELECT cast(NULL AS jsonb) AS counts, 'metadata' AS image, cast(array_agg(id) AS text) AS keys,
       cast(array_agg(before) AS text) AS before, cast(array_agg(after) AS text) AS after,
       cast(count(*) AS integer) AS written
FROM refreshed

-- name: decide_link
-- Which leads get their group's customer.
WITH page AS MATERIALIZED (
    SELECT group_id, lead_id, pass, row_number() OVER (ORDER BY group_id, lead_id) AS place
    FROM (
        SELECT group_id, lead_id, pass
        FROM ops.lead_customers_lead
        WHERE (group_id, lead_id) >= (cast(left(:after, 36) AS uuid), cast(substr(:after, 38) AS {intake_key}))
        ORDER BY group_id, lead_id
        LIMIT cast(:size AS integer) + 1
    ) AS staged
    WHERE cast(:until AS text) IS NULL
       OR (group_id, lead_id) < (cast(left(:until, 36) AS uuid), cast(substr(:until, 38) AS {intake_key}))
), member AS MATERIALIZED (
    SELECT page.lead_id, g.customer_id, l.customer_id AS linked
    FROM (VALUES (cast(NULL AS text))) AS absent (org_id)
    CROSS JOIN page
    CROSS JOIN LATERAL (
        SELECT f.customer_id FROM ops.lead_customers_group AS f WHERE f.group_id = page.group_id LIMIT 1
    ) AS g
    CROSS JOIN LATERAL (
        SELECT customer_id,
               ops.lead_group(cast(org_id AS text), ops.lead_key("messengerPsid", phone, email, cast(id AS text))) AS group_id
        FROM {intake}."Lead"
        WHERE id = page.lead_id
        LIMIT 1
    ) AS l
    WHERE page.place <= :size AND page.pass = :pass AND l.group_id = page.group_id
), linkable AS MATERIALIZED (
    SELECT lead_id, customer_id
    FROM member
    WHERE linked IS NULL
      AND (:dry_run OR EXISTS (SELECT 1 FROM {intake}."Customer" AS c WHERE c.id = member.customer_id LIMIT 1))
)
SELECT (SELECT group_id || '/' || lead_id FROM page WHERE place = cast(:size AS integer) + 1) AS next_key,
       (SELECT group_id || '/' || lead_id FROM page WHERE place = 1) AS first_key,
       (SELECT cast(lead_id AS text) FROM page WHERE place = 1) AS first_id,
       (SELECT cast(least(count(*), :size) AS integer) FROM page) AS scanned,
       jsonb_build_object('Leads linked', count(*),
                          'Leads already linked', (SELECT count(*) FROM member WHERE linked IS NOT NULL)) AS counts,
       cast(array_agg(lead_id) AS text) AS lead_ids,
       cast(array_agg(customer_id) AS text) AS customer_ids
FROM linkable

-- name: apply_link
-- Links leads that are still without a customer, locked in the order of their keys.
WITH wanted AS MATERIALIZED (
    SELECT t.lead_id, t.customer_id
    FROM unnest(cast(:lead_ids AS {intake_key}[]), cast(:customer_ids AS {intake_key}[])) AS t (lead_id, customer_id)
), locked AS MATERIALIZED (
    SELECT l.id, w.customer_id
    FROM (SELECT lead_id, customer_id FROM wanted ORDER BY lead_id) AS w
    CROSS JOIN LATERAL (
        SELECT f.id FROM {intake}."Lead" AS f WHERE f.id = w.lead_id AND f.customer_id IS NULL FOR NO KEY UPDATE
    ) AS l
), changed AS (
    UPDATE {intake}."Lead" AS l SET customer_id = locked.customer_id FROM locked WHERE l.id = locked.id
    RETURNING l.id, l.customer_id
)
SELECT jsonb_build_object('Leads linked', count(*)) AS counts, 'lead' AS image, cast(array_agg(id) AS text) AS keys,
       cast(NULL AS text) AS before, cast(array_agg(customer_id) AS text) AS after, cast(count(*) AS integer) AS written
FROM changed

-- name: decide_jobs
-- Which jobs get their lead's customer; in a dry run, the one that the lead would have.
WITH page AS MATERIALIZED (
    SELECT id, lead_id, customer_id, row_number() OVER (ORDER BY id) AS place
    FROM (
        SELECT id, lead_id, customer_id
        FROM {intake}."Job"
        WHERE id >= cast(:after AS {intake_key})
        ORDER BY id
        LIMIT cast(:size AS integer) + 1
    ) AS jobs
    WHERE cast(:until AS text) IS NULL OR id < cast(:until AS {intake_key})
), known AS MATERIALIZED (
    SELECT page.id, page.customer_id AS linked, coalesce(l.customer_id, g.customer_id) AS customer_id
    FROM page
    CROSS JOIN LATERAL (SELECT f.customer_id FROM {intake}."Lead" AS f WHERE f.id = page.lead_id LIMIT 1) AS l
    LEFT JOIN LATERAL (
        SELECT g.customer_id
        FROM ops.lead_customers_lead AS s
        JOIN ops.lead_customers_group AS g ON g.group_id = s.group_id
        WHERE s.lead_id = page.lead_id
        LIMIT 1
    ) AS g ON :dry_run
    WHERE page.place <= :size
      AND (cast(:pass AS integer) = 1 OR (page.customer_id IS NULL AND NOT :dry_run))
)
SELECT (SELECT cast(id AS text) FROM page WHERE place = cast(:size AS integer) + 1) AS next_key,
       (SELECT cast(id AS text) FROM page WHERE place = 1) AS first_key,
       (SELECT cast(id AS text) FROM page WHERE place = 1) AS first_id,
       (SELECT cast(least(count(*), :size) AS integer) FROM page) AS scanned,
       jsonb_build_object('Jobs linked', count(*) FILTER (WHERE linked IS NULL AND customer_id IS NOT NULL),
                          'Jobs already linked', count(*) FILTER (WHERE linked IS NOT NULL)) AS counts,
       cast(array_agg(id) FILTER (WHERE linked IS NULL AND customer_id IS NOT NULL) AS text) AS job_ids,
       cast(array_agg(customer_id) FILTER (WHERE linked IS NULL AND customer_id IS NOT NULL) AS text) AS customer_ids
FROM known

-- name: apply_jobs
-- Links jobs that are still without a customer, locked in the order of their keys.
WITH wanted AS MATERIALIZED (
    SELECT t.job_id, t.customer_id
    FROM unnest(cast(:job_ids AS {intake_key}[]), cast(:customer_ids AS {intake_key}[])) AS t (job_id, customer_id)
), locked AS MATERIALIZED (
    SELECT j.id, w.customer_id
    FROM (SELECT job_id, customer_id FROM wanted ORDER BY job_id) AS w
    CROSS JOIN LATERAL (
        SELECT f.id FROM {intake}."Job" AS f WHERE f.id = w.job_id AND f.customer_id IS NULL FOR NO KEY UPDATE
    ) AS j
), changed AS (
    UPDATE {intake}."Job" AS j SET customer_id = locked.customer_id FROM locked WHERE j.id = locked.id
    RETURNING j.id, j.customer_id
)
SELECT jsonb_build_object('Jobs linked', count(*)) AS counts, 'job' AS image, cast(array_agg(id) AS text) AS keys,
       cast(NULL AS text) AS before, cast(array_agg(customer_id) AS text) AS after, cast(count(*) AS integer) AS written
FROM changed

-- name: late
-- Leads and jobs that came, changed or lost their customer since they were gone through; recorded errors excepted.
WITH lead AS (
    SELECT l.id, l.customer_id, l.group_id
    FROM (VALUES (cast(NULL AS text))) AS absent (org_id)
    CROSS JOIN LATERAL (
        SELECT id, customer_id,
               ops.lead_group(cast(org_id AS text), ops.lead_key("messengerPsid", phone, email, cast(id AS text))) AS group_id
        FROM {intake}."Lead"
    ) AS l
), late_lead AS (
    SELECT l.id
    FROM lead AS l
    LEFT JOIN ops.lead_customers_lead AS s ON s.lead_id = l.id
    WHERE (s.lead_id IS NULL OR (l.customer_id IS NULL AND (NOT :dry_run OR s.group_id <> l.group_id)))
      AND NOT EXISTS (
          SELECT 1 FROM ops.backfill_row_error AS e
          WHERE e.run_number = :run_number
            AND (e.row_id = cast(l.id AS text) OR left(e.row_key, 36) = cast(s.group_id AS text)))
), late_job AS (
    SELECT j.id, l.customer_id IS NOT NULL AS linked_lead
    FROM {intake}."Job" AS j
    JOIN {intake}."Lead" AS l ON l.id = j.lead_id
    WHERE NOT :dry_run AND j.customer_id IS NULL
      AND (l.customer_id IS NOT NULL OR l.id IN (SELECT late_lead.id FROM late_lead))
      AND NOT EXISTS (
          SELECT 1 FROM ops.backfill_row_error AS e
          WHERE e.run_number = :run_number AND e.row_id = cast(j.id AS text))
), late AS (
    SELECT cast(id AS text) AS id FROM late_lead
    UNION ALL
    SELECT cast(id AS text) FROM late_job
)
SELECT (SELECT count(*) FROM late) AS rows,
       (SELECT jsonb_agg(id ORDER BY id) FROM (SELECT id FROM late ORDER BY id LIMIT :size) AS first) AS ids,
       jsonb_build_object('leads', (SELECT count(*) FROM late_lead), 'jobs', (SELECT count(*) FROM late_job),
                          'jobs of linked leads', (SELECT count(*) FROM late_job WHERE linked_lead)) AS kinds

-- name: state
-- What the checks look at; in a dry run as it would be after the real one.
WITH job AS (
    SELECT coalesce(j.customer_id, l.customer_id, gl.customer_id) AS job_customer,
           coalesce(l.customer_id, gl.customer_id) AS lead_customer, j.customer_id AS stored
    FROM {intake}."Job" AS j
    LEFT JOIN {intake}."Lead" AS l ON l.id = j.lead_id
    LEFT JOIN ops.lead_customers_lead AS s ON :dry_run AND s.lead_id = l.id
    LEFT JOIN ops.lead_customers_group AS gl ON gl.group_id = s.group_id
), lead AS (
    SELECT count(*) AS leads, count(customer_id) AS leads_linked FROM {intake}."Lead"
)
SELECT (SELECT count(*) FROM {intake}."Customer") AS customers,
       lead.leads, lead.leads_linked,
       count(j.*) AS jobs,
       count(j.stored) AS jobs_linked,
       count(j.*) FILTER (WHERE (CASE WHEN :predicted THEN j.job_customer ELSE j.stored END) IS DISTINCT FROM j.lead_customer)
           AS mismatches,
       (SELECT count(*) FROM {intake}."Audit"
        WHERE action = 'backfill_customers' AND cast(id AS text) <> cast(:run_id AS text)) AS audits
FROM lead
LEFT JOIN job AS j ON true
GROUP BY lead.leads, lead.leads_linked

-- name: customers_of_run
-- The first customers that a run made or linked leads to, for the verbose report: ids only.
SELECT cast(g.customer_id AS text) AS customer_id, count(*) AS leads
FROM (SELECT group_id, customer_id FROM ops.lead_customers_group ORDER BY group_id LIMIT :size) AS g
JOIN ops.lead_customers_lead AS s ON s.group_id = g.group_id
GROUP BY g.group_id, g.customer_id
ORDER BY g.group_id

-- name: add_audit
-- The run's audit row; the same row again when a resumed run ends again.
INSERT INTO {intake}."Audit" (id, lead_id, actor, action, payload, created_at)
VALUES (cast(:id AS {intake_key}), NULL, 'system', :action, cast(:payload AS jsonb), :now)
ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, created_at = excluded.created_at

-- name: remove_audit
-- Removes the audit row of a run that is rolled back.
DELETE FROM {intake}."Audit" WHERE id = cast(:id AS {intake_key}) AND action = 'backfill_customers'

-- name: required_columns
-- Columns that a rollback would have to empty and that may not be null.
SELECT c.relname || '.' || a.attname AS name
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
WHERE a.attrelid IN ('{intake}."Lead"'::regclass, '{intake}."Job"'::regclass) AND a.attname = 'customer_id' AND a.attnotnull
ORDER BY 1

-- name: has_org
-- Whether customers carry their organisation.
SELECT count(*) > 0 AS found
FROM pg_attribute
WHERE attrelid = '{intake}."Customer"'::regclass AND attname = 'org_id' AND NOT attisdropped

-- name: decide_undo_lead
-- Leads that still hold the customer that the run gave them.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:after AS {intake_key}[])) AS t (id, customer_id)
), found AS (
    SELECT i.id, l.id IS NULL AS gone, l.customer_id IS NOT DISTINCT FROM i.customer_id AS ours
    FROM image AS i LEFT JOIN {intake}."Lead" AS l ON l.id = i.id
)
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE ours AND NOT gone)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN gone THEN 'lead deleted since' ELSE 'lead changed since' END) ORDER BY id)
           FILTER (WHERE gone OR NOT ours) AS left_alone,
       '{intake}."Lead"'::regclass::text AS source,
       cast(array_agg(id) FILTER (WHERE ours AND NOT gone) AS text) AS row_ids
FROM found

-- name: apply_undo_lead
-- Takes the link off leads that still hold it.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:after AS {intake_key}[])) AS t (id, customer_id)
), locked AS MATERIALIZED (
    SELECT l.id FROM image AS i JOIN {intake}."Lead" AS l ON l.id = i.id AND l.customer_id = i.customer_id
    ORDER BY l.id
    FOR NO KEY UPDATE OF l
), changed AS (
    UPDATE {intake}."Lead" AS l SET customer_id = NULL FROM locked WHERE l.id = locked.id RETURNING l.id
), left_alone AS (
    SELECT i.id, EXISTS (SELECT 1 FROM {intake}."Lead" AS l WHERE l.id = i.id) AS there
    FROM image AS i WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.id = i.id)
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN there THEN 'lead changed since' ELSE 'lead deleted since' END) ORDER BY id)
           AS left_alone
FROM left_alone

-- name: decide_undo_job
-- Jobs that still hold the customer that the run gave them.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:after AS {intake_key}[])) AS t (id, customer_id)
), found AS (
    SELECT i.id, j.id IS NULL AS gone, j.customer_id IS NOT DISTINCT FROM i.customer_id AS ours
    FROM image AS i LEFT JOIN {intake}."Job" AS j ON j.id = i.id
)
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE ours AND NOT gone)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN gone THEN 'job deleted since' ELSE 'job changed since' END) ORDER BY id)
           FILTER (WHERE gone OR NOT ours) AS left_alone,
       '{intake}."Job"'::regclass::text AS source,
       cast(array_agg(id) FILTER (WHERE ours AND NOT gone) AS text) AS row_ids
FROM found

-- name: apply_undo_job
-- Takes the link off jobs that still hold it.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:after AS {intake_key}[])) AS t (id, customer_id)
), locked AS MATERIALIZED (
    SELECT j.id FROM image AS i JOIN {intake}."Job" AS j ON j.id = i.id AND j.customer_id = i.customer_id
    ORDER BY j.id
    FOR NO KEY UPDATE OF j
), changed AS (
    UPDATE {intake}."Job" AS j SET customer_id = NULL FROM locked WHERE j.id = locked.id RETURNING j.id
), left_alone AS (
    SELECT i.id, EXISTS (SELECT 1 FROM {intake}."Job" AS j WHERE j.id = i.id) AS there
    FROM image AS i WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.id = i.id)
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN there THEN 'job changed since' ELSE 'job deleted since' END) ORDER BY id)
           AS left_alone
FROM left_alone

-- name: decide_undo_metadata
-- Customers whose metadata is still as the run left it.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:after AS jsonb[])) AS t (id, metadata)
), found AS (
    SELECT i.id, c.id IS NULL AS gone, c.metadata IS NOT DISTINCT FROM i.metadata AS ours
    FROM image AS i LEFT JOIN {intake}."Customer" AS c ON c.id = i.id
)
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE ours AND NOT gone)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN gone THEN 'customer deleted since' ELSE 'customer changed since' END)
                 ORDER BY id) FILTER (WHERE gone OR NOT ours) AS left_alone,
       '{intake}."Customer"'::regclass::text || ' metadata' AS source,
       cast(array_agg(id) FILTER (WHERE ours AND NOT gone) AS text) AS row_ids
FROM found

-- name: apply_undo_metadata
-- Puts the metadata back where it is still as the run left it.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:before AS jsonb[]), cast(:after AS jsonb[])) AS t (id, before, after)
), locked AS MATERIALIZED (
    SELECT c.id, i.before FROM image AS i JOIN {intake}."Customer" AS c ON c.id = i.id AND c.metadata = i.after
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
), changed AS (
    UPDATE {intake}."Customer" AS c SET metadata = locked.before FROM locked WHERE c.id = locked.id RETURNING c.id
), left_alone AS (
    SELECT i.id, EXISTS (SELECT 1 FROM {intake}."Customer" AS c WHERE c.id = i.id) AS there
    FROM image AS i WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.id = i.id)
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN there THEN 'customer changed since' ELSE 'customer deleted since' END)
                 ORDER BY id) AS left_alone
FROM left_alone

-- name: stage_undo
-- What a rollback's dry run would have restored.
INSERT INTO ops.backfill_undone (run_number, source, row_id)
SELECT :run_number, :source, t.row_id
FROM unnest(cast(cast(:row_ids AS {intake_key}[]) AS text[])) AS t (row_id)
ON CONFLICT DO NOTHING

-- name: decide_undo_customer
-- Created customers that nobody edited and nothing but their own addresses refers to.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:after AS bigint[])) AS t (id, digest)
), referred AS (
    SELECT r.id
    FROM ops.backfill_referred('{intake}."Customer"'::regclass, cast(cast(:keys AS {intake_key}[]) AS text[]),
                               ARRAY['{intake}."CustomerAddress"'::regclass], :run_number) AS r (id)
), found AS (
    SELECT i.id,
           CASE WHEN c.id IS NULL THEN 'customer deleted since'
                WHEN i.digest <> hashtextextended(
                    concat_ws('|', c.name, c.phone, c.email, c.metadata, c.created_at, c.updated_at), 0)
                    AND NOT EXISTS (SELECT 1 FROM ops.backfill_undone AS u
                                    WHERE u.run_number = :run_number AND u.row_id = cast(i.id AS text)
                                      AND u.source = '{intake}."Customer"'::regclass::text || ' metadata')
                    THEN 'customer edited since'
                WHEN EXISTS (SELECT 1 FROM referred AS r WHERE r.id = cast(i.id AS text)) THEN 'customer in use'
           END AS why
    FROM image AS i LEFT JOIN {intake}."Customer" AS c ON c.id = i.id
)
SELECT jsonb_build_object('Deleted', count(*) FILTER (WHERE why IS NULL)) AS counts,
       jsonb_agg(jsonb_build_array(id, why) ORDER BY id) FILTER (WHERE why IS NOT NULL) AS left_alone
FROM found

-- name: lock_undo_customer
-- Locks created customers, so that nobody can begin to refer to them.
SELECT c.id FROM {intake}."Customer" AS c WHERE c.id = ANY (cast(:keys AS {intake_key}[])) ORDER BY c.id FOR UPDATE

-- name: apply_undo_customer
-- Deletes created customers that nobody edited and nothing but their own addresses refers to.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS {intake_key}[]), cast(:after AS bigint[])) AS t (id, digest)
), referred AS (
    SELECT r.id
    FROM ops.backfill_referred('{intake}."Customer"'::regclass, cast(cast(:keys AS {intake_key}[]) AS text[]),
                               ARRAY['{intake}."CustomerAddress"'::regclass], :run_number) AS r (id)
), found AS MATERIALIZED (
    SELECT i.id,
           CASE WHEN c.id IS NULL THEN 'customer deleted since'
                WHEN i.digest <> hashtextextended(
                    concat_ws('|', c.name, c.phone, c.email, c.metadata, c.created_at, c.updated_at), 0)
                    THEN 'customer edited since'
                WHEN EXISTS (SELECT 1 FROM referred AS r WHERE r.id = cast(i.id AS text)) THEN 'customer in use'
           END AS why
    FROM image AS i LEFT JOIN {intake}."Customer" AS c ON c.id = i.id
), deleted AS (
    DELETE FROM {intake}."Customer" AS c USING found AS f WHERE c.id = f.id AND f.why IS NULL RETURNING c.id
)
SELECT jsonb_build_object('Deleted', (SELECT count(*) FROM deleted)) AS counts,
       jsonb_agg(jsonb_build_array(id, why) ORDER BY id) FILTER (WHERE why IS NOT NULL) AS left_alone
FROM found
