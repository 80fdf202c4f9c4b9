-- The places it looks at, one (lane, priority) after another. What a whole claim does is in claim_executions' file.
begin;
select plan(17);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

create function pg_temp.lanes(lanes text[], keys text[], size integer, at jsonb default null) returns table (ids uuid[], next jsonb, due double precision) language sql as $$
    select (select array_agg(c.id order by c.position) from pgconductor._lease_rows(test.id(1), 'default', f.due, pgconductor.current_time(), null) c),
        f.next_position, f.next_due_in
    from pgconductor._find_due('default', lanes, keys, size, 4194304, at, pgconductor.current_time()) f
$$;
insert into pgconductor.tasks (key, lane) values ('t', ''), ('u', 'u');
insert into pgconductor.executions (id, task_key, lane, priority, run_at) values
    (test.id(1), 't', '', 0, '2025-01-15 09:00+00'), (test.id(2), 't', '', 0, '2025-01-15 10:00:20+00'), (test.id(3), 't', '', 5, '2025-01-15 10:00:10+00'),
    (test.id(4), 'u', 'u', 5, '2025-01-15 09:30+00'), (test.id(5), 't', 'elsewhere', 9, '2025-01-15 09:00+00'), (test.id(6), 'u', 'u', -3, '2025-01-15 08:00+00');

select ids as a, next as p from pg_temp.lanes('{"",u}', '{t,u}', 2) \gset
select is(:'a', array[test.id(4), test.id(1)]::text, 'only the lanes asked for, highest priority first');
select is(jsonb_array_length(:'p'), 4, 'the position has a place for each lane and priority');
select ok(:'p'::jsonb @> '[["", 0, "2025-01-15T09:00:00+00:00"], ["u", 5, "2025-01-15T09:30:00+00:00"], ["", 5, "-infinity"], ["u", -3, "-infinity"]]'::jsonb
    or (:'p'::jsonb -> 0 ->> 2) is not null and (select count(*) from jsonb_array_elements(:'p'::jsonb) j where j ->> 2 = '-infinity') = 2, 'and where it was left; those not looked at yet start at the start');
select is((select ids from pg_temp.lanes('{"",u}', '{t,u}', 2, :'p')), array[test.id(6)], 'which a claim from the position does');
select is((select due from pg_temp.lanes('{"",u}', '{t,u}', 2)), 10::double precision, 'nothing due: the next one of any priority');
select is((select due from pg_temp.lanes('{u}', '{t,u}', 2)), null, 'of the lanes asked for');
select is((select ids from pg_temp.lanes('{}', '{t}', 2)), null, 'no lanes: nothing');
select test.clock('2025-01-15 10:00:30+00');
select is((select ids from pg_temp.lanes('{"",u}', '{t,u}', 1)), array[test.id(3)], 'later: by priority');
select is((select ids from pg_temp.lanes('{"",u}', '{t,u}', 1)), array[test.id(2)], 'then the rest');

-- Two passes over rows of one instant: each once.
insert into pgconductor.executions (id, task_key, lane, run_at) select test.id(200 + n), 't', l, '2025-01-15 09:00+00' from generate_series(1, 20) n, (values ('')) v (l);
insert into pgconductor.executions (id, task_key, lane, run_at) values (test.id(300), 'u', 'u', '2025-01-15 09:00+00');
select is((select array_agg(distinct cardinality(ids)) from pg_temp.lanes('{"",u}', '{t,u}', 21)), '{21}', 'the second pass takes what the first left, not what it took');
select is((select count(*) from pgconductor.leases l, unnest(l.ids) i), (select count(distinct i) from pgconductor.leases l, unnest(l.ids) i), 'no id is in two places');

-- Whatever a SQL user wrote is found.
insert into pgconductor.executions (id, task_key, lane, priority, run_at) values (test.id(400), 't', '', 32767, '2025-01-15 09:00+00'), (test.id(401), 't', '', -32768, '2025-01-15 09:00+00');
select is((select ids from pg_temp.lanes('{""}', '{t}', 3)), array[test.id(400), test.id(401)], 'the highest and the lowest priority there can be');
select is((select due from pgconductor._find_due('default', '{""}', '{t}', 3, 4194304, null, pgconductor.current_time())), '{}', 'nothing: an empty list of rows');

-- More keys than are compared one by one.
select array_agg('k' || n order by n) as many from generate_series(1, 1000) n \gset
insert into pgconductor.tasks (key, lane) select k, '' from unnest(:'many'::text[]) k;
insert into pgconductor.tasks (key, lane) values ('nobody', '');
insert into pgconductor.executions (id, task_key, lane, run_at)
select test.id(1000 + n), case n when 3 then 'nobody' else 'k' || (n * 97) % 1000 + 1 end, '', timestamptz '2025-01-15 09:00+00' + n * interval '1 second' from generate_series(1, 50) n;
select is((select ids from pg_temp.lanes('{""}', :'many', 2)), array[test.id(1001), test.id(1002)], 'a thousand tasks are served');
select is((select ids from pg_temp.lanes('{""}', :'many', 100)), (select array_agg(test.id(1000 + n) order by n) from generate_series(4, 50) n), 'all but what nobody serves');
select is((select lane::text from pgconductor.executions where id = test.id(1003)), 'nobody', 'which is out of the way');

-- What waits for more than time is due at no time.
delete from pgconductor.executions;
insert into pgconductor.executions (id, task_key, lane, run_at) values (test.id(90), 't', '', 'infinity');
select is((select next_due_in from pgconductor._find_due('default', '{""}', '{t}', 10, 1000000, null, now())), null, 'nothing but an execution that waits for ever: no time is said');

select * from finish();
rollback;
