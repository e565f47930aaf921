-- name: become-parent
-- From now on the end of this job is told to those that come after it.
UPDATE jobs SET is_parent = 1 WHERE id = ?1;

-- name: add-parent
INSERT INTO dependencies (child, parent) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: next-awaiting
-- Of those that still wait for job ?1 the first after job ?2.
SELECT dependencies.child, jobs.state, jobs.runs_anyway, jobs.orphaned FROM dependencies JOIN jobs ON jobs.id = dependencies.child
WHERE dependencies.parent = ?1 AND dependencies.done = 0 AND dependencies.child > ?2
ORDER BY dependencies.child LIMIT 1;

-- name: parent-done
UPDATE dependencies SET done = 1 WHERE child = ?1 AND parent = ?2;

-- name: still-awaits
SELECT 1 FROM dependencies WHERE child = ?1 AND done = 0 LIMIT 1;

-- name: awaits-an-ended-one
-- Whether one of those for which job ?1 waits, a job or a batch, has ended or is gone.
SELECT 1 FROM dependencies LEFT JOIN jobs ON jobs.id = dependencies.parent
WHERE dependencies.child = ?1 AND dependencies.done = 0 AND (jobs.id IS NULL OR jobs.state IN ('succeeded', 'failed', 'cancelled'))
    AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.id = -dependencies.parent AND batches.ended_at IS NULL) LIMIT 1;

-- name: unblock
-- ?2 the time.
UPDATE jobs
SET blocked = 0, ready = run_at <= ?2 AND exclusive_key IS NULL,
    state = CASE WHEN run_at <= ?2 AND exclusive_key IS NOT NULL THEN 'waiting' ELSE 'pending' END
WHERE id = ?1
RETURNING lane, state, ready, exclusive_key, batch;

-- name: orphan
UPDATE jobs SET orphaned = 1 WHERE id = ?1;

-- name: restore
UPDATE jobs SET state = 'waiting', blocked = 1, orphaned = 0, finished_at = NULL, cancel_reason = NULL WHERE id = ?1 RETURNING lane, batch;

-- name: parents-of
-- Those first for which job ?1 still waits, ?2 at the most.
SELECT parent, state, done FROM (
    SELECT * FROM (SELECT parent, done FROM dependencies WHERE child = ?1 AND parent > 0 AND done = 0 ORDER BY parent LIMIT ?2)
    UNION ALL
    SELECT * FROM (SELECT parent, done FROM dependencies WHERE child = ?1 AND parent > 0 AND done = 1 ORDER BY parent LIMIT ?2)
    LIMIT ?2
) LEFT JOIN jobs ON jobs.id = parent;

-- name: leave-parent
-- The rest of those that wait for job ?1, from the one after job ?2, is seen to later.
INSERT INTO loose_parents (parent, after) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: take-parent
DELETE FROM loose_parents WHERE (parent, after) IN (SELECT parent, after FROM loose_parents ORDER BY parent, after LIMIT 1) RETURNING parent, after;
