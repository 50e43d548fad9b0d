-- name: receive
-- Stores the event once, for an organisation that exists, and holds until the transaction's end the organisation
-- (shared; `alone` for a change that reaches across bookings), the booking, the client, the sitter and the texts from
-- the client's phone, in this order: the next statement sees what others committed.
WITH organization AS (
    SELECT id FROM {messaging}."Organization" WHERE id = cast(:org_id AS text)
), stored AS (
    INSERT INTO ops.booking_event (
        webhook_id, org_id, booking_id, type, occurred_at, received_at, body, attempts, next_attempt_at,
        created_at, updated_at
    )
    SELECT :webhook_id, id, :booking_id, :type, cast(:occurred_at AS timestamptz), cast(:now AS timestamptz),
           cast(:body AS jsonb), 0, NULL, cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM organization
    ON CONFLICT (webhook_id) DO NOTHING
    RETURNING webhook_id
), fresh AS (
    SELECT EXISTS (SELECT 1 FROM stored) AS is_new, EXISTS (SELECT 1 FROM organization) AS is_known
)
SELECT is_known, is_new,
       CASE WHEN is_new AND cast(:alone AS boolean) THEN pg_advisory_xact_lock(hashtextextended(:hold_org, 0))
            WHEN is_new THEN pg_advisory_xact_lock_shared(hashtextextended(:hold_org, 0)) END AS held_org,
       CASE WHEN is_new THEN pg_advisory_xact_lock(hashtextextended(:hold_booking, 0)) END AS held_booking,
       CASE WHEN is_new THEN pg_advisory_xact_lock(hashtextextended(:hold_client, 0)) END AS held_client,
       CASE WHEN is_new THEN pg_advisory_xact_lock(hashtextextended(:hold_sitter, 0)) END AS held_sitter,
       CASE WHEN is_new THEN pg_advisory_xact_lock(hashtextextended(:hold_phone, 0)) END AS held_phone
FROM fresh;

-- name: keep
-- Stores the event once, to be settled at next_attempt_at.
WITH organization AS (
    SELECT id FROM {messaging}."Organization" WHERE id = cast(:org_id AS text)
), stored AS (
    INSERT INTO ops.booking_event (
        webhook_id, org_id, booking_id, type, occurred_at, received_at, body, outcome, attempts, next_attempt_at,
        created_at, updated_at
    )
    SELECT :webhook_id, id, :booking_id, :type, cast(:occurred_at AS timestamptz), cast(:now AS timestamptz),
           cast(:body AS jsonb), 'deferred', 1, cast(:next_attempt_at AS timestamptz),
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM organization
    ON CONFLICT (webhook_id) DO NOTHING
    RETURNING webhook_id
)
SELECT EXISTS (SELECT 1 FROM organization) AS is_known, EXISTS (SELECT 1 FROM stored) AS is_new;

-- name: stored_answer
-- What an event was answered.
SELECT thread_id, window_id, number_class FROM ops.booking_event WHERE webhook_id = :webhook_id;

