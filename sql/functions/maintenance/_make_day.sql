-- Makes one day's partition of a history table, unless it is there. Rows of that day that are already in the default
-- partition, or a lock that is not to be had, make it wait for another call: they count as skipped, and rows of a
-- day without a partition go to the default one, so nothing is lost meanwhile.
create or replace function pgconductor._make_day(p_table text, p_day date, out created integer, out skipped integer)
language plpgsql
set search_path = ''
as $$
declare
    v_partition text := p_table || '_' || to_char(p_day, 'YYYYMMDD');
    v_occupied  boolean;
begin
    created := 0;
    skipped := 0;
    if to_regclass('pgconductor.' || v_partition) is not null then
        return;
    end if;

    execute format('select exists (select from pgconductor.%I where expires_at >= $1 and expires_at < $2)', p_table || '_default')
    into v_occupied
    using p_day::timestamp at time zone 'UTC', (p_day + 1)::timestamp at time zone 'UTC';
    if v_occupied then
        skipped := 1;
        return;
    end if;

    begin
        execute format('create table pgconductor.%I partition of pgconductor.%I for values from (%L) to (%L)', v_partition, p_table,
            (p_day::timestamp at time zone 'UTC')::text, ((p_day + 1)::timestamp at time zone 'UTC')::text);
        created := 1;
    exception
        when lock_not_available or check_violation then
            skipped := 1;
    end;
end
$$;
