-- The backfill message-numbers. Keys are jsonb arrays as text: [organisation], or [organisation, created at, thread].

-- name: forget
-- Empties what an earlier run decided.
TRUNCATE ops.message_numbers_desk, ops.message_numbers_mask, ops.message_numbers_lease

-- name: bounds
-- Lanes over organisations that have threads or numbers: each organisation is in one lane, whole. Their threads are
-- taken to be spread evenly, which is only for showing how far a run is.
WITH RECURSIVE with_threads AS (
    (SELECT "orgId" AS id FROM {messaging}."MessageThread" ORDER BY "orgId" LIMIT 1)
    UNION ALL
    SELECT (SELECT "orgId" FROM {messaging}."MessageThread" WHERE "orgId" > w.id ORDER BY "orgId" LIMIT 1)
    FROM with_threads AS w
    WHERE w.id IS NOT NULL
), org AS (
    SELECT id FROM with_threads WHERE id IS NOT NULL UNION SELECT "orgId" FROM {messaging}."MessageNumber"
), ordered AS (
    SELECT id, ntile(cast(:lanes AS integer)) OVER (ORDER BY id) AS lane, count(*) OVER () AS orgs FROM org
), total AS (
    SELECT greatest(reltuples, 0) AS threads FROM pg_class WHERE oid = cast('{messaging}."MessageThread"' AS regclass)
)
SELECT cast(jsonb_build_array(min(id)) AS text) AS first_key,
       cast(ceil(min(total.threads) * count(*) / min(orgs)) AS bigint) AS rows
FROM ordered CROSS JOIN total
GROUP BY lane
ORDER BY lane

-- name: organisations
-- The next organisations that have threads or numbers.
WITH RECURSIVE with_threads AS (
    (SELECT "orgId" AS id FROM {messaging}."MessageThread"
     WHERE "orgId" >= cast(:after AS jsonb) ->> 0 ORDER BY "orgId" LIMIT 1)
    UNION ALL
    SELECT (SELECT "orgId" FROM {messaging}."MessageThread" WHERE "orgId" > w.id ORDER BY "orgId" LIMIT 1)
    FROM with_threads AS w
    WHERE w.id IS NOT NULL
), known AS (
    SELECT id FROM (SELECT id FROM with_threads LIMIT cast(:size AS integer) + 2) AS first
    UNION
    SELECT "orgId" FROM {messaging}."MessageNumber" WHERE "orgId" >= cast(:after AS jsonb) ->> 0
)
SELECT id FROM known
WHERE id IS NOT NULL AND (cast(:until AS text) IS NULL OR id < cast(:until AS jsonb) ->> 0)
ORDER BY id
LIMIT cast(:size AS integer) + 1

-- name: hold
-- Each organisation alone, in order: nobody takes or gives back its numbers meanwhile.
SELECT pg_advisory_xact_lock(hashtextextended(t.name, 0)) IS NULL AS held
FROM unnest(cast(:names AS text[])) WITH ORDINALITY AS t (name, place)
ORDER BY t.place

