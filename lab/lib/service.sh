# Long-running processes of the lab: start, stop, look at. Needs common.sh.
#
# A service NAME has   $LAB_DIR/run/NAME.pid   "<pid> <start time in clock ticks>"
#                      $LAB_DIR/log/NAME.log   stdout and stderr, appended
# The start time makes a pid file harmless after a crash: a pid that was given to
# another process since is never taken for ours, so never killed.
#
# Every service carries TRANSSHIP_LAB_OWNER=$LAB_DIR in its environment, by which
# `lab/down` finds one whose pid file was lost.

# The 22nd field of /proc/PID/stat, counted behind the command's closing parenthesis.
process_start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # the fields are to be split
  set -- ${stat##*) }
  [ "$1" != Z ] || return 1
  printf '%s\n' "${20}"
}

# service_process NAME: prints the pid while the process is there, be it only half: one that
# was killed stays until its children are gone, and a frozen child (a paused container) is not.
service_process() {
  local pid started
  read -r pid started 2>/dev/null <"$LAB_DIR/run/$1.pid" || return 1
  [ "$(process_start_time "$pid")" = "$started" ] || return 1
  printf '%s\n' "$pid"
}

# service_pid NAME: prints the pid while the service lives, fails otherwise.
service_pid() {
  local pid
  pid=$(service_process "$1") || return 1
  # Who is dying has left its namespaces.
  [ -e "/proc/$pid/ns/mnt" ] || return 1
  printf '%s\n' "$pid"
}

service_alive() { service_pid "$1" >/dev/null; }

# service_start NAME command…: does nothing when the service already lives.
# Returns at once; wait with wait_until.
service_start() { service_start_under "$1" env -- "${@:2}"; }

# service_start_under NAME wrapper… -- command…: the wrapper (nsenter, unshare) must end up
# by running the command that is added to it; the service is that command, not the wrapper.
service_start_under() {
  local name=$1 wrapper=()
  shift
  service_alive "$name" && return 0
  while [ "$1" != -- ]; do wrapper+=("$1"); shift; done
  shift
  mkdir -p "$LAB_DIR/run" "$LAB_DIR/log"
  # Emptied here, not only by the child that is born below: what a killed one left must
  # not be taken for the new one's.
  : >"$LAB_DIR/run/$name.pid"
  # `launch` writes the pid file. In a session of its own, so that no terminal's end reaches it.
  # Descriptor 9 is the lab's lock, 3 that of flock(1), under which the lab may be run: a service must not keep them.
  TRANSSHIP_LAB_OWNER=$LAB_DIR setsid "${wrapper[@]}" /bin/sh /proc/self/fd/6 "$name" "$@" \
    >>"$LAB_DIR/log/$name.log" 2>&1 </dev/null 6<"$LAB_SOURCE/lib/launch" 7</proc 8>"$LAB_DIR/run/$name.pid" 3>&- 9>&- &
  wait_until 10 "$name to start" test -s "$LAB_DIR/run/$name.pid" || service_complain "$name"
}

# service_complain NAME: says that it did not start, with the end of its log; fails.
service_complain() {
  say "$1 did not start; the end of $LAB_DIR/log/$1.log:"
  tail -n 15 "$LAB_DIR/log/$1.log" | sed 's/^/    /' >&2
  return 1
}

# service_stop NAME [SECONDS=10]: SIGTERM, then SIGKILL. Forgets the pid file.
service_stop() {
  local pid
  if pid=$(service_pid "$1"); then
    kill -TERM "$pid" 2>/dev/null || true
    wait_until "${2:-10}" "the end of $1" service_dead "$1" || kill -KILL "$pid" 2>/dev/null || true
    wait_until 5 "the end of $1 after SIGKILL" service_dead "$1" || true
  fi
  rm -f "$LAB_DIR/run/$1.pid"
}

service_dead() { ! service_alive "$1"; }

# service_kill NAME: SIGKILL at once, for tests of crashes. Keeps the pid file, as a crash does.
service_kill() {
  local pid
  pid=$(service_pid "$1") || return 0
  kill -KILL "$pid" 2>/dev/null || true
  wait_until 5 "the end of $1" service_dead "$1"
}

# service_names: every service that was ever started and not stopped, one a line.
service_names() {
  local file
  for file in "$LAB_DIR"/run/*.pid; do
    [ ! -e "$file" ] || basename "$file" .pid
  done
}
