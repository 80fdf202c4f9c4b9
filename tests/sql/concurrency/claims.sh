#!/usr/bin/env bash
# Two claims at once: neither waits, none gets what the other has; what is rolled back is claimed by another.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't'), test.worker(2, 'default', 't')" > /dev/null
ask "select pgconductor.invoke_batch(array_fill('t'::text, array[10]), array_fill('{}'::jsonb, array[10]), array(select test.id(100 + n) from generate_series(1, 10) n))"
open a
open b

tell a "begin; select cardinality(test.claim(1, 'default', 4))"
is "$(answer a)" 4 "the first claims four and does not commit"
tell b "set statement_timeout = '150s'; select cardinality(test.claim(2, 'default', 10))"
is "$(answer b)" 6 "the second gets the other six, and does not wait"
tell b "select test.claim(2, 'default', 10)"
is "$(answer b)" "{}" "then there is nothing for it"
tell a "rollback"
is "$(answer a)" "" "the first is rolled back"
tell b "select test.claim(2, 'default', 10) = array(select test.id(100 + n) from generate_series(1, 4) n)"
is "$(answer b)" t "now the second finds those four, in order"

# A cancellation under way is passed over too; a claim under way makes the cancellation wait and then find the lease.
ask "select pgconductor.invoke('t', p_id => test.id(n)) from generate_series(201, 202) n" > /dev/null
tell a "begin; select pgconductor.cancel_execution(test.id(201))"
is "$(answer a)" cancelled "one is being cancelled"
tell b "select test.claim(2, 'default', 10) = array[test.id(202)]"
is "$(answer b)" t "a claim passes it over"
tell a "commit"
is "$(answer a)" "" "cancelled for good"
is "$(ask "select test.state(test.id(201))")" cancelled "in one state only"

ask "select pgconductor.invoke('t', p_id => test.id(203))" > /dev/null
tell b "begin; select test.claim(2, 'default', 10) = array[test.id(203)]"
is "$(answer b)" t "one is being claimed"
tell a "select pgconductor.cancel_execution(test.id(203), 'stop')"
blocked a
tell b "commit"
is "$(answer b)" "" "the claim commits"
is "$(answer a)" requested "the cancellation finds it running: requested, not lost"
is "$(ask "select test.finish(2, test.id(203), 'failed')")" cancelled "and it ends as cancelled"

# The other way: the claim fails.
ask "select pgconductor.invoke('t', p_id => test.id(204))" > /dev/null
tell b "begin; select test.claim(2, 'default', 10) = array[test.id(204)]"
is "$(answer b)" t "one is being claimed"
tell a "select pgconductor.cancel_execution(test.id(204), 'stop')"
blocked a
tell b "rollback"
is "$(answer b)" "" "the claim is rolled back"
is "$(answer a)" cancelled "the cancellation finds it waiting: cancelled"
finish 16
