-- name: and-hold-worker
-- Goes behind keep-plans, in one statement with it: each costs its start. Held by everything that claims for a worker or ends it:
-- a claim must not be committed for one that has just been buried, whose jobs nobody would look for again. And the gates that the
-- claim has to pass. $2 what tells this store's locks from others, $3 worker, $4 queues, $5 types.
, pg_advisory_xact_lock_shared($2, $3), steadwork.require_service($2), CASE WHEN pg_sequence_last_value('steadwork.gating') IS NOT NULL THEN steadwork.hold_gates($4, $5) END;

-- name: gates
-- What a claim begins with: what the jobs of a lane have to pass.
WITH RECURSIVE clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
served_for AS (SELECT FROM steadwork.workers WHERE id = $1 AND lease_until > '-infinity'),
gates AS MATERIALIZED (SELECT gate.* FROM clock, LATERAL steadwork.gates($2, $3, now) AS gate)

-- name: no-gates
-- The same where there are no limits and no breakers, as the caller knows: from the constant the server sees that nothing goes by them,
-- and plans the half of the statement away. As soon as there are, nobody is served who does not know of it yet.
WITH RECURSIVE clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
served_for AS (SELECT FROM steadwork.workers WHERE id = $1 AND lease_until > '-infinity' AND pg_sequence_last_value('steadwork.gating') IS NULL),
gates AS NOT MATERIALIZED (SELECT 0 AS lane, '' AS kind, '' AS name, 0::bigint AS most WHERE false)

-- name: behind-marks
-- Before line-by-priority, for a claim that skips what is known to be gone (see LineMarks): $8 lanes, and $9 priority and $10 id behind which to begin in each.
, mark AS NOT MATERIALIZED (SELECT * FROM unnest($8::integer[], $9::smallint[], $10::bigint[]) AS mark (lane, priority, id))

-- name: from-heads
-- The same for one that skips nothing, as most: from the constant the server sees that there are none.
, mark AS NOT MATERIALIZED (SELECT 0 AS lane, 0::smallint AS priority, 0::bigint AS id WHERE false)

-- name: line-by-priority
-- The jobs that a claim takes next, in line. $1 worker, $2 queues, $3 types, $4 how many, $6 the tags that the worker has. Goes before
-- what lets them pass the gates. The place is priority and id in one number: ids stay below 2^47.
, heads AS MATERIALIZED (
    SELECT head.id, lanes.id AS lane, head.alone, head.expires_at, (head.priority::bigint << 47) + head.id AS place
    FROM steadwork.lanes LEFT JOIN mark ON mark.lane = lanes.id, LATERAL (
        SELECT id, priority, alone, expires_at FROM steadwork.jobs
        WHERE jobs.lane = lanes.id AND ready AND (priority, id) > (coalesce(mark.priority, 0::smallint), coalesce(mark.id, 0))
        ORDER BY priority, id LIMIT least($4, (SELECT min(most) FROM gates WHERE gates.lane = lanes.id)) FOR UPDATE SKIP LOCKED
    ) AS head
    WHERE queue = ANY ($2) AND type = ANY ($3) AND string_to_array(requires, ',') <@ $6 AND EXISTS (SELECT FROM served_for)
        AND NOT EXISTS (SELECT FROM steadwork.pauses WHERE scope = 'queue' AND name = queue)
        AND NOT EXISTS (SELECT FROM steadwork.pauses WHERE scope = 'type' AND name = type)
)

