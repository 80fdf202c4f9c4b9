#!/usr/bin/env bash
# NOTIFY: only when a worker of the queue says that it is idle, only for due work, at commit.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't'), test.worker(2, 'default', 't')" > /dev/null
queue=$(ask "select pgconductor.queue_channel('default')")
own=$(ask "select pgconductor.orchestrator_channel(test.id(1))")
open worker
open client

# What the worker's psql was notified of; it tells after a statement.
hear() {
    tell worker "select 1"
    heard=$(answer worker | grep -o 'pgconductor_[qo]_[0-9a-f]*' | tr '\n' ' ' || true)
}
# The client's statement, and whom it woke: told or untold, ANSWER, STATEMENT, what it means.
told() {
    tell client "$2"
    said=$(answer client)
    hear
    is "$said, $heard" "$1, $queue " "$3: told"
}
untold() {
    tell client "$2"
    said=$(answer client)
    hear
    is "$said, $heard" "$1, " "$3: not told"
}

tell worker "listen $queue; listen $own"
is "$(answer worker)" "" "a worker listens"
untold created "select disposition from pgconductor.invoke('t')" "one execution, while it is busy"
tell worker "select pgconductor.worker_idle('default')"
is "$(answer worker)" t "it is idle now"
told created "select disposition from pgconductor.invoke('t')" "one execution"
untold created "begin; select disposition from pgconductor.invoke('t')" "in a transaction, before it commits"
told "" "commit" "when it commits"
untold created "begin; select disposition from pgconductor.invoke('t'); rollback" "rolled back"
untold created "select disposition from pgconductor.invoke('t', p_run_at => now() + interval '1 hour')" "work for later"
told 0 "select count(*) from pgconductor.invoke_batch('{t,t}', '{null,null}', array[test.id(11), test.id(12)])" "a batch, once"
untold 0 "select count(*) from pgconductor.invoke_batch('{t,t}', '{null,null}', array[test.id(13), test.id(14)], p_run_ats => array_fill(now() + interval '1 hour', array[2]))" "a batch for later"
told "" "insert into pgconductor.executions (task_key) values ('t')" "a row inserted with SQL"
untold created "select disposition from pgconductor.create_queue('other'), pgconductor.invoke('t', p_queue => 'default', p_run_at => now() + interval '1 hour')" "another queue is made"
untold created "select disposition from pgconductor.invoke('t', p_queue => 'other')" "another queue's work"
untold existing "select disposition from pgconductor.invoke('t', p_id => test.id(11))" "what was there already"
untold "" "select pgconductor.pause_queue('default')" "a pause"
told "" "select pgconductor.resume_queue('default')" "going on"
untold 3 "select cardinality(test.claim(2, 'default', 3))" "another worker claims three"
told released "select effect from pgconductor.return_executions(test.id(2), '{}', (select array_agg(id) from pgconductor.leases), '{1}', '{released}')" "and hands one back"
untold retried "select effect from pgconductor.return_executions(test.id(2), '{}', (select array_agg(id) from pgconductor.leases), '{2}', '{failed}')" "a retry after a while"
told 1 "update pgconductor.orchestrators set last_heartbeat_at = now() - interval '1 minute' where id = test.id(2); select rescued from pgconductor.recover_stale_orchestrators()" "a takeover"
ask "select count(*) from pgconductor.get_executions('t', test.id(3), 1)" > /dev/null
told 1 "update pgconductor.leases set claimed_at = now() - interval '1 minute'; select rescued from pgconductor.recover_stale_orchestrators()" "a takeover from an owner that never registered"

tell worker "select cardinality(test.claim(1, 'default', 1))"
is "$(answer worker)" 1 "the worker runs one"
tell client "select pgconductor.cancel_execution((select ids[1] from pgconductor.leases), 'no')"
said=$(answer client)
hear
is "$said, $heard" "requested, $own " "a cancellation: its orchestrator is told at once"
tell client "select pgconductor.signal_shutdown(test.id(1))"
said=$(answer client)
hear
is "$said, $heard" "t, $own " "a request to stop: likewise"
tell worker "select pgconductor.worker_busy('default')"
is "$(answer worker)" t "busy again"
untold created "select disposition from pgconductor.invoke('t')" "one execution, while it is busy"
finish 26
