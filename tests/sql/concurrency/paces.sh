#!/usr/bin/env bash
# Callers of one pace at once: one winner; a window that is open keeps nobody waiting; two batches in opposite order.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't')" > /dev/null
open a
open b

tell a "begin; select disposition from pgconductor.invoke('t', p_throttle => '1 hour', p_id => test.id(1))"
is "$(answer a)" created "the first opens a window, and has not committed"
tell b "select (execution_id, disposition) = (test.id(1), 'dropped') from pgconductor.invoke('t', p_throttle => '1 hour', p_id => test.id(2))"
blocked b
tell a "commit"
is "$(answer a)" "" "it commits"
is "$(answer b)" t "the second is dropped for it"
tell a "begin; select 1 from pgconductor.paces for update"
is "$(answer a)" 1 "somebody holds the window's row"
tell b "select disposition from pgconductor.invoke('t', p_throttle => '1 hour')"
is "$(answer b)" dropped "an open window drops without waiting for anybody"
tell a "rollback"
is "$(answer a)" "" "and lets go"

tell a "begin; select disposition from pgconductor.invoke('t', p_throttle => '1 hour', p_pace_key => 'k', p_id => test.id(3))"
is "$(answer a)" created "the first of another key"
tell b "select (execution_id, disposition) = (test.id(4), 'created') from pgconductor.invoke('t', p_throttle => '1 hour', p_pace_key => 'k', p_id => test.id(4))"
blocked b
tell a "rollback"
is "$(answer a)" "" "it is rolled back"
is "$(answer b)" t "the second's window it is"

# A debounce whose execution is being claimed.
ask "select pgconductor.invoke('t', '1', p_debounce => '1 millisecond', p_pace_key => 'd', p_id => test.id(5)); select pgconductor.cancel_execution(test.id(n)) from generate_series(1, 4) n" > /dev/null
tell a "begin; select pg_sleep(0.05); select test.claim(1, 'default', 1) = array[test.id(5)]"
matches "$(answer a)" 't$' "a debounced one is being claimed"
tell b "select (execution_id, disposition) = (test.id(6), 'created') from pgconductor.invoke('t', '2', p_debounce => '1 hour', p_pace_key => 'd', p_id => test.id(6))"
blocked b
tell a "commit"
is "$(answer a)" "" "it runs"
is "$(answer b)" t "the next invoke waited, and begins a burst of its own"

# Two batches over the same keys, each in its own order: one waits for the other, and neither is a deadlock's victim.
ask "create function test.hold() returns trigger language plpgsql as \$\$ begin perform pg_advisory_xact_lock_shared(42); return null; end \$\$;
    create trigger hold after insert on pgconductor.paces for each row when (new.key = 'y') execute function test.hold()"
open c
tell c "begin; select pg_advisory_xact_lock(42)"
is "$(answer c)" "" "somebody holds the first batch up between its keys"
tell a "set statement_timeout = '150s'; select count(*) from pgconductor.invoke_batch(array['t', 't'], array['1', '1']::jsonb[], p_throttles => array['1 hour', '1 hour']::interval[], p_pace_keys => array['y', 'x'])"
blocked a
tell b "set statement_timeout = '150s'; select count(*) from pgconductor.invoke_batch(array['t', 't'], array['2', '2']::jsonb[], p_throttles => array['1 hour', '1 hour']::interval[], p_pace_keys => array['x', 'y'])"
blocked b
tell c "commit"
is "$(answer c)" "" "it goes on"
is "$(answer a)" 2 "the first batch ends"
is "$(answer b)" 2 "and the second"
is "$(ask "select count(*) from pgconductor.executions where payload in ('1', '2') and id <> test.id(6)")" 2 "one execution a key"
ask "drop trigger hold on pgconductor.paces; drop function test.hold()"
finish 17
