-- name: keep-plans
-- For this transaction: the hot statements have one good plan each, by their indexes and row by row, whatever the statistics say.
-- The server would weigh anew each time whether to plan for the values at hand, which takes longer than to carry them out; and
-- would compile those that it has forbidden itself to like. There is no end to what a bitmap gathers before the first row comes.
-- Where rows are found by those of another list, it says = ANY (ARRAY[x]) for = x here and elsewhere, and OFFSET 0 in an EXISTS:
-- of that the server can make nothing but a look into the index for each. An equality it may as well answer by going through the
-- whole index, as it does where the table was empty when it was vacuumed. And how long to wait for what another transaction
-- holds: $1, 0 for ever.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('jit', 'off', true), set_config('lock_timeout', $1, true)

-- name: make-lanes
INSERT INTO steadwork.lanes (queue, type, requires)
SELECT DISTINCT queue, type, requires FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (queue, type, requires) ORDER BY queue, type, requires ON CONFLICT DO NOTHING;

-- name: lanes-of
-- And whether everybody sees each by now: not what this transaction, or one that still runs, has made.
SELECT queue, type, requires, id, age(lanes.xmin) > age(xid(pg_snapshot_xmin(pg_current_snapshot()))) FROM steadwork.lanes JOIN unnest($1::text[], $2::text[], $3::text[]) AS wanted (queue, type, requires) USING (queue, type, requires);

-- name: lock-keys
-- Whoever wants to give a unique key to a job holds its lock: to look for the bearer and to store the job are one step
-- then. In one order, so that two lists of the same keys do not wait for each other.
SELECT pg_advisory_xact_lock(lock) FROM (SELECT DISTINCT hashtextextended(key, $2) AS lock FROM unnest($1::text[]) AS key ORDER BY lock OFFSET 0) AS locks;

-- name: held-keys
-- Those of the keys $1 that another transaction holds at this moment; $2 as above.
SELECT key FROM unnest($1::text[]) AS key WHERE NOT pg_try_advisory_xact_lock(hashtextextended(key, $2));

-- name: lock-exclusive-keys
-- Tries the lock of each of the exclusive keys $1, and notes those that it got for "enqueue", until the transaction ends. A statement of its
-- own: only one that begins under the lock sees all that was decided before. $2 what tells this store's locks from others.
SELECT FROM set_config('steadwork_own.keys', ARRAY(SELECT key FROM unnest($1::text[]) AS key WHERE pg_try_advisory_xact_lock(hashtextextended('exclusive ' || key, $2)))::text, true);

