-- name: insert-job
-- The payload is the last parameter: jobs that differ in nothing else are inserted by one statement, which repeats the row with further ones.
INSERT INTO jobs (lane, state, ready, priority, max_attempts, run_at, created_at, timeout, unique_until, unique_key, trace_parent, tags, payload, exclusive_key, exclusive_limit,
                  blocked, runs_anyway, expires_at, batch, slot)
VALUES (?1, ?12, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?20, ?13, ?14, ?15, ?16, ?17, ?18, ?19);

-- name: job-of-unique-key
SELECT id, state
FROM jobs
WHERE unique_key = ?1 AND unique_key IS NOT NULL AND (unique_until = 253402300799999 OR state IN ('pending', 'waiting', 'running'));

-- name: type-of-job
SELECT type FROM lanes WHERE id = (SELECT lane FROM jobs WHERE id = ?1);

-- name: expired-job-of-unique-key
-- One that bears it and is not worth beginning at the time ?2.
SELECT id, expires_at
FROM jobs
WHERE unique_key = ?1 AND unique_key IS NOT NULL AND (unique_until = 253402300799999 OR state IN ('pending', 'waiting', 'running'))
    AND state IN ('pending', 'waiting') AND expires_at <= ?2;

-- name: ended-job-of-unique-key
-- One that has ended, whose key stays taken after the time ?2. After a clock that was set back there can be several.
SELECT id, state
FROM jobs
WHERE unique_key = ?1 AND unique_until > ?2 AND unique_until < 253402300799999 AND state IN ('succeeded', 'failed', 'cancelled')
ORDER BY unique_until DESC, id DESC LIMIT 1;

-- name: amend-job
UPDATE jobs SET max_attempts = ?2 WHERE id = ?1 AND max_attempts <> ?2 AND state <> 'succeeded';

-- name: replace
-- ?2 the payload or null to leave it, ?3 run_at or null to leave it and expires_at, ?4 the time, ?5 expires_at or null for never. Another time moves the job to where it then belongs,
-- unless it waits for others to end: into its line, behind its exclusive key unless it has a place there, or to those that
-- wait for their time, and then without such a place.
UPDATE jobs
SET payload = coalesce(?2, payload), run_at = coalesce(?3, run_at), expires_at = CASE WHEN ?3 IS NULL THEN expires_at ELSE ?5 END,
    ready = CASE WHEN blocked = 1 OR ?3 IS NULL OR ?3 = run_at THEN ready ELSE ?3 <= ?4 AND (exclusive_key IS NULL OR slot IS NOT NULL) END,
    state = CASE WHEN blocked = 1 OR ?3 IS NULL OR ?3 = run_at THEN state WHEN ?3 <= ?4 AND exclusive_key IS NOT NULL AND slot IS NULL THEN 'waiting' ELSE 'pending' END,
    slot = CASE WHEN ?3 IS NULL OR ?3 = run_at OR ?3 <= ?4 THEN slot END
WHERE id = ?1 AND state IN ('pending', 'waiting') AND (payload <> ?2 OR run_at <> ?3 OR (?3 IS NOT NULL AND expires_at IS NOT ?5))
RETURNING state, ready, blocked;

-- name: insert-lane
INSERT INTO lanes (queue, type, requires) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING;

-- name: lane-of
SELECT id FROM lanes WHERE queue = ?1 AND type = ?2 AND requires = ?3;

-- name: count-lane
-- Once a transaction and lane: the sum of what the transaction did.
UPDATE lanes
SET ready = ready + ?2, pending = pending + ?3, waiting = waiting + ?4, running = running + ?5,
    succeeded = succeeded + ?6, failed = failed + ?7, cancelled = cancelled + ?8
WHERE id = ?1;

-- name: mark-lane
-- After it, where the count of ready ones has changed: mostly they do not come to be any or none.
UPDATE lanes SET has_ready = ready > 0 WHERE id = ?1 AND has_ready <> (ready > 0);

-- name: define-queue
INSERT INTO queues (name, definition) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: queue-definition
SELECT definition FROM queues WHERE name = ?1;

-- name: insert-log
INSERT INTO log (position, entries, at, kind, jobs, worker, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);
