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
-- the sitter's other threads are locked. When a snapshot occurred, its event says more exactly than its row.
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
        'has_weekly_plan', "hasWeeklyPlan", 'occurred_at',
        coalesce((SELECT told.occurred_at FROM ops.booking_event AS told WHERE told.webhook_id = "occurredBy"), "occurredAt"),
        'occurred_by', "occurredBy")
     FROM booking) AS booking,
    (SELECT json_agg(json_build_object(
        'id', id, 'first_name', "firstName", 'last_name', "lastName", 'phone', phone,
        'has_weekly_plan', "hasWeeklyPlan", 'is_recurring_override', "isRecurringOverride",
        'occurred_at',
        coalesce((SELECT told.occurred_at FROM ops.booking_event AS told WHERE told.webhook_id = "occurredBy"), "occurredAt"),
        'occurred_by', "occurredBy"))
     FROM {messaging}."Client" WHERE "orgId" = :org_id AND id = ANY ((SELECT clients FROM candidates)::text[])) AS clients,
    (SELECT json_agg(json_build_object(
        'id', id, 'first_name', "firstName", 'last_name', "lastName", 'phone', phone, 'active', active,
        'offboarded', "offboardedAt" IS NOT NULL, 'occurred_at',
        coalesce((SELECT told.occurred_at FROM ops.booking_event AS told WHERE told.webhook_id = "occurredBy"), "occurredAt"),
        'occurred_by', "occurredBy"))
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
              AND webhook_id <> :webhook_id) AS was_deferred,
    EXISTS (SELECT 1 FROM ops.booking_event
            WHERE org_id = :org_id AND booking_id = :booking_id AND next_attempt_at IS NOT NULL
              AND webhook_id <> :webhook_id AND outcome = 'deferred' AND reason <> '') AS was_let_through,
    (SELECT json_agg(subject) FROM ops.owner_notice
     WHERE org_id = :org_id AND subject = ANY (cast(:notices AS text[]))) AS told_of;

-- name: put_booking
-- The newest snapshot of a booking.
WITH changed AS (
    UPDATE {messaging}."Booking"
    SET "clientId" = :client_id, "sitterId" = :sitter_id, service = :service,
        "startAt" = cast(:start_at AS timestamptz), "endAt" = cast(:end_at AS timestamptz), status = :status,
        "isRecurring" = cast(:is_recurring AS boolean), "isMeetAndGreet" = cast(:is_meet_and_greet AS boolean),
        "hasWeeklyPlan" = cast(:has_weekly_plan AS boolean), "occurredAt" = cast(:occurred_at AS timestamptz),
        "occurredBy" = :occurred_by, "updatedAt" = cast(:now AS timestamptz)
    WHERE "orgId" = :org_id AND id = :id
    RETURNING id
)
INSERT INTO {messaging}."Booking" (
    "orgId", id, "clientId", "sitterId", service, "startAt", "endAt", status, "isRecurring", "isMeetAndGreet",
    "hasWeeklyPlan", "occurredAt", "occurredBy", "createdAt", "updatedAt"
)
SELECT :org_id, :id, :client_id, :sitter_id, :service, cast(:start_at AS timestamptz), cast(:end_at AS timestamptz),
       :status, cast(:is_recurring AS boolean), cast(:is_meet_and_greet AS boolean),
       cast(:has_weekly_plan AS boolean), cast(:occurred_at AS timestamptz), :occurred_by,
       cast(:now AS timestamptz), cast(:now AS timestamptz)
WHERE NOT EXISTS (SELECT 1 FROM changed);

-- name: put_client
-- The newest snapshot of a client, who is no guest.
WITH changed AS (
    UPDATE {messaging}."Client"
    SET "firstName" = :first_name, "lastName" = :last_name, phone = :phone,
        "hasWeeklyPlan" = cast(:has_weekly_plan AS boolean), "isGuest" = false,
        "occurredAt" = cast(:occurred_at AS timestamptz), "occurredBy" = :occurred_by,
        "updatedAt" = cast(:now AS timestamptz)
    WHERE "orgId" = :org_id AND id = :id
    RETURNING id
)
INSERT INTO {messaging}."Client" (
    "orgId", id, "firstName", "lastName", phone, "hasWeeklyPlan", "isGuest", "occurredAt", "occurredBy",
    "createdAt", "updatedAt"
)
SELECT :org_id, :id, :first_name, :last_name, :phone, cast(:has_weekly_plan AS boolean), false,
       cast(:occurred_at AS timestamptz), :occurred_by, cast(:now AS timestamptz), cast(:now AS timestamptz)
WHERE NOT EXISTS (SELECT 1 FROM changed);

