#!/usr/bin/env bash
# What events promise when two sessions meet: a wait that is registered before an event's commit gets it, however the two
# overlap, and an event that is rolled back is nobody's.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't')" > /dev/null
ask "select pgconductor.register_subscriptions('s', '[{\"task_key\": \"t\", \"name\": \"n\", \"event\": \"rolled\"}]')" > /dev/null
open a
open b

runs() { ask "select pgconductor.invoke('t', p_id => test.id($1)); select test.claim(1, 'default', 1)" > /dev/null; }
waits="'[{\"name\": \"e\", \"kind\": \"event\", \"key\": \"paid\", \"ordinal\": 1}]'"

# Emitted before, committed after the wait is registered.
runs 1
tell a "begin; select pgconductor.emit_event('paid', '1') is not null"
is "$(answer a)" t "an event is emitted"
is "$(ask "select test.wait(1, test.id(1), $waits)")" suspended "an execution registers its wait before it commits: the emitter's transaction keeps nobody waiting"
tell a "commit"
is "$(answer a)" "" "it commits"
is "$(ask "select test.state(test.id(1)) || ' ' || test.steps(test.id(1))")" "ready e done 1" "the execution has it"

# The registration is under way while the event commits: the commit waits for it.
ask "select pgconductor.cancel_execution(test.id(1))" > /dev/null
runs 2
tell a "begin; select test.wait(1, test.id(2), $waits)"
is "$(answer a)" suspended "an execution registers its wait"
tell b "select pgconductor.emit_event('paid', '2') is not null"
blocked b
tell a "commit"
is "$(answer b)" t "an event commits just then"
is "$(ask "select test.state(test.id(2)) || ' ' || test.steps(test.id(2))")" "ready e done 2" "the execution has it"

# The event's delivery is under way: the registration waits for its commit, and is for what comes later.
ask "select pgconductor.cancel_execution(test.id(2))" > /dev/null
runs 3
tell a "begin; select pgconductor.emit_event('paid', '3') is not null; set constraints all immediate"
is "$(answer a)" t "an event is being delivered"
tell b "select test.wait(1, test.id(3), $waits)"
blocked b
tell a "commit"
is "$(answer b)" suspended "an execution registers its wait just then"
is "$(ask "select test.steps(test.id(3))")" "e waiting" "for what comes later"
ask "select pgconductor.emit_event('paid', '4')" > /dev/null
is "$(ask "select test.steps(test.id(3))")" "e done 4" "which it gets"

# A snapshot that is older than the wait.
ask "select pgconductor.cancel_execution(test.id(3))" > /dev/null
runs 4
tell a "begin isolation level repeatable read; select count(*) from pgconductor.steps where name = 'none'"
is "$(answer a)" 0 "a transaction with a snapshot of its own"
ask "select test.wait(1, test.id(4), $waits)" > /dev/null
tell a "select pgconductor.emit_event('paid', '5') is not null; commit"
is "$(answer a)" t "emits an event"
is "$(ask "select test.steps(test.id(4))")" "e waiting" "which it cannot deliver itself"
ask "select pgconductor.orchestrator_heartbeat(test.id(1))" > /dev/null
is "$(ask "select test.steps(test.id(4)) || (select count(*) from pgconductor.events)")" "e done 50" "the next heartbeat does"

ask "select pgconductor.cancel_execution(test.id(4))" > /dev/null

# A hundred on one key; one is cancelled before.
ask "select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(100, 200) n; select cardinality(test.claim(1, 'default', 200))" > /dev/null
is "$(ask "select count(*) from generate_series(100, 200) n where test.wait(1, test.id(n), $waits) = 'suspended'")" 101 "many wait"
is "$(ask "select pgconductor.cancel_execution(test.id(200)) || (select count(*) from pgconductor.steps where execution_id = test.id(200))")" cancelled1 "one is cancelled"
is "$(ask "select count(*) from pgconductor.steps where execution_id = test.id(200)")" 0 "and waits no more"
ask "select pgconductor.emit_event('paid', '6')" > /dev/null
is "$(ask "select count(*) from generate_series(100, 199) n where test.state(test.id(n)) = 'ready' and test.steps(test.id(n)) = 'e done 6'")" 100 "each of the others has the event"

# Rolled back.
before=$(ask "select count(*) from pgconductor.executions")
tell a "begin; select pgconductor.emit_event('rolled') is not null; set constraints all immediate; rollback"
is "$(answer a)" t "an event is rolled back"
is "$(ask "select count(*) - $before from pgconductor.executions")" 0 "it starts nothing"
ask "select pgconductor.register_subscriptions('s', '[]')" > /dev/null
finish 21
