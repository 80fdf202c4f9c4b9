# Guards one PostgreSQL server for the process that holds the other end of standard input, its owner.
# Standard input ends when the owner closes it or dies, however it dies; then the server is stopped and the
# folder removed. Everything happens in order in this one shell, so an owner that dies half-way through
# a start leaves nothing behind.
#
#   supervisor.sh FOLDER REMOVE(yes|no) SECONDS STOP-COMMAND...
#
# Lines on standard input:  "word X" adds a word to the next command, "run" runs it to its end, "serve" runs
# it in the background. Lines on standard output: "ran STATUS", "exited STATUS".
set -u
umask 077
folder=$1 remove=$2 seconds=$3
shift 3
# A Ctrl-C or a kill meant for the owner's process group must not take the guard away, nor may writing to
# an owner that is gone.
trap '' HUP INT QUIT TERM PIPE
exec 3>&1 >>"$folder/supervisor.log" 2>&1
rm -f "$folder/serving"

obey() {
  while IFS= read -r line; do
    case $line in
      "word "*)
        set -- "$@" "${line#word }"
        ;;
      run)
        "$@" </dev/null >>"$folder/command.log" 2>&1 3>&-
        echo "ran $?" >&3
        set --
        ;;
      serve)
        : >"$folder/serving"
        {
          "$@" >>"$folder/server.log" 2>&1 3>&-
          status=$?
          rm -f "$folder/serving"
          echo "exited $status" >&3
        } </dev/null &
        set --
        ;;
    esac
  done
}
obey

# The stop command fails while the server has not written its pid file yet; then it is asked again.
attempt=0
while [ -e "$folder/serving" ] && [ "$attempt" -lt 5 ]; do
  attempt=$((attempt + 1))
  if "$@" -m fast -t "$seconds" || "$@" -m immediate -t "$seconds"; then
    wait
    break
  fi
  sleep 1
done

if [ "$remove" = yes ]; then
  rm -rf "$folder"
fi
