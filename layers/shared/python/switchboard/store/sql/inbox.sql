-- name: threads
-- A page of the organisation's threads, newest first, those in which nothing was said last; or the one named. A page
-- is cut out of the index thread_newest in two parts, before anything else is read. A thread that is no booking's, or on
-- the front desk, has the number of the front desk that there is now.
WITH desk AS (
    SELECT e164 FROM {messaging}."MessageNumber"
    WHERE "orgId" = cast(:org_id AS text) AND "numberClass" = 'front_desk' AND status = 'active' ORDER BY id LIMIT 1
), dated AS (
    SELECT thread.id, thread."lastMessageAt" AS at
    FROM {messaging}."MessageThread" AS thread
    WHERE cast(:thread_id AS text) IS NULL AND NOT cast(:undated AS boolean) AND thread."orgId" = cast(:org_id AS text)
        AND thread."lastMessageAt" <= coalesce(cast(:before AS timestamptz), 'infinity')
        AND (thread."lastMessageAt" < coalesce(cast(:before AS timestamptz), 'infinity')
             OR thread.id > cast(:after_id AS text))
    ORDER BY thread."lastMessageAt" DESC NULLS LAST, thread.id
    LIMIT 101
), undated AS (
    SELECT thread.id, cast(null AS timestamptz) AS at
    FROM {messaging}."MessageThread" AS thread
    WHERE cast(:thread_id AS text) IS NULL AND thread."orgId" = cast(:org_id AS text)
        AND thread."lastMessageAt" IS NULL AND (NOT cast(:undated AS boolean) OR thread.id > cast(:after_id AS text))
    ORDER BY thread."lastMessageAt" DESC NULLS LAST, thread.id
    LIMIT 101
), named AS (
    SELECT thread.id, thread."lastMessageAt" AS at
    FROM {messaging}."MessageThread" AS thread
    WHERE thread.id = cast(:thread_id AS text) AND thread."orgId" = cast(:org_id AS text)
), page AS (
    SELECT id, at FROM dated
    UNION ALL SELECT id, at FROM undated
    UNION ALL SELECT id, at FROM named
    ORDER BY at DESC NULLS LAST, id
    LIMIT cast(:most AS integer)
)
SELECT thread.id, thread.scope, thread."bookingId" AS booking_id,
       CASE WHEN desk.e164 IS NULL THEN thread."numberClass" ELSE 'front_desk' END AS number_class,
       coalesce(desk.e164, number.e164, thread."maskedNumberE164") AS number_e164, thread."ownerUnreadCount" AS unread,
       page.at AS last_message_at, last_event.body AS last_message, held.many AS held,
       live."startAt" AS window_start, live."endAt" AS window_end,
       client.id AS client_id, client."firstName" AS client_first, client."lastName" AS client_last,
       client."isGuest" AS is_guest, client."isRecurringOverride" AS recurring_override,
       sitter.id AS sitter_id, sitter."firstName" AS sitter_first, sitter."lastName" AS sitter_last,
       sitter."relayLockedAt" AS sitter_locked_at
FROM page
JOIN {messaging}."MessageThread" AS thread ON thread.id = page.id
LEFT JOIN desk
    ON thread.scope IN ('client_general', 'owner_sitter', 'internal') OR thread."numberClass" = 'front_desk'
LEFT JOIN {messaging}."MessageNumber" AS number ON number.id = thread."messageNumberId"
LEFT JOIN {messaging}."Client" AS client ON client."orgId" = thread."orgId" AND client.id = thread."clientId"
LEFT JOIN {messaging}."Sitter" AS sitter
    ON sitter."orgId" = thread."orgId" AND sitter.id = thread."assignedSitterId"
