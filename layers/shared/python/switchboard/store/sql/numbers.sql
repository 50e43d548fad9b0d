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
