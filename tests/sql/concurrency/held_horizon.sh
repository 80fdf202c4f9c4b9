#!/usr/bin/env bash
# The transaction that holds the horizon is named, with what it is doing.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

open a
tell a "set application_name = 'report'; begin isolation level repeatable read; select 7 as the_query"
is "$(answer a)" 7 "a transaction is left open"
is "$(ask "select pid || ' ' || state || ' ' || application_name || ' ' || (age_seconds >= 0) || ' ' || query from pgconductor.held_horizon('0') where pid = ${pid_of[a]}")" \
    "${pid_of[a]} idle in transaction report true select 7 as the_query;" "it is named"
is "$(ask "select count(*) from pgconductor.held_horizon('1 hour')")" 0 "not when it is younger than asked for"
tell a "commit"
is "$(answer a)" "" "it ends"
is "$(ask "select count(*) from pgconductor.held_horizon('0') where pid = ${pid_of[a]}")" 0 "and is no longer named"
finish 5
