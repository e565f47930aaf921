-- name: limits
-- The scopes sort as they should.
SELECT scope, name, starts, period, smooth, since, by FROM limits ORDER BY scope, name;

-- name: set-limit
INSERT INTO limits (scope, name, starts, period, smooth, most, within, grain, since, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (scope, name) DO UPDATE SET starts = excluded.starts, period = excluded.period, smooth = excluded.smooth,
    most = excluded.most, within = excluded.within, grain = excluded.grain, since = excluded.since, by = excluded.by
WHERE starts <> excluded.starts OR period <> excluded.period OR smooth <> excluded.smooth;

-- name: remove-limit
DELETE FROM limits WHERE scope = ?1 AND name = ?2;

-- name: limit-used
-- What counts at the time ?3, at the most until ?4, and when the first of it no more does.
SELECT coalesce(sum(starts), 0), min(until) FROM limit_uses WHERE scope = ?1 AND name = ?2 AND until > ?3 AND until <= ?4;

-- name: use-limit
INSERT INTO limit_uses (scope, name, until, starts) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (scope, name, until) DO UPDATE SET starts = starts + excluded.starts;

-- name: queue-and-type
SELECT queue, type FROM lanes WHERE id = ?1;

-- name: lessen-use
UPDATE limit_uses SET starts = starts - 1 WHERE scope = ?1 AND name = ?2 AND until = ?3;

-- name: forget-use
DELETE FROM limit_uses WHERE scope = ?1 AND name = ?2 AND until = ?3 AND starts = 0;

-- name: forget-uses
-- A few of those that count no more, each time that one is added: so they are never many.
DELETE FROM limit_uses WHERE (scope, name, until) IN (SELECT scope, name, until FROM limit_uses WHERE until <= ?1 ORDER BY until LIMIT 10);

-- name: hold-key
INSERT INTO held_keys (key, until) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET until = excluded.until;

-- name: free-keys
-- Another limit may hold them, or none.
UPDATE held_keys SET until = 0 WHERE until > 0;

-- name: freed-keys
-- Those whose time has come by ?1, and those of a time after ?2, that no limit can have meant: the clock was set back since.
DELETE FROM held_keys WHERE key IN (
    SELECT key FROM (SELECT key FROM held_keys WHERE until <= ?1 ORDER BY until LIMIT 1000)
    UNION ALL
    SELECT key FROM (SELECT key FROM held_keys WHERE until > ?2 ORDER BY until LIMIT 1000)
) RETURNING key;

-- name: next-freed
SELECT until FROM held_keys WHERE until >= 0 ORDER BY until LIMIT 1;

-- name: breakers
SELECT name, failure_ratio, window_time, minimum_calls, break_time, probes, state, since, until, let_through, passed FROM breakers ORDER BY name;

-- name: put-breaker
-- How it is set; where it stands is left alone.
INSERT INTO breakers (name, failure_ratio, window_time, minimum_calls, break_time, probes, state, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'closed', ?7)
ON CONFLICT (name) DO UPDATE SET failure_ratio = excluded.failure_ratio, window_time = excluded.window_time, minimum_calls = excluded.minimum_calls,
    break_time = excluded.break_time, probes = excluded.probes;

-- name: set-circuit
UPDATE breakers SET state = ?2, since = ?3, until = ?4, let_through = ?5, passed = ?6 WHERE name = ?1;

-- name: breaker-types
SELECT type, breaker FROM breaker_types ORDER BY type, breaker;

-- name: breakers-of-type
SELECT breaker FROM breaker_types WHERE type = ?1;

-- name: forget-breaker-types
DELETE FROM breaker_types WHERE type = ?1;

-- name: add-breaker-type
INSERT INTO breaker_types (type, breaker) VALUES (?1, ?2);

-- name: count-calls
-- ?3 the place and ?4 the number of the segment.
INSERT INTO breaker_calls (breaker, worker, place, segment, calls, failed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (breaker, worker, place) DO UPDATE SET
    calls = CASE WHEN segment = excluded.segment THEN calls ELSE 0 END + excluded.calls,
    failed = CASE WHEN segment = excluded.segment THEN failed ELSE 0 END + excluded.failed,
    segment = excluded.segment;

-- name: calls-of
-- Those of the segments after ?2 up to ?3.
SELECT coalesce(sum(calls), 0), coalesce(sum(failed), 0) FROM breaker_calls WHERE breaker = ?1 AND segment > ?2 AND segment <= ?3;

-- name: forget-calls
DELETE FROM breaker_calls WHERE breaker = ?1;

-- name: forget-old-calls
-- Those of the segments up to ?2, which have left the window: workers that are gone put nothing in their place.
DELETE FROM breaker_calls WHERE breaker = ?1 AND segment <= ?2;
