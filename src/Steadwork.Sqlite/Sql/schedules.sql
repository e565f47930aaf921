-- name: schedules
-- All of them.
SELECT name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job FROM schedules ORDER BY name;

-- name: due-schedules
-- Those that tick by ?1 and are not paused, in no order: their names would have it go through all that there are.
SELECT name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job FROM schedules
WHERE next_at <= ?1 AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'schedule' AND pauses.name = schedules.name);

-- name: next-tick
SELECT next_at FROM schedules
WHERE next_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'schedule' AND pauses.name = schedules.name) ORDER BY next_at LIMIT 1;

-- name: put-schedule
INSERT INTO schedules (name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (name) DO UPDATE SET timing = excluded.timing, settings = excluded.settings, payload = excluded.payload, program = excluded.program, version = excluded.version,
    by = excluded.by, revision = excluded.revision, anchor = excluded.anchor, next_at = excluded.next_at, last_tick = excluded.last_tick, last_job = excluded.last_job;

-- name: remove-schedule
DELETE FROM schedules WHERE name = ?1;

-- name: take-tick
-- Only while the schedule is as it was when its tick was decided on: so that a tick counts once. ?1 name, ?2 revision, ?3 the tick that
-- was next, ?4 the next one, ?5 the last that had its turn or null.
UPDATE schedules SET next_at = ?4, last_tick = coalesce(?5, last_tick) WHERE name = ?1 AND revision = ?2 AND next_at IS ?3;

-- name: ticked
UPDATE schedules SET last_job = ?2 WHERE name = ?1;
