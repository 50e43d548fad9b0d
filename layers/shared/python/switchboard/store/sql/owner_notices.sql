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
), thread AS (
    INSERT INTO {messaging}."MessageThread" (
        id, "orgId", scope, status, "messageNumberId", "numberClass", "maskedNumberE164", "isMeetAndGreet",
        "ownerUnreadCount", "lastMessageAt", "lastOutboundAt", "createdAt", "updatedAt"
    )
    SELECT :thread_id, org_id, 'internal', 'open', number_id, 'front_desk', e164, false,
           0, cast(:now AS timestamptz), cast(:now AS timestamptz), cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM reachable
    ON CONFLICT ("orgId") WHERE scope = 'internal' DO UPDATE
    SET "lastMessageAt" = greatest("MessageThread"."lastMessageAt", excluded."lastMessageAt"),
        "lastOutboundAt" = greatest("MessageThread"."lastOutboundAt", excluded."lastOutboundAt"),
        "updatedAt" = excluded."updatedAt"
    RETURNING id
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