LEFT JOIN LATERAL (
    SELECT event.body
    FROM {messaging}."MessageEvent" AS event
    WHERE event."threadId" = thread.id
    ORDER BY event."createdAt" DESC, event.direction DESC, event.id DESC
    LIMIT 1
) AS last_event ON true
LEFT JOIN LATERAL (
    SELECT coming."startAt", coming."endAt"
    FROM {messaging}."AssignmentWindow" AS coming
    WHERE coming."threadId" = thread.id AND coming.status = 'active' AND coming."endAt" > cast(:now AS timestamptz)
    ORDER BY coming."startAt", coming.id
    LIMIT 1
) AS live ON true
CROSS JOIN LATERAL (
    SELECT cast(count(*) AS integer) AS many
    FROM {messaging}."AntiPoachingAttempt" AS attempt
    WHERE attempt."threadId" = thread.id AND attempt.action = 'blocked' AND attempt."resolvedAt" IS NULL
) AS held
ORDER BY page.at DESC NULLS LAST, page.id;

-- name: messages
-- The newest texts of a thread, or the newest before a place, or the one named, oldest first; with what was found in
-- one that is held.
SELECT newest.id, newest.direction, newest.actor_type, newest.body, newest.media, newest.status, newest.failure_code,
       newest.failure_detail, newest.metadata, newest.created_at, attempt."violationType" AS held_type,
       attempt."detectedContent" AS held_preview
FROM (
    SELECT event.id, event.direction, event."actorType" AS actor_type, event.body, event."mediaJson" AS media,
           event."deliveryStatus" AS status, event."failureCode" AS failure_code,
           event."failureDetail" AS failure_detail, event."metadataJson" AS metadata, event."createdAt" AS created_at
    FROM {messaging}."MessageEvent" AS event
    WHERE event."threadId" = :thread_id AND event."orgId" = :org_id
        AND (cast(:event_id AS text) IS NULL OR event.id = cast(:event_id AS text))
        AND event."createdAt" <= coalesce(cast(:before AS timestamptz), 'infinity')
        AND (cast(:before AS timestamptz) IS NULL OR (event."createdAt", event.direction, event.id)
             < (cast(:before AS timestamptz), cast(:before_direction AS text), cast(:before_id AS text)))
    ORDER BY event."createdAt" DESC, event.direction DESC, event.id DESC
    LIMIT cast(:most AS integer)
) AS newest
LEFT JOIN {messaging}."AntiPoachingAttempt" AS attempt
    ON attempt."eventId" = newest.id AND attempt.action = 'blocked' AND attempt."resolvedAt" IS NULL
ORDER BY newest.created_at, newest.direction, newest.id;

-- name: assignments
-- Who had a thread when, the first assignment first.
SELECT audit."createdAt" AS at, audit.reason, audit."actorUserId" AS actor,
       audit."fromSitterId" AS from_id, former."firstName" AS from_first, former."lastName" AS from_last,
       audit."toSitterId" AS to_id, latter."firstName" AS to_first, latter."lastName" AS to_last
FROM {messaging}."ThreadAssignmentAudit" AS audit
LEFT JOIN {messaging}."Sitter" AS former ON former."orgId" = audit."orgId" AND former.id = audit."fromSitterId"
LEFT JOIN {messaging}."Sitter" AS latter ON latter."orgId" = audit."orgId" AND latter.id = audit."toSitterId"
WHERE audit."threadId" = :thread_id AND audit."orgId" = :org_id
ORDER BY audit."createdAt", audit.id;

-- name: recipients
-- Whom the owner can text on a thread and from which number: the front desk's that there is now, and no other in its
-- place, where the thread is no booking's or on the front desk. The thread is locked.
SELECT CASE WHEN thread.scope IN ('client_general', 'owner_sitter', 'internal') OR thread."numberClass" = 'front_desk'
            THEN (SELECT desk.e164 FROM {messaging}."MessageNumber" AS desk
                  WHERE desk."orgId" = thread."orgId" AND desk."numberClass" = 'front_desk' AND desk.status = 'active'
                  ORDER BY desk.id LIMIT 1)
            ELSE coalesce(number.e164, thread."maskedNumberE164") END AS number_e164,
       client.id AS client_id, client.phone AS client_e164,
       sitter.id AS sitter_id, sitter.phone AS sitter_e164, sitter.active AS sitter_active,
       (SELECT json_agg(opted."phoneE164")
        FROM {messaging}."OptOutState" AS opted
        WHERE opted."orgId" = thread."orgId" AND opted.state = 'opted_out'
            AND opted."phoneE164" IN (client.phone, sitter.phone)) AS opted_out