-- name: decide_numbers
-- Each organisation's front desk, by the first rule that applies, and the sitters who own a number without a mask.
WITH org AS (
    SELECT t.id FROM unnest(cast(:orgs AS text[])) AS t (id)
), masked AS (
    SELECT "orgId", "sitterId", "messageNumberId" FROM {messaging}."SitterMaskedNumber" WHERE status = 'active'
), desk AS (
    SELECT "orgId" AS org_id, array_agg(id ORDER BY "createdAt", id) AS ids,
           array_agg(e164 ORDER BY "createdAt", id) AS e164s
    FROM {messaging}."MessageNumber"
    WHERE "numberClass" = 'front_desk' AND status = 'active'
    GROUP BY "orgId"
), platform AS (
    SELECT DISTINCT ON ("orgId") "orgId" AS org_id, id
    FROM {messaging}."MessageNumber" AS n
    WHERE e164 = cast(:front_desk AS text) AND "numberClass" <> 'sitter'
      AND NOT EXISTS (SELECT 1 FROM masked AS m WHERE m."messageNumberId" = n.id)
    ORDER BY "orgId", "createdAt", id
), without_desk AS (
    SELECT "orgId" AS id FROM {messaging}."MessageNumber" UNION SELECT cast(:first_without AS text)
), lowest AS (
    SELECT min(w.id) AS org_id FROM without_desk AS w WHERE NOT EXISTS (SELECT 1 FROM desk WHERE desk.org_id = w.id)
), unowned AS (
    SELECT lowest.org_id FROM lowest
    WHERE cast(:front_desk AS text) IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM {messaging}."MessageNumber" WHERE e164 = cast(:front_desk AS text))
), pool AS (
    SELECT DISTINCT ON ("orgId") "orgId" AS org_id, id, e164
    FROM {messaging}."MessageNumber" AS n
    WHERE "orgId" IN (SELECT id FROM org) AND "numberClass" = 'pool' AND status = 'active'
      AND NOT EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS t WHERE t."messageNumberId" = n.id)
      AND NOT EXISTS (SELECT 1 FROM ops.pool_lease AS l WHERE l.number_id = n.id AND l.released_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM masked AS m WHERE m."messageNumberId" = n.id)
    ORDER BY "orgId", "createdAt", id
), decided AS (
    SELECT org.id AS org_id, desk.ids,
           CASE WHEN desk.ids IS NOT NULL THEN 'kept' WHEN platform.id IS NOT NULL THEN 'promoted'
                WHEN unowned.org_id IS NOT NULL THEN 'created' WHEN pool.id IS NOT NULL THEN 'promoted' END AS how,
           coalesce(desk.ids[1], platform.id, CASE WHEN unowned.org_id IS NOT NULL THEN 'new:' || org.id END, pool.id) AS number_id,
           CASE WHEN desk.ids IS NOT NULL THEN desk.e164s[1]
                WHEN platform.id IS NOT NULL OR unowned.org_id IS NOT NULL THEN cast(:front_desk AS text)
                ELSE pool.e164 END AS e164,
           desk.ids IS NULL AND platform.id IS NULL AND unowned.org_id IS NULL AND pool.id IS NOT NULL AS was_pool
    FROM org
    LEFT JOIN desk ON desk.org_id = org.id
    LEFT JOIN platform ON platform.org_id = org.id
    LEFT JOIN unowned ON unowned.org_id = org.id
    LEFT JOIN pool ON pool.org_id = org.id
), mask AS (
    SELECT DISTINCT ON (n."orgId", n."assignedSitterId") n."orgId" AS org_id, n."assignedSitterId" AS sitter_id, n.id AS number_id
    FROM {messaging}."MessageNumber" AS n
    JOIN {messaging}."Sitter" AS s ON s."orgId" = n."orgId" AND s.id = n."assignedSitterId" AND s.active
    WHERE n."orgId" IN (SELECT id FROM org) AND n."numberClass" = 'sitter' AND n.status = 'active'
      AND NOT EXISTS (SELECT 1 FROM masked AS m
                      WHERE m."messageNumberId" = n.id OR (m."orgId" = n."orgId" AND m."sitterId" = s.id))
    ORDER BY n."orgId", n."assignedSitterId", n."createdAt", n.id
)
SELECT jsonb_build_object(
           'Front desk numbers created', (SELECT count(*) FROM decided WHERE how = 'created'),
           'Front desk numbers promoted', (SELECT count(*) FROM decided WHERE how = 'promoted'),
           'Promoted from the pool', (SELECT count(*) FROM decided WHERE was_pool),
           'Sitter masked numbers created', (SELECT count(*) FROM mask)) AS counts,
       (SELECT jsonb_agg(jsonb_build_object('org_id', org_id, 'how', how, 'number_id', number_id, 'e164', e164))
        FROM decided WHERE how IS NOT NULL) AS desks,
       (SELECT jsonb_agg(jsonb_build_object('org_id', org_id, 'sitter_id', sitter_id, 'number_id', number_id)) FROM mask) AS masks,
       (SELECT jsonb_agg(jsonb_build_object(
                   'key', cast(jsonb_build_array(org_id) AS text), 'row_id', org_id, 'message',
                   CASE WHEN how IS NULL
                        THEN 'No front desk number for organisation ' || org_id || ': set TWILIO_PHONE_NUMBER or insert one'
                        ELSE 'Several front desk numbers of organisation ' || org_id || ': ' || array_to_string(ids, ', ')
                   END) ORDER BY org_id)
        FROM decided
        WHERE (how IS NULL OR cardinality(ids) > 1)
          AND NOT (cast(:pass AS integer) > 1
                   AND EXISTS (SELECT 1 FROM ops.backfill_row_error AS e
                               WHERE e.run_number = :run_number AND e.row_id = decided.org_id))) AS errors

-- name: first_without_desk
-- The lowest organisation that has threads and no active front desk.
WITH RECURSIVE with_threads AS (
    (SELECT "orgId" AS id FROM {messaging}."MessageThread" ORDER BY "orgId" LIMIT 1)
    UNION ALL
    SELECT (SELECT "orgId" FROM {messaging}."MessageThread" WHERE "orgId" > w.id ORDER BY "orgId" LIMIT 1)
    FROM with_threads AS w
    WHERE w.id IS NOT NULL
)
SELECT min(w.id) AS id
FROM with_threads AS w
WHERE NOT EXISTS (SELECT 1 FROM {messaging}."MessageNumber" AS n
                  WHERE n."orgId" = w.id AND n."numberClass" = 'front_desk' AND n.status = 'active')

-- name: apply_numbers
-- Front desks made and promoted, and masks for sitters who own a number.
WITH desk AS (
    SELECT d.org_id, d.how, d.number_id, d.e164
    FROM jsonb_to_recordset(cast(:desks AS jsonb)) AS d (org_id text, how text, number_id text, e164 text)
), locked AS MATERIALIZED (
    SELECT n.id, jsonb_build_array(n."numberClass", n.status, n."ownerId") AS before
    FROM desk JOIN {messaging}."MessageNumber" AS n ON n.id = desk.number_id
    WHERE desk.how = 'promoted'
    ORDER BY n.id
    FOR NO KEY UPDATE OF n
), promoted AS (
    UPDATE {messaging}."MessageNumber" AS n SET "numberClass" = 'front_desk', status = 'active', "ownerId" = 'system'
    FROM locked WHERE n.id = locked.id
    RETURNING n.id, locked.before, jsonb_build_array(n."numberClass", n.status, n."ownerId") AS after
), created AS (
    INSERT INTO {messaging}."MessageNumber" AS n
        (id, "orgId", provider, "providerNumberSid", e164, status, "numberClass", "ownerId", "isRotating", "createdAt", "updatedAt")
    SELECT cast(gen_random_uuid() AS text), org_id, 'twilio', 'SYSTEM_CREATED', e164, 'active', 'front_desk', 'system', false,
           cast(:started_at AS timestamptz), cast(:started_at AS timestamptz)
    FROM desk WHERE how = 'created'
    RETURNING n.id, jsonb_build_array(n."orgId", n.e164, n.status, n."numberClass", n."assignedSitterId", n."ownerId",
                                      n."providerNumberSid", n."updatedAt") AS after
), masked AS (
    INSERT INTO {messaging}."SitterMaskedNumber" AS m
        (id, "orgId", "sitterId", "messageNumberId", status, "assignedAt", "createdAt", "updatedAt")
    SELECT cast(gen_random_uuid() AS text), x.org_id, x.sitter_id, x.number_id, 'active',
           cast(:started_at AS timestamptz), cast(:started_at AS timestamptz), cast(:started_at AS timestamptz)
    FROM jsonb_to_recordset(cast(:masks AS jsonb)) AS x (org_id text, sitter_id text, number_id text)
    ORDER BY x.number_id
    RETURNING m.id, jsonb_build_array(m."orgId", m."sitterId", m."messageNumberId", m.status, m."deactivatedAt",
                                      m."updatedAt") AS after
)
SELECT jsonb_build_object('Front desk numbers promoted', count(*)) AS counts, 'promoted_number' AS image,
       cast(array_agg(id) AS text) AS keys, cast(array_agg(cast(before AS text)) AS text) AS before,
       cast(array_agg(cast(after AS text)) AS text) AS after, cast(count(*) AS integer) AS written
