-- name: pass-history
-- The jobs that have ended, in the order of their age. $1 the job after which to begin, $2 how many.
SELECT ended.id, queue, type, queues.name IS NOT NULL, ended.state, ended.created_at, ended.finished_at, ended.unique_until
FROM (SELECT id, lane, state, created_at, finished_at, unique_until FROM steadwork.history WHERE id > $1 ORDER BY id LIMIT $2) AS ended
JOIN steadwork.lanes ON lanes.id = ended.lane LEFT JOIN steadwork.queues ON queues.name = queue
ORDER BY ended.id;

-- name: pass-log
-- Batches in the order of their places; one that was the newest when it was pruned has left its place behind. $1 the position after which to begin, $2 how many.
SELECT upto, place.entries, at
FROM (SELECT upto, batch, entries FROM steadwork.log_places WHERE upto > $1 ORDER BY upto LIMIT $2) AS place LEFT JOIN steadwork.log ON log.batch = ANY (ARRAY[place.batch])
ORDER BY upto;

-- name: count-expired
-- Of the jobs $1 those for which no unfinished one waits, nor for their batch, in which they have not succeeded; and their attempts.
WITH free AS MATERIALIZED (
    SELECT id, state FROM steadwork.history
    WHERE id = ANY ($1)
        AND NOT EXISTS (SELECT FROM steadwork.dependencies WHERE parent = history.id AND NOT done AND EXISTS (SELECT FROM steadwork.jobs WHERE id = child OFFSET 0) OFFSET 0)
        AND NOT (history.batch IS NOT NULL AND history.state <> 'succeeded'
            AND EXISTS (SELECT FROM steadwork.dependencies WHERE parent = -history.batch AND NOT done AND EXISTS (SELECT FROM steadwork.jobs WHERE id = child OFFSET 0) OFFSET 0))
        AND NOT EXISTS (SELECT FROM steadwork.loose_ends WHERE parent IN (history.id, -history.batch))
)
SELECT count(*), (SELECT count(*) FROM steadwork.attempts JOIN free ON job = ANY (ARRAY[free.id])) + count(*) FILTER (WHERE state = 'succeeded') FROM free;

-- name: hold-expired
-- Of the jobs $1 those that are as they were when they were passed by: they may have been retried, and ended again, since. $2 when
-- they had ended. What somebody is at is left for another time; what is held, nobody can begin to wait for any more.
SELECT id FROM steadwork.history JOIN unnest($1::bigint[], $2::timestamptz[]) AS told (job, ended) ON id = ANY (ARRAY[job]) AND finished_at = ended
FOR UPDATE OF history SKIP LOCKED;

-- name: prune-history
-- The jobs $1, which are held, but for those for which an unfinished one waits, or for their batch, in which they have not succeeded; or
-- does not know yet that they have ended. The counts of batches stay.
WITH gone AS (
    DELETE FROM steadwork.history
    WHERE id = ANY ($1)
        AND NOT EXISTS (SELECT FROM steadwork.dependencies WHERE parent = history.id AND NOT done AND EXISTS (SELECT FROM steadwork.jobs WHERE id = child OFFSET 0) OFFSET 0)
        AND NOT (history.batch IS NOT NULL AND history.state <> 'succeeded'
            AND EXISTS (SELECT FROM steadwork.dependencies WHERE parent = -history.batch AND NOT done AND EXISTS (SELECT FROM steadwork.jobs WHERE id = child OFFSET 0) OFFSET 0))
        AND NOT EXISTS (SELECT FROM steadwork.loose_ends WHERE parent IN (history.id, -history.batch))
    RETURNING id, lane, state
),
forgotten AS (DELETE FROM steadwork.attempts USING gone WHERE attempts.job = ANY (ARRAY[gone.id]) RETURNING attempt),
unrelated AS (DELETE FROM steadwork.dependencies USING gone WHERE child = ANY (ARRAY[gone.id])),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, succeeded, failed, cancelled)
    SELECT lane, -count(*) FILTER (WHERE state = 'succeeded'), -count(*) FILTER (WHERE state = 'failed'), -count(*) FILTER (WHERE state = 'cancelled')
    FROM gone GROUP BY lane
)
SELECT count(*), (SELECT count(*) FROM forgotten) + count(*) FILTER (WHERE state = 'succeeded') FROM gone;

-- name: prune-log
-- The batches at the places $1, but for those that somebody is at; the newest place itself stays, empty, since it carries the state of the numbering.
WITH newest AS MATERIALIZED (SELECT max(upto) AS upto FROM steadwork.log_places),
old AS MATERIALIZED (SELECT upto, batch FROM steadwork.log_places WHERE upto = ANY ($1) ORDER BY upto FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM steadwork.log USING old WHERE log.batch = ANY (ARRAY[old.batch]) RETURNING log.entries),
forgotten AS (DELETE FROM steadwork.log_places USING old, newest WHERE log_places.upto = ANY (ARRAY[old.upto]) AND old.upto < newest.upto),
emptied AS (UPDATE steadwork.log_places SET entries = 0 FROM old, newest WHERE log_places.upto = ANY (ARRAY[old.upto]) AND old.upto = newest.upto)
SELECT coalesce(sum(entries), 0)::bigint FROM gone;

-- name: setting
SELECT value, by, since FROM steadwork.settings WHERE name = $1;

-- name: put-setting
-- $1 name, $2 value, $3 who, $4 the kind and $5 the data of what the log says. Changes nothing where the value is the same.
WITH put AS (
    INSERT INTO steadwork.settings (name, value, by, since) VALUES ($1, $2, $3, steadwork.wall_clock())
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, by = excluded.by, since = excluded.since WHERE settings.value <> excluded.value
    RETURNING since
),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, data) SELECT since, 1, ARRAY[$4::text], ARRAY[$5::text] FROM put)
SELECT FROM put;
