begin;
select plan(3);
select is(pgconductor.orchestrator_channel('01900000-0000-7000-8000-000000000001'), 'pgconductor_o_01900000000070008000000000000001', 'its name');
select cmp_ok(length(pgconductor.orchestrator_channel(test.id(1))), '<=', 63, 'is a channel''s');
select isnt(pgconductor.orchestrator_channel(test.id(1)), pgconductor.orchestrator_channel(test.id(2)), 'one for each');
select * from finish();
rollback;
