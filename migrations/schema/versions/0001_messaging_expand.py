"""Messaging and ops: tables and columns, in a new database or beside what an earlier application left (expand)."""

from alembic import context, op
from sqlalchemy import Connection, text

revision = "0001_messaging_expand"
down_revision = None
branch_labels = ("expand",)
depends_on = None

INSTANT = "timestamptz(3)"
TIMES = {"createdAt": f"{INSTANT} NOT NULL DEFAULT now()", "updatedAt": f"{INSTANT} NOT NULL DEFAULT now()"}

# Table → column → type. A column that an earlier application's table lacks is added; what exists is left as it is.
MESSAGING: dict[str, dict[str, str]] = {
    "Organization": {
        "id": "text NOT NULL",
        "name": "text",
        "ownerPhone": "text",
        "timezone": "text NOT NULL DEFAULT 'America/Chicago'",
        "bookingLink": "text",
        "hotlines": """jsonb NOT NULL DEFAULT '["+18884264435", "+18557647661"]'""",
        "responseSlaSeconds": "integer",
    },
    "Client": {
        "orgId": "text NOT NULL DEFAULT {org}",
        "id": "text NOT NULL",
        "firstName": "text",
        "lastName": "text",
        "phone": "text",
        "isRecurringOverride": "boolean",
        "hasWeeklyPlan": "boolean NOT NULL DEFAULT false",
        "isGuest": "boolean NOT NULL DEFAULT false",
        "occurredAt": INSTANT,
        "occurredBy": "text",
    },
    "Sitter": {
        "orgId": "text NOT NULL DEFAULT {org}",
        "id": "text NOT NULL",
        "firstName": "text",
        "lastName": "text",
        "phone": "text",
        "active": "boolean NOT NULL DEFAULT true",
        "relayLockedAt": INSTANT,
        "occurredAt": INSTANT,
        "occurredBy": "text",
    },
    "Booking": {
        "orgId": "text NOT NULL DEFAULT {org}",
        "id": "text NOT NULL",
        "clientId": "text",
        "sitterId": "text",
        "service": "text",
        "startAt": INSTANT,
        "endAt": INSTANT,
        "status": "text NOT NULL DEFAULT 'pending'",
        "isRecurring": "boolean NOT NULL DEFAULT false",
        "isMeetAndGreet": "boolean NOT NULL DEFAULT false",
        "hasWeeklyPlan": "boolean NOT NULL DEFAULT false",
        "occurredAt": INSTANT,
        "occurredBy": "text",
    },
    "MessageAccount": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "provider": "text NOT NULL DEFAULT 'twilio'",
        "providerConfigJson": "text",
    },
    "MessageNumber": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "provider": "text NOT NULL DEFAULT 'twilio'",
        "providerNumberSid": "text",
        "e164": "text NOT NULL",
        "status": "text NOT NULL DEFAULT 'active'",
        "numberClass": "text NOT NULL",
        "assignedSitterId": "text",
        "ownerId": "text",
        "isRotating": "boolean NOT NULL DEFAULT false",
        "lastAssignedAt": INSTANT,
        "quarantinedUntil": INSTANT,
    },
    "SitterMaskedNumber": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "sitterId": "text NOT NULL",
        "messageNumberId": "text NOT NULL",
        "status": "text NOT NULL DEFAULT 'active'",
        "assignedAt": f"{INSTANT} NOT NULL DEFAULT now()",
        "deactivatedAt": INSTANT,
    },
    "MessageThread": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "scope": "text NOT NULL",
        "bookingId": "text",
        "clientId": "text",
        "assignedSitterId": "text",
        "status": "text NOT NULL DEFAULT 'open'",
        "messageNumberId": "text",
        "numberClass": "text",
        "maskedNumberE164": "text",
        "isOneTimeClient": "boolean",
        "isMeetAndGreet": "boolean NOT NULL DEFAULT false",
        "assignmentWindowId": "text",
        "lastMessageAt": INSTANT,
        "lastInboundAt": INSTANT,
        "lastOutboundAt": INSTANT,
        "ownerUnreadCount": "integer NOT NULL DEFAULT 0",
    },
    "MessageParticipant": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "threadId": "text NOT NULL",
        "role": "text NOT NULL",
        "userId": "text",
        "clientId": "text",
        "displayName": "text",
        "realE164": "text",
    },
    "MessageEvent": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "threadId": "text NOT NULL",
        "direction": "text NOT NULL",
        "actorType": "text NOT NULL",
        "actorUserId": "text",
        "actorClientId": "text",
        "providerMessageSid": "text",
        "body": "text NOT NULL DEFAULT ''",
        "mediaJson": "text",
        "deliveryStatus": "text NOT NULL",
        "failureCode": "text",
        "failureDetail": "text",
        "requiresResponse": "boolean NOT NULL DEFAULT false",
        "responsibleSitterIdSnapshot": "text",
        "metadataJson": "text",
        "attemptCount": "integer NOT NULL DEFAULT 0",
        "lastAttemptAt": INSTANT,
        "nextAttemptAt": INSTANT,
    },
    "AssignmentWindow": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "threadId": "text NOT NULL",
        "bookingId": "text",
        "sitterId": "text NOT NULL",
        "startAt": f"{INSTANT} NOT NULL",
        "endAt": f"{INSTANT} NOT NULL",
        "status": "text NOT NULL DEFAULT 'active'",
        "tag": "integer",
    },
    "ThreadAssignmentAudit": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "threadId": "text NOT NULL",
        "fromSitterId": "text",
        "toSitterId": "text",
        "actorUserId": "text",
        "reason": "text",
    },
    "AntiPoachingAttempt": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "threadId": "text NOT NULL",
        "eventId": "text NOT NULL",
        "actorType": "text NOT NULL",
        "actorId": "text",
        "violationType": "text NOT NULL",
        "detectedContent": "text",
        "action": "text NOT NULL",
        "ownerNotifiedAt": INSTANT,
        "resolvedAt": INSTANT,
        "resolvedByUserId": "text",
    },
    "OptOutState": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "phoneE164": "text NOT NULL",
        "clientId": "text",
        "state": "text NOT NULL",
        "source": "text NOT NULL",
    },
    "ResponseRecord": {
        "id": "text NOT NULL",
        "orgId": "text NOT NULL",
        "threadId": "text NOT NULL",
        "bookingId": "text",
        "inboundMessageEventId": "text NOT NULL",
        "responsibleSitterId": "text",
        "slaSeconds": "integer",
        "inboundAt": f"{INSTANT} NOT NULL",
        "resolutionStatus": "text NOT NULL DEFAULT 'pending'",
        "resolvedAt": INSTANT,
        "resolvedByMessageEventId": "text",
        "responseSeconds": "integer",
    },
}
# What the message-numbers backfill goes by, before the contract adds the others.
INDEXES = {
    "thread_in_order": ("MessageThread", '"orgId", "createdAt", id'),
    "thread_by_number": ("MessageThread", '"messageNumberId"'),
    "booking_by_client": ("Booking", '"orgId", "clientId"'),
}
KEYS = {"Client": '"orgId", id', "Sitter": '"orgId", id', "Booking": '"orgId", id'}

