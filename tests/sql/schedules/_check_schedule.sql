begin;
select plan(32);
create function pg_temp.check(key text default 'k', cron text default '@daily', zone text default 'UTC', priority integer default 0,
    missed text default 'once', tolerance interval default '1 minute', catch_up integer default 100) returns text language plpgsql as $$
begin
    perform pgconductor._check_schedule(key, cron, zone, priority, missed, tolerance, catch_up);
    return 'fine';
exception when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;
select is(pg_temp.check(), 'fine', 'the defaults');
select is(pg_temp.check(cron => cron), 'fine', cron) from (values ('30 2 * * MON-FRI'), ('*/5 30 2 L * ?'), (' @Hourly '), ('0	0	1	1	*')) v (cron);
select is(pg_temp.check(cron => cron), 'PC004 "' || coalesce(cron, 'null') || '" is not a cron expression', coalesce(cron, 'null')) from (values (''), ('* * * *'), ('* * * * * * *'), ('@daily @daily'), ('@1'), (null)) v (cron);
select is(pg_temp.check(cron => repeat('*', 493) || ' * * * *') like 'PC004%', true, 'over 500 characters');
select is(pg_temp.check(key => key) like 'PC004 "% cannot be a schedule''s key', true, 'key ' || coalesce(key, 'null')) from (values (''), (repeat('x', 201)), (E'a\nb'), (null)) v (key);
select is(pg_temp.check(zone => 'America/Argentina/Buenos_Aires'), 'fine', 'an IANA zone');
select is(pg_temp.check(zone => zone) like 'PC004 the server knows no time zone %', true, 'zone ' || coalesce(zone, 'null')) from (values ('Mars/Phobos'), (''), (null)) v (zone);
select is(pg_temp.check(priority => p), e, 'priority ' || coalesce(p::text, 'null')) from (values (-100, 'fine'), (100, 'fine'), (101, 'PC004 priority 101 is out of range'), (null, 'PC004 priority null is out of range')) v (p, e);
select is(pg_temp.check(missed => m), e, 'missed ' || coalesce(m, 'null')) from (values ('skip', 'fine'), ('never', 'PC004 there is no policy for missed runs "never"'), (null, 'PC004 there is no policy for missed runs "null"')) v (m, e);
select is(pg_temp.check(tolerance => t) = 'fine', e, 'tolerance ' || coalesce(t::text, 'null')) from (values (interval '0', true), ('-1 second', false), ('2 years', false), (null, false)) v (t, e);
select is(pg_temp.check(catch_up => 0), 'PC004 to catch up 0 runs is not possible', 'a bound of none');
select * from finish();
rollback;
