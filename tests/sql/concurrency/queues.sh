#!/usr/bin/env bash
# N20: queues with partitions are created and dropped while others work: short locks, or a clear refusal, and never a standstill.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select pgconductor.create_queue('hot', true); select pgconductor.invoke('t', p_queue => 'hot', p_id => test.id(1)); select pgconductor.invoke('t', p_queue => 'default', p_id => test.id(2))" > /dev/null
open a
open b

tell a "begin; select count(*) from pgconductor.executions where queue = 'default'"
is "$(answer a)" 1 "a transaction that has read executions is left open"
tell b "\set VERBOSITY sqlstate
select pgconductor.create_queue('hot2', true)"
matches "$(answer b)" "55P03" "a new partition: refused after 2 s (55P03), not waited for"
is "$(ask "select count(*) from pgconductor.queues where name = 'hot2'")" 0 "nothing of it stays"
tell b "select pgconductor.create_queue('cold')"
is "$(answer b)" t "an ordinary queue is made at once"
tell b "select pgconductor.drop_queue('cold')"
is "$(answer b)" t "and dropped at once"
tell b "select pgconductor.drop_queue('hot', true)"
matches "$(answer b)" "55P03" "dropping a partition: refused after 2 s"
is "$(ask "select test.state(test.id(1))")" ready "and nothing is cancelled"
tell a "commit"
is "$(answer a)" "" "the transaction ends"
tell b "select pgconductor.create_queue('hot2', true)"
is "$(answer b)" t "then it is made"
tell b "select pgconductor.drop_queue('hot', true)"
is "$(answer b)" t "and the other dropped"
is "$(ask "select test.state(test.id(1))")" cancelled "its execution cancelled"

# Two create the same queue at once.
tell a "begin; select pgconductor.create_queue('twin', true)"
is "$(answer a)" t "a queue is being made"
tell b "select pgconductor.create_queue('twin', true)"
blocked b
tell a "commit"
is "$(answer a)" "" "it is there"
is "$(answer b)" f "the other one finds it"

# While a partition is made, work on other partitions goes on.
tell a "begin; select pgconductor.create_queue('hot3', true)"
is "$(answer a)" t "a partition is being made"
tell b "set statement_timeout = '150s'; select disposition from pgconductor.invoke('t', p_queue => 'hot2')"
is "$(answer b)" created "another partition's queue takes work meanwhile"
tell a "commit"
is "$(answer a)" "" "done"
finish 17