OPS = """
CREATE TABLE ops.inbound_text (
    message_sid text PRIMARY KEY,
    org_id text,
    arrived_at timestamptz NOT NULL,
    form jsonb NOT NULL,                      -- [[name, value], ...] as received
    state text NOT NULL,                      -- stored, routed, failed, unknown_number, own_number
    event_id text,                            -- the inbound MessageEvent
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT inbound_text_state_known CHECK (state IN ('stored', 'routed', 'failed', 'unknown_number', 'own_number'))
);
CREATE INDEX inbound_text_waiting ON ops.inbound_text (next_attempt_at) WHERE state IN ('stored', 'failed');

CREATE TABLE ops.booking_event (
    webhook_id text PRIMARY KEY,
    org_id text NOT NULL,
    booking_id text NOT NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    body jsonb NOT NULL,
    outcome text,                             -- null: stored, not yet applied
    reason text,
    thread_id text,
    window_id text,
    number_class text,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,              -- set while deferred
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX booking_event_by_booking ON ops.booking_event (org_id, booking_id);
CREATE INDEX booking_event_waiting ON ops.booking_event (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

CREATE TABLE ops.window_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id text NOT NULL,
    window_id text NOT NULL,
    thread_id text NOT NULL,
    sitter_id text NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    status text NOT NULL,
    tag integer,
    valid_from timestamptz,
    valid_until timestamptz NOT NULL
);
CREATE INDEX window_history_by_window ON ops.window_history (window_id, valid_until);
CREATE INDEX window_history_by_thread ON ops.window_history (thread_id, valid_until);
CREATE INDEX window_history_by_sitter ON ops.window_history (org_id, sitter_id, valid_until);

CREATE TABLE ops.pool_lease (
    id text PRIMARY KEY,
    org_id text NOT NULL,
    number_id text NOT NULL,
    thread_id text NOT NULL,
    client_id text,
    since timestamptz NOT NULL,
    released_at timestamptz
);
CREATE UNIQUE INDEX pool_lease_one_unreleased ON ops.pool_lease (number_id) WHERE released_at IS NULL;
CREATE INDEX pool_lease_by_thread ON ops.pool_lease (thread_id);
CREATE INDEX pool_lease_by_client ON ops.pool_lease (org_id, client_id, since DESC);

-- The outbox: one row beside each outbound MessageEvent that has to leave; gone through in `position` order per thread.
CREATE TABLE ops.outbound_text (
    event_id text PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY,
    org_id text NOT NULL,
    thread_id text NOT NULL,
    sender_e164 text NOT NULL,                -- our number
    recipient_e164 text NOT NULL,
    purpose text NOT NULL,                    -- relay, owner_reply, owner_notice, automatic, confirmation
    inbound_event_id text,                    -- the text that this relays or answers
    arrived_at timestamptz,                   -- that text's arrival: the instant that decides windows
    window_id text,                           -- the window a relay leans on
    not_after timestamptz,                    -- no attempt from then on (the window's end)
    state text NOT NULL DEFAULT 'waiting',    -- waiting, claimed, unknown, done
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,              -- null: at once
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outbound_text_state_known CHECK (state IN ('waiting', 'claimed', 'unknown', 'done'))
);
CREATE INDEX outbound_text_waiting ON ops.outbound_text (thread_id, position) WHERE state <> 'done';
CREATE INDEX outbound_text_due ON ops.outbound_text (next_attempt_at) WHERE state <> 'done';

CREATE TABLE ops.send_attempt (
    event_id text NOT NULL,
    attempt integer NOT NULL,
    org_id text NOT NULL,
    provider_sid text,
    status text NOT NULL,                     -- claimed, unknown, not_found, not_sent, refused, or Twilio's own
    error_code integer,
    claimed_at timestamptz NOT NULL,
    claimed_by text NOT NULL,
    ended_at timestamptz,                     -- when the call to Twilio came back; null: it never did
    looks integer NOT NULL DEFAULT 0,         -- times that an unknown one was looked for at Twilio and not found
    looks_needed integer NOT NULL DEFAULT 2,  -- empty looks after which it is sent again
    polled_at timestamptz,                    -- when Twilio was asked for a final status that never came
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT send_attempt_pkey PRIMARY KEY (event_id, attempt)
);
CREATE INDEX send_attempt_unfinished ON ops.send_attempt (claimed_at)
    WHERE provider_sid IS NOT NULL AND polled_at IS NULL
      AND status NOT IN ('delivered', 'read', 'undelivered', 'failed', 'canceled');
CREATE UNIQUE INDEX send_attempt_by_sid ON ops.send_attempt (provider_sid) WHERE provider_sid IS NOT NULL;

CREATE TABLE ops.thread_lease (
    thread_id text PRIMARY KEY,
    fence bigint NOT NULL,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Status callbacks that name a sid which no attempt holds yet: they came before our own commit.
CREATE TABLE ops.early_status (
    provider_sid text NOT NULL,
    status text NOT NULL,
    error_code integer,
    received_at timestamptz NOT NULL,
    CONSTRAINT early_status_pkey PRIMARY KEY (provider_sid, status)
);

-- A sitter's text without a tag, held until the sitter says for whom it is.
CREATE TABLE ops.held_text (
    event_id text PRIMARY KEY,
    org_id text NOT NULL,
    sitter_id text NOT NULL,
    number_id text NOT NULL,
    arrived_at timestamptz NOT NULL,
    question_id text,                         -- the question that covers it; null: waits for the next one
    state text NOT NULL DEFAULT 'held',       -- held, released, to_owner
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT held_text_state_known CHECK (state IN ('held', 'released', 'to_owner'))
);
CREATE INDEX held_text_waiting ON ops.held_text (org_id, sitter_id, number_id, arrived_at) WHERE state = 'held';

CREATE TABLE ops.tag_question (
    id text PRIMARY KEY,
    org_id text NOT NULL,
    sitter_id text NOT NULL,
    number_id text NOT NULL,
    choices jsonb NOT NULL,                   -- [{"tag", "windowId", "threadId", "clientId"}]
    asked_at timestamptz NOT NULL,
    answered_at timestamptz,
    answer integer
);
CREATE UNIQUE INDEX tag_question_one_open ON ops.tag_question (org_id, sitter_id, number_id) WHERE answered_at IS NULL;

-- What was said automatically: at most once per person, kind and day (the organisation's).
CREATE TABLE ops.automatic_answer (
    org_id text NOT NULL,
    person_e164 text NOT NULL,
    kind text NOT NULL,
    day date NOT NULL,
    event_id text,
    CONSTRAINT automatic_answer_pkey PRIMARY KEY (org_id, person_e164, kind, day)
);

-- What the owner was told, so that it is told once: per thread and five minutes, or once while a state lasts.
CREATE TABLE ops.owner_notice (
    org_id text NOT NULL,
    subject text NOT NULL,                    -- thread:<id>, deferred:<booking>, pool_exhausted, ...
    noticed_at timestamptz NOT NULL,
    CONSTRAINT owner_notice_pkey PRIMARY KEY (org_id, subject)
);

-- A pair that Twilio refuses (21610 after a newer START): this number only, the person has not opted out.
CREATE TABLE ops.blocked_pair (
    org_id text NOT NULL,
    person_e164 text NOT NULL,
    number_e164 text NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT blocked_pair_pkey PRIMARY KEY (org_id, person_e164, number_e164)
);
"""


