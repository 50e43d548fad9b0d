"""Messaging: the constraints that the code leans on (contract). Where rows break one, nothing changes and they are listed."""

from alembic import context, op
from sqlalchemy import Connection, text

from switchboard.errors import ContractRefused

revision = "0001_messaging_contract"
down_revision = None
branch_labels = ("contract",)
depends_on = "0001_messaging_expand"

LISTED = 20  # ids named per broken constraint

# Name → table, columns, and the rows it is for. The names are API: store/session.py hands them to the code.
UNIQUE: dict[str, tuple[str, str, str]] = {
    "client_key": ("Client", '"orgId", id', "true"),
    "sitter_key": ("Sitter", '"orgId", id', "true"),
    "booking_key": ("Booking", '"orgId", id', "true"),
    "number_e164": ("MessageNumber", "e164", "true"),
    "number_one_active_front_desk": (
        "MessageNumber", '"orgId"', """"numberClass" = 'front_desk' AND status = 'active'"""),
    "masked_number_one_active_per_sitter": ("SitterMaskedNumber", '"orgId", "sitterId"', "status = 'active'"),
    "masked_number_one_active_per_number": ("SitterMaskedNumber", '"messageNumberId"', "status = 'active'"),
    "thread_one_per_booking": (
        "MessageThread", '"orgId", "bookingId", "clientId"', """scope = 'client_booking' AND "bookingId" IS NOT NULL"""),
    "thread_one_open_general": ("MessageThread", '"orgId", "clientId"', "scope = 'client_general' AND status = 'open'"),
    "thread_one_per_sitter": ("MessageThread", '"orgId", "assignedSitterId"', "scope = 'owner_sitter'"),
    "thread_one_internal": ("MessageThread", '"orgId"', "scope = 'internal'"),
    "participant_key": ("MessageParticipant", '"threadId", role, "realE164"', "true"),
    "event_provider_sid": ("MessageEvent", '"orgId", "providerMessageSid"', '"providerMessageSid" IS NOT NULL'),
    "window_one_active": ("AssignmentWindow", '"bookingId", "threadId"', "status = 'active'"),
    "attempt_event": ("AntiPoachingAttempt", '"eventId"', "true"),
    "opt_out_person": ("OptOutState", '"orgId", "phoneE164"', "true"),
    "response_event": ("ResponseRecord", '"inboundMessageEventId"', "true"),
}  # fmt: skip

KNOWN: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "number_status_known": ("MessageNumber", "status", ("active", "disabled", "quarantined")),
    "number_class_known": ("MessageNumber", "numberClass", ("front_desk", "sitter", "pool")),
    "masked_number_status_known": ("SitterMaskedNumber", "status", ("active", "deactivated", "reassigned")),
    "thread_scope_known": (
        "MessageThread", "scope", ("client_booking", "client_general", "owner_sitter", "internal")),
    "thread_status_known": ("MessageThread", "status", ("open", "closed", "archived")),
    "event_direction_known": ("MessageEvent", "direction", ("inbound", "outbound")),
    "event_actor_known": ("MessageEvent", "actorType", ("client", "sitter", "owner", "system")),
    "window_status_known": ("AssignmentWindow", "status", ("active", "closed")),
    "opt_out_state_known": ("OptOutState", "state", ("opted_in", "opted_out")),
}  # fmt: skip

REFERENCES: dict[str, tuple[str, str, str]] = {
    "thread_number": ("MessageThread", "messageNumberId", "MessageNumber"),
    "participant_thread": ("MessageParticipant", "threadId", "MessageThread"),
    "event_thread": ("MessageEvent", "threadId", "MessageThread"),
    "window_thread": ("AssignmentWindow", "threadId", "MessageThread"),
    "masked_number_number": ("SitterMaskedNumber", "messageNumberId", "MessageNumber"),
    "audit_thread": ("ThreadAssignmentAudit", "threadId", "MessageThread"),
    "attempt_thread": ("AntiPoachingAttempt", "threadId", "MessageThread"),
    "response_thread": ("ResponseRecord", "threadId", "MessageThread"),
}