-- name: gather
-- All rows that a booking's desired state follows from, as JSON; its own row, its threads and, where the sitter leaves,
-- the sitter's other threads are locked.
WITH booking AS MATERIALIZED (
    SELECT * FROM {messaging}."Booking" WHERE "orgId" = cast(:org_id AS text) AND id = cast(:booking_id AS text)
    FOR UPDATE
), candidates AS MATERIALIZED (
    SELECT ARRAY[cast(:client_id AS text), (SELECT "clientId" FROM booking)] AS clients,
           ARRAY[cast(:sitter_id AS text), (SELECT "sitterId" FROM booking)] AS sitters
), threads AS MATERIALIZED (
    SELECT * FROM {messaging}."MessageThread"
    WHERE "orgId" = :org_id AND "bookingId" = :booking_id AND scope = 'client_booking'
    ORDER BY id FOR UPDATE
), other_threads AS MATERIALIZED (
    SELECT * FROM {messaging}."MessageThread"
    WHERE cast(:leaves AS boolean) AND "orgId" = :org_id
      AND ("assignedSitterId" = :sitter_id
           OR id IN (SELECT "threadId" FROM {messaging}."AssignmentWindow"
                     WHERE "orgId" = :org_id AND "sitterId" = :sitter_id AND status = 'active'))
      AND scope <> 'owner_sitter' AND ("bookingId" IS DISTINCT FROM :booking_id OR scope <> 'client_booking')
    ORDER BY id FOR UPDATE
), all_threads AS (
    SELECT *, true AS is_own FROM threads UNION ALL SELECT *, false FROM other_threads
)
SELECT
    (SELECT json_build_object(
        'id', id, 'client_id', "clientId", 'sitter_id', "sitterId", 'service', service, 'start_at', "startAt",
        'end_at', "endAt", 'status', status, 'is_recurring', "isRecurring", 'is_meet_and_greet', "isMeetAndGreet",
        'has_weekly_plan', "hasWeeklyPlan", 'occurred_at', "occurredAt", 'occurred_by', "occurredBy")
     FROM booking) AS booking,
    (SELECT json_agg(json_build_object(
        'id', id, 'first_name', "firstName", 'last_name', "lastName", 'phone', phone,
        'has_weekly_plan', "hasWeeklyPlan", 'is_recurring_override', "isRecurringOverride",
        'occurred_at', "occurredAt", 'occurred_by', "occurredBy"))
     FROM {messaging}."Client" WHERE "orgId" = :org_id AND id = ANY ((SELECT clients FROM candidates)::text[])) AS clients,
    (SELECT json_agg(json_build_object(
        'id', id, 'first_name', "firstName", 'last_name', "lastName", 'phone', phone, 'active', active,
        'occurred_at', "occurredAt", 'occurred_by', "occurredBy"))
     FROM {messaging}."Sitter" WHERE "orgId" = :org_id AND id = ANY ((SELECT sitters FROM candidates)::text[])) AS sitters,
    (SELECT json_agg(json_build_object(
        'id', t.id, 'client_id', t."clientId", 'sitter_id', t."assignedSitterId", 'booking_id', t."bookingId",
        'number_id', t."messageNumberId", 'number_class', t."numberClass", 'number_e164', t."maskedNumberE164",
        'is_one_time', t."isOneTimeClient", 'is_meet_and_greet', t."isMeetAndGreet", 'is_open', t.status = 'open',
        'window_id', t."assignmentWindowId", 'is_own', t.is_own,
        'windows', (SELECT json_agg(json_build_object(
                        'id', w.id, 'sitter_id', w."sitterId", 'start_at', w."startAt", 'end_at', w."endAt",
                        'tag', w.tag, 'changed_at', w."updatedAt") ORDER BY w."startAt" DESC, w.id)
                    FROM {messaging}."AssignmentWindow" AS w WHERE w."threadId" = t.id AND w.status = 'active'),
        'participants', (SELECT json_agg(json_build_object(
                        'role', p.role, 'person_id', coalesce(p."clientId", p."userId"), 'e164', p."realE164")
                        ORDER BY p.role, p.id)
                    FROM {messaging}."MessageParticipant" AS p
                    WHERE p."threadId" = t.id AND p.role IN ('client', 'sitter'))) ORDER BY t.id)
     FROM all_threads AS t) AS threads,
    (SELECT json_build_object('id', id, 'e164', e164)
     FROM {messaging}."MessageNumber"
     WHERE "orgId" = :org_id AND "numberClass" = 'front_desk' AND status = 'active' ORDER BY id LIMIT 1) AS front_desk,
    (SELECT json_agg(json_build_object(
        'id', n.id, 'e164', n.e164, 'status', n.status, 'sitter_id', coalesce(m."sitterId", n."assignedSitterId"),
        'is_masked', m.id IS NOT NULL) ORDER BY m.id IS NULL, n.status, n."createdAt", n.id)
     FROM {messaging}."MessageNumber" AS n
     LEFT JOIN {messaging}."SitterMaskedNumber" AS m
         ON m."messageNumberId" = n.id AND m."orgId" = n."orgId" AND m.status = 'active'
     WHERE n."orgId" = :org_id AND n."numberClass" = 'sitter'
       AND (n.status = 'active'
            OR n.status = 'quarantined' AND m.id IS NULL AND n."quarantinedUntil" > cast(:now AS timestamptz))
       AND coalesce(m."sitterId", n."assignedSitterId") = ANY ((SELECT sitters FROM candidates)::text[])) AS sitter_numbers,
    (SELECT json_agg(json_build_object(
        'window_id', id, 'sitter_id', "sitterId", 'tag', tag, 'start_at', "startAt", 'end_at', "endAt",
        'released_at', CASE WHEN status <> 'active' THEN "updatedAt" END))
     FROM {messaging}."AssignmentWindow"
     WHERE "orgId" = :org_id AND "sitterId" = ANY ((SELECT sitters FROM candidates)::text[]) AND tag IS NOT NULL
       AND "endAt" > cast(:near_from AS timestamptz) AND "startAt" < cast(:near_until AS timestamptz)
       AND (status = 'active' OR "updatedAt" > cast(:tags_rest_from AS timestamptz))) AS tags,
    (SELECT json_agg(json_build_object(
        'window_id', window_id, 'sitter_id', sitter_id, 'tag', tag, 'start_at', start_at, 'end_at', end_at,
        'released_at', valid_until))
     FROM ops.window_history
     WHERE org_id = :org_id AND sitter_id = ANY ((SELECT sitters FROM candidates)::text[]) AND tag IS NOT NULL
       AND valid_until > cast(:tags_rest_from AS timestamptz)) AS former_tags,
    (SELECT json_agg(id ORDER BY id) FROM {messaging}."Client"
     WHERE "orgId" = :org_id AND phone = cast(:client_phone AS text) AND "isGuest" AND id <> :client_id) AS guests,
    EXISTS (SELECT 1 FROM ops.booking_event
            WHERE org_id = :org_id AND booking_id = :booking_id AND next_attempt_at IS NOT NULL
              AND webhook_id <> :webhook_id) AS was_deferred;

