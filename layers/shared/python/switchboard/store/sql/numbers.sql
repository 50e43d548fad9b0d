-- name: claim_sitter_number
-- Gives the sitter the oldest unassigned active sitter number for good; no row where there is none.
WITH picked AS (
    SELECT n.id FROM {messaging}."MessageNumber" AS n
    WHERE n."orgId" = cast(:org_id AS text) AND n."numberClass" = 'sitter' AND n.status = 'active'
      AND n."assignedSitterId" IS NULL
      AND NOT EXISTS (SELECT 1 FROM {messaging}."SitterMaskedNumber" AS m
                      WHERE m."messageNumberId" = n.id AND m.status = 'active')
    ORDER BY n."createdAt", n.id
    LIMIT 1
    FOR UPDATE OF n SKIP LOCKED
), taken AS (
    UPDATE {messaging}."MessageNumber" AS n
    SET "assignedSitterId" = cast(:sitter_id AS text), "lastAssignedAt" = cast(:now AS timestamptz),
        "updatedAt" = cast(:now AS timestamptz)
    FROM picked WHERE n.id = picked.id
    RETURNING n.id, n.e164
), former AS (
    UPDATE {messaging}."SitterMaskedNumber"
    SET status = 'reassigned', "deactivatedAt" = cast(:now AS timestamptz), "updatedAt" = cast(:now AS timestamptz)
    WHERE "orgId" = :org_id AND "sitterId" = :sitter_id AND status = 'active' AND EXISTS (SELECT 1 FROM taken)
    RETURNING id
), kept AS (
    INSERT INTO {messaging}."SitterMaskedNumber" (
        id, "orgId", "sitterId", "messageNumberId", status, "assignedAt", "createdAt", "updatedAt"
    )
    SELECT :masked_id, :org_id, :sitter_id, id, 'active', cast(:now AS timestamptz), cast(:now AS timestamptz),
           cast(:now AS timestamptz)
    FROM taken WHERE (SELECT count(*) FROM former) >= 0
)
SELECT id, e164 FROM taken;

-- name: keep_sitter_number
-- The number that a sitter owns, in use again: active, and written down as theirs.
WITH number AS (
    UPDATE {messaging}."MessageNumber"
    SET status = 'active', "quarantinedUntil" = NULL, "assignedSitterId" = cast(:sitter_id AS text),
        "updatedAt" = cast(:now AS timestamptz)
    WHERE id = :number_id
    RETURNING id
)
INSERT INTO {messaging}."SitterMaskedNumber" (
    id, "orgId", "sitterId", "messageNumberId", status, "assignedAt", "createdAt", "updatedAt"
)
SELECT :masked_id, :org_id, :sitter_id, number.id, 'active', cast(:now AS timestamptz), cast(:now AS timestamptz),
       cast(:now AS timestamptz)
FROM number
WHERE NOT EXISTS (SELECT 1 FROM {messaging}."SitterMaskedNumber"
                  WHERE "orgId" = :org_id AND status = 'active'
                    AND ("sitterId" = :sitter_id OR "messageNumberId" = :number_id));

-- name: quarantine_sitter_numbers
-- The numbers of a sitter who left rest; nobody else ever gets them as a sitter number.
WITH number AS (
    UPDATE {messaging}."MessageNumber"
    SET status = 'quarantined', "quarantinedUntil" = cast(:until AS timestamptz),
        "assignedSitterId" = cast(:sitter_id AS text), "updatedAt" = cast(:now AS timestamptz)
    WHERE "orgId" = :org_id AND "numberClass" = 'sitter' AND status = 'active'
      AND ("assignedSitterId" = :sitter_id
           OR id IN (SELECT "messageNumberId" FROM {messaging}."SitterMaskedNumber"
                     WHERE "orgId" = :org_id AND "sitterId" = :sitter_id AND status = 'active'))
)
UPDATE {messaging}."SitterMaskedNumber"
SET status = 'deactivated', "deactivatedAt" = cast(:now AS timestamptz), "updatedAt" = cast(:now AS timestamptz)
WHERE "orgId" = :org_id AND "sitterId" = :sitter_id AND status = 'active';