-- name: line-by-rule
-- The same for a worker with a rule of its own (see ClaimRule, which says what the draws are): of each lane and priority, to
-- which it steps without looking at the jobs between, as many as are wanted. BETWEEN, since with = the index of all jobs by their id
-- would do for the order, too, and be scanned. $8 order, $9 ageing in ms, $10 sharing, $11 the weight of each queue.
, served AS MATERIALIZED (
    SELECT lanes.id, queue_place, weight, least($4, (SELECT min(most) FROM gates WHERE gates.lane = lanes.id)) AS wanted
    FROM unnest($2::text[], $11::integer[]) WITH ORDINALITY AS wanted (queue, weight, queue_place) JOIN steadwork.lanes USING (queue)
    WHERE type = ANY ($3) AND string_to_array(requires, ',') <@ $6 AND EXISTS (SELECT FROM served_for)
        AND NOT EXISTS (SELECT FROM steadwork.pauses WHERE scope = 'queue' AND name = queue)
        AND NOT EXISTS (SELECT FROM steadwork.pauses WHERE scope = 'type' AND name = type)
),
steps (lane, priority) AS (
    SELECT id, (SELECT priority FROM steadwork.jobs WHERE jobs.lane = served.id AND ready ORDER BY priority LIMIT 1) FROM served
    UNION ALL
    SELECT lane, (SELECT jobs.priority FROM steadwork.jobs WHERE jobs.lane = steps.lane AND ready AND jobs.priority > steps.priority ORDER BY jobs.priority LIMIT 1)
    FROM steps WHERE priority IS NOT NULL
),
found AS MATERIALIZED (
    SELECT head.*, steps.lane, queue_place, weight
    FROM steps JOIN served ON served.id = steps.lane, LATERAL (
        SELECT * FROM (SELECT id, jobs.priority, alone, run_at, expires_at FROM steadwork.jobs WHERE jobs.lane = steps.lane AND ready AND jobs.priority BETWEEN steps.priority AND steps.priority ORDER BY jobs.priority, id LIMIT wanted FOR UPDATE SKIP LOCKED) AS oldest
        WHERE $8 <> 'lifo'
        UNION ALL
        SELECT * FROM (SELECT id, jobs.priority, alone, run_at, expires_at FROM steadwork.jobs WHERE jobs.lane = steps.lane AND ready AND jobs.priority BETWEEN steps.priority AND steps.priority ORDER BY jobs.priority DESC, id DESC LIMIT wanted FOR UPDATE SKIP LOCKED) AS newest
        WHERE $8 = 'lifo'
    ) AS head
    WHERE steps.priority IS NOT NULL
),
ordered AS MATERIALIZED (
    SELECT drawn.*, row_number() OVER (ORDER BY
        CASE $8::text
            WHEN 'priority' THEN greatest(1, priority - floor(greatest(0, extract(epoch FROM now - run_at)) * 1000 / $9::bigint)::double precision)
            WHEN 'weighted-random' THEN arrival
        END,
        CASE WHEN $8 = 'lifo' THEN -id ELSE id END) AS turn
    FROM (SELECT found.*, sum(-ln(1 - random()) * priority) OVER (PARTITION BY priority ORDER BY id) AS arrival FROM found) AS drawn, clock
),
heads AS MATERIALIZED (
    SELECT id, lane, alone, expires_at, row_number() OVER (ORDER BY CASE $10::text WHEN 'in-order' THEN queue_place WHEN 'by-weight' THEN queue_arrival END, turn) AS place
    FROM (SELECT ordered.*, sum(-ln(1 - random()) / weight) OVER (PARTITION BY queue_place ORDER BY turn) AS queue_arrival FROM ordered) AS shared
)

-- name: pass-gates
-- What a gate of its lane does not let through is left out before all else; one that another gate holds back has had its turn there
-- all the same (see ClaimGates).
, passed AS (
    SELECT * FROM heads WHERE id NOT IN (
        SELECT id FROM (SELECT id, most, row_number() OVER (PARTITION BY kind, name ORDER BY place) AS turn FROM heads JOIN gates USING (lane)) AS counted WHERE turn > most)
)

-- name: pass-none
-- The same where there are none.
, passed AS NOT MATERIALIZED (SELECT * FROM heads)

