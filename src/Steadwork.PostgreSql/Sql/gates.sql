-- name: limits
-- Each as it stands, but for those of keys, each of which has its own.
SELECT limits.scope, limits.name, limits.starts, period, smooth, since, by, CASE WHEN scope <> 'key' THEN greatest(0, most - coalesce(used, 0))::integer END, back
FROM steadwork.limits, LATERAL (
    SELECT sum(starts) AS used, min(until) AS back FROM steadwork.limit_uses AS use WHERE scope <> 'key' AND use.scope = limits.scope AND use.name = limits.name AND until > (SELECT steadwork.wall_clock()) AND until <= steadwork.latest_use((SELECT steadwork.wall_clock()), within, grain)
) AS counted
ORDER BY scope COLLATE "C", name COLLATE "C";

-- name: limit-of-key
SELECT rule.scope, rule.name, rule.starts, period, smooth, since, by, greatest(0, most - coalesce(used, 0))::integer, back
FROM steadwork.limit_of($1) AS rule, LATERAL (
    SELECT sum(starts) AS used, min(until) AS back FROM steadwork.limit_uses AS use WHERE use.scope = 'key' AND use.name = $1 AND until > (SELECT steadwork.wall_clock()) AND until <= steadwork.latest_use((SELECT steadwork.wall_clock()), rule.within, rule.grain)
) AS counted;

-- name: set-limit
-- $1 to $8 the columns up to grain, $9 who, $10 what the log says. Another limit may hold the keys that are held, or none: all are
-- looked at again.
WITH set AS (
    INSERT INTO steadwork.limits (scope, name, starts, period, smooth, most, within, grain, since, by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, steadwork.wall_clock(), $9)
    ON CONFLICT (scope, name) DO UPDATE SET starts = excluded.starts, period = excluded.period, smooth = excluded.smooth,
        most = excluded.most, within = excluded.within, grain = excluded.grain, since = excluded.since, by = excluded.by
    WHERE (limits.starts, limits.period, limits.smooth) <> (excluded.starts, excluded.period, excluded.smooth)
    RETURNING scope, since
),
freed AS (UPDATE steadwork.held_keys SET until = 'epoch' FROM set WHERE scope = 'key'),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, data) SELECT since, 1, ARRAY['limit-set'], ARRAY[$10::text] FROM set)
SELECT FROM set;

-- name: remove-limit
-- $1 scope, $2 name, $3 what the log says.
WITH gone AS (DELETE FROM steadwork.limits WHERE scope = $1 AND name = $2 RETURNING scope),
freed AS (UPDATE steadwork.held_keys SET until = 'epoch' FROM gone WHERE scope = 'key'),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, data) SELECT steadwork.wall_clock(), 1, ARRAY['limit-removed'], ARRAY[$3::text] FROM gone)
SELECT FROM gone;

-- name: breakers
SELECT name, failure_ratio, window_time, minimum_calls, break_time, probes, state, since, until, let_through, passed, coalesce(calls, 0), coalesce(failed, 0),
    ARRAY(SELECT type FROM steadwork.breaker_types WHERE breaker = name ORDER BY type COLLATE "C")
FROM steadwork.breakers, LATERAL steadwork.segment_at((SELECT steadwork.wall_clock()), window_time) AS last, LATERAL (
    SELECT sum(calls)::bigint AS calls, sum(failed)::bigint AS failed FROM steadwork.breaker_calls
    WHERE state = 'closed' AND breaker = name AND segment > last - 10 AND segment <= last
) AS counted
ORDER BY name COLLATE "C";

-- name: put-breakers
-- How they are set; where they stand is left alone. $1 names, $2 failure ratios, $3 windows, $4 minimums of calls, $5 break times, $6 probes.
INSERT INTO steadwork.breakers (name, failure_ratio, window_time, minimum_calls, break_time, probes, state, since)
SELECT told.*, 'closed', steadwork.wall_clock()
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::bigint[], $6::integer[]) AS told (name, failure_ratio, window_time, minimum_calls, break_time, probes) ORDER BY name
ON CONFLICT (name) DO UPDATE SET failure_ratio = excluded.failure_ratio, window_time = excluded.window_time, minimum_calls = excluded.minimum_calls,
    break_time = excluded.break_time, probes = excluded.probes
WHERE (breakers.failure_ratio, breakers.window_time, breakers.minimum_calls, breakers.break_time, breakers.probes)
    <> (excluded.failure_ratio, excluded.window_time, excluded.minimum_calls, excluded.break_time, excluded.probes);

-- name: forget-old-calls
-- Of the breakers $1 those that have left the window, of workers that are gone: these put nothing in their place.
DELETE FROM steadwork.breaker_calls WHERE ctid = ANY (ARRAY(
    SELECT breaker_calls.ctid FROM steadwork.breaker_calls JOIN steadwork.breakers ON breakers.name = breaker
    WHERE breaker = ANY ($1) AND segment <= steadwork.segment_at((SELECT steadwork.wall_clock()), window_time) - 10 AND NOT EXISTS (SELECT FROM steadwork.workers WHERE workers.id = worker)
    FOR UPDATE OF breaker_calls SKIP LOCKED));

-- name: put-breaker-types
-- $1 types, $2 the breaker of each, $3 all types of which something is said: some depend on none.
WITH told AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::text[]) AS told (type, breaker)),
gone AS (DELETE FROM steadwork.breaker_types WHERE type = ANY ($3::text[]) AND (type, breaker) NOT IN (SELECT type, breaker FROM told))
INSERT INTO steadwork.breaker_types (type, breaker) SELECT type, breaker FROM told ORDER BY type, breaker ON CONFLICT DO NOTHING;

-- name: count-calls
-- $1 breakers, $2 how many calls of each, $3 how many failed, $4 the worker.
INSERT INTO steadwork.breaker_calls (breaker, worker, place, segment, calls, failed)
SELECT name, $4, segment % 10, segment, told.calls, told.failed
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS told (name, calls, failed) JOIN steadwork.breakers USING (name), LATERAL steadwork.segment_at((SELECT steadwork.wall_clock()), window_time) AS segment
WHERE state = 'closed'
ORDER BY name
ON CONFLICT (breaker, worker, place) DO UPDATE SET
    calls = CASE WHEN breaker_calls.segment = excluded.segment THEN breaker_calls.calls ELSE 0 END + excluded.calls,
    failed = CASE WHEN breaker_calls.segment = excluded.segment THEN breaker_calls.failed ELSE 0 END + excluded.failed,
    segment = excluded.segment;

-- name: hold-breakers
-- $1 names. Nobody else decides on them until the transaction ends.
SELECT name FROM steadwork.breakers WHERE name = ANY ($1) ORDER BY name FOR UPDATE;

-- name: set-circuit
-- $1 name, $2 state, $3 since, $4 until, $5 let through, $6 passed, $7 the word of the log and $8 what it says, or null. When it has
-- another state its calls begin anew.
WITH set AS (UPDATE steadwork.breakers SET state = $2, since = $3, until = $4, let_through = $5, passed = $6 WHERE name = $1),
forgotten AS (DELETE FROM steadwork.breaker_calls WHERE breaker = $1 AND $7 IS NOT NULL)
INSERT INTO steadwork.log (at, entries, kinds, data) SELECT $3, 1, ARRAY[$7::text], ARRAY[$8::text] WHERE $7 IS NOT NULL;
