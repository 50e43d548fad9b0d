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
-- is made if missing. Without a front desk number or the owner's phone it is recorded all the same.
WITH told AS (
    INSERT INTO ops.owner_notice (org_id, subject, noticed_at)
    VALUES (:org_id, :subject, cast(:now AS timestamptz))
    ON CONFLICT (org_id, subject) DO UPDATE SET noticed_at = excluded.noticed_at
    WHERE owner_notice.noticed_at <= cast(:told_before AS timestamptz)
    RETURNING org_id
), reachable AS (
    SELECT organization.id AS org_id, organization."ownerPhone" AS owner_e164, number.id AS number_id, number.e164
    FROM told
    JOIN {messaging}."Organization" AS organization ON organization.id = told.org_id
    JOIN {messaging}."MessageNumber" AS number
        ON number."orgId" = organization.id AND number."numberClass" = 'front_desk' AND number.status = 'active'
    WHERE organization."ownerPhone" <> ''
    ORDER BY number.id
    LIMIT 1
), home AS (
    SELECT id
    FROM {messaging}."MessageThread"
    WHERE "orgId" = :org_id AND scope = 'internal' AND EXISTS (SELECT 1 FROM reachable)
    ORDER BY "createdAt", id
    LIMIT 1
), touched AS (
    UPDATE {messaging}."MessageThread" AS thread
    SET "lastMessageAt" = greatest(thread."lastMessageAt", cast(:now AS timestamptz)),
        "lastOutboundAt" = greatest(thread."lastOutboundAt", cast(:now AS timestamptz)),
        "updatedAt" = cast(:now AS timestamptz)
    FROM home
    WHERE thread.id = home.id
), made AS (
    INSERT INTO {messaging}."MessageThread" (
        id, "orgId", scope, status, "messageNumberId", "numberClass", "maskedNumberE164", "isMeetAndGreet",
        "ownerUnreadCount", "lastMessageAt", "lastOutboundAt", "createdAt", "updatedAt"
    )
    SELECT :thread_id, org_id, 'internal', 'open', number_id, 'front_desk', e164, false,
           0, cast(:now AS timestamptz), cast(:now AS timestamptz), cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM reachable
    WHERE NOT EXISTS (SELECT 1 FROM home)
    RETURNING id
), thread AS (
    SELECT id FROM home
    UNION ALL
    SELECT id FROM made
), event AS (
    INSERT INTO {messaging}."MessageEvent" (
        id, "orgId", "threadId", direction, "actorType", body, "deliveryStatus", "requiresResponse", "attemptCount",
        "createdAt", "updatedAt"
    )
    SELECT :event_id, reachable.org_id, thread.id, 'outbound', 'system', :body, 'queued', false, 0,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM reachable CROSS JOIN thread
), text AS (
    INSERT INTO ops.outbound_text (
        event_id, org_id, thread_id, sender_e164, recipient_e164, purpose, created_at, updated_at
    )
    SELECT :event_id, reachable.org_id, thread.id, reachable.e164, reachable.owner_e164, 'owner_notice',
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM reachable CROSS JOIN thread
)
SELECT id AS thread_id FROM thread;

-- name: clear
-- Forgets that the owner was told.
DELETE FROM ops.owner_notice WHERE org_id = :org_id AND subject = :subject;
