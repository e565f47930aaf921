-- name: pass-jobs
-- All jobs in the order of their age, since an index of those that have ended would cost each end an entry. ?1 the job after
-- which to begin, ?2 how many. Lanes come second: their order is not the one wanted.
SELECT jobs.id, lanes.queue, lanes.type, EXISTS (SELECT 1 FROM queues WHERE queues.name = lanes.queue), jobs.state, jobs.created_at, jobs.finished_at, jobs.unique_until
FROM jobs CROSS JOIN lanes ON lanes.id = jobs.lane
WHERE jobs.id > ?1
ORDER BY jobs.id LIMIT ?2;

-- name: is-awaited
-- Whether an unfinished job still waits for job ?1, or for a batch whose number negated that is, or it may be that one does not know yet that it has ended.
SELECT 1 WHERE EXISTS (
    SELECT 1 FROM dependencies JOIN jobs ON jobs.id = dependencies.child
    WHERE dependencies.parent = ?1 AND dependencies.done = 0 AND jobs.state IN ('pending', 'waiting', 'running')
) OR EXISTS (SELECT 1 FROM loose_parents WHERE loose_parents.parent = ?1);

-- name: prunable
-- As it was when it was passed by: it may have been retried, and ended again, since. ?2 when it had ended.
SELECT lane, state, is_parent, batch, (SELECT count(*) FROM attempts WHERE attempts.job = jobs.id) + (state = 'succeeded')
FROM jobs WHERE id = ?1 AND finished_at = ?2;

-- name: pass-log
-- ?1 the position after which to begin, ?2 how many.
SELECT position, entries, at FROM log WHERE position > ?1 ORDER BY position LIMIT ?2;

-- name: prune-log
DELETE FROM log WHERE position <= ?1 RETURNING entries;

-- name: setting
SELECT value, by, since FROM settings WHERE name = ?1;

-- name: put-setting
-- ?1 name, ?2 value, ?3 who, ?4 when. Changes nothing where the value is the same.
INSERT INTO settings (name, value, by, since) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, by = excluded.by, since = excluded.since WHERE settings.value <> excluded.value;
