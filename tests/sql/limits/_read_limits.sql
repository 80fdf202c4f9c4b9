begin;
select plan(24);
insert into pgconductor.tasks (key, max_running) values ('t', 9);
create function pg_temp.read(limits jsonb) returns text language sql as $$
    select jsonb_strip_nulls(jsonb_build_object('path', r.limit_path, 'most', r.max_running, 'most_key', r.max_running_per_key,
        'rate', case when r.rate_count is not null then jsonb_build_array(r.rate_count, r.rate_seconds, r.rate_burst) end,
        'rate_key', case when r.key_rate_count is not null then jsonb_build_array(r.key_rate_count, r.key_rate_seconds, r.key_rate_burst) end, 'fair', nullif(r.fair, false)))::text
    from pgconductor.tasks t, pgconductor._read_limits(t, limits) r
$$;
select is(pg_temp.read(null), '{}', 'none');
select is(pg_temp.read('null'), '{}', 'none');
select is(pg_temp.read('{}'), '{}', 'none');
select is(pg_temp.read('{"concurrency": 3}'), '{"most": 3}', 'concurrency');
select is(pg_temp.read('{"key": "a.b", "concurrency_per_key": 1, "rate": null}'), '{"path": ["a", "b"], "most_key": 1}', 'per key');
select is(pg_temp.read('{"key": ["a.b", "0"], "fair": true}'), '{"fair": true, "path": ["a.b", "0"]}', 'names with dots');
select is(pg_temp.read('{"rate": {"count": 10, "seconds": 0.5}}'), '{"rate": [10, 0.5, 10]}', 'the burst is the count');
select is(pg_temp.read('{"key": "k", "rate_per_key": {"count": 10, "seconds": 60, "burst": 2}}'), '{"path": ["k"], "rate_key": [10, 60, 2]}', 'or what is said');
create function pg_temp.fault(limits jsonb) returns text language plpgsql as $$
begin
    perform pg_temp.read(limits);
    return null;
exception when sqlstate 'PC004' then
    return sqlerrm;
end
$$;
select matches(pg_temp.fault(l), m, l::text) from (values
    ('[]'::jsonb, '\[\] cannot be the limits of task "t"'),
    ('7', '7 cannot be'),
    ('{"speed": 1}', 'there is no limit "speed"'),
    ('{"concurrency": 0}', 'concurrency 0 must be a whole number from 1 to 1000000'),
    ('{"concurrency": 1.5}', 'concurrency 1.5 must'),
    ('{"concurrency": "7"}', 'concurrency "7" must'),
    ('{"concurrency": 1000001}', 'concurrency 1000001 must'),
    ('{"key": "", "fair": true}', 'key "" must be 1 to 20 names'),
    ('{"key": "a..b", "fair": true}', 'key "a..b" must'),
    ('{"key": 7, "fair": true}', 'key 7 must be a path'),
    ('{"key": "a"}', 'a key needs concurrency_per_key, rate_per_key or fair'),
    ('{"concurrency_per_key": 1}', 'concurrency_per_key, rate_per_key and fair need a key'),
    ('{"rate": {"count": 1}}', 'rate .* must have a whole count'),
    ('{"rate": {"count": 1, "seconds": 0}}', 'rate .* must have'),
    ('{"rate": {"count": 1, "seconds": 1, "burst": 0}}', 'rate .* must have')) v (l, m);
select matches(pg_temp.fault('{"concurrency": 0, "fair": 1, "rate": 5}'), 'concurrency 0.*rate 5.*fair 1', 'all faults in one message');
select * from finish();
rollback;
