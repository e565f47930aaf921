-- name: succeed
-- The hot end of a job's life. The lease is the fence: a stale one finds no row. Without RETURNING, as for a claim.
UPDATE jobs
SET state = 'succeeded', started_at = coalesce(?3, started_at), finished_at = ?4, result = ?5, error = NULL, cancel_reason = NULL, alone = 0, slot = NULL
WHERE id = ?1 AND lease = ?2 AND state = 'running';

-- name: succeeded
SELECT lane, worker, exclusive_key, is_parent, batch FROM jobs WHERE id = ?1;

-- name: held
-- What the lifecycle must know before any other end is applied; no row when the lease is stale.
SELECT lane, attempt, failures, max_attempts, cancel_reason, alone, worker, started_at, exclusive_key, is_parent, batch
FROM jobs
WHERE id = ?1 AND lease = ?2 AND state = 'running';

-- name: settle
-- ?3 state, ?4 ready, ?5 attempts given back, ?6 failures added, ?7 run_at or null, ?8 finished_at or null,
-- ?9 error or null to keep the one there, ?10 alone, ?11 started_at or null, ?12 why it is cancelled or null, ?13 result or null.
-- A place behind an exclusive key that only one may have is kept until the end: nobody passes a job that waits for its retry.
UPDATE jobs
SET state = ?3, ready = ?4, attempt = attempt - ?5, failures = failures + ?6, run_at = coalesce(?7, run_at),
    finished_at = ?8, error = coalesce(?9, error), result = ?13, alone = ?10,
    slot = CASE WHEN ?8 IS NULL AND (?4 = 1 OR exclusive_limit = 1) THEN slot END,
    worker = CASE WHEN ?8 IS NULL THEN NULL ELSE worker END,
    started_at = CASE WHEN ?8 IS NULL THEN NULL ELSE coalesce(?11, started_at) END,
    cancel_reason = CASE WHEN ?3 = 'cancelled' THEN coalesce(cancel_reason, ?12) END
WHERE id = ?1 AND lease = ?2 AND state = 'running';

-- name: insert-attempt
INSERT INTO attempts (job, attempt, worker, started_at, finished_at, outcome, error, result) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: forget-attempts
-- The first of them, once there are too many.
DELETE FROM attempts WHERE job = ?1 AND attempt <= ?2;
