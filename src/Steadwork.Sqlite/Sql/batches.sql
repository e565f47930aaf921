-- name: insert-batch
INSERT INTO batches (name, open, created_at) VALUES (?1, ?2, ?3);

-- name: batch-head
SELECT open, ended_at, pending, waiting, running, succeeded, failed, cancelled, deleted FROM batches WHERE id = ?1;

-- name: count-batch
-- Once a transaction and batch: the sum of what the transaction did.
UPDATE batches
SET pending = pending + ?2, waiting = waiting + ?3, running = running + ?4, succeeded = succeeded + ?5, failed = failed + ?6, cancelled = cancelled + ?7,
    deleted = deleted + ?8
WHERE id = ?1;

-- name: end-batch
-- ?2 when, or null when it has not ended any more.
UPDATE batches SET ended_at = ?2 WHERE id = ?1;

-- name: close-batch
UPDATE batches SET open = 0 WHERE id = ?1;

-- name: be-followed
UPDATE batches SET follower = ?2 WHERE id = ?1;

-- name: batches
-- ?1 a JSON array of numbers.
SELECT id, name, open, created_at, ended_at, follower, pending, waiting, running, succeeded, failed, cancelled, deleted
FROM batches WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id;

-- name: followed-by
-- The batch that job ?1 follows, and whether it waits for that no more.
SELECT -parent, done FROM dependencies WHERE child = ?1 AND parent < 0 LIMIT 1;

-- name: pass-batches
-- ?1 the batch after which to begin, ?2 how many.
SELECT id, created_at, ended_at FROM batches WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: prune-batch
-- Unless a job of it, or its follower, is left.
DELETE FROM batches
WHERE id = ?1 AND ended_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.batch = batches.id) AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = batches.follower);
