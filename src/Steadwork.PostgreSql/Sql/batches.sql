-- name: open-batch
-- Its number is that of the sequence until the transaction ends: jobs that are stored in it for the batch 0 are its.
-- $1 name, $2 whether it takes more jobs.
INSERT INTO steadwork.batches (name, open, created_at) VALUES ($1, $2, steadwork.wall_clock()) RETURNING id;

-- name: be-followed
UPDATE steadwork.batches SET follower = (SELECT child FROM steadwork.dependencies WHERE parent = -batches.id AND NOT done ORDER BY child LIMIT 1)
WHERE id = currval('steadwork.batch_ids');

-- name: attend-batch
-- The one that has just been made: it may have no job. $1 what tells this store's locks from others, or null in a caller's transaction.
SELECT job, state FROM steadwork.attend($1, ARRAY[-currval('steadwork.batch_ids')], NULL, NULL);

-- name: require-open
SELECT steadwork.require_open($1);

-- name: hold-batch
-- Waits for the transactions that add jobs to it. Nothing when there is none.
SELECT open FROM steadwork.batches WHERE id = $1 FOR UPDATE;

-- name: close-batch
-- $1 batch, $2 as above.
WITH closed AS (UPDATE steadwork.batches SET open = false WHERE id = $1 RETURNING id)
SELECT job, state FROM (SELECT array_agg(-id) AS parents FROM closed HAVING count(*) > 0) AS done, LATERAL steadwork.attend($2, parents, NULL, NULL);

-- name: hold-batches
-- Of which jobs are retried.
SELECT FROM steadwork.batches WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE;

-- name: reopen-batches
UPDATE steadwork.batches SET ended_at = NULL WHERE id = ANY ($1) AND ended_at IS NOT NULL;

-- name: batches
SELECT id, name, open, created_at, ended_at, follower, kept.pending, kept.waiting, kept.running, kept.succeeded, kept.failed, kept.cancelled, kept.deleted
FROM steadwork.batches JOIN steadwork.batch_counts($1) AS kept ON batch = id
WHERE id = ANY ($1)
ORDER BY id;

-- name: followed-by
-- The batch that job $1 follows, and whether it waits for that no more.
SELECT id, name, open, created_at, ended_at, follower, kept.pending, kept.waiting, kept.running, kept.succeeded, kept.failed, kept.cancelled, kept.deleted, done
FROM (SELECT parent, done FROM steadwork.dependencies WHERE child = $1 AND parent < 0 LIMIT 1) AS followed
JOIN steadwork.batches ON id = ANY (ARRAY[-parent]), LATERAL steadwork.batch_counts(ARRAY[id]) AS kept;

-- name: fold-batches
WITH taken AS (DELETE FROM steadwork.batch_changes RETURNING *),
sums AS (
    SELECT batch, sum(pending) AS pending, sum(waiting) AS waiting, sum(running) AS running, sum(succeeded) AS succeeded, sum(failed) AS failed, sum(cancelled) AS cancelled, sum(deleted) AS deleted
    FROM taken GROUP BY batch
)
UPDATE steadwork.batches
SET pending = batches.pending + sums.pending, waiting = batches.waiting + sums.waiting, running = batches.running + sums.running, succeeded = batches.succeeded + sums.succeeded,
    failed = batches.failed + sums.failed, cancelled = batches.cancelled + sums.cancelled, deleted = batches.deleted + sums.deleted
FROM sums WHERE batches.id = sums.batch;

-- name: pass-batches
-- $1 the batch after which to begin, $2 how many.
SELECT id, created_at, ended_at FROM steadwork.batches WHERE id > $1 ORDER BY id LIMIT $2;

-- name: prune-batches
-- Those of $1 of which neither a job nor the follower is left, and that nobody is at.
WITH gone AS (
    DELETE FROM steadwork.batches
    WHERE ended_at IS NOT NULL AND id = ANY (ARRAY(
            SELECT id FROM steadwork.batches
            WHERE id = ANY ($1)
                AND NOT EXISTS (SELECT FROM steadwork.jobs WHERE jobs.batch = batches.id OFFSET 0) AND NOT EXISTS (SELECT FROM steadwork.history WHERE history.batch = batches.id OFFSET 0)
                AND NOT EXISTS (SELECT FROM steadwork.jobs WHERE jobs.id = batches.follower OFFSET 0) AND NOT EXISTS (SELECT FROM steadwork.history WHERE history.id = batches.follower OFFSET 0)
                AND NOT EXISTS (SELECT FROM steadwork.loose_ends WHERE parent = -batches.id)
            FOR UPDATE SKIP LOCKED))
    RETURNING id
)
DELETE FROM steadwork.batch_changes USING gone WHERE batch = gone.id;
