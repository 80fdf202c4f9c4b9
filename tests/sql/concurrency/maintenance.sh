#!/usr/bin/env bash
# Housekeeping beside work: one at a time, never in the way for long, whatever idle workers and queues are called.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select pgconductor.create_queue('maintain')" > /dev/null
open a
open b
open c

tell a "select pgconductor.worker_idle('maintain')"
is "$(answer a)" t "a worker of a queue called maintain is idle"
is "$(ask "select created from pgconductor.maintain()")" 34 "housekeeping is not stopped by it"
tell a "select pgconductor.worker_busy('maintain'); begin; select dropped from pgconductor.maintain()"
is "$(answer a)" "t
0" "one is at work"
tell b "set statement_timeout = '150s'; select (created, dropped, deleted, skipped) from pgconductor.maintain(20)"
is "$(answer b)" "(0,0,0,0)" "another returns at once"
tell a "commit"
is "$(answer a)" "" "done"

# A transaction that has written history is left open: its partition is not dropped, and others go on.
tell a "begin; select count(*) from pgconductor.completed_executions"
is "$(answer a)" 0 "a reader of all history is left open"
tell b "set pgconductor.fake_now = '2999-01-01 00:00+00'; select (dropped, skipped > 0) from pgconductor.maintain()"
is "$(answer b)" "(17,t)" "what cannot be had is skipped; the dead letters have no reader"

# The reader stays. Housekeeping asks for its locks again and again, and whoever writes history in between waits for housekeeping's
# patience at most, never for the reader.
tell b "select sum(m.skipped) > 0 from generate_series(1, 5) n, lateral pgconductor.maintain(0, 10000 + n) m"
tell c "set lock_timeout = '1s'; do \$\$ begin for i in 1..30 loop insert into pgconductor.completed_executions (id, expires_at, created_at, started_at, finished_at, priority, attempts, queue, task_key) values (gen_random_uuid(), 'infinity', now(), now(), now(), 0, 1, 'default', 'beside-maintenance'); commit; end loop; end \$\$; select 'written'"
is "$(answer c)" written "outcomes are recorded beside housekeeping that waits for a reader"
is "$(answer b)" t "which it does in vain"
ask "delete from pgconductor.completed_executions where task_key = 'beside-maintenance'" > /dev/null
tell a "commit"
is "$(answer a)" "" "the reader ends"
tell b "select (dropped, skipped) from pgconductor.maintain()"
is "$(answer b)" "(17,0)" "and the next call does it"
tell b "set pgconductor.fake_now = '3999-01-01 00:00+00'; select dropped > 0 from pgconductor.maintain(0)"
is "$(answer b)" t "and so on"
finish 12
