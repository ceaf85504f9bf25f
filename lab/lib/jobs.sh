# Several things at once. Sourced, needs common.sh.

# together "command arguments"…: runs them side by side, each with its own progress lines;
# fails when one fails. Ended by a signal, it ends them with all they started.
together() {
  local command
  # With job control every job is a process group of its own, which one signal reaches.
  set -m
  for command in "$@"; do
    # shellcheck disable=SC2086 # a command line
    $command 9>&- &
  done
  set +m
  wait_for_all
}

# wait_for_all: for every background job of this shell; fails when one failed.
wait_for_all() {
  local job failed=0
  for job in $(jobs -p); do wait "$job" || failed=1; done
  [ "$failed" = 0 ] || die "the lab is not up: see above"
}

# Called when this shell ends, for whatever reason.
end_jobs() {
  local job
  for job in $(jobs -p); do kill -TERM -- "-$job" 2>/dev/null || kill -TERM "$job" 2>/dev/null || true; done
}
