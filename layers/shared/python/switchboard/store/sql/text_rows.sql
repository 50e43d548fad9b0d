-- name: add_guest
-- A client of whom nothing is known but the phone.
INSERT INTO {messaging}."Client" ("orgId", id, phone, "isGuest", "hasWeeklyPlan", "createdAt", "updatedAt")
VALUES (:org_id, :guest_id, :sender, true, false, cast(:now AS timestamptz), cast(:now AS timestamptz));

-- name: add_thread
-- A thread that was missing; a client's is classified by domain/classification.py, of any booking of the client.
INSERT INTO {messaging}."MessageThread" (
    id, "orgId", scope, "clientId", "assignedSitterId", status, "messageNumberId", "numberClass",
    "maskedNumberE164", "isOneTimeClient", "isMeetAndGreet", "ownerUnreadCount", "createdAt", "updatedAt"
)
VALUES (
    :id, :org_id, :scope, cast(:client_id AS text), :sitter_id, 'open', :number_id, :number_class, :number_e164,
    CASE WHEN cast(:client_id AS text) IS NOT NULL THEN coalesce(
        (SELECT NOT client."isRecurringOverride" FROM {messaging}."Client" AS client
         WHERE client."orgId" = :org_id AND client.id = :client_id),
        NOT EXISTS (SELECT 1 FROM {messaging}."Client" AS client
                    WHERE client."orgId" = :org_id AND client.id = :client_id AND client."hasWeeklyPlan")
        AND NOT EXISTS (SELECT 1 FROM {messaging}."Booking" AS booking
                        WHERE booking."orgId" = :org_id AND booking."clientId" = :client_id
                            AND (booking."isRecurring" OR booking."hasWeeklyPlan"))
    ) END,
    false, 0, cast(:now AS timestamptz), cast(:now AS timestamptz)
);

-- name: add_participant
-- Who takes part in a new thread.
INSERT INTO {messaging}."MessageParticipant" (
    id, "orgId", "threadId", role, "userId", "clientId", "displayName", "realE164", "createdAt", "updatedAt"
)
VALUES (:id, :org_id, :thread_id, :role, :user_id, :client_id, :display_name, :real_e164,
        cast(:now AS timestamptz), cast(:now AS timestamptz));

-- name: change_event
-- An event that is decided later than it came: its thread, its fate and, where they were unknown, who speaks.
UPDATE {messaging}."MessageEvent"
SET "threadId" = :thread_id, "deliveryStatus" = :delivery_status, "failureCode" = :failure_code,
    "failureDetail" = :failure_detail, "metadataJson" = :metadata,
    "actorType" = coalesce(:actor_type, "actorType"),
    "actorUserId" = coalesce(:actor_user_id, "actorUserId"),
    "actorClientId" = coalesce(:actor_client_id, "actorClientId"),
    "responsibleSitterIdSnapshot" = coalesce(:sitter_id, "responsibleSitterIdSnapshot"),
    "requiresResponse" = coalesce(cast(:requires_response AS boolean), "requiresResponse"),
    "updatedAt" = cast(:now AS timestamptz)
WHERE id = :id;

-- name: lock_sitter
-- The sitter's texts go to the owner from now on.
UPDATE {messaging}."Sitter"
SET "relayLockedAt" = cast(:now AS timestamptz), "updatedAt" = cast(:now AS timestamptz)
WHERE "orgId" = :org_id AND id = :sitter_id AND "relayLockedAt" IS NULL;

-- name: opt
-- The person's new state in the organisation, as of the text's arrival; opting in unblocks the number that was texted.
-- What is known only now, as_of, does not undo what came since.
WITH known AS (
    UPDATE {messaging}."OptOutState"
    SET state = :state, source = 'inbound_keyword', "clientId" = coalesce(cast(:client_id AS text), "clientId"),
        "updatedAt" = cast(:arrived_at AS timestamptz)
    WHERE "orgId" = :org_id AND "phoneE164" = :sender
        AND (cast(:as_of AS timestamptz) IS NULL OR "updatedAt" <= cast(:as_of AS timestamptz))
), unblocked AS (
    DELETE FROM ops.blocked_pair
    WHERE org_id = :org_id AND person_e164 = :sender AND number_e164 = :number_e164 AND :state = 'opted_in'
        AND (cast(:as_of AS timestamptz) IS NULL OR since <= cast(:as_of AS timestamptz))
)
INSERT INTO {messaging}."OptOutState" (id, "orgId", "phoneE164", "clientId", state, source, "createdAt", "updatedAt")
SELECT :id, :org_id, :sender, :client_id, :state, 'inbound_keyword',
       cast(:arrived_at AS timestamptz), cast(:arrived_at AS timestamptz)
WHERE NOT EXISTS (SELECT 1 FROM {messaging}."OptOutState" WHERE "orgId" = :org_id AND "phoneE164" = :sender);

