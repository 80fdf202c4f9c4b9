-- What it says of another session's transaction is in concurrency/held_horizon.sh.
begin;
select plan(2);
select is_empty('select * from pgconductor.held_horizon(interval ''1 minute'')', 'nobody holds the horizon for long');
select is_empty('select * from pgconductor.held_horizon(interval ''0'') where pid = pg_backend_pid()', 'the caller''s own transaction is not meant');
select * from finish();
rollback;