-- name: put_sitter
-- The newest snapshot of a sitter.
WITH changed AS (
    UPDATE {messaging}."Sitter"
    SET "firstName" = :first_name, "lastName" = :last_name, phone = :phone, active = cast(:active AS boolean),
        "occurredAt" = cast(:occurred_at AS timestamptz), "occurredBy" = :occurred_by,
        "updatedAt" = cast(:now AS timestamptz)
    WHERE "orgId" = :org_id AND id = :id
    RETURNING id
)
INSERT INTO {messaging}."Sitter" (
    "orgId", id, "firstName", "lastName", phone, active, "occurredAt", "occurredBy", "createdAt", "updatedAt"
)
SELECT :org_id, :id, :first_name, :last_name, :phone, cast(:active AS boolean),
       cast(:occurred_at AS timestamptz), :occurred_by, cast(:now AS timestamptz), cast(:now AS timestamptz)
WHERE NOT EXISTS (SELECT 1 FROM changed);

-- name: add_thread
-- A booking's new thread and its window, which refer to each other.
WITH thread AS (
    INSERT INTO {messaging}."MessageThread" (
        id, "orgId", scope, "bookingId", "clientId", "assignedSitterId", status, "messageNumberId", "numberClass",
        "maskedNumberE164", "isOneTimeClient", "isMeetAndGreet", "assignmentWindowId", "ownerUnreadCount",
        "createdAt", "updatedAt"
    )
    VALUES (:id, :org_id, 'client_booking', :booking_id, :client_id, :sitter_id, 'open', :number_id, :number_class,
            :number_e164, cast(:is_one_time AS boolean), cast(:is_meet_and_greet AS boolean), :window_id, 0,
            cast(:now AS timestamptz), cast(:now AS timestamptz))
)
INSERT INTO {messaging}."AssignmentWindow" (
    id, "orgId", "threadId", "bookingId", "sitterId", "startAt", "endAt", status, tag, "createdAt", "updatedAt"
)
SELECT w.id, :org_id, :id, :booking_id, w.sitter_id, w.start_at, w.end_at, w.status, w.tag, w.changed_at, w.changed_at
FROM jsonb_to_recordset(cast(:windows AS jsonb)) AS w (
    id text, sitter_id text, start_at timestamptz, end_at timestamptz, status text, tag integer,
    changed_at timestamptz
);

-- name: change_thread
-- A thread's sitter, number, window and what its client is; the lease of a pool number that it gave up ends.
WITH released AS (
    UPDATE ops.pool_lease
    SET released_at = cast(:now AS timestamptz)
    WHERE thread_id = :id AND number_id = cast(:former_number_id AS text) AND released_at IS NULL
)
UPDATE {messaging}."MessageThread"
SET "assignedSitterId" = :sitter_id, "messageNumberId" = :number_id, "numberClass" = :number_class,
    "maskedNumberE164" = :number_e164, "isOneTimeClient" = cast(:is_one_time AS boolean),
    "isMeetAndGreet" = cast(:is_meet_and_greet AS boolean), "assignmentWindowId" = :window_id,
    status = CASE WHEN cast(:is_open AS boolean) THEN 'open' ELSE status END,
    "updatedAt" = cast(:now AS timestamptz)
WHERE id = :id;

-- name: add_window
-- A new window.
INSERT INTO {messaging}."AssignmentWindow" (
    id, "orgId", "threadId", "bookingId", "sitterId", "startAt", "endAt", status, tag, "createdAt", "updatedAt"
)
VALUES (:id, :org_id, :thread_id, :booking_id, :sitter_id, cast(:start_at AS timestamptz),
        cast(:end_at AS timestamptz), :status, cast(:tag AS integer),
        cast(:changed_at AS timestamptz), cast(:changed_at AS timestamptz));

-- name: change_window
-- A window's new values, the former ones kept. It takes effect after the last text that was routed before the thread
-- was locked.
WITH former AS (
    SELECT w.id, w."orgId", w."threadId", w."sitterId", w."startAt", w."endAt", w.status, w.tag, w."updatedAt",
           greatest(cast(:changed_at AS timestamptz),
                    cast(thread."lastInboundAt" AS timestamptz) + interval '1 millisecond') AS changed_at
    FROM {messaging}."AssignmentWindow" AS w
    LEFT JOIN {messaging}."MessageThread" AS thread ON thread.id = :thread_id
    WHERE w.id = :id
), history AS (
    INSERT INTO ops.window_history (
        org_id, window_id, thread_id, sitter_id, start_at, end_at, status, tag, valid_from, valid_until
    )
    SELECT :org_id, id, "threadId", "sitterId", "startAt", "endAt", status, tag, "updatedAt", changed_at
    FROM former
)
UPDATE {messaging}."AssignmentWindow" AS w
SET "sitterId" = :sitter_id, "startAt" = cast(:start_at AS timestamptz), "endAt" = cast(:end_at AS timestamptz),
    status = :status, tag = cast(:tag AS integer), "updatedAt" = former.changed_at
