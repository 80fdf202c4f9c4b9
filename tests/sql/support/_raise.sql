begin;
select plan(4);

create function pg_temp.caught(out code text, out message text, out hint text) language plpgsql as $$
begin
    perform pgconductor._raise('PC004', 'it was 7', 'Give 8.');
exception when others then
    get stacked diagnostics code = returned_sqlstate, message = message_text, hint = pg_exception_hint;
end
$$;
select is(code, 'PC004', 'the code') from pg_temp.caught();
select is(message, 'it was 7', 'the message') from pg_temp.caught();
select is(hint, 'Give 8.', 'the hint') from pg_temp.caught();
select throws_ok($$ select pgconductor._raise('PC001', '100% %s', 'x') $$, 'PC001', '100% %s', 'a percent sign is only text');

select * from finish();
rollback;
