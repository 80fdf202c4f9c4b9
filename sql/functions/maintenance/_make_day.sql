-- Makes one day's partition of a history table, unless it is there. Rows of that day that are in the default partition, from
-- before a longer retention was known here, move into it. Skipped: more than 100000 such rows, or some that came just now.
-- Rows of a day without a partition go to the default one, so nothing is lost meanwhile. 55P03: a lock is not to be had.
create or replace function pgconductor._make_day(p_table text, p_day date, out created integer, out skipped integer)
language plpgsql
set search_path = ''
as $$
declare
    v_partition text := p_table || '_' || to_char(p_day, 'YYYYMMDD');
    v_from      timestamptz := p_day::timestamp at time zone 'UTC';
    v_to        timestamptz := (p_day + 1)::timestamp at time zone 'UTC';
    v_rows      bigint;
begin
    created := 0;
    skipped := 0;
    if to_regclass('pgconductor.' || v_partition) is not null then
        return;
    end if;

    execute format('select count(*) from (select from pgconductor.%I where expires_at >= $1 and expires_at < $2 limit 100001) x',
        p_table || '_default')
    into v_rows using v_from, v_to;
    if v_rows > 100000 then
        skipped := 1;
        return;
    end if;

    begin
        -- Made apart and attached: that locks the default partition, but not the days that are in use.
        execute format('create table pgconductor.%I (like pgconductor.%I including defaults including constraints)', v_partition, p_table);
        execute format('alter table pgconductor.%I replica identity full', v_partition);
        if v_rows > 0 then
            execute format(
                'with moved as (delete from pgconductor.%I where expires_at >= $1 and expires_at < $2 returning *) insert into pgconductor.%I select * from moved',
                p_table || '_default', v_partition)
            using v_from, v_to;
        end if;
        execute format('alter table pgconductor.%I attach partition pgconductor.%I for values from (%L) to (%L)', p_table, v_partition, v_from, v_to);
        created := 1;
    exception
        when check_violation then
            skipped := 1;
    end;
end
$$;
