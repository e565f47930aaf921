-- name: insert-worker
INSERT INTO workers (name, host, process, boot_id, queues, types, started_at, lease, lease_until, tags, rule)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- name: worker-known
SELECT 1 FROM workers WHERE id = ?1;

-- name: renew
UPDATE workers SET lease_until = ?2 + lease WHERE id = ?1;

-- name: cancellations
SELECT id, lease, cancel_reason FROM jobs WHERE worker = ?1 AND state = 'running' AND cancel_reason IS NOT NULL;

-- name: lapsed-workers
-- A lease that ends later than any can is of an earlier boot whose clock had run longer.
SELECT id FROM workers WHERE boot_id <> ?1 OR lease_until < ?2 OR lease_until > ?2 + lease;

-- name: still-lapsed
-- Asked again in the transaction that recovers: the worker may have renewed since it was found.
SELECT 1 FROM workers WHERE id = ?3 AND (boot_id <> ?1 OR lease_until < ?2 OR lease_until > ?2 + lease);

-- name: held-by
SELECT id, lease, attempt, failures, max_attempts, cancel_reason FROM jobs WHERE worker = ?1 AND state = 'running' ORDER BY id;

-- name: delete-worker
DELETE FROM workers WHERE id = ?1;