-- name: write
-- Waiting events of the booking that are not newer wait no more; one that was never settled (without a reason) holds a
-- snapshot that is not stored yet, and stays at the same instant.
-- Everything that an event changes: snapshots, threads, windows with their former values, audits, participants, leases
-- of numbers given up, and the event's outcome. A window is closed before another is made in its place.
WITH told_booking AS (
    SELECT * FROM jsonb_to_recordset(cast(:bookings AS jsonb)) AS x(
        id text, client_id text, sitter_id text, service text, start_at timestamptz, end_at timestamptz, status text,
        is_recurring boolean, is_meet_and_greet boolean, has_weekly_plan boolean, occurred_at timestamptz,
        occurred_by text)
), changed_booking AS (
    UPDATE {messaging}."Booking" AS b
    SET "clientId" = x.client_id, "sitterId" = x.sitter_id, service = x.service, "startAt" = x.start_at,
        "endAt" = x.end_at, status = x.status, "isRecurring" = x.is_recurring, "isMeetAndGreet" = x.is_meet_and_greet,
        "hasWeeklyPlan" = x.has_weekly_plan, "occurredAt" = x.occurred_at, "occurredBy" = x.occurred_by,
        "updatedAt" = cast(:now AS timestamptz)
    FROM told_booking AS x WHERE b."orgId" = cast(:org_id AS text) AND b.id = x.id
    RETURNING b.id
), new_booking AS (
    INSERT INTO {messaging}."Booking" (
        "orgId", id, "clientId", "sitterId", service, "startAt", "endAt", status, "isRecurring", "isMeetAndGreet",
        "hasWeeklyPlan", "occurredAt", "occurredBy", "createdAt", "updatedAt"
    )
    SELECT :org_id, id, client_id, sitter_id, service, start_at, end_at, status, is_recurring, is_meet_and_greet,
           has_weekly_plan, occurred_at, occurred_by, cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM told_booking WHERE NOT EXISTS (SELECT 1 FROM changed_booking)
), told_client AS (
    SELECT * FROM jsonb_to_recordset(cast(:clients AS jsonb)) AS x(
        id text, first_name text, last_name text, phone text, has_weekly_plan boolean, occurred_at timestamptz,
        occurred_by text)
), changed_client AS (
    UPDATE {messaging}."Client" AS c
    SET "firstName" = x.first_name, "lastName" = x.last_name, phone = x.phone, "hasWeeklyPlan" = x.has_weekly_plan,
        "isGuest" = false, "occurredAt" = x.occurred_at, "occurredBy" = x.occurred_by,
        "updatedAt" = cast(:now AS timestamptz)
    FROM told_client AS x WHERE c."orgId" = :org_id AND c.id = x.id
    RETURNING c.id
), new_client AS (
    INSERT INTO {messaging}."Client" (
        "orgId", id, "firstName", "lastName", phone, "hasWeeklyPlan", "isGuest", "occurredAt", "occurredBy",
        "createdAt", "updatedAt"
    )
    SELECT :org_id, id, first_name, last_name, phone, has_weekly_plan, false, occurred_at, occurred_by,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM told_client WHERE NOT EXISTS (SELECT 1 FROM changed_client)
), told_sitter AS (
    SELECT * FROM jsonb_to_recordset(cast(:sitters AS jsonb)) AS x(
        id text, first_name text, last_name text, phone text, active boolean, occurred_at timestamptz, occurred_by text)
), changed_sitter AS (
    UPDATE {messaging}."Sitter" AS s
    SET "firstName" = x.first_name, "lastName" = x.last_name, phone = x.phone, active = x.active,
        "occurredAt" = x.occurred_at, "occurredBy" = x.occurred_by, "updatedAt" = cast(:now AS timestamptz)
    FROM told_sitter AS x WHERE s."orgId" = :org_id AND s.id = x.id
    RETURNING s.id
), new_sitter AS (
    INSERT INTO {messaging}."Sitter" (
        "orgId", id, "firstName", "lastName", phone, active, "occurredAt", "occurredBy", "createdAt", "updatedAt"
    )
    SELECT :org_id, id, first_name, last_name, phone, active, occurred_at, occurred_by,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM told_sitter WHERE NOT EXISTS (SELECT 1 FROM changed_sitter)
), told_thread AS (
    SELECT * FROM jsonb_to_recordset(cast(:threads AS jsonb)) AS x(
        id text, is_new boolean, booking_id text, client_id text, sitter_id text, is_open boolean, number_id text,
        number_class text, number_e164 text, former_number_id text, is_one_time boolean, is_meet_and_greet boolean,
        window_id text)
), changed_thread AS (
    UPDATE {messaging}."MessageThread" AS t
    SET "assignedSitterId" = x.sitter_id, "messageNumberId" = x.number_id, "numberClass" = x.number_class,
        "maskedNumberE164" = x.number_e164, "isOneTimeClient" = x.is_one_time, "isMeetAndGreet" = x.is_meet_and_greet,
        "assignmentWindowId" = x.window_id, status = CASE WHEN x.is_open THEN 'open' ELSE t.status END,
        "updatedAt" = cast(:now AS timestamptz)
    FROM told_thread AS x WHERE NOT x.is_new AND t.id = x.id
), new_thread AS (
    INSERT INTO {messaging}."MessageThread" (
        id, "orgId", scope, "bookingId", "clientId", "assignedSitterId", status, "messageNumberId", "numberClass",
        "maskedNumberE164", "isOneTimeClient", "isMeetAndGreet", "assignmentWindowId", "ownerUnreadCount",
        "createdAt", "updatedAt"
    )
    SELECT id, :org_id, 'client_booking', booking_id, client_id, sitter_id, 'open', number_id, number_class,
           number_e164, is_one_time, is_meet_and_greet, window_id, 0,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM told_thread WHERE is_new
), released AS (
    UPDATE ops.pool_lease AS lease SET released_at = cast(:now AS timestamptz)
    FROM told_thread AS x
    WHERE x.former_number_id IS NOT NULL AND lease.thread_id = x.id AND lease.number_id = x.former_number_id
      AND lease.released_at IS NULL
), told_window AS (
    -- A change takes effect after the last text that was routed before the thread was locked.
    SELECT x.id, x.is_new, x.thread_id, x.sitter_id, x.start_at, x.end_at, x.status, x.tag,
           greatest(x.changed_at, cast(thread."lastInboundAt" AS timestamptz) + interval '1 millisecond') AS changed_at
    FROM jsonb_to_recordset(cast(:windows AS jsonb)) AS x(
        id text, is_new boolean, thread_id text, sitter_id text, start_at timestamptz, end_at timestamptz,
        status text, tag integer, changed_at timestamptz)
    LEFT JOIN {messaging}."MessageThread" AS thread ON thread.id = x.thread_id AND NOT x.is_new
), history AS (
    INSERT INTO ops.window_history (
        org_id, window_id, thread_id, sitter_id, start_at, end_at, status, tag, valid_from, valid_until
    )
    SELECT :org_id, w.id, w."threadId", w."sitterId", w."startAt", w."endAt", w.status, w.tag, w."updatedAt",
           x.changed_at
    FROM told_window AS x JOIN {messaging}."AssignmentWindow" AS w ON w.id = x.id
    WHERE NOT x.is_new
), changed_window AS (
    UPDATE {messaging}."AssignmentWindow" AS w
    SET "sitterId" = x.sitter_id, "startAt" = x.start_at, "endAt" = x.end_at, status = x.status, tag = x.tag,
        "updatedAt" = x.changed_at
    FROM told_window AS x WHERE NOT x.is_new AND w.id = x.id
    RETURNING w.id
), new_window AS (
    INSERT INTO {messaging}."AssignmentWindow" (
        id, "orgId", "threadId", "bookingId", "sitterId", "startAt", "endAt", status, tag, "createdAt", "updatedAt"
    )
    SELECT id, :org_id, thread_id, :booking_id, sitter_id, start_at, end_at, status, tag, changed_at, changed_at
    FROM told_window WHERE is_new AND (SELECT count(*) FROM changed_window) >= 0
), audit AS (
    INSERT INTO {messaging}."ThreadAssignmentAudit" (
        id, "orgId", "threadId", "fromSitterId", "toSitterId", "actorUserId", reason, "createdAt", "updatedAt"
    )
    SELECT id, :org_id, thread_id, from_sitter_id, to_sitter_id, 'booking-webhook', :audit_reason,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM jsonb_to_recordset(cast(:audits AS jsonb)) AS x(
        id text, thread_id text, from_sitter_id text, to_sitter_id text)
), left_thread AS (
    DELETE FROM {messaging}."MessageParticipant" AS p
    USING jsonb_to_recordset(cast(:leavers AS jsonb)) AS x(thread_id text, role text, e164 text)
    WHERE p."threadId" = x.thread_id AND p.role = x.role AND p."realE164" IS NOT DISTINCT FROM x.e164
    RETURNING p.id
), joined_thread AS (
    INSERT INTO {messaging}."MessageParticipant" (
        id, "orgId", "threadId", role, "userId", "clientId", "displayName", "realE164", "createdAt", "updatedAt"
    )
    SELECT id, :org_id, thread_id, role, user_id, client_id, display_name, e164,
           cast(:now AS timestamptz), cast(:now AS timestamptz)
    FROM jsonb_to_recordset(cast(:joiners AS jsonb)) AS x(
        id text, thread_id text, role text, user_id text, client_id text, display_name text, e164 text)
    WHERE (SELECT count(*) FROM left_thread) >= 0
    ON CONFLICT DO NOTHING
)
UPDATE ops.booking_event
SET outcome = CASE WHEN webhook_id = :webhook_id THEN :outcome ELSE outcome END,
    reason = CASE WHEN webhook_id = :webhook_id THEN :reason ELSE reason END,
    thread_id = CASE WHEN webhook_id = :webhook_id THEN :thread_id ELSE thread_id END,
    window_id = CASE WHEN webhook_id = :webhook_id THEN :window_id ELSE window_id END,
    number_class = CASE WHEN webhook_id = :webhook_id THEN :number_class ELSE number_class END,
    attempts = CASE WHEN webhook_id = :webhook_id THEN attempts + 1 ELSE attempts END,
    next_attempt_at = CASE WHEN webhook_id = :webhook_id THEN cast(:next_attempt_at AS timestamptz) END,
    updated_at = cast(:now AS timestamptz)
