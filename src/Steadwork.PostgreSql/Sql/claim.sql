-- name: hold-worker
-- Held by everything that claims for a worker or ends it: a claim must not be committed for one that has just been
-- buried, whose jobs nobody would look for again. $1 worker, $2 what tells this store's locks from others.
SELECT pg_advisory_xact_lock_shared($2, $1), steadwork.require_service($2);

-- name: join-line
-- For the claim of worker $1. Bounded, so that a flood of jobs that fall due at one instant is spread over many short
-- transactions. Those that must come to their turn behind an exclusive key go to stand there. $2 what tells this store's
-- locks from others.
WITH joined AS (
    UPDATE steadwork.jobs
    SET ready = exclusive_key IS NULL OR slot IS NOT NULL, state = CASE WHEN exclusive_key IS NULL OR slot IS NOT NULL THEN 'pending' ELSE 'waiting' END
    FROM (
        SELECT id FROM steadwork.jobs
        WHERE state = 'pending' AND NOT ready AND run_at <= (SELECT steadwork.wall_clock()) AND EXISTS (SELECT FROM steadwork.workers WHERE id = $1)
        ORDER BY run_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE jobs.id = due.id
    RETURNING lane, state, exclusive_key
),
moved AS (
    INSERT INTO steadwork.lane_changes (lane, pending, waiting) SELECT lane, -count(*), count(*) FROM joined WHERE state = 'waiting' GROUP BY lane
),
noted AS (
    DELETE FROM steadwork.loose_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM steadwork.loose_keys LIMIT 200 FOR UPDATE SKIP LOCKED)) RETURNING key
),
loose AS MATERIALIZED (
    SELECT array_agg(key) AS keys FROM (SELECT exclusive_key AS key FROM joined WHERE state = 'waiting' UNION ALL SELECT key FROM noted) AS keys HAVING count(*) > 0
)
SELECT (SELECT count(*) FROM joined) + (SELECT count(*) FROM loose, steadwork.admit($2, keys));

-- name: claim
-- $1 worker, $2 queues, $3 types, $4 how many, $5 how many it holds besides. A job that must be alone is given only to a
-- worker that holds nothing else, which stops at it until it holds nothing: that it does is answered, without a job if need be. $6 lanes, and $7 priority and $8 id behind which
-- to begin in each: no arrays but for a claim that skips what is known to be gone (see LineMarks).
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
heads AS MATERIALIZED (
    SELECT head.id, head.priority, head.alone
    FROM steadwork.lanes LEFT JOIN unnest($6::integer[], $7::smallint[], $8::bigint[]) AS mark (lane, priority, id) ON mark.lane = lanes.id, LATERAL (
        SELECT id, priority, alone FROM steadwork.jobs
        WHERE jobs.lane = lanes.id AND ready AND (priority, id) > (coalesce(mark.priority, 0::smallint), coalesce(mark.id, 0))
        ORDER BY priority, id LIMIT $4 FOR UPDATE SKIP LOCKED
    ) AS head
    WHERE queue = ANY ($2) AND type = ANY ($3) AND EXISTS (SELECT FROM steadwork.workers WHERE id = $1)
        AND NOT EXISTS (SELECT FROM steadwork.pauses WHERE scope = 'queue' AND name = queue)
        AND NOT EXISTS (SELECT FROM steadwork.pauses WHERE scope = 'type' AND name = type)
    ORDER BY priority, id LIMIT $4
),
ranked AS MATERIALIZED (
    SELECT id, alone, row_number() OVER line AS rank, count(*) FILTER (WHERE alone) OVER line AS suspects
    FROM heads WINDOW line AS (ORDER BY priority, id)
),
chosen AS MATERIALIZED (
    SELECT id, rank, nextval('steadwork.leases') AS lease
    FROM (SELECT id, rank FROM ranked WHERE suspects = 0 OR (rank = 1 AND alone AND $5 = 0) ORDER BY rank) AS ordered
),
claimed AS (
    UPDATE steadwork.jobs
    SET state = 'running', ready = false, worker = $1, lease = chosen.lease, attempt = attempt + 1, started_at = clock.now
    FROM chosen, clock
    WHERE jobs.id = chosen.id
    RETURNING chosen.rank, jobs.id, jobs.lease, jobs.lane, attempt, failures, max_attempts, alone, timeout, trace_parent, tags, payload, priority
),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, running) SELECT lane, -count(*), count(*) FROM claimed GROUP BY lane
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, worker, jobs, leases)
    SELECT min(now), count(*), ARRAY['claimed'], $1, array_agg(id ORDER BY rank), array_agg(lease ORDER BY rank) FROM claimed, clock HAVING count(*) > 0
)
SELECT claimed.id, lease, type, queue, attempt, failures, max_attempts, alone, timeout, trace_parent, tags::text, payload, claimed.lane, priority, is_stopped
FROM (SELECT coalesce(bool_or(alone), false) AS is_stopped FROM heads) AS line
    LEFT JOIN (claimed JOIN steadwork.lanes ON lanes.id = claimed.lane) ON true
ORDER BY rank;

-- name: held-whole
-- All that a worker holds, with the columns of a claim, for one that may have missed an answer.
SELECT jobs.id, lease, type, queue, attempt, failures, max_attempts, alone, timeout, trace_parent, tags::text, payload
FROM steadwork.jobs JOIN steadwork.lanes ON lanes.id = jobs.lane
WHERE worker = $1 AND state = 'running'
ORDER BY jobs.id;

-- name: outlook
-- Whether the worker $1 is registered, when the next delayed job falls due, and what time it is.
SELECT EXISTS (SELECT FROM steadwork.workers WHERE id = $1),
       (SELECT run_at FROM steadwork.jobs WHERE state = 'pending' AND NOT ready ORDER BY run_at LIMIT 1),
       steadwork.wall_clock();
