begin;
select plan(4);
select is(pgconductor._own_lane('t', false), 't', 'named after the task');
select isnt(pgconductor._own_lane('t', true), 't', 'another one with limits');
select ok(pgconductor._own_lane('a', true) collate "C" > pgconductor._held_lane('t', '=a') and pgconductor._own_lane('~', true) collate "C" < E'\x03', 'those are in one range, between the lanes of keys and those of other tasks');
select throws_ok($$ insert into pgconductor.tasks (key) values (pgconductor._own_lane('t', true)) $$, 'PC004', null, 'in which no task can be');
select * from finish();
rollback;