-- name: claim-line
-- Claims what one of the above has put in line, for worker $1, which holds $5 jobs besides. A job that must be alone is given only
-- to a worker that holds nothing else, which stops at it until it holds nothing: that it does is answered, without a job if need be.
-- What has expired, and has not been ended yet, as where there are too many at once, is left out after all limits: to look behind it for others
-- would take as long as there are many.
, ranked AS MATERIALIZED (
    SELECT id, alone, rank, suspects
    FROM (
        SELECT id, alone, live, row_number() OVER line AS turn, count(*) FILTER (WHERE live) OVER line AS rank, count(*) FILTER (WHERE live AND alone) OVER line AS suspects
        FROM (SELECT id, alone, place, (expires_at > (SELECT now FROM clock)) IS NOT FALSE AS live FROM passed) AS looked
        WINDOW line AS (ORDER BY place ROWS UNBOUNDED PRECEDING)
    ) AS counted
    WHERE live AND turn <= $4
),
chosen AS MATERIALIZED (
    -- In line: by the leases the caller puts its jobs in order.
    SELECT id, nextval('steadwork.leases') AS lease FROM ranked WHERE suspects = 0 OR (rank = 1 AND alone AND $5 = 0)
),
claimed AS (
    UPDATE steadwork.jobs
    SET state = 'running', ready = false, worker = $1, lease = chosen.lease, attempt = attempt + 1, started_at = (SELECT now FROM clock)
    FROM chosen
    WHERE jobs.id = ANY (ARRAY[chosen.id])
    RETURNING jobs.lane, batch, jobs.id, jobs.lease, attempt, failures, max_attempts, alone, timeout, trace_parent, tags, payload, priority
),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, running) SELECT lane, -count(*), count(*) FROM claimed GROUP BY lane
)

-- name: count-at-gates
-- Goes behind it where there are gates: what has been let through counts.
, used AS (
    INSERT INTO steadwork.limit_uses (scope, name, until, starts)
    SELECT scope, limits.name, steadwork.counts_until(min(now), within, grain), count(*)
    FROM claimed JOIN gates USING (lane) JOIN steadwork.limits ON scope = kind AND limits.name = gates.name, clock GROUP BY scope, limits.name, within, grain
    ON CONFLICT (scope, name, until) DO UPDATE SET starts = limit_uses.starts + excluded.starts
),
forgotten AS (
    DELETE FROM steadwork.limit_uses WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM steadwork.limit_uses WHERE until <= (SELECT now FROM clock) AND EXISTS (SELECT FROM gates) ORDER BY until LIMIT 10 FOR UPDATE SKIP LOCKED))
),
probed AS (
    UPDATE steadwork.breakers
    SET state = 'half-open', since = CASE WHEN goes_on THEN since ELSE now END, until = CASE WHEN goes_on THEN until ELSE now + break_time * interval '1 millisecond' END,
        let_through = CASE WHEN goes_on THEN let_through ELSE 0 END + jobs, passed = CASE WHEN goes_on THEN passed ELSE 0 END
    FROM clock, (
        SELECT breakers.name AS breaker, state = 'half-open' AND NOT steadwork.is_over(until, break_time, min(now)) AS goes_on, count(*) AS jobs
        FROM claimed JOIN gates USING (lane) JOIN steadwork.breakers ON kind = 'breaker' AND breakers.name = gates.name, clock GROUP BY breakers.name, state, until, break_time
    ) AS let
    WHERE name = breaker
)

-- name: claimed
-- What has been claimed, in any order, each with the names of its lane unless that is one of $7, whose names the caller knows.
, batch_counted AS (
    INSERT INTO steadwork.batch_changes (batch, pending, running) SELECT batch, -count(*), count(*) FROM claimed WHERE batch IS NOT NULL GROUP BY batch
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, worker, jobs, leases)
    SELECT (SELECT now FROM clock), count(*), ARRAY['claimed'], $1, array_agg(id), array_agg(lease) FROM claimed HAVING count(*) > 0
)
SELECT claimed.id, lease, lane, attempt, failures, max_attempts, alone, timeout, trace_parent, tags::text, payload, batch,
    CASE WHEN lane <> ALL ($7) THEN (SELECT queue FROM steadwork.lanes WHERE lanes.id = claimed.lane) END, CASE WHEN lane <> ALL ($7) THEN (SELECT type FROM steadwork.lanes WHERE lanes.id = claimed.lane) END,
    priority, is_stopped, EXISTS (SELECT FROM gates WHERE gates.lane = claimed.lane AND kind = 'breaker'), is_gated
