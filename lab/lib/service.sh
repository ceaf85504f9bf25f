# Long-running processes of the lab: start, stop, look at. Needs common.sh.
#
# A service NAME has   $LAB_DIR/run/NAME.pid   "<pid> <start time in clock ticks>"
#                      $LAB_DIR/log/NAME.log   stdout and stderr, appended
# The start time makes a pid file harmless after a crash: a pid that was given to
# another process since is never taken for ours, so never killed.
#
# Every service carries TRANSSHIP_LAB_OWNER=$LAB_DIR in its environment, by which
# `lab/down` finds one whose pid file was never written.

# The 22nd field of /proc/PID/stat, counted behind the command's closing parenthesis.
process_start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # the fields are to be split
  set -- ${stat##*) }
  [ "$1" != Z ] || return 1
  printf '%s\n' "${20}"
}

# service_pid NAME: prints the pid while the service lives, fails otherwise.
service_pid() {
  local pid started
  read -r pid started 2>/dev/null <"$LAB_DIR/run/$1.pid" || return 1
  [ "$(process_start_time "$pid")" = "$started" ] || return 1
  printf '%s\n' "$pid"
}

service_alive() { service_pid "$1" >/dev/null; }

# service_record NAME PID: makes an already running process the service NAME.
service_record() {
  local started
  started=$(process_start_time "$2") || return 1
  mkdir -p "$LAB_DIR/run"
  printf '%s %s\n' "$2" "$started" >"$LAB_DIR/run/$1.pid.new"
  mv "$LAB_DIR/run/$1.pid.new" "$LAB_DIR/run/$1.pid"
}

# service_spawn NAME command…: starts it and prints nothing; its pid is in $!.
# In a session of its own, so that no terminal's end reaches it.
service_spawn() {
  local name=$1
  shift
  mkdir -p "$LAB_DIR/run" "$LAB_DIR/log"
  # Descriptor 9 is the lab's lock: a service must not keep it.
  TRANSSHIP_LAB_OWNER=$LAB_DIR setsid "$@" >>"$LAB_DIR/log/$name.log" 2>&1 </dev/null 9>&- &
}

# service_start NAME command…: does nothing when the service already lives.
# Returns at once; wait with wait_until.
service_start() {
  service_alive "$1" && return 0
  service_spawn "$@"
  service_record "$1" $! || service_complain "$1"
}

# service_complain NAME: says that it ended at once, with the end of its log; fails.
service_complain() {
  say "$1 ended right after its start; the end of $LAB_DIR/log/$1.log:"
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
