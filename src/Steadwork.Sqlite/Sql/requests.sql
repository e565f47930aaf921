-- name: job-head
SELECT lane, state, ready, unique_key, exclusive_key, blocked, is_parent, batch FROM jobs WHERE id = ?1;

-- name: request-cancellation
UPDATE jobs SET cancel_reason = coalesce(cancel_reason, ?2) WHERE id = ?1 AND state = 'running';

-- name: cancel-in-line
UPDATE jobs SET state = 'cancelled', ready = 0, blocked = 0, slot = NULL, alone = 0, finished_at = ?2, cancel_reason = ?3 WHERE id = ?1;

-- name: retry-by-hand
-- Nothing stale stays on it: no error, no time of ending, no result, all its attempts before it. ?3 whether it waits for others to end.
UPDATE jobs
SET state = CASE WHEN exclusive_key IS NULL AND ?3 = 0 THEN 'pending' ELSE 'waiting' END, ready = exclusive_key IS NULL AND ?3 = 0, blocked = ?3, orphaned = 0, failures = 0, alone = 0, run_at = ?2, expires_at = CASE WHEN expires_at > ?2 THEN expires_at END, started_at = NULL, finished_at = NULL,
    worker = NULL, error = NULL, result = NULL, cancel_reason = NULL
WHERE id = ?1;

-- name: delete-job
DELETE FROM jobs WHERE id = ?1;

-- name: pause
INSERT INTO pauses (scope, name, since, by) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING;

-- name: resume
DELETE FROM pauses WHERE scope = ?1 AND name = ?2;