FROM (SELECT coalesce(bool_or(alone), false) AS is_stopped, pg_sequence_last_value('steadwork.gating') IS NOT NULL AS is_gated FROM ranked) AS line LEFT JOIN claimed ON true;

-- name: held-whole
-- All that a worker holds, with the first columns of a claim, for one that may have missed an answer.
SELECT jobs.id, lease, lane, attempt, failures, max_attempts, alone, timeout, trace_parent, tags::text, payload, batch, queue, type
FROM steadwork.jobs JOIN steadwork.lanes ON lanes.id = lane
WHERE worker = $1 AND state = 'running'
ORDER BY jobs.id;

-- name: outlook
-- Whether the worker $1 is registered, when the next delayed job falls due, the next one expires, or what was left for later is worth
-- another look, what time it is, when the next schedule ticks, and whether there are gates.
WITH ahead AS MATERIALIZED (
    SELECT now, EXISTS (SELECT FROM steadwork.loose_ends) AS loose, (SELECT until FROM steadwork.held_keys ORDER BY until LIMIT 1) AS held_until,
        least((SELECT run_at FROM steadwork.jobs WHERE state = 'pending' AND NOT ready ORDER BY run_at LIMIT 1),
            (SELECT expires_at FROM steadwork.jobs WHERE expires_at IS NOT NULL AND state <> 'running' ORDER BY expires_at LIMIT 1)) AS due
    FROM steadwork.wall_clock() AS now
)
SELECT EXISTS (SELECT FROM steadwork.workers WHERE id = $1 AND lease_until > '-infinity'),
    least(due, held_until, CASE WHEN loose THEN now + interval '100 milliseconds' END),
    now,
    (SELECT next_at FROM steadwork.schedules
     WHERE next_at IS NOT NULL AND NOT EXISTS (SELECT FROM steadwork.pauses WHERE scope = 'schedule' AND pauses.name = schedules.name) ORDER BY next_at LIMIT 1),
    pg_sequence_last_value('steadwork.gating') IS NOT NULL

-- name: outlook-at-gates
-- Goes behind it where there are: when these let more through, and which breakers are not closed.
, least((SELECT min(until) FROM steadwork.breakers WHERE state <> 'closed' AND until > (SELECT steadwork.wall_clock())),
           (SELECT min(back) FROM steadwork.limits, LATERAL (
                SELECT sum(starts) AS used, min(until) AS back FROM steadwork.limit_uses AS use WHERE use.scope = limits.scope AND use.name = limits.name AND until > (SELECT steadwork.wall_clock())
                    AND until <= steadwork.latest_use((SELECT steadwork.wall_clock()), within, grain)
            ) AS counted WHERE scope <> 'key' AND used >= most)),
       ARRAY(SELECT name FROM steadwork.breakers WHERE state <> 'closed' ORDER BY name COLLATE "C")

-- name: look
-- Goes behind these.
FROM ahead;

-- name: look-and-join
-- The same before a claim: what has fallen due, has expired or was left for later is seen to, if there is any such thing. To start all that
-- costs more than a claim. And how many have joined their line by it and how many have ended, upon which the outlook is another one.
-- $2 what tells this store's locks from others.
, joined, ended
FROM ahead, LATERAL (
    SELECT coalesce(sum(joined), 0)::bigint AS joined, coalesce(sum(ended), 0)::bigint AS ended FROM steadwork.join_line($1, $2) WHERE due <= now OR loose OR held_until IS NOT NULL
) AS seen_to;