FROM promoted
UNION ALL
SELECT jsonb_build_object('Front desk numbers created', count(*)), 'created_number', cast(array_agg(id) AS text), NULL,
       cast(array_agg(cast(after AS text)) AS text), cast(count(*) AS integer)
FROM created
UNION ALL
SELECT jsonb_build_object('Sitter masked numbers created', count(*)), 'mask', cast(array_agg(id) AS text), NULL,
       cast(array_agg(cast(after AS text)) AS text), cast(count(*) AS integer)
FROM masked

-- name: stage_numbers
-- What is decided, for the steps that go by it before it is written.
WITH desk AS (
    INSERT INTO ops.message_numbers_desk (org_id, number_id, e164, how)
    SELECT d.org_id, d.number_id, d.e164, d.how
    FROM jsonb_to_recordset(cast(:desks AS jsonb)) AS d (org_id text, how text, number_id text, e164 text)
    ON CONFLICT (org_id) DO UPDATE SET number_id = excluded.number_id, e164 = excluded.e164, how = excluded.how
)
INSERT INTO ops.message_numbers_mask (org_id, sitter_id, number_id)
SELECT x.org_id, x.sitter_id, x.number_id
FROM jsonb_to_recordset(cast(:masks AS jsonb)) AS x (org_id text, sitter_id text, number_id text)
ON CONFLICT (org_id, sitter_id) DO UPDATE SET number_id = excluded.number_id

-- name: threads
-- The next threads with their number, and what says whether their client is recurring. A thread whose booking is not
-- there goes by all bookings of its client.
WITH page AS MATERIALIZED (
    SELECT t.id, t."orgId", t."createdAt", t.scope, t.status, t."bookingId", t."clientId", t."assignedSitterId",
           t."messageNumberId", t."numberClass", t."maskedNumberE164", t."isOneTimeClient", t."isMeetAndGreet"
    FROM {messaging}."MessageThread" AS t
    WHERE (t."orgId", t."createdAt", t.id) >= (
              cast(:after AS jsonb) ->> 0, coalesce(cast(cast(:after AS jsonb) ->> 1 AS timestamptz), '-infinity'),
              coalesce(cast(:after AS jsonb) ->> 2, ''))
      AND (cast(:until AS text) IS NULL OR t."orgId" < cast(:until AS jsonb) ->> 0)
    ORDER BY t."orgId", t."createdAt", t.id
    LIMIT cast(:size AS integer) + 1
)
SELECT cast(jsonb_build_array(t."orgId", cast(t."createdAt" AS text), t.id) AS text) AS key,
       t.id, t."orgId" AS org_id, t.scope, t.status, t."clientId" AS client_id, t."assignedSitterId" AS sitter_id,
       coalesce(t."isMeetAndGreet", false) AS is_meet_and_greet, t."isOneTimeClient" AS stored_one_time,
       t."messageNumberId" AS stored_number, t."numberClass" AS stored_class, n.id AS number_id, n.e164,
       CASE WHEN d.number_id IS NOT NULL THEN 'front_desk' ELSE n."numberClass" END AS number_class,
       coalesce(CASE WHEN b.id IS NULL THEN every.is_recurring ELSE b."isRecurring" END, false) AS says_recurring,
       coalesce(CASE WHEN b.id IS NULL THEN every.has_weekly_plan ELSE b."hasWeeklyPlan" END, false)
           OR coalesce(c."hasWeeklyPlan", false) AS has_weekly_plan,
       c."isRecurringOverride" AS owner_override
FROM page AS t
LEFT JOIN {messaging}."MessageNumber" AS n ON n.id = t."messageNumberId"
LEFT JOIN ops.message_numbers_desk AS d
    ON cast(:dry_run AS boolean) AND d.org_id = n."orgId" AND d.number_id = n.id AND d.how = 'promoted'
LEFT JOIN {messaging}."Booking" AS b ON b."orgId" = t."orgId" AND b.id = t."bookingId"
LEFT JOIN {messaging}."Client" AS c ON c."orgId" = t."orgId" AND c.id = t."clientId"
LEFT JOIN LATERAL (
    SELECT bool_or(x."isRecurring") AS is_recurring, bool_or(x."hasWeeklyPlan") AS has_weekly_plan
    FROM {messaging}."Booking" AS x
    WHERE b.id IS NULL AND x."orgId" = t."orgId" AND x."clientId" = t."clientId"
) AS every ON true
ORDER BY t."orgId", t."createdAt", t.id

