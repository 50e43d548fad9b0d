-- name: pending
-- Pending records whose promised time has passed, or whose text and last window were over before over_before; locked. A
-- window that was closed early ended when it was closed. Each kind is found in an index of its own: what is neither
-- promised nor that old is not looked at.
WITH promised AS (
    SELECT id
    FROM {messaging}."ResponseRecord"
    WHERE "resolutionStatus" = 'pending' AND "slaSeconds" IS NOT NULL
        AND "inboundAt" + make_interval(secs => "slaSeconds") <= cast(:now AS timestamptz)
    ORDER BY "inboundAt"
    LIMIT cast(:most AS integer)
), old AS (
    SELECT record.id
    FROM {messaging}."ResponseRecord" AS record
    WHERE record."resolutionStatus" = 'pending'
        AND record."inboundAt" <= cast(:over_before AS timestamptz)
        AND NOT EXISTS (
            SELECT 1 FROM {messaging}."AssignmentWindow" AS live
            WHERE live."threadId" = record."threadId"
                AND CASE WHEN live.status = 'active' THEN live."endAt" ELSE least(live."endAt", live."updatedAt") END
                    > cast(:over_before AS timestamptz))
    ORDER BY record."inboundAt"
    LIMIT cast(:most AS integer)
)
SELECT record.id, record."orgId" AS org_id, record."threadId" AS thread_id, record."inboundAt" AS inbound_at,
       record."slaSeconds" AS sla_seconds, last_window.end_at AS window_end,
       client."firstName" AS first_name, client."lastName" AS last_name
FROM {messaging}."ResponseRecord" AS record
JOIN {messaging}."MessageThread" AS thread ON thread.id = record."threadId"
LEFT JOIN {messaging}."Client" AS client ON client."orgId" = thread."orgId" AND client.id = thread."clientId"
CROSS JOIN LATERAL (
    SELECT max(CASE WHEN live.status = 'active' THEN live."endAt"
                    ELSE least(live."endAt", live."updatedAt") END) AS end_at
    FROM {messaging}."AssignmentWindow" AS live
    WHERE live."threadId" = record."threadId"
) AS last_window
WHERE record.id = ANY (ARRAY(SELECT id FROM promised UNION ALL SELECT id FROM old))
    AND record."resolutionStatus" = 'pending'
ORDER BY record."inboundAt", record.id
LIMIT cast(:most AS integer)
FOR UPDATE OF record SKIP LOCKED;

-- name: resolve
-- The status that time gave to records.
UPDATE {messaging}."ResponseRecord" AS record
SET "resolutionStatus" = r.status, "resolvedAt" = cast(:now AS timestamptz), "updatedAt" = cast(:now AS timestamptz)
FROM jsonb_to_recordset(cast(:records AS jsonb)) AS r (id text, status text)
WHERE record.id = r.id AND record."resolutionStatus" = 'pending';

-- name: reply
-- An answer on the thread, said `at` an instant, replies all that is pending there.
UPDATE {messaging}."ResponseRecord"
SET "resolutionStatus" = 'replied', "resolvedAt" = cast(:at AS timestamptz), "resolvedByMessageEventId" = :event_id,
    "responseSeconds" = greatest(0, floor(extract(epoch FROM cast(:at AS timestamptz) - "inboundAt")))::integer,
    "updatedAt" = cast(:now AS timestamptz)
WHERE "threadId" = :thread_id AND "resolutionStatus" = 'pending';