FROM {messaging}."MessageThread" AS thread
LEFT JOIN {messaging}."MessageNumber" AS number ON number.id = thread."messageNumberId"
LEFT JOIN {messaging}."Client" AS client ON client."orgId" = thread."orgId" AND client.id = thread."clientId"
LEFT JOIN {messaging}."Sitter" AS sitter
    ON sitter."orgId" = thread."orgId" AND sitter.id = thread."assignedSitterId"
WHERE thread.id = :thread_id AND thread."orgId" = :org_id
FOR NO KEY UPDATE OF thread;

-- name: mark_read
-- The owner has seen the thread.
UPDATE {messaging}."MessageThread"
SET "ownerUnreadCount" = 0, "updatedAt" = cast(:now AS timestamptz)
WHERE id = :thread_id AND "orgId" = :org_id
RETURNING id;

-- name: unlock_sitter
-- The sitter's texts are relayed again.
UPDATE {messaging}."Sitter"
SET "relayLockedAt" = null, "updatedAt" = cast(:now AS timestamptz)
WHERE id = :sitter_id AND "orgId" = :org_id
RETURNING id;

-- name: set_override
-- What the owner says of the client; null: the bookings decide.
UPDATE {messaging}."Client"
SET "isRecurringOverride" = cast(:override AS boolean), "updatedAt" = cast(:now AS timestamptz)
WHERE id = :client_id AND "orgId" = :org_id
RETURNING id;

-- name: signals
-- What speaks for a recurring client on each of their threads (locked): its booking; without one, any of theirs.
SELECT thread.id AS thread_id,
       EXISTS (SELECT 1 FROM {messaging}."Booking" AS booking
               WHERE booking."orgId" = thread."orgId" AND booking."clientId" = thread."clientId"
                   AND booking.id = coalesce(thread."bookingId", booking.id)
                   AND booking."isRecurring") AS says_recurring,
       client."hasWeeklyPlan"
       OR EXISTS (SELECT 1 FROM {messaging}."Booking" AS booking
                  WHERE booking."orgId" = thread."orgId" AND booking."clientId" = thread."clientId"
                      AND booking.id = coalesce(thread."bookingId", booking.id)
                      AND booking."hasWeeklyPlan") AS has_weekly_plan
FROM {messaging}."MessageThread" AS thread
JOIN {messaging}."Client" AS client ON client."orgId" = thread."orgId" AND client.id = thread."clientId"
WHERE thread."orgId" = :org_id AND thread."clientId" = :client_id
ORDER BY thread.id
FOR NO KEY UPDATE OF thread;

-- name: classify
-- Whether each thread's client is a one-time client; numbers change at the next assignment.
UPDATE {messaging}."MessageThread" AS thread
SET "isOneTimeClient" = c.is_one_time, "updatedAt" = cast(:now AS timestamptz)
FROM jsonb_to_recordset(cast(:classified AS jsonb)) AS c (thread_id text, is_one_time boolean)
WHERE thread.id = c.thread_id AND thread."isOneTimeClient" IS DISTINCT FROM c.is_one_time;

-- name: backfill_runs
-- The newest runs of all backfills, or the newest before a number, or the one named.
SELECT number, backfill
FROM ops.backfill_run
WHERE (cast(:run_id AS text) IS NULL OR id = cast(:run_id AS text))
    AND number < coalesce(cast(:before AS bigint), 9223372036854775807)
ORDER BY number DESC
LIMIT cast(:most AS integer);