-- name: numbers_of_organisations
-- What organisations have to give: front desks, the sitters' own numbers, free pool numbers in the order of choice, and
-- which of them clients had before, the latest first. In a dry run with what the run would have made and lent so far.
WITH org AS (
    SELECT t.id FROM unnest(cast(:orgs AS text[])) AS t (id)
), staged_desk AS (
    SELECT d.org_id, d.number_id, d.e164
    FROM ops.message_numbers_desk AS d JOIN org ON org.id = d.org_id
    WHERE cast(:dry_run AS boolean)
), desk AS (
    SELECT DISTINCT ON (n."orgId") n."orgId" AS org_id, n.id AS number_id, n.e164
    FROM {messaging}."MessageNumber" AS n JOIN org ON org.id = n."orgId"
    WHERE n."numberClass" = 'front_desk' AND n.status = 'active'
    ORDER BY n."orgId", n."createdAt", n.id
), own AS (
    SELECT DISTINCT ON (m."orgId", m."sitterId") m."orgId" AS org_id, m."sitterId" AS sitter_id, n.id AS number_id, n.e164
    FROM {messaging}."SitterMaskedNumber" AS m
    JOIN org ON org.id = m."orgId"
    JOIN {messaging}."MessageNumber" AS n ON n.id = m."messageNumberId" AND n."numberClass" = 'sitter' AND n.status = 'active'
    WHERE m.status = 'active' AND m."sitterId" = ANY (cast(:sitters AS text[]))
    ORDER BY m."orgId", m."sitterId", m."assignedAt", m.id
), staged_own AS (
    SELECT m.org_id, m.sitter_id, n.id AS number_id, n.e164
    FROM ops.message_numbers_mask AS m
    JOIN org ON org.id = m.org_id
    JOIN {messaging}."MessageNumber" AS n ON n.id = m.number_id
    WHERE cast(:dry_run AS boolean) AND m.sitter_id = ANY (cast(:sitters AS text[]))
), free AS (
    SELECT n."orgId" AS org_id, n.id, n.e164, n."lastAssignedAt", n."createdAt",
           EXISTS (SELECT 1 FROM ops.pool_lease AS l
                   WHERE l.number_id = n.id AND l.released_at > cast(:rested_before AS timestamptz)) AS is_resting
    FROM {messaging}."MessageNumber" AS n
    JOIN org ON org.id = n."orgId"
    WHERE n."numberClass" = 'pool' AND n.status = 'active'
      AND NOT EXISTS (SELECT 1 FROM ops.pool_lease AS l WHERE l.number_id = n.id AND l.released_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS t WHERE t."messageNumberId" = n.id AND t.status = 'open')
      AND NOT EXISTS (SELECT 1 FROM staged_desk AS d WHERE d.number_id = n.id)
      AND NOT (cast(:dry_run AS boolean)
               AND EXISTS (SELECT 1 FROM ops.message_numbers_lease AS l WHERE l.number_id = n.id))
), sticky AS (
    SELECT l.org_id, l.client_id, l.number_id, max(l.since) AS since
    FROM ops.pool_lease AS l
    JOIN free ON free.id = l.number_id AND free.org_id = l.org_id
    WHERE l.client_id = ANY (cast(:clients AS text[]))
    GROUP BY l.org_id, l.client_id, l.number_id
)
SELECT (SELECT jsonb_agg(jsonb_build_object('org_id', d.org_id, 'id', d.number_id, 'e164', d.e164))
        FROM (SELECT org_id, number_id, e164 FROM staged_desk
              UNION ALL
              SELECT org_id, number_id, e164 FROM desk WHERE NOT cast(:dry_run AS boolean)) AS d) AS desks,
       (SELECT jsonb_agg(jsonb_build_object('org_id', o.org_id, 'sitter_id', o.sitter_id, 'id', o.number_id, 'e164', o.e164))
        FROM (SELECT org_id, sitter_id, number_id, e164 FROM own
              UNION ALL SELECT org_id, sitter_id, number_id, e164 FROM staged_own) AS o) AS own,
       (SELECT jsonb_agg(jsonb_build_object('org_id', org_id, 'id', id, 'e164', e164)
                         ORDER BY is_resting, "lastAssignedAt" NULLS FIRST, "createdAt", id) FROM free) AS free,
       (SELECT jsonb_agg(jsonb_build_object('org_id', org_id, 'client_id', client_id, 'number_id', number_id)
                         ORDER BY since DESC, number_id) FROM sticky) AS sticky