INDEXES: dict[str, tuple[str, str]] = {
    "thread_by_client": ("MessageThread", '"orgId", "clientId"'),
    "thread_by_sitter": ("MessageThread", '"orgId", "assignedSitterId"'),
    "thread_by_number": ("MessageThread", '"messageNumberId"'),
    "thread_newest": ("MessageThread", '"orgId", "lastMessageAt" DESC NULLS LAST, id'),
    "thread_in_order": ("MessageThread", '"orgId", "createdAt", id'),
    "client_by_phone": ("Client", '"orgId", phone'),
    "sitter_by_phone": ("Sitter", '"orgId", phone'),
    "booking_by_client": ("Booking", '"orgId", "clientId"'),
    "booking_by_sitter": ("Booking", '"orgId", "sitterId"'),
    "number_by_class": ("MessageNumber", '"orgId", "numberClass", status'),
    "window_by_thread": ("AssignmentWindow", '"threadId", status'),
    "window_by_sitter": ("AssignmentWindow", '"orgId", "sitterId", "endAt"'),
    "event_by_thread": ("MessageEvent", '"threadId", "createdAt", id'),
    "audit_by_thread": ("ThreadAssignmentAudit", '"threadId", "createdAt"'),
    "attempt_by_actor": ("AntiPoachingAttempt", '"orgId", "actorId", "createdAt"'),
    "attempt_by_thread": ("AntiPoachingAttempt", '"threadId"'),
    "response_by_thread": ("ResponseRecord", '"threadId", "resolutionStatus"'),
    "response_by_status": ("ResponseRecord", '"resolutionStatus", "inboundAt"'),
}


def upgrade() -> None:
    """Counts what breaks each constraint first; only when nothing does, adds them all."""
    schema = context.config.attributes["schemas"].messaging
    connection = op.get_bind()
    if broken := _broken(connection, schema):
        raise ContractRefused("rows break constraints; mend them and run contract again: " + "; ".join(broken))
    for name, (table, columns, rows) in UNIQUE.items():
        _run(connection, f'CREATE UNIQUE INDEX IF NOT EXISTS "{name}" ON "{schema}"."{table}" ({columns}) WHERE {rows}'
             if rows != "true" else f'CREATE UNIQUE INDEX IF NOT EXISTS "{name}" ON "{schema}"."{table}" ({columns})')  # fmt: skip
    for name, (table, column, values) in KNOWN.items():
        known = ", ".join(f"'{value}'" for value in values)
        _run(
            connection,
            f'ALTER TABLE "{schema}"."{table}" ADD CONSTRAINT "{name}" CHECK ("{column}" IN ({known}))',
        )
    for name, (table, column, target) in REFERENCES.items():
        _run(connection, f'ALTER TABLE "{schema}"."{table}" ADD CONSTRAINT "{name}"'
             f' FOREIGN KEY ("{column}") REFERENCES "{schema}"."{target}" (id)')  # fmt: skip
    for name, (table, columns) in INDEXES.items():
        _run(connection, f'CREATE INDEX IF NOT EXISTS "{name}" ON "{schema}"."{table}" ({columns})')
    _run(connection, APPEND_ONLY.replace("{messaging}", f'"{schema}"'))


APPEND_ONLY = """
CREATE FUNCTION {messaging}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the assignment audit is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON {messaging}."ThreadAssignmentAudit"
    FOR EACH ROW EXECUTE FUNCTION {messaging}.refuse_change()
"""


def _run(connection: Connection, sql: str) -> None:
    connection.exec_driver_sql(sql)


def _broken(connection: Connection, schema: str) -> list[str]:
    checks = {
        name: f"""SELECT min(id) FROM "{schema}"."{table}" WHERE {rows} AND ({columns}) IS NOT NULL
                  GROUP BY {columns} HAVING count(*) > 1 ORDER BY 1 LIMIT {LISTED}"""
        for name, (table, columns, rows) in UNIQUE.items()
    }
    for name, (table, column, values) in KNOWN.items():
        known = ", ".join(f"'{value}'" for value in values)
        checks[name] = (
            f"""SELECT id FROM "{schema}"."{table}" WHERE "{column}" NOT IN ({known}) ORDER BY 1 LIMIT {LISTED}"""
        )
    for name, (table, column, target) in REFERENCES.items():
        checks[name] = f"""SELECT id FROM "{schema}"."{table}" AS child WHERE "{column}" IS NOT NULL AND NOT EXISTS
                           (SELECT 1 FROM "{schema}"."{target}" AS t WHERE t.id = child."{column}") ORDER BY 1 LIMIT {LISTED}"""
    tables = {name: parts[0] for group in (UNIQUE, KNOWN, REFERENCES) for name, parts in group.items()}
    found = []
    for name, sql in checks.items():
        ids = [str(row[0]) for row in connection.execute(text(sql))]
        if ids:
            found.append(f"{name} on {tables[name]}: {', '.join(ids)}")
    return found


def downgrade() -> None:
    """Constraints are taken back only by a new revision."""