WHERE webhook_id = :webhook_id
   OR (cast(:supersedes AS boolean) AND org_id = :org_id AND booking_id = :booking_id AND next_attempt_at IS NOT NULL
       AND (occurred_at < cast(:occurred_at AS timestamptz)
            OR occurred_at = cast(:occurred_at AS timestamptz) AND reason IS NOT NULL));

-- name: waiting
-- Events whose next attempt is due, the longest waiting first; is_deferred: settled before, and found wanting something.
SELECT webhook_id, cast(body AS text) AS body, attempts,
       coalesce(outcome = 'deferred' AND reason <> '', false) AS is_deferred
FROM ops.booking_event
WHERE next_attempt_at <= cast(:now AS timestamptz)
ORDER BY next_attempt_at, webhook_id
LIMIT :max_rows;

-- name: hold
-- Holds the organisation (shared, or alone), the booking, the client, the sitter and the texts from the client's phone
-- until the transaction's end.
SELECT CASE WHEN cast(:alone AS boolean) THEN pg_advisory_xact_lock(hashtextextended(:hold_org, 0))
            ELSE pg_advisory_xact_lock_shared(hashtextextended(:hold_org, 0)) END AS held_org,
       pg_advisory_xact_lock(hashtextextended(:hold_booking, 0)) AS held_booking,
       pg_advisory_xact_lock(hashtextextended(:hold_client, 0)) AS held_client,
       pg_advisory_xact_lock(hashtextextended(:hold_sitter, 0)) AS held_sitter,
       pg_advisory_xact_lock(hashtextextended(:hold_phone, 0)) AS held_phone;