-- name: hold
-- A sitter's held text, newly or in its new state.
INSERT INTO ops.held_text (event_id, org_id, sitter_id, number_id, arrived_at, question_id, state, updated_at)
VALUES (:event_id, :org_id, :sitter_id, :number_id, cast(:arrived_at AS timestamptz), :question_id, :state,
        cast(:now AS timestamptz))
ON CONFLICT (event_id) DO UPDATE
SET question_id = excluded.question_id, state = excluded.state, updated_at = excluded.updated_at;

-- name: close_question
-- The question is answered, or nobody will answer it.
UPDATE ops.tag_question
SET answered_at = cast(:now AS timestamptz), answer = cast(:answer AS integer)
WHERE id = :id AND answered_at IS NULL;

-- name: ask
-- A question that is sent now.
INSERT INTO ops.tag_question (id, org_id, sitter_id, number_id, choices, asked_at)
VALUES (:id, :org_id, :sitter_id, :number_id, cast(:choices AS jsonb), cast(:now AS timestamptz));

-- name: add_attempt
-- Contact details that were found in an event.
INSERT INTO {messaging}."AntiPoachingAttempt" (
    id, "orgId", "threadId", "eventId", "actorType", "actorId", "violationType", "detectedContent", action,
    "ownerNotifiedAt", "createdAt", "updatedAt"
)
VALUES (:id, :org_id, :thread_id, :event_id, :actor_type, :actor_id, :violation_type, :preview, :action,
        CASE WHEN cast(:owner_notified AS boolean) THEN cast(:now AS timestamptz) END,
        cast(:now AS timestamptz), cast(:now AS timestamptz));

-- name: note_answer
-- An automatic answer of a kind, once for a person and day.
INSERT INTO ops.automatic_answer (org_id, person_e164, kind, day, event_id)
VALUES (:org_id, :sender, :kind, cast(:day AS date), :event_id)
ON CONFLICT (org_id, person_e164, kind, day) DO NOTHING;

-- name: notice
-- The subjects of which the owner is told now: of the others somebody else has told since told_before.
INSERT INTO ops.owner_notice (org_id, subject, noticed_at)
SELECT :org_id, subject, cast(:now AS timestamptz)
FROM unnest(cast(:subjects AS text[])) AS subject
ORDER BY subject
ON CONFLICT (org_id, subject) DO UPDATE SET noticed_at = excluded.noticed_at
WHERE owner_notice.noticed_at <= cast(:told_before AS timestamptz)
RETURNING subject;

-- name: touch_thread
-- What was heard or is said on a thread, and how much of it the owner has not read.
UPDATE {messaging}."MessageThread"
SET "ownerUnreadCount" = "ownerUnreadCount" + cast(:unread AS integer),
    "lastMessageAt" = greatest("lastMessageAt", cast(:now AS timestamptz)),
    "lastInboundAt" = CASE WHEN cast(:heard AS boolean)
        THEN greatest("lastInboundAt", cast(:arrived_at AS timestamptz)) ELSE "lastInboundAt" END,
    "lastOutboundAt" = CASE WHEN cast(:spoken AS boolean)
        THEN greatest("lastOutboundAt", cast(:now AS timestamptz)) ELSE "lastOutboundAt" END,
    "updatedAt" = cast(:now AS timestamptz)
WHERE id = :thread_id;

-- name: add_event
-- The text's own event.
INSERT INTO {messaging}."MessageEvent" (
    id, "orgId", "threadId", direction, "actorType", "actorUserId", "actorClientId", "providerMessageSid", body,
    "mediaJson", "deliveryStatus", "failureCode", "failureDetail", "requiresResponse",
    "responsibleSitterIdSnapshot", "metadataJson", "attemptCount", "createdAt", "updatedAt"
)
VALUES (:id, :org_id, :thread_id, 'inbound', :actor_type, :actor_user_id, :actor_client_id, :provider_sid, :body,
        :media, :delivery_status, :failure_code, :failure_detail, cast(:requires_response AS boolean),
        :sitter_id, :metadata, 0, cast(:arrived_at AS timestamptz), cast(:now AS timestamptz));

-- name: add_response
-- Who owes a client an answer; a status that is not pending is final.
INSERT INTO {messaging}."ResponseRecord" (
    id, "orgId", "threadId", "bookingId", "inboundMessageEventId", "responsibleSitterId", "slaSeconds",
    "inboundAt", "resolutionStatus", "resolvedAt", "createdAt", "updatedAt"
)
VALUES (:id, :org_id, :thread_id, :booking_id, :event_id, :sitter_id, cast(:sla_seconds AS integer),
        cast(:arrived_at AS timestamptz), :status,
        CASE WHEN :status <> 'pending' THEN cast(:now AS timestamptz) END,
        cast(:now AS timestamptz), cast(:now AS timestamptz));