-- name: enqueue
-- The arrays hold a job a place: $1 lane, $2 priority, $3 attempts at most, $4 wait in ms, $5 run_at or null, $6 timeout in ms or
-- null, $7 trace or null, $8 tags or null, $9 payload, $10 until when the key stays taken after the end, or null, $11 key or null, $12 exclusive key or null, $13 how
-- many may bear that at once, $15 whether it runs however its parents end, $19 what stands for $10 in ms from now on or null, $20 when the job expires or null, $21
-- what stands for that in ms from now on or null, $22 the batch that it is of or null (0 for the one that this transaction makes), and for all $14
-- whether the transaction is nobody else's.
-- A job comes after others: $16 its place, and $17 the place of the other in the list or null, then $18 its id (0 for the batch that this transaction makes). No unique key stands in a list twice. A job
-- whose unique key is taken is not stored: its bearer is answered. One with an exclusive key goes to stand behind it; in a
-- caller's transaction a claim sees to that, as if it fell due. But whoever comes alone to a key that nobody else bears has a place at once.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
drafts AS MATERIALIZED (
    SELECT * FROM unnest($1::integer[], $2::smallint[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::bigint[], $10::timestamptz[], $11::text[], $7::text[], $8::text[], $9::text[], $12::text[], $13::smallint[], $15::boolean[], $19::bigint[], $20::timestamptz[], $21::bigint[], $22::bigint[])
        WITH ORDINALITY AS draft (lane, priority, max_attempts, wait, run_at, timeout, taken_until, unique_key, trace_parent, tags, payload, exclusive_key, exclusive_limit, runs_anyway, taken_for, expires_at, expires_in, batch_told, place)
),
edges AS MATERIALIZED (
    SELECT child_place, parent_place, CASE WHEN told = 0 THEN -currval('steadwork.batch_ids') ELSE told END AS parent
    FROM unnest($16::integer[], $17::integer[], $18::bigint[]) AS edge (child_place, parent_place, told)
),
bearers AS MATERIALIZED (
    SELECT drafts.place, bearer.id, bearer.state
    FROM drafts, clock, LATERAL steadwork.bearer_of(drafts.unique_key, now) AS bearer
    WHERE drafts.unique_key IS NOT NULL
),
-- The keys that this transaction has the locks of, each of one job in all that it stores, where all places are free and nobody waits. Limits count where places are given to those who wait.
free AS MATERIALIZED (
    SELECT key
    FROM unnest(nullif(current_setting('steadwork_own.keys', true), '')::text[]) AS key
    WHERE (pg_sequence_last_value('steadwork.gating') IS NULL OR NOT EXISTS (SELECT FROM steadwork.limits WHERE scope = 'key'))
        AND NOT EXISTS (SELECT FROM steadwork.jobs WHERE exclusive_key = key AND slot IS NOT NULL OFFSET 0)
        AND NOT EXISTS (SELECT FROM steadwork.jobs WHERE exclusive_key = key AND exclusive_key IS NOT NULL AND state = 'waiting' AND NOT blocked OFFSET 0)
),
fresh AS MATERIALIZED (
    SELECT ordered.*, nextval('steadwork.job_ids') AS id,
        due <= now AND (exclusive_key IS NULL OR takes) AND NOT blocked AS ready,
        CASE WHEN due <= now AND takes AND NOT blocked THEN 1::smallint END AS slot,
        CASE WHEN blocked OR (due <= now AND exclusive_key IS NOT NULL AND NOT takes AND $14) THEN 'waiting' ELSE 'pending' END AS state
    FROM (
        SELECT drafts.*, (exclusive_key IN (SELECT key FROM free)) IS TRUE AS takes, place IN (SELECT child_place FROM edges) AS blocked, place IN (SELECT parent_place FROM edges WHERE parent_place IS NOT NULL) AS is_parent, clock.now, coalesce(drafts.run_at, clock.now + drafts.wait * interval '1 millisecond') AS due,
            coalesce(drafts.taken_until, clock.now + drafts.taken_for * interval '1 millisecond') AS unique_until,
            CASE WHEN batch_told = 0 THEN currval('steadwork.batch_ids') ELSE batch_told END AS batch,
            coalesce(drafts.expires_at, clock.now + drafts.expires_in * interval '1 millisecond') AS expiry
        FROM drafts, clock
        WHERE drafts.unique_key IS NULL OR drafts.place NOT IN (SELECT place FROM bearers)
        ORDER BY place
    ) AS ordered
),
stored AS (
    INSERT INTO steadwork.jobs (id, run_at, created_at, timeout, lane, max_attempts, priority, ready, unique_until, state, unique_key, trace_parent, tags, payload, exclusive_key, exclusive_limit, slot, blocked, is_parent, runs_anyway, expires_at, batch)
    SELECT id, due, now, timeout, lane, max_attempts, priority, ready, unique_until, state, unique_key, trace_parent, tags::jsonb, payload, exclusive_key, exclusive_limit, slot, blocked, is_parent, runs_anyway, expiry, batch
    FROM fresh
    ORDER BY place
),
related AS MATERIALIZED (
    SELECT DISTINCT child.id AS child, coalesce(edges.parent, own.id, bearers.id) AS parent, own.id IS NULL AS was_there
    FROM edges JOIN fresh AS child ON child.place = child_place LEFT JOIN fresh AS own ON own.place = parent_place LEFT JOIN bearers ON bearers.place = parent_place
),
relating AS (INSERT INTO steadwork.dependencies (child, parent) SELECT child, parent FROM related ON CONFLICT DO NOTHING),
-- Whether these have ended is looked at afterwards, or by a claim; a batch that is made with them, when they are there.
noted AS (INSERT INTO steadwork.loose_ends (parent, after) SELECT DISTINCT parent, 0 FROM related WHERE was_there AND parent > 0),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, waiting)
    SELECT lane, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'waiting') FROM fresh GROUP BY lane
),
batch_counted AS (
    INSERT INTO steadwork.batch_changes (batch, pending, waiting)
    SELECT batch, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'waiting') FROM fresh WHERE batch IS NOT NULL GROUP BY batch
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, jobs)
    SELECT min(now), count(*), ARRAY['enqueued'], array_agg(id ORDER BY place) FROM fresh HAVING count(*) > 0
)
SELECT place, id, false AS existing, state FROM fresh
UNION ALL
SELECT place, id, true, state FROM bearers
ORDER BY place;

