#!/usr/bin/env bash
# Claims of a limited task at once, an outcome beside an open claim, and an enqueueing transaction that stays open: nobody waits for
# anybody, and nothing is lost.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select pgconductor.register_orchestrator(test.id(n), 'o', '1', 1), pgconductor.register_worker(test.id(n), 'default', '[{\"key\": \"t\", \"limits\": {\"key\": \"k\", \"concurrency_per_key\": 1}}]') from generate_series(1, 2) n" > /dev/null
ask "select pgconductor.invoke('t', '{\"k\": 1}', p_id => test.id(n)) from generate_series(1, 3) n" > /dev/null
open a
open b

tell a "begin; select test.claim(1, 'default', 10) = array[test.id(1)]"
is "$(answer a)" t "the first claims one of the key and does not commit"
tell b "select test.claim(2, 'default', 10)"
is "$(answer b)" "{}" "the second gets nothing of the key, and does not wait"
ask "select pgconductor.invoke('t', '{\"k\": 2}', p_id => test.id(9))" > /dev/null
tell b "select lease_id is null and next_due_in = 0.005 from pgconductor.claim_executions(test.id(2), 'default', 10)"
is "$(answer b)" t "nor of another key of the task, and is told to come again"
is "$(ask "select pgconductor.cancel_execution(test.id(9))")" cancelled "(that one goes)"
tell a "commit"
is "$(answer a)" "" "the first commits"
tell b "select test.claim(2, 'default', 10)"
is "$(answer b)" "{}" "the slot is taken"

tell b "begin; select test.claim(2, 'default', 10)"
is "$(answer b)" "{}" "a claim that found nothing stays open"
tell a "select test.finish(1, test.id(1), 'completed')"
is "$(answer a)" completed "an outcome does not wait for it"
tell b "select test.claim(2, 'default', 10) = array[test.id(2)]"
is "$(answer b)" t "its slot is there at once"
tell b "commit"
is "$(answer b)" "" "committed"

# Somebody adds to the key's lane, and takes a long time to commit.
tell a "begin; select pgconductor.invoke('t', '{\"k\": 1}', p_id => test.id(4)) is not null"
is "$(answer a)" t "one more of the key, not committed"
tell b "select test.finish(2, test.id(2), 'completed')"
is "$(answer b)" completed "outcomes"
tell b "select test.claim(2, 'default', 10) = array[test.id(3)]"
is "$(answer b)" t "and claims of the key go on"
tell b "select test.finish(2, test.id(3), 'completed')"
is "$(answer b)" completed "until nothing is left that can be seen"
tell b "select test.claim(2, 'default', 10), test.claim(2, 'default', 10)"
is "$(answer b)" "{}|{}" "nothing"
is "$(ask "select count(*) from pgconductor.held_lanes")" 1 "the lane keeps its mark: somebody may add to it"
tell a "commit"
is "$(answer a)" "" "that commits"
ask "update pgconductor.held_lanes set opens_at = now()"
tell b "select test.claim(2, 'default', 10) = array[test.id(4)]"
is "$(answer b)" t "and is found"
tell b "select test.finish(2, test.id(4), 'completed')"
is "$(answer b)" completed "it ends"
tell b "select test.claim(2, 'default', 10), test.claim(2, 'default', 10)"
is "$(answer b)" "{}|{}" "nothing is left"
is "$(ask "select (select count(*) from pgconductor.held_lanes) + (select count(*) from pgconductor.limits) + (select count(*) from pgconductor.freed_slots)")" 0 "and nothing of the key"
finish 21
