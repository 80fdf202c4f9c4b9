#!/usr/bin/env bash
# Two callers take one dedupe key at once; a caller and an outcome; a caller and a claim.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't')" > /dev/null
open a
open b

tell a "begin; select disposition from pgconductor.invoke('t', p_dedupe_key => 'k', p_id => test.id(1))"
is "$(answer a)" created "the first has the key, and has not committed"
tell b "select (execution_id, disposition) = (test.id(1), 'existing') from pgconductor.invoke('t', p_dedupe_key => 'k', p_id => test.id(2))"
blocked b
tell a "commit"
is "$(answer a)" "" "it commits"
is "$(answer b)" t "the second gets the first's execution"

tell a "begin; select disposition from pgconductor.invoke('t', p_dedupe_key => 'k2', p_id => test.id(3))"
is "$(answer a)" created "the first has another key"
tell b "select (execution_id, disposition) = (test.id(4), 'created') from pgconductor.invoke('t', p_dedupe_key => 'k2', p_id => test.id(4))"
blocked b
tell a "rollback"
is "$(answer a)" "" "it is rolled back"
is "$(answer b)" t "the second has it"

# The holder ends meanwhile.
tell a "begin; select test.claim(1, 'default', 1) = array[test.id(1)]"
is "$(answer a)" t "the holder is being claimed"
tell b "select (execution_id, disposition) = (test.id(5), 'created') from pgconductor.invoke('t', p_dedupe_key => 'k', p_dedupe_policy => 'replace_pending', p_id => test.id(5))"
blocked b
tell a "commit"
is "$(answer a)" "" "it runs"
is "$(answer b)" t "replace_pending waited, and enqueues a new one behind it"

tell a "begin; select pgconductor.cancel_execution(test.id(5))"
is "$(answer a)" cancelled "the holder is being cancelled"
tell b "select disposition from pgconductor.invoke('t', p_dedupe_key => 'k', p_dedupe_policy => 'reject', p_id => test.id(6))"
blocked b
tell a "commit"
is "$(answer a)" "" "it is"
is "$(answer b)" created "and its key is free: never silently nothing"
is "$(ask "select count(*) from pgconductor.dedupe_keys k join pgconductor.executions e on e.id = k.execution_id and e.dedupe_key = k.key")" 2 "every key belongs to an execution that waits"

# The same id twice at once: a repetition while the first call still runs.
tell a "begin; select disposition from pgconductor.invoke('t', p_id => test.id(7))"
is "$(answer a)" created "a call, not yet committed"
tell b "select disposition from pgconductor.invoke('t', p_id => test.id(7), p_repeated => true)"
blocked b
tell a "commit"
is "$(answer a)" "" "it commits"
is "$(answer b)" existing "its repetition is the same"

# The same of one that is claimed at once, which no unique key sees.
tell a "begin; select lease_id is not null from pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_id => test.id(8))"
is "$(answer a)" t "a call that claims, not yet committed"
tell b "select disposition from pgconductor.invoke_and_claim(null, null, 't', p_id => test.id(8), p_repeated => true)"
blocked b
tell a "commit"
is "$(answer a)" "" "it commits"
is "$(answer b)" existing "its repetition is the same"
tell a "begin; select lease_id is not null from pgconductor.invoke_and_claim(test.id(1), 'default', 't', p_id => test.id(9))"
is "$(answer a)" t "another"
tell b "select disposition from pgconductor.invoke_and_claim(null, null, 't', p_id => test.id(9), p_repeated => true)"
blocked b
tell a "rollback"
is "$(answer a)" "" "it fails"
is "$(answer b)" created "its repetition stores it"
is "$(ask "select test.state(test.id(8)) || ', ' || test.state(test.id(9))")" "running, ready" "each in one place"
finish 23