-- name: claim_pool_number
-- Leases a free pool number to the thread: the one this client had before, else never used, else longest ago; numbers
-- that rest only where nothing else is free. `is_leased` false: another transaction was quicker, look again.
WITH picked AS (
    SELECT n.id, n.e164 FROM {messaging}."MessageNumber" AS n
    WHERE n."orgId" = cast(:org_id AS text) AND n."numberClass" = 'pool' AND n.status = 'active'
      AND NOT EXISTS (SELECT 1 FROM ops.pool_lease AS l WHERE l.number_id = n.id AND l.released_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS t
                      WHERE t."messageNumberId" = n.id AND t.status = 'open' AND t.id <> :thread_id)
    ORDER BY
        (SELECT max(l.since) FROM ops.pool_lease AS l
         WHERE l.number_id = n.id AND l.org_id = n."orgId" AND l.client_id = cast(:client_id AS text)) DESC NULLS LAST,
        EXISTS (SELECT 1 FROM ops.pool_lease AS l
                WHERE l.number_id = n.id AND l.released_at > cast(:rested_before AS timestamptz)),
        n."lastAssignedAt" NULLS FIRST, n."createdAt", n.id
    LIMIT 1
    FOR UPDATE OF n SKIP LOCKED
), lease AS (
    INSERT INTO ops.pool_lease (id, org_id, number_id, thread_id, client_id, since)
    SELECT :lease_id, :org_id, id, :thread_id, :client_id, cast(:now AS timestamptz) FROM picked
    ON CONFLICT (number_id) WHERE released_at IS NULL DO NOTHING
    RETURNING number_id
), taken AS (
    UPDATE {messaging}."MessageNumber" AS n
    SET "lastAssignedAt" = cast(:now AS timestamptz), "updatedAt" = cast(:now AS timestamptz)
    FROM lease WHERE n.id = lease.number_id
)
SELECT picked.id, picked.e164, EXISTS (SELECT 1 FROM lease) AS is_leased FROM picked;

-- name: hold_organization
-- The organisation alone, until the transaction's end: what follows reaches across its bookings.
SELECT pg_advisory_xact_lock(hashtextextended(:hold_org, 0)) AS held;

-- name: pool_candidates
-- Organisations with threads on pool numbers, or leases that nobody uses.
SELECT DISTINCT n."orgId" AS org_id
FROM {messaging}."MessageNumber" AS n
WHERE n."numberClass" = 'pool'
  AND (EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS t WHERE t."messageNumberId" = n.id)
       OR EXISTS (SELECT 1 FROM ops.pool_lease AS l WHERE l.number_id = n.id AND l.released_at IS NULL))
ORDER BY 1;

-- name: release_pool_numbers
-- Threads on pool numbers go to the front desk when their last window ended long enough ago, or nothing was said for
-- long and no window is open or ahead; the lease keeps client and time. Leases whose thread has left are released too.
WITH desk AS (
    SELECT id, e164 FROM {messaging}."MessageNumber"
    WHERE "orgId" = cast(:org_id AS text) AND "numberClass" = 'front_desk' AND status = 'active' ORDER BY id LIMIT 1
), due AS (
    SELECT t.id, t."clientId" AS client_id, t."messageNumberId" AS number_id,
           coalesce(l.since, t."createdAt") AS since
    FROM {messaging}."MessageThread" AS t
    JOIN {messaging}."MessageNumber" AS n ON n.id = t."messageNumberId" AND n."numberClass" = 'pool'
    LEFT JOIN ops.pool_lease AS l ON l.thread_id = t.id AND l.number_id = n.id AND l.released_at IS NULL
    CROSS JOIN LATERAL (
        SELECT max(CASE WHEN w.status = 'active' THEN w."endAt" ELSE least(w."endAt", w."updatedAt") END) AS ended_at,
               coalesce(bool_or(w.status = 'active' AND w."endAt" > cast(:now AS timestamptz)), false) AS is_ahead
        FROM {messaging}."AssignmentWindow" AS w WHERE w."threadId" = t.id
    ) AS windows
    WHERE t."orgId" = :org_id
      AND t."messageNumberId" = ANY (ARRAY(
          SELECT id FROM {messaging}."MessageNumber" WHERE "orgId" = :org_id AND "numberClass" = 'pool'))
      AND (windows.ended_at <= cast(:ended_before AS timestamptz)
           OR NOT windows.is_ahead
              AND greatest(t."lastMessageAt", t."createdAt", l.since) <= cast(:silent_since AS timestamptz))
    ORDER BY t.id
    FOR UPDATE OF t
), moved AS (
    UPDATE {messaging}."MessageThread" AS t
    SET "messageNumberId" = desk.id, "numberClass" = 'front_desk', "maskedNumberE164" = desk.e164,
        "updatedAt" = cast(:now AS timestamptz)
    FROM due, desk WHERE t.id = due.id
    RETURNING t.id, due.client_id, due.number_id, due.since
), released AS (
    UPDATE ops.pool_lease AS l SET released_at = cast(:now AS timestamptz)
    FROM moved WHERE l.thread_id = moved.id AND l.number_id = moved.number_id AND l.released_at IS NULL
    RETURNING l.thread_id
), remembered AS (
    INSERT INTO ops.pool_lease (id, org_id, number_id, thread_id, client_id, since, released_at)
    SELECT cast(gen_random_uuid() AS text), :org_id, number_id, id, client_id, since, cast(:now AS timestamptz)
    FROM moved WHERE id NOT IN (SELECT thread_id FROM released)
), left_behind AS (
    UPDATE ops.pool_lease AS l SET released_at = cast(:now AS timestamptz)
    WHERE l.org_id = :org_id AND l.released_at IS NULL
      AND l.number_id IS DISTINCT FROM (
          SELECT t."messageNumberId" FROM {messaging}."MessageThread" AS t WHERE t.id = l.thread_id)
    RETURNING l.id
)
SELECT (SELECT count(*) FROM moved) + (SELECT count(*) FROM left_behind) AS freed;

