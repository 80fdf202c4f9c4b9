-- What the planner is told by functions.
begin;
select plan(2);

-- A refused plan costs 10^10 to the planner. Where only such a one is possible (a sort of three rows, say), each call would be
-- compiled, which takes 40 ms: until this was forbidden, latency's p99 was 44 ms instead of 3.
select is_empty($$
    select p.oid::regprocedure::text
    from pg_catalog.pg_proc p
    where p.pronamespace = 'pgconductor'::regnamespace
        and exists (select from unnest(p.proconfig) c where c like 'enable\_%=off')
        and not p.proconfig @> array['jit=off']
$$, 'functions that refuse plans do not have the rest compiled');

select isnt_empty($$
    select from pg_catalog.pg_proc p
    where p.pronamespace = 'pgconductor'::regnamespace and p.proconfig @> array['jit=off', 'enable_sort=off']
$$, 'there are such functions');

select * from finish();
rollback;
