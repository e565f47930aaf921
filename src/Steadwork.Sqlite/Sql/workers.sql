-- name: insert-worker
INSERT INTO workers (name, host, process, boot_id, queues, types, started_at, lease, lease_until, tags, rule)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- name: worker-known
SELECT 1 FROM workers WHERE id = ?1;

-- name: worker-alive
SELECT 1 FROM workers WHERE id = ?1 AND lease_until >= 0;

-- name: renew
-- Not one that is being recovered.
UPDATE workers SET lease_until = ?2 + lease WHERE id = ?1 AND lease_until >= 0;

-- name: cancellations
SELECT id, lease, cancel_reason FROM jobs WHERE worker = ?1 AND state = 'running' AND cancel_reason IS NOT NULL;

-- name: lapsed-workers
-- A lease that ends later than any can is of an earlier boot whose clock had run longer.
SELECT id FROM workers WHERE boot_id <> ?1 OR lease_until < ?2 OR lease_until > ?2 + lease;

-- name: condemn
-- Looked at again: the worker may have renewed since it was found. From then on it cannot.
UPDATE workers SET lease_until = -1 WHERE id = ?3 AND (boot_id <> ?1 OR lease_until < ?2 OR lease_until > ?2 + lease);

-- name: held-by
SELECT id, lease, attempt, failures, max_attempts, cancel_reason FROM jobs WHERE worker = ?1 AND state = 'running' ORDER BY id;

-- name: delete-worker
DELETE FROM workers WHERE id = ?1;