-- name: apply_threads
-- Numbers for threads that are still as they were read, locked in the order of their ids; leases for those that were
-- lent a pool number, and flags for those that did not get what the rule asks for.
WITH wanted AS (
    SELECT x.id, x.seen_number, x.seen_class, x.number_id, x.e164, x.number_class, x.is_lent, x.review
    FROM jsonb_to_recordset(cast(:changes AS jsonb)) AS x (
        id text, seen_number text, seen_class text, number_id text, e164 text, number_class text, is_lent boolean, review text)
), locked AS MATERIALIZED (
    SELECT t.id, jsonb_build_array(t."messageNumberId", t."numberClass", t."maskedNumberE164") AS before, w.number_id, w.e164,
           w.number_class, w.is_lent, w.review
    FROM wanted AS w
    JOIN {messaging}."MessageThread" AS t ON t.id = w.id
    WHERE t."messageNumberId" IS NOT DISTINCT FROM w.seen_number AND t."numberClass" IS NOT DISTINCT FROM w.seen_class
    ORDER BY t.id
    FOR NO KEY UPDATE OF t
), changed AS (
    UPDATE {messaging}."MessageThread" AS t
    SET "messageNumberId" = l.number_id, "numberClass" = l.number_class, "maskedNumberE164" = l.e164
    FROM locked AS l WHERE t.id = l.id
    RETURNING t.id, t."orgId", t."clientId", l.before, l.is_lent, l.review, t."messageNumberId",
              jsonb_build_array(t."messageNumberId", t."numberClass", t."maskedNumberE164") AS after
), lent AS (
    INSERT INTO ops.pool_lease (id, org_id, number_id, thread_id, client_id, since)
    SELECT cast(gen_random_uuid() AS text), "orgId", "messageNumberId", id, "clientId", cast(:started_at AS timestamptz)
    FROM changed WHERE is_lent
), flagged AS (
    INSERT INTO ops.thread_review (thread_id, org_id, reason, run_number, flagged_at)
    SELECT id, "orgId", review, :run_number, cast(:started_at AS timestamptz) FROM changed WHERE review IS NOT NULL
    ON CONFLICT (thread_id) DO UPDATE
    SET reason = excluded.reason, run_number = excluded.run_number, flagged_at = excluded.flagged_at
)
SELECT jsonb_build_object('Threads updated', count(*), 'Threads flagged for review', count(review)) AS counts,
       'thread' AS image, cast(array_agg(id) AS text) AS keys, cast(array_agg(cast(before AS text)) AS text) AS before,
       cast(array_agg(cast(after AS text)) AS text) AS after, cast(count(*) AS integer) AS written
FROM changed

-- name: stage_threads
-- The pool numbers that a dry run would have lent.
INSERT INTO ops.message_numbers_lease (number_id, org_id, client_id)
SELECT x.number_id, x.org_id, x.client_id
FROM jsonb_to_recordset(cast(:changes AS jsonb)) AS x (number_id text, org_id text, client_id text, is_lent boolean)
WHERE x.is_lent
ON CONFLICT (number_id) DO NOTHING

-- name: apply_classification
-- The client's class on threads that are still as they were read, locked in the order of their ids.
WITH wanted AS (
    SELECT x.id, x.seen, x.wanted FROM jsonb_to_recordset(cast(:changes AS jsonb)) AS x (id text, seen boolean, wanted boolean)
), locked AS MATERIALIZED (
    SELECT t.id, t."isOneTimeClient" AS before, w.wanted
    FROM wanted AS w
    JOIN {messaging}."MessageThread" AS t ON t.id = w.id
    WHERE t."isOneTimeClient" IS NOT DISTINCT FROM w.seen
    ORDER BY t.id
    FOR NO KEY UPDATE OF t
), changed AS (
    UPDATE {messaging}."MessageThread" AS t SET "isOneTimeClient" = l.wanted FROM locked AS l WHERE t.id = l.id
    RETURNING t.id, l.before, t."isOneTimeClient" AS after
)
SELECT jsonb_build_object('Classification fields updated', count(*)) AS counts, 'one_time' AS image,
       cast(array_agg(id) AS text) AS keys, cast(array_agg(before) AS text) AS before, cast(array_agg(after) AS text) AS after,
       cast(count(*) AS integer) AS written
FROM changed

-- name: late
-- Threads and organisations that came or changed since they were gone through; recorded errors excepted.
WITH error AS (
    SELECT row_id FROM ops.backfill_row_error WHERE run_number = :run_number
), desk AS (
    SELECT "orgId" AS org_id, count(*) AS desks FROM {messaging}."MessageNumber"
    WHERE "numberClass" = 'front_desk' AND status = 'active'
    GROUP BY "orgId"
), org AS (
    SELECT "orgId" AS id FROM {messaging}."MessageThread" UNION SELECT "orgId" FROM {messaging}."MessageNumber"
), every AS (
    SELECT "orgId" AS org_id, "clientId" AS client_id, bool_or("isRecurring" OR "hasWeeklyPlan") AS is_recurring
    FROM {messaging}."Booking" GROUP BY "orgId", "clientId"
), thread AS (
    SELECT t.id,
           t."isOneTimeClient" IS DISTINCT FROM coalesce(
               NOT c."isRecurringOverride",
               NOT (coalesce(CASE WHEN b.id IS NULL THEN e.is_recurring ELSE b."isRecurring" OR b."hasWeeklyPlan" END, false)
                    OR coalesce(c."hasWeeklyPlan", false))) AS is_unclassified,
           n.id IS NOT NULL AND t."numberClass" IS DISTINCT FROM n."numberClass" AS is_mismatch,
           n.id IS NULL AND (t."orgId" IN (SELECT org_id FROM desk) OR t."orgId" NOT IN (SELECT row_id FROM error)) AS is_missing
    FROM {messaging}."MessageThread" AS t
    LEFT JOIN {messaging}."MessageNumber" AS n ON n.id = t."messageNumberId"
    LEFT JOIN {messaging}."Booking" AS b ON b."orgId" = t."orgId" AND b.id = t."bookingId"
    LEFT JOIN {messaging}."Client" AS c ON c."orgId" = t."orgId" AND c.id = t."clientId"
    LEFT JOIN every AS e ON b.id IS NULL AND e.org_id = t."orgId" AND e.client_id = t."clientId"
), late AS (
    SELECT id, is_missing, is_mismatch, false AS is_organisation
    FROM thread WHERE (is_unclassified OR is_mismatch OR is_missing) AND id NOT IN (SELECT row_id FROM error)
    UNION ALL
    SELECT org.id, false, false, true
    FROM org LEFT JOIN desk ON desk.org_id = org.id
    WHERE desk.desks IS DISTINCT FROM 1 AND org.id NOT IN (SELECT row_id FROM error)
)
SELECT (SELECT count(*) FROM late) AS rows,
       (SELECT jsonb_agg(id ORDER BY id) FROM (SELECT id FROM late ORDER BY id LIMIT :size) AS first) AS ids,
       (SELECT jsonb_build_object('missing', count(*) FILTER (WHERE is_missing),
                                  'mismatches', count(*) FILTER (WHERE is_mismatch),
                                  'organisations', count(*) FILTER (WHERE is_organisation)) FROM late) AS kinds

