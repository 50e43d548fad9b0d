-- name: hold
-- Whoever may make the internal thread, one after the other: on an adopted database no index says that there is one.
SELECT pg_advisory_xact_lock(hashtextextended('internal thread ' || cast(:org_id AS text), 0)) IS NULL AS waited
WHERE NOT EXISTS (SELECT 1 FROM {messaging}."MessageThread" WHERE "orgId" = :org_id AND scope = 'internal');

-- name: internal_thread
-- The organisation's internal thread; of several, as an earlier application may have made, the oldest.
SELECT id
FROM {messaging}."MessageThread"
WHERE "orgId" = :org_id AND scope = 'internal'
ORDER BY "createdAt", id
LIMIT 1;

-- name: tell
-- Records the notice unless told since told_before (null: ever), then queues its text on the internal thread, which
-- is made if missing. Without a front desk number or the owner's phone it stands there as failed, unread.
WITH told AS (
    INSERT INTO ops.owner_notice (org_id, subject, noticed_at)
    VALUES (:org_id, :subject, cast(:now AS timestamptz))
    ON CONFLICT (org_id, subject) DO UPDATE SET noticed_at = excluded.noticed_at
    WHERE owner_notice.noticed_at <= cast(:told_before AS timestamptz)
    RETURNING org_id
), way AS (
    SELECT organization.id AS org_id, organization."ownerPhone" AS owner_e164, desk.id AS number_id, desk.e164,
           desk.id IS NOT NULL AND coalesce(organization."ownerPhone", '') <> '' AS is_open
    FROM told
    JOIN {messaging}."Organization" AS organization ON organization.id = told.org_id
    LEFT JOIN LATERAL (
        SELECT number.id, number.e164
        FROM {messaging}."MessageNumber" AS number
        WHERE number."orgId" = organization.id AND number."numberClass" = 'front_desk' AND number.status = 'active'
        ORDER BY number.id
        LIMIT 1
    ) AS desk ON true
), home AS (
    SELECT id
    FROM {messaging}."MessageThread"
    WHERE "orgId" = :org_id AND scope = 'internal' AND EXISTS (SELECT 1 FROM way)
    ORDER BY "createdAt", id
    LIMIT 1
), touched AS (
    UPDATE {messaging}."MessageThread" AS thread
    SET "lastMessageAt" = greatest(thread."lastMessageAt", cast(:now AS timestamptz)),
        "lastOutboundAt" = greatest(thread."lastOutboundAt", cast(:now AS timestamptz)),
        "ownerUnreadCount" = thread."ownerUnreadCount" + CASE WHEN way.is_open THEN 0 ELSE 1 END,
        "updatedAt" = cast(:now AS timestamptz)
    FROM home CROSS JOIN way
    WHERE thread.id = home.id
), made AS (
    INSERT INTO {messaging}."MessageThread" (
        id, "orgId", scope, status, "messageNumberId", "numberClass", "maskedNumberE164", "isMeetAndGreet",
        "ownerUnreadCount", "lastMessageAt", "lastOutboundAt", "createdAt", "updatedAt"
    )
    SELECT :thread_id, org_id, 'internal', 'open', number_id, CASE WHEN number_id IS NOT NULL THEN 'front_desk' END, e164,
           false, CASE WHEN is_open THEN 0 ELSE 1 END, cast(:now AS timestamptz), cast(:now AS timestamptz),
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM way
    WHERE NOT EXISTS (SELECT 1 FROM home)
    RETURNING id
), thread AS (
    SELECT id FROM home
    UNION ALL
    SELECT id FROM made
), event AS (
    INSERT INTO {messaging}."MessageEvent" (
        id, "orgId", "threadId", direction, "actorType", body, "deliveryStatus", "failureCode", "failureDetail",
        "requiresResponse", "attemptCount", "createdAt", "updatedAt"
    )
    SELECT :event_id, way.org_id, thread.id, 'outbound', 'system', :body,
           CASE WHEN way.is_open THEN 'queued' ELSE 'failed' END,
           CASE WHEN NOT way.is_open THEN cast(:failure_code AS text) END,
           CASE WHEN NOT way.is_open THEN cast(:failure_detail AS text) END,
           false, 0, cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM way CROSS JOIN thread
), text AS (
    INSERT INTO ops.outbound_text (
        event_id, org_id, thread_id, sender_e164, recipient_e164, purpose, created_at, updated_at
    )
    SELECT :event_id, way.org_id, thread.id, way.e164, way.owner_e164, 'owner_notice',
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM way CROSS JOIN thread
    WHERE way.is_open
)
SELECT thread.id AS thread_id FROM thread CROSS JOIN way WHERE way.is_open;

-- name: clear
-- Forgets that the owner was told.
DELETE FROM ops.owner_notice WHERE org_id = :org_id AND subject = :subject;
