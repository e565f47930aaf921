-- name: next-due
-- When the next delayed job joins its line, and when the next one expires.
SELECT (SELECT run_at FROM jobs WHERE state = 'pending' AND ready = 0 AND run_at > 0 ORDER BY run_at LIMIT 1),
    (SELECT expires_at FROM jobs WHERE expires_at IS NOT NULL AND state IN ('pending', 'waiting') ORDER BY expires_at LIMIT 1);

-- name: expired
SELECT id, expires_at FROM jobs WHERE expires_at IS NOT NULL AND expires_at <= ?1 AND state IN ('pending', 'waiting') ORDER BY expires_at LIMIT ?2;

-- name: join-line
-- Bounded, so that a flood of jobs that fall due at one instant is spread over many short transactions.
-- Those that must come to their turn behind an exclusive key go to stand there.
UPDATE jobs
SET ready = exclusive_key IS NULL OR slot IS NOT NULL, state = CASE WHEN exclusive_key IS NULL OR slot IS NOT NULL THEN 'pending' ELSE 'waiting' END
WHERE id IN (SELECT id FROM jobs WHERE state = 'pending' AND ready = 0 AND run_at <= ?1 ORDER BY run_at LIMIT ?2)
RETURNING lane, ready, id, exclusive_key, batch;

-- name: ready-lanes
SELECT id, queue, type, requires FROM lanes
WHERE has_ready = 1
  AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'queue' AND name = lanes.queue)
  AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'type' AND name = lanes.type);

-- name: lane-head
SELECT id, priority, alone, run_at, expires_at FROM jobs WHERE lane = ?1 AND ready = 1 ORDER BY priority, id LIMIT ?2;

-- name: next-priority
SELECT priority FROM jobs WHERE lane = ?1 AND ready = 1 AND priority > ?2 ORDER BY priority LIMIT 1;

-- name: priority-head
SELECT id, priority, alone, run_at, expires_at FROM jobs WHERE lane = ?1 AND ready = 1 AND priority = ?2 ORDER BY id LIMIT ?3;

-- name: priority-tail
SELECT id, priority, alone, run_at, expires_at FROM jobs WHERE lane = ?1 AND ready = 1 AND priority = ?2 ORDER BY id DESC LIMIT ?3;

-- name: take-leases
UPDATE meta SET value = value + ?1 WHERE name = 'lease' RETURNING value;

-- name: claim
-- What is claimed is read by another statement: RETURNING would gather its one row in a table of its own, which costs more than both.
UPDATE jobs SET state = 'running', ready = 0, worker = ?2, lease = ?3, attempt = attempt + 1, started_at = ?4 WHERE id = ?1;

-- name: claimed
SELECT attempt, failures, max_attempts, alone, timeout, trace_parent, tags, payload, batch FROM jobs WHERE id = ?1;

-- name: held-whole
-- All that a worker holds, with the columns of a claim, for one that may have missed an answer.
SELECT attempt, failures, max_attempts, alone, timeout, trace_parent, tags, payload, batch, jobs.id, lease, lanes.type, lanes.queue
FROM jobs JOIN lanes ON lanes.id = jobs.lane
WHERE worker = ?1 AND state = 'running'
ORDER BY jobs.id;
