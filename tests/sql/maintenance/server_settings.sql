begin;
select plan(5);

select set_eq($$ select name from pgconductor.server_settings() $$,
    array['autovacuum', 'connections_in_use', 'default_toast_compression', 'fsync', 'full_page_writes',
        'idle_in_transaction_session_timeout', 'max_connections', 'max_wal_size', 'server_version', 'shared_buffers',
        'superuser_reserved_connections', 'synchronous_commit', 'track_counts'],
    'each setting once');
select is((select value from pgconductor.server_settings() where name = 'max_connections'), current_setting('max_connections'), 'as it is');
select cmp_ok((select value::integer from pgconductor.server_settings() where name = 'connections_in_use'), '>=', 1, 'this connection is counted');
set local synchronous_commit = off;
select is((select value from pgconductor.server_settings() where name = 'synchronous_commit'), 'off', 'as this session has it');
select is((select array_agg(name) from pgconductor.server_settings()), (select array_agg(name order by name) from pgconductor.server_settings()), 'in order of name');

select * from finish();
rollback;
