# shellcheck shell=bash
# Several psql sessions in one script, step by step, and TAP on standard output. Sourced by the scripts beside it, which get
# psql's options for the test database as their arguments.
#
#   open a              a session called a
#   tell a 'sql'        sends it a statement, without waiting
#   blocked a           waits until that statement waits for a lock (asked from pg_locks, not guessed by time)
#   answer a            waits until its statements are done; what they printed
#                       (not both in one $( ): what tell notes would be lost with that shell)
#   ask 'sql'           the answer of a session of its own, at once
#   is "$have" "$want" "what it means"; matches likewise with a regular expression; finish NUMBER at the end
set -euo pipefail

connection=("$@")
work=$(mktemp -d)
deadline=120
declare -A input_of pid_of sent
passed=0
planned=0

trap 'close_all' EXIT

close_all() {
    local fd
    for fd in "${input_of[@]}"; do
        # Said, not only closed: a session started later holds a copy of the pipe.
        echo '\q' >&"$fd"
        exec {fd}>&-
    done
    wait
    # Each script leaves the database as it found it.
    psql -qXAt "${connection[@]}" >/dev/null 2>&1 <<< "truncate pgconductor.executions, pgconductor.leases, pgconductor.payloads, pgconductor.dedupe_keys, pgconductor.paces, pgconductor.signals,
        pgconductor.workers, pgconductor.orchestrators, pgconductor.completed_executions, pgconductor.failed_executions, pgconductor.tasks, pgconductor.steps,
        pgconductor.orphans, pgconductor.events, pgconductor.subscriptions, pgconductor.event_failures cascade;
        select pgconductor.drop_queue(name, true) from pgconductor.queues where name <> 'default'; insert into pgconductor.queues (name) values ('default') on conflict do nothing" || true
    rm -rf "$work"
}

open() {
    local name=$1 fd
    mkfifo "$work/$name.in"
    : > "$work/$name.out"
    psql -qXAt "${connection[@]}" < "$work/$name.in" > "$work/$name.out" 2>&1 &
    exec {fd}> "$work/$name.in"
    input_of[$name]=$fd
    sent[$name]=0
    tell "$name" "set statement_timeout = '300s'; select pg_backend_pid()"
    pid_of[$name]=$(answer "$name")
}

tell() {
    sent[$1]=$((${sent[$1]} + 1))
    printf '%s;\n\\echo done-%s\n' "$2" "${sent[$1]}" >&"${input_of[$1]}"
}

# Polls a condition; the pause only spares the processor.
until_true() {
    local what=$1 end=$((SECONDS + deadline))
    shift
    until "$@"; do
        if ((SECONDS >= end)); then
            echo "# waited ${deadline} s for: $what"
            return 1
        fi
        sleep 0.01
    done
}

is_done() { grep -qx "done-${sent[$1]}" "$work/$1.out"; }
is_blocked() { [[ $(ask "select count(*) from pg_locks where pid = ${pid_of[$1]} and not granted") != 0 ]]; }

is_done_or_blocked() { is_done "$1" || is_blocked "$1"; }

blocked() { until_true "session $1 to wait for a lock" is_blocked "$1"; }
done_or_blocked() { until_true "session $1 to answer or to wait for a lock" is_done_or_blocked "$1"; }

# Does not change the shell's variables when called as $(answer a): what was read before is told by the marks.
answer() {
    until_true "session $1 to answer" is_done "$1"
    awk -v last="done-${sent[$1]}" -v before="done-$((${sent[$1]} - 1))" '
        $0 == before { text = ""; next } $0 == last { exit } { text = text (text == "" ? "" : "\n") $0 } END { print text }' "$work/$1.out"
}

ask() { psql -qXAt "${connection[@]}" -c "$1"; }

report() {
    planned=$((planned + 1))
    if [[ $1 == ok ]]; then
        passed=$((passed + 1))
        echo "ok $planned - $2"
    else
        echo "not ok $planned - $2"
        echo "# have: $3"
        echo "# want: $4"
    fi
}

is() {
    if [[ $1 == "$2" ]]; then report ok "$3" "" ""; else report no "$3" "$1" "$2"; fi
}

matches() {
    if [[ $1 =~ $2 ]]; then report ok "$3" "" ""; else report no "$3" "$1" "$2"; fi
}

finish() {
    echo "1..$1"
    [[ $planned -eq $1 && $passed -eq $1 ]]
}
