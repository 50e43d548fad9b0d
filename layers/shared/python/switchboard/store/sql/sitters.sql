-- name: set_standing
-- What an operator says of a sitter; an off-boarded one stays inactive whatever snapshots say.
UPDATE {messaging}."Sitter"
SET active = cast(:active AS boolean), "offboardedAt" = cast(:offboarded_at AS timestamptz),
    "updatedAt" = cast(:now AS timestamptz)
WHERE "orgId" = cast(:org_id AS text) AND id = cast(:sitter_id AS text);
