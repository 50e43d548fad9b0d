-- name: found
-- The types of the keys of leads and of call plans; null where there is no such table.
SELECT (SELECT data_type FROM information_schema.columns
        WHERE table_schema = :intake AND table_name = 'Lead' AND column_name = 'id') AS intake_key,
       (SELECT data_type FROM information_schema.columns
        WHERE table_schema = :accounts AND table_name = 'CallPlan' AND column_name = 'id') AS accounts_key;
