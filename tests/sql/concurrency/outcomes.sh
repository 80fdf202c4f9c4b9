#!/usr/bin/env bash
# Outcomes against takeover, and against each other: every position has exactly one.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't'), test.worker(2, 'default', 't')" > /dev/null
ask "update pgconductor.tasks set keep_completed = '0'"
# Makes n executions that orchestrator 1 runs, silent for a minute; prints the lease.
prepare() {
    ask "delete from pgconductor.executions; select 1 from pgconductor.register_orchestrator(test.id(1), 'a', '1', 1); select pgconductor.register_worker(test.id(1), 'default', '[{\"key\": \"t\"}]')" > /dev/null
    ask "select pgconductor.invoke('t', p_id => test.id($1 + n)) from generate_series(1, 3) n" > /dev/null
    ask "select max(lease_id) from pgconductor.claim_executions(test.id(1), 'default', 3)"
    ask "update pgconductor.orchestrators set last_heartbeat_at = now() - interval '1 minute' where id = test.id(1)"
}
open a
open b
open c

lease=$(prepare 100)
tell a "begin; select count(*) from pgconductor.return_executions(test.id(1), '{}', array[$lease, $lease], '{1,2}', '{completed,completed}')"
is "$(answer a)" 2 "a slow owner flushes two of three, and has not committed"
tell b "select rescued from pgconductor.recover_stale_orchestrators()"
blocked b
tell a "commit"
is "$(answer a)" "" "it commits"
is "$(answer b)" 1 "the takeover waited, and rescues only the third"
is "$(ask "select array_agg(id) = array[test.id(103)] from pgconductor.executions")" t "the two are done and do not run again"

lease=$(prepare 200)
tell b "begin; select rescued from pgconductor.recover_stale_orchestrators()"
is "$(answer b)" 3 "a takeover, not yet committed"
tell a "select string_agg(effect, ' ') from pgconductor.return_executions(test.id(1), '{}', array[$lease, $lease], '{1,2}', '{completed,completed}')"
blocked a
tell c "select string_agg(effect, ' ') from pgconductor.return_executions(test.id(1), array[$lease])"
blocked c
tell b "commit"
is "$(answer b)" "" "it commits"
is "$(answer a)" "rejected rejected" "the late results are rejected"
is "$(answer c)" "rejected" "the cheap way too"
is "$(ask "select count(*) from pgconductor.executions")" 3 "all three wait to be run again"

lease=$(prepare 300)
tell b "begin; select rescued from pgconductor.recover_stale_orchestrators()"
is "$(answer b)" 3 "a takeover, not yet committed"
tell a "set statement_timeout = '150s'; select (orchestrators, rescued) from pgconductor.recover_stale_orchestrators()"
is "$(answer a)" "(0,0)" "another one neither waits nor repeats it"
tell c "select alive from pgconductor.orchestrator_heartbeat(test.id(1))"
blocked c
tell b "commit"
is "$(answer b)" "" "it commits"
is "$(answer c)" f "the late beat is told so"
is "$(ask "select count(*) from pgconductor.executions")" 3 "each is put back once"

# Two takeovers of an owner that never registered.
lease=$(prepare 400)
ask "update pgconductor.leases set orchestrator_id = test.id(99), claimed_at = now() - interval '1 minute'"
tell b "begin; select rescued from pgconductor.recover_stale_orchestrators()"
is "$(answer b)" 3 "a takeover from an owner that never registered"
tell a "select rescued from pgconductor.recover_stale_orchestrators()"
blocked a
tell b "commit"
is "$(answer b)" "" "it commits"
is "$(answer a)" 0 "the second finds nothing"
is "$(ask "select count(*) from pgconductor.executions")" 3 "each is put back once"

# The same result twice at once: a flush whose reply was lost, repeated while the first still runs.
lease=$(prepare 500)
tell a "begin; select effect from pgconductor.return_executions(test.id(1), '{}', array[$lease], '{1}', '{failed}')"
is "$(answer a)" retried "a flush, not yet committed"
tell b "select effect from pgconductor.return_executions(test.id(1), '{}', array[$lease], '{1}', '{failed}')"
blocked b
tell a "commit"
is "$(answer a)" "" "it commits"
is "$(answer b)" rejected "its repetition is rejected"
is "$(ask "select count(*) from pgconductor.executions where id = test.id(501)")" 1 "the execution waits once"
finish 22