-- name: quarantine_candidates
-- Organisations with numbers whose quarantine has ended.
SELECT DISTINCT "orgId" AS org_id FROM {messaging}."MessageNumber"
WHERE status = 'quarantined' AND "numberClass" IN ('sitter', 'pool')
  AND "quarantinedUntil" <= cast(:now AS timestamptz)
ORDER BY 1;

-- name: end_quarantines
-- Numbers whose quarantine has ended become pool numbers; threads that are still on one go to the front desk, and where
-- there is none the number waits.
WITH desk AS (
    SELECT id, e164 FROM {messaging}."MessageNumber"
    WHERE "orgId" = cast(:org_id AS text) AND "numberClass" = 'front_desk' AND status = 'active' ORDER BY id LIMIT 1
), due AS (
    SELECT n.id FROM {messaging}."MessageNumber" AS n
    WHERE n."orgId" = :org_id AND n.status = 'quarantined' AND n."numberClass" IN ('sitter', 'pool')
      AND n."quarantinedUntil" <= cast(:now AS timestamptz)
      AND (EXISTS (SELECT 1 FROM desk)
           OR NOT EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS t WHERE t."messageNumberId" = n.id))
    ORDER BY n.id
    FOR UPDATE OF n
), moved AS (
    UPDATE {messaging}."MessageThread" AS t
    SET "messageNumberId" = desk.id, "numberClass" = 'front_desk', "maskedNumberE164" = desk.e164,
        "updatedAt" = cast(:now AS timestamptz)
    FROM due, desk WHERE t."messageNumberId" = due.id
), unmasked AS (
    UPDATE {messaging}."SitterMaskedNumber" AS m
    SET status = 'deactivated', "deactivatedAt" = cast(:now AS timestamptz), "updatedAt" = cast(:now AS timestamptz)
    FROM due WHERE m."messageNumberId" = due.id AND m.status = 'active'
), ended AS (
    UPDATE {messaging}."MessageNumber" AS n
    SET status = 'active', "numberClass" = 'pool', "assignedSitterId" = NULL, "quarantinedUntil" = NULL,
        "isRotating" = true, "updatedAt" = cast(:now AS timestamptz)
    FROM due WHERE n.id = due.id
    RETURNING n.id
)
SELECT count(*) AS ended FROM ended;

-- name: fewest_free_pool_numbers
-- The organisation that has pool numbers and the fewest that could be lent now.
SELECT n."orgId" AS org_id, count(*) FILTER (
           WHERE n.status = 'active'
             AND NOT EXISTS (SELECT 1 FROM ops.pool_lease AS l WHERE l.number_id = n.id AND l.released_at IS NULL)
             AND NOT EXISTS (SELECT 1 FROM {messaging}."MessageThread" AS t
                             WHERE t."messageNumberId" = n.id AND t.status = 'open')) AS free
FROM {messaging}."MessageNumber" AS n
WHERE n."numberClass" = 'pool' AND n.status <> 'disabled'
GROUP BY n."orgId"
ORDER BY free, org_id
LIMIT 1;