-- name: state
-- What the checks look at; the front desks, in a dry run, as they would be.
WITH org AS (
    SELECT "orgId" AS id FROM {messaging}."MessageThread" UNION SELECT "orgId" FROM {messaging}."MessageNumber"
), desk AS (
    SELECT org.id AS org_id,
           CASE WHEN cast(:foreseen AS boolean)
                     AND EXISTS (SELECT 1 FROM ops.message_numbers_desk AS d WHERE d.org_id = org.id AND d.how <> 'kept')
                THEN 1
                ELSE (SELECT count(*) FROM {messaging}."MessageNumber" AS n
                      WHERE n."orgId" = org.id AND n."numberClass" = 'front_desk' AND n.status = 'active') END AS desks
    FROM org
), thread AS (
    SELECT CASE WHEN n.id IS NULL THEN NULL ELSE t."numberClass" END AS class, count(*) AS threads,
           count(*) FILTER (WHERE n.id IS NULL) AS missing,
           count(*) FILTER (WHERE n.id IS NOT NULL AND n."numberClass" IS DISTINCT FROM t."numberClass") AS mismatches
    FROM {messaging}."MessageThread" AS t
    LEFT JOIN {messaging}."MessageNumber" AS n ON n.id = t."messageNumberId"
    GROUP BY 1
)
SELECT (SELECT count(*) FROM org) AS organisations,
       (SELECT count(*) FROM desk WHERE desks = 1) AS with_one_desk,
       (SELECT cast(coalesce(sum(desks), 0) AS bigint) FROM desk) AS desks,
       (SELECT jsonb_agg(jsonb_build_object('org_id', shown.org_id, 'desks', shown.desks) ORDER BY shown.org_id)
        FROM (SELECT org_id, desks FROM desk ORDER BY desks = 1, org_id LIMIT 1000) AS shown) AS by_org,
       (SELECT count(*) FROM {messaging}."SitterMaskedNumber" WHERE status = 'active') AS masks,
       (SELECT count(*) FROM {messaging}."Sitter" WHERE active) AS sitters,
       (SELECT count(*) FROM {messaging}."MessageNumber" WHERE "numberClass" = 'pool' AND status = 'active') AS pool,
       (SELECT cast(coalesce(sum(missing), 0) AS bigint) FROM thread) AS missing,
       (SELECT cast(coalesce(sum(mismatches), 0) AS bigint) FROM thread) AS mismatches,
       (SELECT jsonb_agg(jsonb_build_object('class', class, 'threads', threads)) FROM thread) AS by_class

-- name: decide_undo_thread
-- Threads that still hold the number that the run gave them.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS text[]), cast(:after AS text[])) AS t (id, after)
), found AS (
    SELECT i.id, t.id IS NULL AS gone,
           cast(i.after AS jsonb) = jsonb_build_array(t."messageNumberId", t."numberClass", t."maskedNumberE164") AS ours
    FROM image AS i LEFT JOIN {messaging}."MessageThread" AS t ON t.id = i.id
)
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE ours AND NOT gone)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN gone THEN 'thread deleted since' ELSE 'thread changed since' END) ORDER BY id)
           FILTER (WHERE gone OR NOT ours) AS left_alone,
       cast(cast('{messaging}."MessageThread"' AS regclass) AS text) AS source,
       cast(array_agg(id) FILTER (WHERE ours AND NOT gone) AS text) AS row_ids
FROM found

-- name: stage_undo
-- What a rollback's dry run would have restored or deleted.
INSERT INTO ops.backfill_undone (run_number, source, row_id)
SELECT :run_number, :source, t.row_id FROM unnest(cast(:row_ids AS text[])) AS t (row_id)
ON CONFLICT DO NOTHING

-- name: apply_undo_thread
-- Gives threads back the number they had, takes back what they were lent, and the flags.
WITH image AS (
    SELECT i.id, cast(i.before AS jsonb) AS before, cast(i.after AS jsonb) AS after
    FROM unnest(cast(:keys AS text[]), cast(:before AS text[]), cast(:after AS text[])) AS i (id, before, after)
), locked AS MATERIALIZED (
    SELECT t.id, i.before, i.after
    FROM image AS i
    JOIN {messaging}."MessageThread" AS t ON t.id = i.id
    WHERE jsonb_build_array(t."messageNumberId", t."numberClass", t."maskedNumberE164") = i.after
    ORDER BY t.id
    FOR NO KEY UPDATE OF t
), changed AS (
    UPDATE {messaging}."MessageThread" AS t
    SET "messageNumberId" = l.before ->> 0, "numberClass" = l.before ->> 1, "maskedNumberE164" = l.before ->> 2
    FROM locked AS l WHERE t.id = l.id
    RETURNING t.id, l.after ->> 0 AS number_id
), taken_back AS (
    DELETE FROM ops.pool_lease AS p
    USING changed AS c, ops.backfill_run AS run
    WHERE run.number = :target_number AND p.thread_id = c.id AND p.number_id = c.number_id AND p.released_at IS NULL
      AND p.since = run.started_at
), unflagged AS (
    DELETE FROM ops.thread_review AS r USING image AS i WHERE r.thread_id = i.id AND r.run_number = :target_number
), left_alone AS (
    SELECT i.id, EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS t WHERE t.id = i.id) AS there
    FROM image AS i WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.id = i.id)
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN there THEN 'thread changed since' ELSE 'thread deleted since' END) ORDER BY id)
           AS left_alone