-- name: enqueue-plain
-- The same of jobs that have no keys, come after no others, are of no batch and do not expire, as most: each part of the statement above
-- costs its start, whether anything goes through it or not. It needs no settings, since it looks for nothing; it requires service
-- itself, as a column that nobody reads (of a CTE that is MATERIALIZED the server leaves out none); and it answers the ids as one array. $1 lane, $2 priority, $3 attempts at most, $4 wait in ms, $5 run_at or null, $6 timeout in ms or null, $7 trace or null,
-- $8 tags or null, $9 payload; $10 what tells this store's locks from others.
WITH clock AS MATERIALIZED (SELECT steadwork.require_service($10), steadwork.wall_clock() AS now),
fresh AS MATERIALIZED (
    SELECT nextval('steadwork.job_ids') AS id, lane, now, coalesce(run_at, now + wait * interval '1 millisecond') AS due, timeout, max_attempts, priority, trace_parent, tags, payload
    FROM clock, unnest($1::integer[], $2::smallint[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::bigint[], $7::text[], $8::text[], $9::text[])
        AS draft (lane, priority, max_attempts, wait, run_at, timeout, trace_parent, tags, payload)
),
stored AS (
    INSERT INTO steadwork.jobs (id, run_at, created_at, timeout, lane, max_attempts, priority, ready, state, trace_parent, tags, payload)
    SELECT id, due, now, timeout, lane, max_attempts, priority, due <= now, 'pending', trace_parent, tags::jsonb, payload FROM fresh
),
counted AS (INSERT INTO steadwork.lane_changes (lane, pending) SELECT lane, count(*) FROM fresh GROUP BY lane),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT (SELECT now FROM clock), count(*), ARRAY['enqueued'], array_agg(id) FROM fresh RETURNING jobs
)
SELECT jobs FROM logged;

-- name: enqueue-single
-- The same of one such job, as most calls store. $1 to $9 are its values, $10 as above.
WITH fresh AS MATERIALIZED (
    SELECT steadwork.require_service($10), now, coalesce($5, now + $4 * interval '1 millisecond') AS due, nextval('steadwork.job_ids') AS id
    FROM steadwork.wall_clock() AS now
),
stored AS (
    INSERT INTO steadwork.jobs (id, run_at, created_at, timeout, lane, max_attempts, priority, ready, state, trace_parent, tags, payload)
    SELECT id, due, now, $6, $1, $3, $2, due <= now, 'pending', $7, $8::jsonb, $9 FROM fresh
),
counted AS (INSERT INTO steadwork.lane_changes (lane, pending) VALUES ($1, 1)),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT now, 1, ARRAY['enqueued'], ARRAY[id] FROM fresh RETURNING jobs)
SELECT jobs FROM logged;