-- name: still_waiting
-- The event, if it is still due.
SELECT webhook_id FROM ops.booking_event
WHERE webhook_id = :webhook_id AND next_attempt_at <= cast(:now AS timestamptz)
FOR UPDATE;

-- name: put_back
-- One more attempt made, the next one later.
UPDATE ops.booking_event
SET attempts = attempts + 1, next_attempt_at = cast(:next_attempt_at AS timestamptz),
    updated_at = cast(:now AS timestamptz)
WHERE webhook_id = :webhook_id AND next_attempt_at IS NOT NULL;

-- name: wake_others
-- The newest event of each other booking of the sitter that is not over is due now.
UPDATE ops.booking_event
SET next_attempt_at = cast(:now AS timestamptz), updated_at = cast(:now AS timestamptz)
WHERE webhook_id IN (
    SELECT DISTINCT ON (e.booking_id) e.webhook_id
    FROM {messaging}."Booking" AS b
    JOIN ops.booking_event AS e ON e.org_id = b."orgId" AND e.booking_id = b.id
    WHERE b."orgId" = cast(:org_id AS text) AND b."sitterId" = cast(:sitter_id AS text)
      AND b.id <> cast(:booking_id AS text) AND b.status IN ('pending', 'confirmed')
      AND b."endAt" > cast(:now AS timestamptz)
    ORDER BY e.booking_id, e.occurred_at DESC, e.webhook_id DESC
);

-- name: wake_wanting
-- Events that were deferred for want of something that is there now are due; those being settled are left to it.
UPDATE ops.booking_event
SET next_attempt_at = cast(:now AS timestamptz), updated_at = cast(:now AS timestamptz)
WHERE webhook_id IN (
    SELECT webhook_id FROM ops.booking_event
    WHERE org_id = cast(:org_id AS text) AND next_attempt_at > cast(:now AS timestamptz) AND outcome = 'deferred'
      AND reason = ANY (cast(:reasons AS text[]))
    ORDER BY webhook_id
    FOR UPDATE SKIP LOCKED
);
