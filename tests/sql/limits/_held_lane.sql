begin;
select plan(4);
select is(pgconductor._held_lane('t', '=a'), pgconductor._held_lane('t', '=a'), 'always the same');
select isnt(pgconductor._held_lane('t', '=a'), pgconductor._held_lane('t', '=b'), 'another key: another lane');
select isnt(pgconductor._held_lane('t', '=a'), pgconductor._held_lane('u', '=a'), 'another task: another lane');
select ok(pgconductor._held_lane('t', '=a') collate "C" > E'\x01' and pgconductor._held_lane('t', '=a') collate "C" < E'\x02', 'all in one range, before the lanes of tasks');
select * from finish();
rollback;
