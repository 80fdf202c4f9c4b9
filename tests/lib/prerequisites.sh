# shellcheck shell=bash
# What the tests need beside the .NET SDK. On Debian, as root, what is missing is installed; elsewhere it is named.

# A package for each program; the program says whether it is there.
declare -A prerequisite_of=(
    [pg_prove]=libtap-parser-sourcehandler-pgtap-perl
    [shellcheck]=shellcheck
    [psql]=postgresql-client
    [/usr/sbin/pgbouncer]=pgbouncer
)

install_prerequisites() {
    local program missing=()
    if ! command -v dotnet >/dev/null; then
        echo "The .NET SDK is not installed: see https://dot.net/download." >&2
        exit 2
    fi
    for program in "${!prerequisite_of[@]}"; do
        if ! command -v "$program" >/dev/null; then missing+=("${prerequisite_of[$program]}"); fi
    done
    if ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then missing+=(postgresql postgresql-contrib); fi
    if ! compgen -G '/usr/share/postgresql/*/extension/pgtap.control' >/dev/null; then missing+=(pgtap); fi
    if [[ ${#missing[@]} -eq 0 ]]; then return; fi

    if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
        echo "Missing: ${missing[*]} (names of Debian's packages). Install them, or run ./test as root on Debian." >&2
        exit 2
    fi
    echo "installing ${missing[*]} …"
    keep_packages_from_starting_servers
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    # pgtap is packaged for each server version: the one that Debian's own server has.
    apt-get install -y -qq --no-install-recommends "${missing[@]/#pgtap/$(pgtap_package)}" >/dev/null
}

pgtap_package() {
    local major
    major=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -1)
    echo "postgresql-${major:-15}-pgtap"
}

# The server packages make and start a cluster of their own; ours are private and temporary.
keep_packages_from_starting_servers() {
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/pgconductor.conf
}
