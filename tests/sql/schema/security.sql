begin;
select plan(8);
create temp view functions as select p.oid::regprocedure::text as name, p.proname, p.proconfig, p.prosecdef, p.prosrc, p.prokind, p.proleakproof, p.proacl
    from pg_proc p where p.pronamespace = 'pgconductor'::regnamespace;
select cmp_ok((select count(*) from functions), '>=', 50::bigint, 'there are functions to look at');
select is_empty($$ select name from functions where not coalesce(proconfig @> array['search_path=""'], false) $$, 'every function has its search_path fixed to nothing');
select is_empty($$ select name from functions where prosecdef and proname not in ('_deliver_at_commit', '_table_event') $$, 'none runs as its owner, but triggers of users'' transactions');
select is_empty($$ select name from functions where prokind <> 'f' $$, 'they are plain functions');
select is_empty($$ select name from functions where prosrc ~* '\m(now|clock_timestamp|transaction_timestamp|statement_timestamp|localtimestamp)\M\s*\(' and proname not in ('current_time', 'held_horizon', 'uuid_v7') $$, 'time is read in one place (and in a copy of its expression)');
select is_empty($$ select c.relname from pg_class c where c.relnamespace = 'pgconductor'::regnamespace and exists (select from aclexplode(c.relacl) a where a.grantee = 0) $$, 'tables are granted to nobody by default');
select is(has_schema_privilege('public', 'pgconductor', 'usage'), false, 'nor is the schema');
-- A stranger's objects do not get in the way: the same names in a schema that is first in the path.
create schema intruder;
create function intruder.md5(text) returns text language sql as $$ select 'taken' $$;
create table intruder.tasks (key text);
set local search_path = intruder, pg_catalog, public;
select is(pgconductor.queue_channel('q'), 'pgconductor_q_' || pg_catalog.md5('q'), 'a hijacked search_path does not reach them');
select * from finish();
rollback;