FROM left_alone

-- name: decide_undo_one_time
-- Threads that still hold the client's class that the run gave them.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS text[]), cast(:after AS boolean[])) AS t (id, after)
), found AS (
    SELECT i.id, t.id IS NULL AS gone, t."isOneTimeClient" IS NOT DISTINCT FROM i.after AS ours
    FROM image AS i LEFT JOIN {messaging}."MessageThread" AS t ON t.id = i.id
)
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE ours AND NOT gone)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN gone THEN 'thread deleted since' ELSE 'classification changed since' END)
                 ORDER BY id) FILTER (WHERE gone OR NOT ours) AS left_alone
FROM found

-- name: apply_undo_one_time
-- Gives threads back the client's class that they had.
WITH image AS (
    SELECT *
    FROM unnest(cast(:keys AS text[]), cast(:before AS boolean[]), cast(:after AS boolean[])) AS i (id, before, after)
), locked AS MATERIALIZED (
    SELECT t.id, i.before
    FROM image AS i JOIN {messaging}."MessageThread" AS t ON t.id = i.id AND t."isOneTimeClient" = i.after
    ORDER BY t.id
    FOR NO KEY UPDATE OF t
), changed AS (
    UPDATE {messaging}."MessageThread" AS t SET "isOneTimeClient" = l.before FROM locked AS l WHERE t.id = l.id RETURNING t.id
), left_alone AS (
    SELECT i.id, EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS t WHERE t.id = i.id) AS there
    FROM image AS i WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.id = i.id)
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN there THEN 'classification changed since' ELSE 'thread deleted since' END)
                 ORDER BY id) AS left_alone
FROM left_alone

-- name: decide_undo_promoted_number
-- Numbers that are still the front desk that the run made of them.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS text[]), cast(:after AS text[])) AS t (id, after)
), found AS (
    SELECT i.id, n.id IS NULL AS gone,
           cast(i.after AS jsonb) = jsonb_build_array(n."numberClass", n.status, n."ownerId") AS ours
    FROM image AS i LEFT JOIN {messaging}."MessageNumber" AS n ON n.id = i.id
)
SELECT jsonb_build_object('Restored', count(*) FILTER (WHERE ours AND NOT gone)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN gone THEN 'number deleted since' ELSE 'number changed since' END) ORDER BY id)
           FILTER (WHERE gone OR NOT ours) AS left_alone
FROM found

-- name: apply_undo_promoted_number
-- Makes of numbers again what they were.
WITH image AS (
    SELECT i.id, cast(i.before AS jsonb) AS before, cast(i.after AS jsonb) AS after
    FROM unnest(cast(:keys AS text[]), cast(:before AS text[]), cast(:after AS text[])) AS i (id, before, after)
), locked AS MATERIALIZED (
    SELECT n.id, i.before
    FROM image AS i
    JOIN {messaging}."MessageNumber" AS n ON n.id = i.id
    WHERE jsonb_build_array(n."numberClass", n.status, n."ownerId") = i.after
    ORDER BY n.id
    FOR NO KEY UPDATE OF n
), changed AS (
    UPDATE {messaging}."MessageNumber" AS n
    SET "numberClass" = l.before ->> 0, status = l.before ->> 1, "ownerId" = l.before ->> 2
    FROM locked AS l WHERE n.id = l.id
    RETURNING n.id
), left_alone AS (
    SELECT i.id, EXISTS (SELECT 1 FROM {messaging}."MessageNumber" AS n WHERE n.id = i.id) AS there
    FROM image AS i WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked.id = i.id)
)
SELECT jsonb_build_object('Restored', (SELECT count(*) FROM changed)) AS counts,
       jsonb_agg(jsonb_build_array(id, CASE WHEN there THEN 'number changed since' ELSE 'number deleted since' END) ORDER BY id)
           AS left_alone
FROM left_alone

-- name: lock_undo_mask
-- Locks masks in the order of their ids.
SELECT id FROM {messaging}."SitterMaskedNumber" WHERE id = ANY (cast(:keys AS text[])) ORDER BY id FOR UPDATE

-- name: decide_undo_mask
-- Masks that are still as the run made them and that nothing refers to.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS text[]), cast(:after AS text[])) AS t (id, after)
), referred AS (
    SELECT r.id FROM ops.backfill_referred('{messaging}."SitterMaskedNumber"'::regclass, cast(:keys AS text[]), '{}', :run_number) AS r (id)
), found AS (
    SELECT i.id,
           CASE WHEN m.id IS NULL THEN 'masked number deleted since'
                WHEN cast(i.after AS jsonb) <> jsonb_build_array(m."orgId", m."sitterId", m."messageNumberId", m.status,
                                                                 m."deactivatedAt", m."updatedAt")
                    THEN 'masked number edited since'
                WHEN EXISTS (SELECT 1 FROM referred AS r WHERE r.id = i.id) THEN 'masked number in use' END AS why
    FROM image AS i LEFT JOIN {messaging}."SitterMaskedNumber" AS m ON m.id = i.id
)
SELECT jsonb_build_object('Deleted', count(*) FILTER (WHERE why IS NULL)) AS counts,
       jsonb_agg(jsonb_build_array(id, why) ORDER BY id) FILTER (WHERE why IS NOT NULL) AS left_alone,
       cast(cast('{messaging}."SitterMaskedNumber"' AS regclass) AS text) AS source,
       cast(array_agg(id) FILTER (WHERE why IS NULL) AS text) AS row_ids
FROM found