FROM former
WHERE w.id = former.id;

-- name: add_audit
-- A thread changes hands.
INSERT INTO {messaging}."ThreadAssignmentAudit" (
    id, "orgId", "threadId", "fromSitterId", "toSitterId", "actorUserId", reason, "createdAt", "updatedAt"
)
VALUES (:id, :org_id, :thread_id, :from_sitter_id, :to_sitter_id, :actor, :reason,
        cast(:now AS timestamptz), cast(:now AS timestamptz));

-- name: leave_thread
-- Who is on a thread no more.
DELETE FROM {messaging}."MessageParticipant"
WHERE "threadId" = :thread_id AND role = :role AND "realE164" IS NOT DISTINCT FROM cast(:e164 AS text);

-- name: join_thread
-- Who is on a thread from now on.
INSERT INTO {messaging}."MessageParticipant" (
    id, "orgId", "threadId", role, "userId", "clientId", "displayName", "realE164", "createdAt", "updatedAt"
)
VALUES (:id, :org_id, :thread_id, :role, :user_id, :client_id, :display_name, :e164,
        cast(:now AS timestamptz), cast(:now AS timestamptz))
ON CONFLICT DO NOTHING;

-- name: settle
-- The event's outcome.
UPDATE ops.booking_event
SET outcome = :outcome, reason = :reason, thread_id = :thread_id, window_id = :window_id,
    number_class = :number_class, attempts = attempts + 1, next_attempt_at = cast(:next_attempt_at AS timestamptz),
    updated_at = cast(:now AS timestamptz)
WHERE webhook_id = :webhook_id;

-- name: supersede
-- Waiting events of the booking that are not newer wait no more; one that was never settled (without a reason) holds a
-- snapshot that is not stored yet, and stays at the same instant.
UPDATE ops.booking_event
SET next_attempt_at = null, updated_at = cast(:now AS timestamptz)
WHERE org_id = :org_id AND booking_id = :booking_id AND next_attempt_at IS NOT NULL AND webhook_id <> :webhook_id
  AND (occurred_at < cast(:occurred_at AS timestamptz)
       OR occurred_at = cast(:occurred_at AS timestamptz) AND reason IS NOT NULL);

-- name: waiting
-- Events whose next attempt is due, the longest waiting first; is_deferred: settled before, and found wanting something.
SELECT webhook_id, cast(body AS text) AS body, attempts,
       coalesce(outcome = 'deferred' AND reason <> '', false) AS is_deferred
FROM ops.booking_event
WHERE next_attempt_at <= cast(:now AS timestamptz)
ORDER BY next_attempt_at, webhook_id
LIMIT :max_rows;

-- name: count_deferred
-- How many events wait to be settled again.
SELECT count(*) AS deferred FROM ops.booking_event WHERE next_attempt_at IS NOT NULL;

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

-- name: hold_sitter
-- Holds the organisation alone, and the sitter, until the transaction's end: what follows reaches across bookings.
SELECT pg_advisory_xact_lock(hashtextextended(:hold_org, 0)) AS held_org,
       pg_advisory_xact_lock(hashtextextended(:hold_sitter, 0)) AS held_sitter;

-- name: wake_others
-- The newest event of each booking of the sitter that is not over, but for this one, is due now.
UPDATE ops.booking_event
SET next_attempt_at = cast(:now AS timestamptz), updated_at = cast(:now AS timestamptz)
WHERE webhook_id IN (
    SELECT DISTINCT ON (e.booking_id) e.webhook_id
    FROM {messaging}."Booking" AS b
    JOIN ops.booking_event AS e ON e.org_id = b."orgId" AND e.booking_id = b.id
    WHERE b."orgId" = cast(:org_id AS text) AND b."sitterId" = cast(:sitter_id AS text)
      AND b.id IS DISTINCT FROM cast(:booking_id AS text) AND b.status IN ('pending', 'confirmed')
      AND b."endAt" > cast(:now AS timestamptz)
    ORDER BY e.booking_id, e.occurred_at DESC, e.webhook_id DESC
);

-- name: wake_wanting
-- Events that were deferred for want of something that is there now are due, and those that were settled but for the
-- front desk's number; those being settled are left to it.
UPDATE ops.booking_event
SET next_attempt_at = cast(:now AS timestamptz), updated_at = cast(:now AS timestamptz)
WHERE webhook_id IN (
    SELECT webhook_id FROM ops.booking_event
    WHERE org_id = cast(:org_id AS text) AND next_attempt_at > cast(:now AS timestamptz)
      AND (outcome = 'deferred' AND reason = ANY (cast(:reasons AS text[]))
           OR outcome <> 'deferred' AND 'front_desk_missing' = ANY (cast(:reasons AS text[])))
    ORDER BY webhook_id
    FOR UPDATE SKIP LOCKED
);
