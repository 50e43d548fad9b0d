"""A database as the earlier application left it: Prisma's tables, hardly any constraint, instants without a zone."""

EARLIER_TABLES = """
CREATE SCHEMA messaging;
CREATE TYPE messaging."ThreadStatus" AS ENUM ('open', 'closed', 'archived');
CREATE TABLE messaging."Organization" (
    id text PRIMARY KEY, name text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE messaging."Client" (
    id text PRIMARY KEY, "firstName" text NOT NULL, "lastName" text NOT NULL, phone text,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE messaging."Sitter" (
    id text PRIMARY KEY, "firstName" text NOT NULL, "lastName" text NOT NULL, phone text,
    active boolean NOT NULL DEFAULT true,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE messaging."Booking" (
    id text PRIMARY KEY, "clientId" text REFERENCES messaging."Client" (id), "sitterId" text, service text NOT NULL,
    "startAt" timestamp(3) NOT NULL, "endAt" timestamp(3) NOT NULL, status text NOT NULL DEFAULT 'pending',
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE messaging."MessageNumber" (
    id text PRIMARY KEY, "orgId" text NOT NULL, provider text NOT NULL DEFAULT 'twilio', "providerNumberSid" text,
    e164 text NOT NULL, status text NOT NULL DEFAULT 'active', "numberClass" text NOT NULL, "assignedSitterId" text,
    "lastAssignedAt" timestamp(3),
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE messaging."MessageThread" (
    id text PRIMARY KEY, "orgId" text NOT NULL, scope text NOT NULL, "bookingId" text, "clientId" text,
    "assignedSitterId" text, status messaging."ThreadStatus" NOT NULL DEFAULT 'open', "messageNumberId" text,
    "lastMessageAt" timestamp(3), "ownerUnreadCount" integer NOT NULL DEFAULT 0,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE messaging."AssignmentWindow" (
    id text PRIMARY KEY, "orgId" text NOT NULL, "threadId" text NOT NULL, "bookingId" text, "sitterId" text NOT NULL,
    "startAt" timestamp(3) NOT NULL, "endAt" timestamp(3) NOT NULL, status text NOT NULL DEFAULT 'active',
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL
);
"""

EARLIER_ROWS = """
INSERT INTO messaging."Client" VALUES ('client-1', 'Jane', 'Doe', '+15555550101', DEFAULT, '2024-12-01');
INSERT INTO messaging."Sitter" VALUES ('sitter-1', 'Sam', 'Lee', '+15555550102', true, DEFAULT, '2024-12-01');
INSERT INTO messaging."Booking" VALUES
    ('booking-1', 'client-1', 'sitter-1', 'Drop-ins', '2025-01-15 10:00', '2025-01-15 12:00', 'confirmed',
     '2024-12-01', '2024-12-01');
INSERT INTO messaging."MessageNumber" (id, "orgId", e164, "numberClass", "assignedSitterId", "updatedAt") VALUES
    ('number-1', 'default', '+15550100000', 'front_desk', NULL, '2024-12-01'),
    ('number-2', 'default', '+15550100011', 'sitter', 'sitter-1', '2024-12-01'),
    ('number-3', 'default', '+15550100012', 'sitter', NULL, '2024-12-01'),
    ('number-4', 'elsewhere', '+15550200000', 'front_desk', NULL, '2024-12-01');
INSERT INTO messaging."MessageThread" (id, "orgId", scope, "bookingId", "clientId", "assignedSitterId", "updatedAt")
VALUES ('thread-1', 'default', 'client', 'booking-1', 'client-1', 'sitter-1', '2024-12-01');
INSERT INTO messaging."AssignmentWindow" VALUES
    ('window-1', 'default', 'thread-1', 'booking-1', 'sitter-1', '2025-01-15 09:00', '2025-01-15 13:00', 'active',
     '2024-12-01', '2024-12-01');
"""

# What the message-numbers backfill cleans: two threads of one booking, a number twice, an unknown status.
BROKEN_ROWS = """
INSERT INTO messaging."MessageThread" (id, "orgId", scope, "bookingId", "clientId", "updatedAt")
VALUES ('thread-2', 'default', 'client', 'booking-1', 'client-1', '2024-12-02');
INSERT INTO messaging."MessageNumber" (id, "orgId", e164, "numberClass", status, "updatedAt")
VALUES ('number-5', 'default', '+15550100012', 'pool', 'lost', '2024-12-02');
INSERT INTO messaging."AssignmentWindow" VALUES
    ('window-2', 'default', 'thread-9', 'booking-1', 'sitter-1', '2025-01-15 09:00', '2025-01-15 13:00', 'active',
     '2024-12-01', '2024-12-01');
"""

CLEANING = """
DELETE FROM messaging."MessageThread" WHERE id = 'thread-2';
DELETE FROM messaging."MessageNumber" WHERE id = 'number-5';
DELETE FROM messaging."AssignmentWindow" WHERE id = 'window-2';
"""
