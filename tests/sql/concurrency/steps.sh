#!/usr/bin/env bash
# What steps and waits promise when two sessions meet: no outcome of a child is lost, whichever of child and parent is
# first, and a step is stored only by the owner of the lease.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't'), test.worker(2, 'default', 't')" > /dev/null
ask "update pgconductor.tasks set keep_completed = '0'"
open a
open b

# A parent (1) that runs, with a child (10) that it waits for since an earlier run: both in leases of their own.
both_run() {
    ask "select pgconductor.invoke('t', p_id => test.id($1)); select test.claim(1, 'default', 1);
        select test.wait(1, test.id($1), jsonb_build_array(test.child('c', $2), '{\"name\": \"s\", \"kind\": \"sleep\", \"seconds\": 0}'::jsonb))" > /dev/null
    ask "select test.claim(1, 'default', 1); select test.claim(1, 'default', 1)" > /dev/null
}

both_run 1 10
is "$(ask "select test.state(test.id(1)) || ' ' || test.state(test.id(10))")" "running running" "parent and child run"
tell a "begin; select test.finish(1, test.id(10), 'completed')"
is "$(answer a)" completed "the child ends"
tell b "select test.wait(1, test.id(1), '[]', 'c')"
blocked b
tell a "commit"
is "$(answer b)" suspended "the parent suspends just then"
is "$(ask "select test.state(test.id(1)) || ' ' || test.steps(test.id(1))")" "ready s expired, c done" "and is ready, with the outcome"
ask "select pgconductor.cancel_execution(test.id(1))" > /dev/null

both_run 2 11
tell a "begin; select test.wait(1, test.id(2), '[]', 'c')"
is "$(answer a)" suspended "the parent suspends"
tell b "select test.finish(1, test.id(11), 'completed')"
blocked b
tell a "commit"
is "$(answer b)" completed "the child ends just then"
is "$(ask "select test.state(test.id(2)) || ' ' || test.steps(test.id(2))")" "ready s expired, c done" "and the parent is woken"
ask "select pgconductor.cancel_execution(test.id(2))" > /dev/null

# Two members of a group at once: the last of them wakes, though neither sees the other.
ask "select pgconductor.invoke('t', p_id => test.id(3)); select test.claim(1, 'default', 1);
    select test.wait(1, test.id(3), jsonb_build_array('{\"name\": \"g\", \"kind\": \"all\", \"pending\": 2}'::jsonb, test.child('g/0', 12, 't', '{\"group\": \"g\"}'), test.child('g/1', 13, 't', '{\"group\": \"g\"}')));
    select test.claim(1, 'default', 1); select test.claim(1, 'default', 1)" > /dev/null
tell a "begin; select test.finish(1, test.id(12), 'completed')"
is "$(answer a)" completed "one of a group ends"
tell b "select test.finish(1, test.id(13), 'completed')"
blocked b
is "$(ask "select test.state(test.id(3))")" waiting "the other just then"
tell a "commit"
is "$(answer b)" completed "it ends too"
is "$(ask "select test.state(test.id(3)) || ' ' || test.steps(test.id(3))")" "ready g done, g/0 done, g/1 done" "and wakes the parent"
ask "select pgconductor.cancel_execution(test.id(3))" > /dev/null

# A takeover and a step at once.
ask "select pgconductor.invoke('t', p_id => test.id(4)); select test.claim(2, 'default', 1); update pgconductor.orchestrators set last_heartbeat_at = now() - interval '1 hour' where id = test.id(2)" > /dev/null
tell a "begin; select rescued from pgconductor.recover_stale_orchestrators()"
is "$(answer a)" 1 "a process is taken over"
tell b "select test.step(2, test.id(4), 'late')"
blocked b
tell a "commit"
is "$(answer b)" rejected "the step that it sends just then is rejected"
is "$(ask "select count(*) from pgconductor.steps where execution_id = test.id(4)")" 0 "and not stored"
finish 14
