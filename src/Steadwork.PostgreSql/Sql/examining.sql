-- name: settings
SELECT current_setting('server_version_num')::integer, current_setting('server_version'), current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on',
    current_setting('synchronous_commit'), current_setting('autovacuum') = 'on', current_setting('max_connections')::integer,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), clock_timestamp(), current_setting('synchronous_standby_names');

-- name: oldest-snapshots
-- Whoever has kept dead rows from being removed for at least $1, the worst first: sessions, prepared transactions,
-- replication slots, standbys that hold back what their readers may see. What a vacuum sees holds nothing back. Of others' sessions a plain role sees neither since
-- when nor what, only how far behind: that is told from so many transactions on.
SELECT what, since
FROM (
    SELECT format('the session of %s (process %s%s)%s', usename, pid, CASE WHEN application_name <> '' THEN ', ' || application_name ELSE '' END, ', ' || state) AS what,
        xact_start AS since, age(coalesce(backend_xmin, backend_xid)) AS rows_behind
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum) AND coalesce(backend_xmin, backend_xid) IS NOT NULL
        AND CASE WHEN xact_start IS NULL THEN age(coalesce(backend_xmin, backend_xid)) > 10000 ELSE xact_start < clock_timestamp() - $1::interval END
    UNION ALL
    SELECT format('the prepared transaction %s of %s', gid, owner), prepared, age(transaction)
    FROM pg_prepared_xacts WHERE database = current_database() AND prepared < clock_timestamp() - $1::interval
    UNION ALL
    SELECT format('the %s replication slot %s', CASE WHEN active THEN 'active' ELSE 'inactive' END, slot_name), NULL, age(coalesce(xmin, catalog_xmin))
    FROM pg_replication_slots WHERE age(coalesce(xmin, catalog_xmin)) > 100000
    UNION ALL
    SELECT format('the standby %s, which holds back what its readers may see', coalesce(nullif(application_name, ''), client_addr::text, 'unnamed')), NULL, age(backend_xmin)
    FROM pg_stat_replication WHERE age(backend_xmin) > 100000
) AS holders
ORDER BY rows_behind DESC LIMIT 3;

-- name: dead-rows
SELECT relname, n_live_tup, n_dead_tup, greatest(last_vacuum, last_autovacuum)
FROM pg_stat_user_tables WHERE schemaname = $1 AND n_dead_tup > 50000 AND n_dead_tup > 2 * n_live_tup ORDER BY n_dead_tup DESC;

-- name: indexes
SELECT class.relname, pg_index.indisvalid
FROM pg_index JOIN pg_class AS class ON class.oid = indexrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = $1;

-- name: replicas
-- A role that may not see them is told that they are there, and nothing else.
SELECT coalesce(nullif(application_name, ''), client_addr::text, 'unnamed'), state, sync_state, extract(epoch FROM replay_lag)::double precision
FROM pg_stat_replication ORDER BY 1;

-- name: idle-slots
-- Replication slots that nobody reads from, for which the server keeps more than $1 bytes of its log of writes.
SELECT slot_name, kept
FROM (
    SELECT slot_name, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn)::bigint AS kept
    FROM pg_replication_slots WHERE NOT active
) AS slots
WHERE kept > $1 ORDER BY kept DESC;
