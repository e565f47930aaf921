-- name: append
-- $1 kind, $2 job or null, $3 lease that must be held or null, $4 data or null. An entry under a stale lease is left out.
WITH told AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) WITH ORDINALITY AS told (kind, job, lease, data, place)
),
-- Locked, so that the lease does not end between the look and the entry.
held AS MATERIALIZED (
    SELECT told.place FROM steadwork.jobs JOIN told ON jobs.id = ANY (ARRAY[told.job]) AND jobs.lease = told.lease AND jobs.worker IS NOT NULL FOR SHARE OF jobs
),
written AS MATERIALIZED (SELECT * FROM told WHERE lease IS NULL OR place IN (SELECT place FROM held)),
logged AS (
    INSERT INTO steadwork.log (at, entries, kinds, jobs, leases, data)
    SELECT steadwork.wall_clock(), count(*), array_agg(kind ORDER BY place), array_agg(job ORDER BY place), array_agg(lease ORDER BY place), array_agg(data ORDER BY place)
    FROM written HAVING count(*) > 0
)
SELECT place FROM written;

-- name: lock-places
SELECT pg_advisory_xact_lock($1);

-- name: give-places
-- The next batches that have become visible get the next places; some thousands at a time. A batch number that is not
-- visible is kept in mind, until it is, or every transaction that ran when it was first missed has ended.
WITH last AS MATERIALIZED (
    SELECT upto, seen, missing, missing_until FROM steadwork.log_places
    UNION ALL SELECT 0, 0, '{}', '{}'
    ORDER BY upto DESC LIMIT 1
),
next AS MATERIALIZED (
    SELECT batch, entries FROM steadwork.log WHERE batch > (SELECT seen FROM last) ORDER BY batch LIMIT 5000
),
late AS MATERIALIZED (
    SELECT log.batch, log.entries FROM last, unnest(missing) AS number JOIN steadwork.log ON log.batch = ANY (ARRAY[number])
),
fresh AS MATERIALIZED (SELECT * FROM next UNION ALL SELECT * FROM late),
seen AS MATERIALIZED (SELECT greatest((SELECT seen FROM last), max(batch)) AS seen FROM next),
gaps AS MATERIALIZED (
    SELECT number, coalesce(until, pg_snapshot_xmax(pg_current_snapshot())) AS until
    FROM last, unnest(missing, missing_until) AS gap (number, until)
    WHERE number NOT IN (SELECT batch FROM late) AND (until IS NULL OR until > pg_snapshot_xmin(pg_current_snapshot()))
    UNION ALL
    SELECT number, NULL FROM last, seen, generate_series(last.seen + 1, seen.seen) AS number WHERE number NOT IN (SELECT batch FROM next)
),
placed AS (
    INSERT INTO steadwork.log_places (upto, batch, entries, seen, missing, missing_until)
    SELECT upto, batch, entries,
        CASE WHEN newest THEN (SELECT seen FROM seen) ELSE 0 END,
        CASE WHEN newest THEN (SELECT coalesce(array_agg(number ORDER BY number), '{}') FROM gaps) ELSE '{}' END,
        CASE WHEN newest THEN (SELECT coalesce(array_agg(until ORDER BY number), '{}') FROM gaps) ELSE '{}' END
    FROM (
        SELECT (SELECT upto FROM last) + sum(entries) OVER (ORDER BY batch) AS upto, batch, entries, row_number() OVER (ORDER BY batch DESC) = 1 AS newest
        FROM fresh
    ) AS numbered
)
SELECT count(*) FROM next;

-- name: log-position
SELECT coalesce(max(upto), 0) FROM steadwork.log_places;

-- name: read-log
-- $1 the position after which to begin, $2 how many. Those after it may have been pruned: it begins with the first that there is.
WITH first AS MATERIALIZED (SELECT upto - entries AS before FROM steadwork.log_places WHERE upto > $1 AND entries > 0 ORDER BY upto LIMIT 1)
SELECT place.upto - place.entries + entry.number AS position, at, coalesce(kinds[entry.number], kinds[1]), job, lease, worker, entry.data
FROM (SELECT * FROM steadwork.log_places WHERE upto > $1 AND entries > 0 ORDER BY upto LIMIT $2) AS place
JOIN steadwork.log ON log.batch = ANY (ARRAY[place.batch]),
ROWS FROM (generate_series(1, place.entries), unnest(jobs), unnest(leases), unnest(log.data)) AS entry (number, job, lease, data)
WHERE place.upto - place.entries < greatest($1, (SELECT before FROM first)) + $2 AND place.upto - place.entries + entry.number > $1
ORDER BY position LIMIT $2;
