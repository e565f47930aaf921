-- name: schedules
-- All of them.
SELECT name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job FROM steadwork.schedules ORDER BY name COLLATE "C";

-- name: due-schedules
-- Those that tick by $1 and are not paused.
SELECT name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job FROM steadwork.schedules
WHERE next_at <= $1 AND NOT EXISTS (SELECT FROM steadwork.pauses WHERE scope = 'schedule' AND pauses.name = schedules.name) ORDER BY name COLLATE "C";

-- name: lock-schedules
-- Whoever defines some looks at all that there are: one at a time. $1 what tells this store's locks from others.
SELECT pg_advisory_xact_lock(hashtextextended('schedules', $1));

-- name: put-schedule
-- $1 to $12 the columns, $13 what the log says.
WITH put AS (
    INSERT INTO steadwork.schedules (name, timing, settings, payload, program, version, by, revision, anchor, next_at, last_tick, last_job)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (name) DO UPDATE SET timing = excluded.timing, settings = excluded.settings, payload = excluded.payload, program = excluded.program, version = excluded.version,
        by = excluded.by, revision = excluded.revision, anchor = excluded.anchor, next_at = excluded.next_at, last_tick = excluded.last_tick, last_job = excluded.last_job
)
INSERT INTO steadwork.log (at, entries, kinds, data) SELECT steadwork.wall_clock(), 1, ARRAY['schedule-defined'], ARRAY[$13::text];

-- name: remove-schedule
-- $1 name, $2 what the log says.
WITH gone AS (DELETE FROM steadwork.schedules WHERE name = $1 RETURNING name),
resumed AS (DELETE FROM steadwork.pauses USING gone WHERE scope = 'schedule' AND pauses.name = gone.name),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, data) SELECT steadwork.wall_clock(), 1, ARRAY['schedule-removed'], ARRAY[$2::text] FROM gone)
SELECT FROM gone;

-- name: take-tick
-- Only while the schedule is as it was when its tick was decided on: so that a tick counts once. $1 name, $2 revision, $3 the tick that
-- was next, $4 the next one, $5 the last that had its turn or null, $6 what the log says, or null.
WITH taken AS (
    UPDATE steadwork.schedules SET next_at = $4, last_tick = coalesce($5, last_tick) WHERE name = $1 AND revision = $2 AND next_at IS NOT DISTINCT FROM $3 RETURNING name
),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, data) SELECT steadwork.wall_clock(), 1, ARRAY['schedule-triggered'], ARRAY[$6::text] FROM taken WHERE $6 IS NOT NULL)
SELECT FROM taken;

-- name: ticked
UPDATE steadwork.schedules SET last_job = $2 WHERE name = $1;
