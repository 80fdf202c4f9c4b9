begin;
select plan(4);
select is(pgconductor.queue_channel('default'), 'pgconductor_q_' || md5('default'), 'its name');
select isnt(pgconductor.queue_channel('a-b'), pgconductor.queue_channel('a_b'), 'a name of its own for each queue');
select cmp_ok(length(pgconductor.queue_channel(repeat('ü', 100))), '<=', 63, 'however long the queue''s name is');
select lives_ok(format('listen %I', pgconductor.queue_channel('it''s "quoted"')), 'one can listen to it');
select * from finish();
rollback;