-- name: amend
-- $1 keys, $2 attempts at most. What was just stored with the same number is left alone.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
wanted AS MATERIALIZED (
    SELECT bearer.id, wanted.* FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS wanted (unique_key, max_attempts, place), clock, LATERAL steadwork.bearer_of(unique_key, now) AS bearer
),
unfinished AS (
    UPDATE steadwork.jobs SET max_attempts = wanted.max_attempts FROM wanted
    WHERE jobs.id = ANY (ARRAY[wanted.id]) AND jobs.max_attempts <> wanted.max_attempts
    RETURNING jobs.id, wanted.place
),
ended AS (
    UPDATE steadwork.history SET max_attempts = wanted.max_attempts FROM wanted
    WHERE history.id = ANY (ARRAY[wanted.id]) AND history.max_attempts <> wanted.max_attempts AND history.state <> 'succeeded'
    RETURNING history.id, wanted.place
),
amended AS (SELECT * FROM unfinished UNION ALL SELECT * FROM ended)
INSERT INTO steadwork.log (at, entries, kinds, jobs)
SELECT steadwork.wall_clock(), count(*), ARRAY['amended'], array_agg(id ORDER BY place) FROM amended HAVING count(*) > 0;

-- name: replace
-- $1 unique keys, $2 the payload or null to leave it, $3 whether the time is taken over, $4 wait in ms, $5 run_at or null, $7 expires_at or null,
-- $8 the time in ms after which it expires or null, and for all $6 whether the transaction is nobody else's. The bearers of the keys that do not run take these over. Another time moves
-- one to where it then belongs, unless it waits for others to end: into its line, behind its exclusive key unless it has a place
-- there (in a caller's transaction a claim sees to that), or to those that wait for their time, and then without such a place. What
-- is changed here nobody else can claim or end before it has been answered as the bearer.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
held AS MATERIALIZED (
    SELECT place, bearer.id, state AS old_state, wanted.payload,
        CASE WHEN takes_time THEN coalesce(wanted.run_at, now + wait * interval '1 millisecond') ELSE bearer.run_at END AS due,
        CASE WHEN takes_time THEN coalesce(wanted.expires_at, now + expires_in * interval '1 millisecond') ELSE bearer.expires_at END AS late
    FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[], $5::timestamptz[], $7::timestamptz[], $8::bigint[]) WITH ORDINALITY AS wanted (key, payload, takes_time, wait, run_at, expires_at, expires_in, place), clock, LATERAL (
        SELECT id, state, run_at, expires_at FROM steadwork.jobs WHERE unique_key = key AND state <> 'running' LIMIT 1 FOR UPDATE
    ) AS bearer
),
replaced AS (
    UPDATE steadwork.jobs
    SET payload = coalesce(held.payload, jobs.payload), run_at = due, expires_at = late,
        ready = CASE WHEN blocked OR run_at = due THEN ready ELSE due <= now AND (exclusive_key IS NULL OR slot IS NOT NULL) END,
        state = CASE WHEN blocked OR run_at = due THEN state WHEN due <= now AND exclusive_key IS NOT NULL AND slot IS NULL AND ($6 OR state = 'waiting') THEN 'waiting' ELSE 'pending' END,
        slot = CASE WHEN run_at = due OR due <= now THEN slot END
    FROM held, clock
    WHERE jobs.id = ANY (ARRAY[held.id]) AND (jobs.payload <> held.payload OR run_at <> due OR expires_at IS DISTINCT FROM late)
    RETURNING place, jobs.id, lane, batch, old_state, state
),
counted AS (
    INSERT INTO steadwork.lane_changes (lane, pending, waiting)
    SELECT lane, count(*) FILTER (WHERE state = 'pending') - count(*) FILTER (WHERE old_state = 'pending'), count(*) FILTER (WHERE state = 'waiting') - count(*) FILTER (WHERE old_state = 'waiting')
    FROM replaced WHERE state <> old_state GROUP BY lane
),
batch_counted AS (
    INSERT INTO steadwork.batch_changes (batch, pending, waiting)
    SELECT batch, count(*) FILTER (WHERE state = 'pending') - count(*) FILTER (WHERE old_state = 'pending'), count(*) FILTER (WHERE state = 'waiting') - count(*) FILTER (WHERE old_state = 'waiting')
    FROM replaced WHERE state <> old_state AND batch IS NOT NULL GROUP BY batch
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, jobs) SELECT min(now), count(*), ARRAY['amended'], array_agg(id ORDER BY place) FROM replaced, clock HAVING count(*) > 0
)
SELECT id, state FROM replaced;

