#!/usr/bin/env bash
# A cancellation and a takeover of the same process at once: no deadlock, whichever is first. The cancellation is held up
# at its signal by a trigger that waits for an advisory lock.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ask "select test.worker(1, 'default', 't'); select pgconductor.invoke('t', p_id => test.id(10)); select test.claim(1, 'default', 1)" > /dev/null
ask "update pgconductor.orchestrators set last_heartbeat_at = now() - interval '1 minute'"
ask "create function test.hold() returns trigger language plpgsql as \$\$ begin perform pg_advisory_xact_lock(42); return new; end \$\$;
    create trigger hold before insert on pgconductor.signals for each row execute function test.hold()"
open a
open b
open c

tell c "begin; select pg_advisory_xact_lock(42)"
is "$(answer c)" "" "somebody holds the cancellation up"
tell a "select pgconductor.cancel_execution(test.id(10), 'stop')"
blocked a
tell b "set statement_timeout = '150s'; select (orchestrators, rescued) from pgconductor.recover_stale_orchestrators()"
# It either passes the process over, or waits; both are fine as long as both end.
done_or_blocked b
tell c "commit"
is "$(answer c)" "" "the cancellation goes on"
is "$(answer a)" requested "it is requested"
matches "$(answer b)" '^\([01],0\)$' "the takeover has ended without an error"
is "$(ask "select orchestrators >= 0 from pgconductor.recover_stale_orchestrators()")" t "another takeover"
is "$(ask "select test.state(test.id(10)) || ' ' || test.reason(test.id(10))")" "cancelled stop" "and the execution is cancelled, once"
ask "drop trigger hold on pgconductor.signals; drop function test.hold()"

# It is handed back just when the cancellation has found it running: the cancellation looks again.
ask "select pgconductor.invoke('t', p_id => test.id(11)); select test.worker(2, 'default', 't'); select test.claim(2, 'default', 1)" > /dev/null
tell b "begin; select 1 from pgconductor.orchestrators where id = test.id(2) for update"
is "$(answer b)" 1 "somebody holds its orchestrator"
tell a "select pgconductor.cancel_execution(test.id(11), 'stop')"
blocked a
tell b "select test.finish(2, test.id(11), 'released'); commit"
is "$(answer b)" released "it is handed back"
is "$(answer a)" cancelled "and cancelled where it waits"
finish 9
