# Several things at once. Sourced, needs common.sh.

JOBS=()

# job command…: runs it (a function, or a program) in the background, in a process group of
# its own, which one signal reaches as a whole.
job() {
  set -m
  { set +m; "$@"; } </dev/null &
  JOBS+=($!)
  set +m
}

# jobs_wait: for all of them; fails when one failed.
jobs_wait() {
  local pid failed=0
  for pid in "${JOBS[@]}"; do wait "$pid" || failed=1; done
  JOBS=()
  return "$failed"
}

# jobs_end: at once. For a trap on EXIT: a background job outlives its shell, and Ctrl-C does not reach it.
jobs_end() {
  local pid
  for pid in "${JOBS[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
}