-- name: end-expired-bearers
-- Of the unique keys $1: what will never run must not keep a key from one that would, though no claim has come by to end it. Unless
-- anything has expired it costs one look. $2 what tells this store's locks from others, or null in a caller's transaction.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
expired AS MATERIALIZED (
    SELECT id
    FROM unnest($1::text[]) AS key, clock, LATERAL (SELECT id FROM steadwork.jobs WHERE unique_key = key AND state <> 'running' AND expires_at <= now LIMIT 1 FOR UPDATE) AS bearer
    WHERE EXISTS (SELECT FROM steadwork.jobs WHERE state <> 'running' AND expires_at <= (SELECT now FROM clock))
),
ended AS MATERIALIZED (
    SELECT array_agg(key) AS keys, array_agg(parent ORDER BY parent) FILTER (WHERE parent IS NOT NULL) AS parents
    FROM (SELECT array_agg(id) AS ids FROM expired HAVING count(*) > 0) AS found, LATERAL steadwork.cancel_in_line(ids, NULL, false) HAVING count(*) > 0
),
told AS MATERIALIZED (SELECT count(*) FROM ended, LATERAL steadwork.attend($2, parents, NULL, keys))
SELECT (SELECT count(*) FROM ended) FROM told;

-- name: require-bearers
-- Refuses those of the unique keys $1 that a job bears, unless it is of the type of $2 that may.
SELECT steadwork.require_bearers($1, $2);

-- name: admit
-- $1 what tells this store's locks from others, $2 exclusive keys, of which those count that somebody waits behind, $3 unique keys, those of whose bearers count as well.
SELECT id, 'pending' FROM steadwork.admit($1,
    ARRAY(SELECT key FROM unnest($2::text[]) AS key WHERE EXISTS (SELECT FROM steadwork.jobs WHERE exclusive_key = key AND exclusive_key IS NOT NULL AND state = 'waiting' AND NOT blocked OFFSET 0))
    || ARRAY(SELECT exclusive_key FROM steadwork.jobs WHERE unique_key = ANY ($3))) AS id;

-- name: require-parents
SELECT steadwork.require_parents($1);

-- name: attend-noted
-- What nobody could see to at once. $1 what tells this store's locks from others, $2 whether exclusive keys are seen to as well, $3 how
-- many notes at the most. In a retired store they belong to its copy.
WITH noted AS (
    DELETE FROM steadwork.loose_ends WHERE ctid = ANY (ARRAY(SELECT ctid FROM steadwork.loose_ends WHERE $2 OR parent IS NOT NULL LIMIT $3 FOR UPDATE SKIP LOCKED))
        AND pg_sequence_last_value('steadwork.service') IS NULL
    RETURNING key, parent, after
),
loose AS MATERIALIZED (
    SELECT array_agg(key) FILTER (WHERE key IS NOT NULL) AS keys, array_agg(parent ORDER BY parent, after) FILTER (WHERE parent IS NOT NULL) AS parents, array_agg(after ORDER BY parent, after) FILTER (WHERE parent IS NOT NULL) AS afters
    FROM noted HAVING count(*) > 0
)
SELECT job, state FROM loose, LATERAL steadwork.attend($1, parents, afters, keys);

-- name: define-queue
INSERT INTO steadwork.queues (name, definition) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: queue-definition
SELECT definition FROM steadwork.queues WHERE name = $1;
