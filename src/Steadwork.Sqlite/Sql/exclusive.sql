-- name: first-behind
-- Who is next behind an exclusive key.
SELECT id, lane, exclusive_limit, batch FROM jobs
WHERE exclusive_key = ?1 AND state = 'waiting' AND blocked = 0
ORDER BY priority, id LIMIT 1;

-- name: taken-slots
SELECT slot FROM jobs WHERE exclusive_key = ?1 AND slot IS NOT NULL ORDER BY slot;

-- name: admit
UPDATE jobs SET state = 'pending', ready = 1, slot = ?2 WHERE id = ?1;
