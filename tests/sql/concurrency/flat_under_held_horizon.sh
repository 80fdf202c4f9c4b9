#!/usr/bin/env bash
# A transaction left open keeps the entries of claimed rows in the index. Claims that pass on their position do not walk them.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't')" > /dev/null
ask "insert into pgconductor.executions (id, task_key, lane, run_at) select gen_random_uuid(), 't', '', now() - interval '1 hour' + n * interval '1 microsecond' from generate_series(1, 60000) n; analyze pgconductor.executions"
open holder
open worker
tell holder "begin isolation level repeatable read; select count(*) from pgconductor.executions"
is "$(answer holder)" 60000 "a transaction is left open"
tell worker "create temp table at (position jsonb, claimed bigint); insert into at values (null, 0);
    do \$\$ declare v_position jsonb; v_claimed bigint; begin
        for i in 1..100 loop
            select (array_agg(c.next_position) filter (where c.position = 1))[1], count(c.id) into v_position, v_claimed from at, pgconductor.claim_executions(test.id(1), 'default', 500, p_position => at.position) c;
            update at set position = v_position, claimed = claimed + v_claimed;
        end loop;
    end \$\$;
    select claimed from at"
is "$(answer worker)" 50000 "a hundred claims of 500, each from the position of the one before"
tell worker "select n, entries from at, test.cost(format('select * from pgconductor.claim_executions(test.id(1), ''default'', 500, p_position => %L)', at.position))"
read -r -d '|' claimed <<< "$(answer worker)|"
is "$claimed" 500 "the next one"
entries=$(answer worker | cut -d '|' -f 2)
is "$((entries <= 2000))" 1 "reads $entries index entries: what it takes, not what is dead"
tell worker "select n, entries from test.cost('select * from pgconductor.claim_executions(test.id(1), ''default'', 500)')"
without=$(answer worker | cut -d '|' -f 2)
is "$((without > 20 * entries))" 1 "without a position it reads $without: the case that the position is for"
tell holder "commit"
is "$(answer holder)" "" "the transaction ends"
finish 6
