begin;
select plan(18);
set local pgconductor.fake_now = '2025-01-15 10:00:00+00';

select is_empty($$ select * from pgconductor.oldest_due() $$, 'nothing waits');
select lives_ok($$ select pgconductor.create_queue('other'), pgconductor.create_queue('apart', true);
    select test.worker(1, 'default', 'plain', 'own', 'windowed'), test.worker(2, 'default', 'plain', 'windowed') $$, 'queues and workers');

select lives_ok($$ select pgconductor.invoke('plain', p_run_at => '2025-01-15 10:00:01+00', p_id => test.id(10)) $$, 'one is due later');
select is_empty($$ select * from pgconductor.oldest_due() $$, 'what is due later does not count');

insert into pgconductor.executions (id, task_key, queue, lane, priority, run_at)
select test.id(20), 'plain', 'default', '', 5, '2025-01-15 09:59:00+00'::timestamptz
union all select test.id(21), 'plain', 'default', '', -5, '2025-01-15 09:50:00+00'
union all select test.id(22), 'own', 'default', 'own', 0, '2025-01-15 09:55:00+00'
union all select test.id(23), 'plain', 'other', '', 0, '2025-01-15 09:58:00+00'
union all select test.id(24), 'nobody', 'apart', 'nobody', 0, '2025-01-15 09:57:00+00';
select results_eq($$ select * from pgconductor.oldest_due() order by queue $$,
    $$ values ('apart', 180::double precision), ('default', 600), ('other', 120) $$,
    'the oldest of each queue, whatever its lane and priority; what nobody serves counts');
select results_eq($$ select * from pgconductor.oldest_due('{other,missing}') $$, $$ values ('other', 120::double precision) $$, 'only the queues asked for');
select is_empty($$ select * from pgconductor.oldest_due('{}') $$, 'of no queue: nothing');

select pgconductor.pause_queue('other');
select is_empty($$ select * from pgconductor.oldest_due('{other}') $$, 'a paused queue is not late');

insert into pgconductor.executions (id, task_key, queue, lane, run_at)
values (test.id(30), 'windowed', 'default', 'windowed', '2025-01-14 10:00+00');
select results_eq($$ select due_seconds from pgconductor.oldest_due('{default}') $$, $$ values (86400::double precision) $$, 'a day late');
update pgconductor.tasks set window_start = '01:00', window_end = '02:00' where key = 'windowed';
select results_eq($$ select due_seconds from pgconductor.oldest_due('{default}') $$, $$ values (600::double precision) $$, 'outside its window it is not late');
update pgconductor.tasks set window_start = null, window_end = null, paused = true where key = 'windowed';
select results_eq($$ select due_seconds from pgconductor.oldest_due('{default}') $$, $$ values (600::double precision) $$, 'nor while it is paused');
update pgconductor.tasks set paused = false where key = 'windowed';
select results_eq($$ select due_seconds from pgconductor.oldest_due('{default}') $$, $$ values (86400::double precision) $$, 'late again');

-- The cost: a few index probes, whatever lies there.
create function pg_temp.blocks() returns bigint language plpgsql as $$
declare
    v_plan json;
begin
    execute 'explain (analyze, buffers, format json) select * from pgconductor.oldest_due()' into v_plan;
    return (v_plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (v_plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
end
$$;
select lives_ok($$ insert into pgconductor.executions (task_key, queue, lane, run_at)
    select 'plain', 'default', '', '2025-01-15 09:00+00'::timestamptz + n * interval '1 second' from generate_series(1, 100000) n $$, 'a hundred thousand, most due later');
analyze pgconductor.executions;
select cmp_ok(pg_temp.blocks(), '<=', 1000::bigint, 'a thousand blocks at most');
select results_eq($$ select due_seconds from pgconductor.oldest_due('{default}') $$, $$ values (86400::double precision) $$, 'and the same answer');


-- What limits hold back is not late; what they do not hold back is.
delete from pgconductor.executions;
insert into pgconductor.tasks (key, max_running) values ('limited', 1);
insert into pgconductor.executions (id, task_key, queue, lane, run_at) values (test.id(50), 'limited', 'default', pgconductor._own_lane('limited', true), '2025-01-15 09:00+00'),
    (test.id(51), 'limited', 'default', pgconductor._held_lane('limited', '=a'), '2025-01-15 08:00+00');
select is((select count(*) from pgconductor.oldest_due('{default}')), 1::bigint, 'a task below its limit is late; a key that is held back is not');
insert into pgconductor.limits values ('limited', '', 1, null, null);
select is_empty($$ select * from pgconductor.oldest_due('{default}') $$, 'a task at its limit is not');
insert into pgconductor.executions (id, task_key, queue, lane, run_at) values (test.id(52), 'zebra', 'default', '', '2025-01-15 09:00+00'), (test.id(53), 'zebra', 'default', 'zebra', '2025-01-15 07:00+00');
select is((select due_seconds > 3600 from pgconductor.oldest_due('{default}')), true, 'lanes before and behind those of keys are looked at');
select * from finish();
rollback;
