-- name: lock
-- An inbound text with its attempt, and its thread as it is now; thread and text are locked, so that it is released once.
SELECT event."threadId" AS thread_id, event."actorType" AS actor_type, event.body, event."mediaJson" AS media,
       event."createdAt" AS arrived_at, event."metadataJson" AS metadata,
       coalesce(event."failureCode" = 'ANTI_POACHING_BLOCKED' AND attempt.action = 'blocked'
                AND attempt."resolvedAt" IS NULL, false) AS waits,
       coalesce(number.e164, thread."maskedNumberE164") AS number_e164,
       client.id AS client_id, client."firstName" AS client_first, client."lastName" AS client_last,
       client.phone AS client_phone, client."isGuest" AS is_guest,
       sitter.id AS sitter_id, sitter."firstName" AS sitter_first, sitter."lastName" AS sitter_last,
       sitter.phone AS sitter_phone, sitter.active AS sitter_active,
       (SELECT json_agg(opted."phoneE164")
        FROM {messaging}."OptOutState" AS opted
        WHERE opted."orgId" = event."orgId" AND opted.state = 'opted_out'
            AND opted."phoneE164" IN (client.phone, sitter.phone)) AS opted_out
FROM {messaging}."MessageEvent" AS event
JOIN {messaging}."MessageThread" AS thread ON thread.id = event."threadId"
LEFT JOIN {messaging}."AntiPoachingAttempt" AS attempt ON attempt."eventId" = event.id
LEFT JOIN {messaging}."MessageNumber" AS number ON number.id = thread."messageNumberId"
LEFT JOIN {messaging}."Client" AS client ON client."orgId" = thread."orgId" AND client.id = thread."clientId"
LEFT JOIN {messaging}."Sitter" AS sitter
    ON sitter."orgId" = thread."orgId" AND sitter.id = thread."assignedSitterId"
WHERE event.id = :event_id AND event."orgId" = :org_id AND event.direction = 'inbound'
FOR NO KEY UPDATE OF thread, event;

-- name: mark_released
-- The text counts as received, its attempt as a warning; a client's waits for an answer again, a sitter's is one.
WITH event AS (
    UPDATE {messaging}."MessageEvent"
    SET "deliveryStatus" = 'received', "failureCode" = null, "failureDetail" = null, "metadataJson" = :metadata,
        "updatedAt" = cast(:now AS timestamptz)
    WHERE id = :event_id
), pending AS (
    UPDATE {messaging}."ResponseRecord"
    SET "resolutionStatus" = 'pending', "resolvedAt" = null, "updatedAt" = cast(:now AS timestamptz)
    WHERE NOT cast(:from_sitter AS boolean) AND "threadId" = :thread_id AND "inboundMessageEventId" = :event_id
), replied AS (
    UPDATE {messaging}."ResponseRecord" AS record
    SET "resolutionStatus" = 'replied', "resolvedAt" = cast(:now AS timestamptz),
        "resolvedByMessageEventId" = :event_id,
        "responseSeconds" =
            greatest(0, floor(extract(epoch FROM cast(:now AS timestamptz) - record."inboundAt")))::integer,
        "updatedAt" = cast(:now AS timestamptz)
    WHERE cast(:from_sitter AS boolean) AND record."threadId" = :thread_id AND record."resolutionStatus" = 'pending'
        AND record."inboundAt" <= cast(:arrived_at AS timestamptz)
)
UPDATE {messaging}."AntiPoachingAttempt"
SET action = 'warned', "resolvedAt" = cast(:now AS timestamptz), "resolvedByUserId" = :user_id,
    "updatedAt" = cast(:now AS timestamptz)
WHERE "eventId" = :event_id;