def upgrade() -> None:
    """Creates what is missing, adds the columns that are missing, maps the earlier application's values."""
    attributes = context.config.attributes
    schema, org_id = attributes["schemas"].messaging, attributes["default_org_id"]
    connection = op.get_bind()
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    adopted = _tables(connection, schema)
    for table, columns in MESSAGING.items():
        _create_or_complete(connection, schema, table, columns | TIMES, org_id)
    for name, (table, keys) in INDEXES.items():
        connection.execute(text(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{schema}"."{table}" ({keys})'))
    if adopted:
        _map_earlier_values(connection, schema, org_id)
    for statement in OPS.split(";\n"):
        if statement.strip():
            connection.execute(text(statement.replace(":", "\\:")))


def _tables(connection: Connection, schema: str) -> set[str]:
    found = connection.execute(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = :schema"),
        {"schema": schema},
    )
    return {row[0] for row in found} & set(MESSAGING)


def _columns(connection: Connection, schema: str, table: str) -> dict[str, tuple[str, bool]]:
    """The table's columns: type, and whether they may be null."""
    found = connection.execute(
        text(
            "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns"
            " WHERE table_schema = :schema AND table_name = :table"
        ),
        {"schema": schema, "table": table},
    )
    return {row[0]: (row[1], row[2]) for row in found}


def _create_or_complete(connection: Connection, schema: str, table: str, columns: dict[str, str], org_id: str) -> None:
    literal = "'" + org_id.replace("'", "''") + "'"
    wanted = {name: kind.replace("{org}", literal) for name, kind in columns.items()}
    existing = _columns(connection, schema, table)
    if not existing:
        body = ", ".join(f'"{name}" {kind}' for name, kind in wanted.items())
        key = KEYS.get(table, "id")
        constraint = f'CONSTRAINT "{table}_pkey" PRIMARY KEY ({key})'
        connection.execute(text(f'CREATE TABLE "{schema}"."{table}" ({body}, {constraint})'.replace(":", "\\:")))
        return
    for name, (data_type, is_nullable) in existing.items():
        alter = f'ALTER TABLE "{schema}"."{table}" ALTER COLUMN "{name}"'
        if name in wanted and data_type == "USER-DEFINED":  # an enum of the earlier application becomes text
            connection.execute(text(f"{alter} DROP DEFAULT"))
            connection.execute(text(f'{alter} TYPE text USING "{name}"\\:\\:text'))
            if " DEFAULT " in wanted[name]:  # the earlier application goes on inserting rows without it
                connection.execute(text(f"{alter} SET DEFAULT {wanted[name].split(' DEFAULT ')[1]}"))
        if name in wanted and not is_nullable and "NOT NULL" not in wanted[name]:  # a name, say, may be missing now
            connection.execute(text(f"{alter} DROP NOT NULL"))
    for name, kind in wanted.items():
        if name not in existing:
            addition = f'ALTER TABLE "{schema}"."{table}" ADD COLUMN "{name}" {kind}'
            connection.execute(text(addition.replace(":", "\\:")))


def _map_earlier_values(connection: Connection, schema: str, org_id: str) -> None:
    connection.execute(text(TAG_EARLIER_WINDOWS.format(schema=schema)))
    connection.execute(
        text(f"""UPDATE "{schema}"."MessageThread" SET scope = 'client_booking' WHERE scope = 'client'""")
    )
    connection.execute(
        text(
            f"""
            INSERT INTO "{schema}"."Organization" (id, name, "createdAt", "updatedAt")
            SELECT known.id, known.id, now(), now()
            FROM (SELECT CAST(:org_id AS text) AS id
                  UNION SELECT "orgId" FROM "{schema}"."MessageThread"
                  UNION SELECT "orgId" FROM "{schema}"."MessageNumber") AS known
            WHERE known.id IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM "{schema}"."Organization" AS o WHERE o.id = known.id)
            """
        ),
        {"org_id": org_id},
    )


TAG_EARLIER_WINDOWS = """
UPDATE "{schema}"."AssignmentWindow" AS w SET tag = numbered.place
FROM (SELECT id, row_number() OVER (PARTITION BY "orgId", "sitterId" ORDER BY "startAt", id) AS place
      FROM "{schema}"."AssignmentWindow" WHERE status = 'active' AND "endAt" > now()) AS numbered
WHERE w.id = numbered.id AND w.tag IS NULL
"""


def downgrade() -> None:
    """An expansion is not taken back: the earlier application runs beside it unharmed."""
