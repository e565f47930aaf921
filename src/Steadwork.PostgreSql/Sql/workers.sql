-- name: be-bounded
-- For a transaction of several round trips: if this host is cut off in the middle, the server must not hold its locks until
-- it notices that the connection is dead, which takes hours; nor may one wait for such locks for ever.
SELECT set_config('lock_timeout', '5s', true), set_config('idle_in_transaction_session_timeout', '15s', true);

-- name: register-worker
-- $1 name, $2 host, $3 process, $4 queues, $5 types, $6 lease, $7 tags, $8 the order in which it claims.
WITH clock AS MATERIALIZED (SELECT steadwork.wall_clock() AS now),
registered AS (
    INSERT INTO steadwork.workers (name, host, process, queues, types, started_at, lease, lease_until, tags, rule)
    SELECT $1, $2, $3, $4, $5, now, $6, steadwork.lease_clock() + $6, $7, $8 FROM clock
    RETURNING id
),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, worker) SELECT now, 1, ARRAY['worker-started'], id FROM registered, clock
)
SELECT id FROM registered;

-- name: renew
-- Not one that is being recovered.
UPDATE steadwork.workers SET lease_until = steadwork.lease_clock() + lease WHERE id = $1 AND lease_until > '-infinity' RETURNING steadwork.wall_clock();

-- name: cancellations
SELECT id, lease, cancel_reason FROM steadwork.jobs WHERE worker = $1 AND state = 'running' AND cancel_reason IS NOT NULL ORDER BY id;

-- name: lapsed-workers
SELECT id FROM steadwork.workers WHERE lease_until < (SELECT steadwork.lease_clock()) ORDER BY id;

-- name: condemn
-- Looked at again: the worker may have renewed since it was found. From then on it cannot.
UPDATE steadwork.workers SET lease_until = '-infinity' WHERE id = $1 AND lease_until < steadwork.lease_clock() RETURNING id;

-- name: lock-worker
-- Waits for the claims of the worker that are under way, and lets none begin. $1 worker, $2 as in and-hold-worker.
SELECT pg_advisory_xact_lock($2, $1);

-- name: worker-known
-- Asked once nobody else can be at it: whether it is registered.
SELECT steadwork.wall_clock() FROM steadwork.workers WHERE id = $1 FOR UPDATE;

-- name: held-by
-- But for one that its handler has ended in a transaction which is open still: what becomes of it is not known yet.
SELECT id, lease, attempt, failures, max_attempts, cancel_reason FROM steadwork.jobs WHERE worker = $1 AND state = 'running' ORDER BY id FOR UPDATE SKIP LOCKED;

-- name: bury-worker
-- Only once it holds nothing: else somebody looks again.
WITH buried AS (DELETE FROM steadwork.workers WHERE id = $1 AND NOT EXISTS (SELECT FROM steadwork.jobs WHERE worker = $1 AND state = 'running') RETURNING id),
logged AS (INSERT INTO steadwork.log (at, entries, kinds, worker) SELECT steadwork.wall_clock(), 1, ARRAY[$2::text], id FROM buried)
SELECT id FROM buried;

-- name: begin
BEGIN;

-- name: commit
COMMIT;

-- name: ring
-- $1 channel, $2 message. A ring need not survive a crash: without the setting its commit would wait for the disk, and for a
-- synchronous standby.
SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2);
