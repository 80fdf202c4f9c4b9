#!/usr/bin/env bash
# Workers that register at once, batches of tasks nobody knows, claims that move rows, a queue that is dropped: no deadlock.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(9, 'q', 'a', 'b', 'c')" > /dev/null
ask "select pgconductor.register_orchestrator(test.id(n), 'o', '1', 1) from generate_series(1, 3) n" > /dev/null
open a
open b
open c

# Two registrations, each of which changes the lanes of tasks that the other one registers: b first, held up half-way.
tell c "begin; select 1 from pgconductor.tasks where key = 'c' for update"
is "$(answer c)" 1 "somebody holds the task c"
tell b "set statement_timeout = '150s'; select pgconductor.register_worker(test.id(2), 'q', '[{\"key\": \"b\"}, {\"key\": \"c\"}]')"
blocked b
tell a "set statement_timeout = '150s'; select pgconductor.register_worker(test.id(1), 'q', '[{\"key\": \"a\"}]')"
blocked a
tell c "commit"
is "$(answer c)" "" "c is free again"
is "$(answer b)" "" "one registration"
is "$(answer a)" "" "and the other: no deadlock"
is "$(ask "select array_agg(lane order by key) from pgconductor.tasks where key in ('a', 'b', 'c')")" "{a,b,c}" "the lanes are those of all three workers"

# A registration, and a claim that has to move rows of the task it holds: the claim does not wait.
ask "select pgconductor.orchestrator_shutdown(test.id(n)) from generate_series(1, 9) n; select test.worker(4, 'q', 'a', 'b', 'c'), test.worker(5, 'q', 'a')" > /dev/null
ask "update pgconductor.tasks set lane = ''; insert into pgconductor.executions (id, task_key, queue, lane) values (test.id(100), 'b', 'q', ''), (test.id(101), 'a', 'q', '')"
tell a "begin; select 1 from pgconductor.tasks where key = 'b' for update"
is "$(answer a)" 1 "somebody holds the task b"
tell b "set statement_timeout = '150s'; select test.claim(5, 'q', 10) = array[test.id(101)]"
is "$(answer b)" t "a claim by one who does not serve b moves its row and does not wait"
tell a "commit"
is "$(answer a)" "" "b is free again"
is "$(ask "select e.lane from pgconductor.executions e where e.id = test.id(100)")" b "the row has moved"

# Two batches of tasks nobody knows yet, named in opposite order.
tell c "begin; insert into pgconductor.tasks (key) values ('n2')"
is "$(answer c)" "" "somebody is making the second task"
tell a "begin; select pgconductor.invoke_batch('{n1,n2}', '{null,null}', array[test.id(201), test.id(202)])"
blocked a
tell b "set statement_timeout = '150s'; begin; select pgconductor.invoke_batch('{n2,n1}', '{null,null}', array[test.id(203), test.id(204)])"
blocked b
tell c "rollback"
is "$(answer c)" "" "and gives up"
is "$(answer a)" "" "one batch"
tell a "commit"
is "$(answer a)" "" "commits"
tell b "commit"
is "$(answer b)" "" "and the other"
is "$(ask "select count(*) from pgconductor.executions where task_key in ('n1', 'n2')")" 4 "all four are there"

# A registration, and the same queue being dropped.
ask "select pgconductor.orchestrator_shutdown(test.id(n)) from generate_series(1, 9) n; select pgconductor.create_queue('short'); update pgconductor.tasks set queue = 'short' where key = 'a'; select pgconductor.register_orchestrator(test.id(6), 'o', '1', 1)" > /dev/null
tell a "begin; select pgconductor.drop_queue('short')"
is "$(answer a)" t "a queue is being dropped"
tell b "set statement_timeout = '150s'; select pgconductor.register_worker(test.id(6), 'short', '[{\"key\": \"a\"}]')"
blocked b
tell a "commit"
is "$(answer a)" "" "it is gone"
is "$(answer b)" "" "the registration waited"
is "$(ask "select count(*) from pgconductor.queues where name = 'short'")" 1 "and has made it anew"

# The other way round: the registration is half-way when somebody drops its queue.
ask "select pgconductor.orchestrator_shutdown(test.id(6)); select pgconductor.register_orchestrator(test.id(7), 'o', '1', 1)" > /dev/null
tell c "begin; select 1 from pgconductor.tasks where key = 'a' for update"
is "$(answer c)" 1 "somebody holds the task a"
tell a "set statement_timeout = '150s'; select pgconductor.register_worker(test.id(7), 'short', '[{\"key\": \"a\"}]')"
blocked a
tell b "\set VERBOSITY sqlstate
select pgconductor.drop_queue('short')"
blocked b
tell c "commit"
is "$(answer c)" "" "a is free again"
is "$(answer a)" "" "the registration ends well"
matches "$(answer b)" "PC005" "and the queue, which is served now, stays"
finish 23
