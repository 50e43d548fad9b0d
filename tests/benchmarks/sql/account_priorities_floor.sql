-- The best hand-written SQL for account-priorities' result as of 25 October 2025, in one transaction: steps 1, 3, 5.
UPDATE accounts."Customer"
SET "accountType" = CASE WHEN "lastOrderDate" >= timestamptz '2025-04-25Z' THEN 'ACTIVE'::accounts."AccountType"
                         WHEN "lastOrderDate" >= timestamptz '2024-10-25Z' THEN 'TARGET' ELSE 'PROSPECT' END
WHERE "accountType" IS NULL;

CREATE TYPE accounts."AccountPriority" AS ENUM ('LOW', 'MEDIUM', 'HIGH');
CREATE TYPE accounts."CallPlanStatus" AS ENUM ('DRAFT', 'ACTIVE', 'COMPLETED', 'ARCHIVED');
CREATE TYPE accounts."ContactOutcome" AS ENUM ('NOT_ATTEMPTED', 'NO_CONTACT', 'CONTACTED', 'VISITED');
ALTER TABLE accounts."Customer" ADD "accountPriority" accounts."AccountPriority", ADD territory text;
ALTER TABLE accounts."CallPlan" ADD "weekNumber" integer, ADD year integer, ADD "targetCount" integer,
    ADD status accounts."CallPlanStatus" NOT NULL DEFAULT 'DRAFT';
CREATE TABLE accounts."CallPlanAccount" (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid NOT NULL REFERENCES accounts."Tenant" ON DELETE CASCADE,
    "callPlanId" uuid NOT NULL REFERENCES accounts."CallPlan" ON DELETE CASCADE,
    "customerId" uuid NOT NULL REFERENCES accounts."Customer" ON DELETE CASCADE, objective text,
    "addedAt" timestamptz(3) NOT NULL DEFAULT now(),
    "contactOutcome" accounts."ContactOutcome" NOT NULL DEFAULT 'NOT_ATTEMPTED', "contactedAt" timestamptz(3), notes text,
    UNIQUE ("callPlanId", "customerId"));
CREATE TABLE accounts."CallPlanActivity" (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid NOT NULL REFERENCES accounts."Tenant" ON DELETE CASCADE,
    "callPlanId" uuid NOT NULL REFERENCES accounts."CallPlan" ON DELETE CASCADE,
    "customerId" uuid NOT NULL REFERENCES accounts."Customer" ON DELETE CASCADE,
    "activityTypeId" uuid NOT NULL REFERENCES accounts."ActivityType" ON DELETE CASCADE,
    "occurredAt" timestamptz(3) NOT NULL, notes text, "createdAt" timestamptz(3) NOT NULL DEFAULT now());
CREATE INDEX "Customer_territory_idx" ON accounts."Customer" (territory);
CREATE INDEX "Customer_accountPriority_idx" ON accounts."Customer" ("accountPriority");
CREATE INDEX "CallPlan_year_weekNumber_idx" ON accounts."CallPlan" (year, "weekNumber");
CREATE INDEX "CallPlan_status_idx" ON accounts."CallPlan" (status);
CREATE INDEX "CallPlanAccount_tenantId_idx" ON accounts."CallPlanAccount" ("tenantId");
CREATE INDEX "CallPlanAccount_callPlanId_idx" ON accounts."CallPlanAccount" ("callPlanId");
CREATE INDEX "CallPlanAccount_customerId_idx" ON accounts."CallPlanAccount" ("customerId");
CREATE INDEX "CallPlanAccount_contactOutcome_idx" ON accounts."CallPlanAccount" ("contactOutcome");
CREATE INDEX "CallPlanAccount_contactedAt_idx" ON accounts."CallPlanAccount" ("contactedAt");
CREATE INDEX "CallPlanActivity_tenantId_idx" ON accounts."CallPlanActivity" ("tenantId");
CREATE INDEX "CallPlanActivity_callPlanId_idx" ON accounts."CallPlanActivity" ("callPlanId");
CREATE INDEX "CallPlanActivity_customerId_idx" ON accounts."CallPlanActivity" ("customerId");
CREATE INDEX "CallPlanActivity_activityTypeId_idx" ON accounts."CallPlanActivity" ("activityTypeId");
CREATE INDEX "CallPlanActivity_occurredAt_idx" ON accounts."CallPlanActivity" ("occurredAt");

UPDATE accounts."Customer"
SET "accountPriority" = CASE "accountType" WHEN 'ACTIVE' THEN 'HIGH'::accounts."AccountPriority" WHEN 'TARGET' THEN 'MEDIUM'
                                           ELSE 'LOW' END