-- name: apply_undo_mask
-- Deletes masks that are still as the run made them and that nothing refers to.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS text[]), cast(:after AS text[])) AS t (id, after)
), referred AS (
    SELECT r.id FROM ops.backfill_referred('{messaging}."SitterMaskedNumber"'::regclass, cast(:keys AS text[]), '{}', :run_number) AS r (id)
), found AS MATERIALIZED (
    SELECT i.id,
           CASE WHEN m.id IS NULL THEN 'masked number deleted since'
                WHEN cast(i.after AS jsonb) <> jsonb_build_array(m."orgId", m."sitterId", m."messageNumberId", m.status,
                                                                 m."deactivatedAt", m."updatedAt")
                    THEN 'masked number edited since'
                WHEN EXISTS (SELECT 1 FROM referred AS r WHERE r.id = i.id) THEN 'masked number in use' END AS why
    FROM image AS i LEFT JOIN {messaging}."SitterMaskedNumber" AS m ON m.id = i.id
), deleted AS (
    DELETE FROM {messaging}."SitterMaskedNumber" AS m USING found AS f WHERE m.id = f.id AND f.why IS NULL RETURNING m.id
)
SELECT jsonb_build_object('Deleted', (SELECT count(*) FROM deleted)) AS counts,
       jsonb_agg(jsonb_build_array(id, why) ORDER BY id) FILTER (WHERE why IS NOT NULL) AS left_alone
FROM found

-- name: lock_undo_created_number
-- Locks created numbers, so that nobody can begin to refer to them.
SELECT id FROM {messaging}."MessageNumber" WHERE id = ANY (cast(:keys AS text[])) ORDER BY id FOR UPDATE

-- name: decide_undo_created_number
-- Created numbers that nobody edited and nothing uses, with or without a foreign key.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS text[]), cast(:after AS text[])) AS t (id, after)
), referred AS (
    SELECT r.id FROM ops.backfill_referred('{messaging}."MessageNumber"'::regclass, cast(:keys AS text[]), '{}', :run_number) AS r (id)
    UNION
    SELECT t."messageNumberId" FROM {messaging}."MessageThread" AS t
    WHERE t."messageNumberId" = ANY (cast(:keys AS text[]))
      AND NOT EXISTS (SELECT 1 FROM ops.backfill_undone AS u
                      WHERE u.run_number = :run_number AND u.row_id = t.id
                        AND u.source = cast(cast('{messaging}."MessageThread"' AS regclass) AS text))
    UNION
    SELECT m."messageNumberId" FROM {messaging}."SitterMaskedNumber" AS m WHERE m."messageNumberId" = ANY (cast(:keys AS text[]))
    UNION
    SELECT l.number_id FROM ops.pool_lease AS l WHERE l.number_id = ANY (cast(:keys AS text[])) AND l.released_at IS NULL
), found AS (
    SELECT i.id,
           CASE WHEN n.id IS NULL THEN 'number deleted since'
                WHEN cast(i.after AS jsonb) <> jsonb_build_array(n."orgId", n.e164, n.status, n."numberClass",
                        n."assignedSitterId", n."ownerId", n."providerNumberSid", n."updatedAt") THEN 'number edited since'
                WHEN EXISTS (SELECT 1 FROM referred AS r WHERE r.id = i.id) THEN 'number in use' END AS why
    FROM image AS i LEFT JOIN {messaging}."MessageNumber" AS n ON n.id = i.id
)
SELECT jsonb_build_object('Deleted', count(*) FILTER (WHERE why IS NULL)) AS counts,
       jsonb_agg(jsonb_build_array(id, why) ORDER BY id) FILTER (WHERE why IS NOT NULL) AS left_alone
FROM found

-- name: apply_undo_created_number
-- Deletes created numbers that nobody edited and nothing uses.
WITH image AS (
    SELECT * FROM unnest(cast(:keys AS text[]), cast(:after AS text[])) AS t (id, after)
), referred AS (
    SELECT r.id FROM ops.backfill_referred('{messaging}."MessageNumber"'::regclass, cast(:keys AS text[]), '{}', :run_number) AS r (id)
    UNION
    SELECT t."messageNumberId" FROM {messaging}."MessageThread" AS t WHERE t."messageNumberId" = ANY (cast(:keys AS text[]))
    UNION
    SELECT m."messageNumberId" FROM {messaging}."SitterMaskedNumber" AS m WHERE m."messageNumberId" = ANY (cast(:keys AS text[]))
    UNION
    SELECT l.number_id FROM ops.pool_lease AS l WHERE l.number_id = ANY (cast(:keys AS text[])) AND l.released_at IS NULL
), found AS MATERIALIZED (
    SELECT i.id,
           CASE WHEN n.id IS NULL THEN 'number deleted since'
                WHEN cast(i.after AS jsonb) <> jsonb_build_array(n."orgId", n.e164, n.status, n."numberClass",
                        n."assignedSitterId", n."ownerId", n."providerNumberSid", n."updatedAt") THEN 'number edited since'
                WHEN EXISTS (SELECT 1 FROM referred AS r WHERE r.id = i.id) THEN 'number in use' END AS why
    FROM image AS i LEFT JOIN {messaging}."MessageNumber" AS n ON n.id = i.id
), deleted AS (
    DELETE FROM {messaging}."MessageNumber" AS n USING found AS f WHERE n.id = f.id AND f.why IS NULL RETURNING n.id
)
SELECT jsonb_build_object('Deleted', (SELECT count(*) FROM deleted)) AS counts,
       jsonb_agg(jsonb_build_array(id, why) ORDER BY id) FILTER (WHERE why IS NOT NULL) AS left_alone
FROM found
