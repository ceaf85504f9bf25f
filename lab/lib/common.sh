# Shared by every lab script: where things live, how progress and errors are shown.
# Sourced, never run. Callers have `set -euo pipefail`.
# shellcheck disable=SC2034 # most of these names are for those who source this file

LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PROJECT=$(dirname "$LAB_SOURCE")

# One lab per machine, whichever checkout starts it: the state has a fixed place.
LAB_DIR=${TRANSSHIP_LAB_DIR:-/var/lib/transship-lab}
# What takes long to make and never changes between labs. Outside the repository.
CACHE_DIR=${TRANSSHIP_CACHE_DIR:-/var/cache/transship}

# A second lab beside the first (to test the lab itself) needs another directory,
# prefix and subnet. Names of interfaces come from the prefix and have 15 characters at most.
LAB_PREFIX=${LAB_PREFIX:-tslab}
LAB_BRIDGE=${LAB_PREFIX}0
LAB_SUBNET=${LAB_SUBNET:-10.88.0}
HOST_ADDRESS=$LAB_SUBNET.1

# Also for a caller whose PATH lacks the administrator's tools, as under `su`.
case :$PATH: in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin:/sbin ;; esac
export PATH
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' RESET=$'\e[0m'
else
  BOLD='' DIM='' RED='' GREEN='' RESET=''
fi

say() { printf '%s\n' "$*" >&2; }
die() { printf '%serror:%s %s\n' "$RED" "$RESET" "$*" >&2; exit 1; }

# step "what is being done" command [arguments…]
# Runs the command with its output in a log, shows one line with the time it took,
# and the tail of the log when it fails. The command runs in a shell of its own:
# it cannot set the caller's variables.
step() {
  local title=$1 log started rc=0
  shift
  mkdir -p "$LAB_DIR/log"
  log=$LAB_DIR/log/step-$(printf '%s' "$title" | tr -cs 'A-Za-z0-9' '-').log
  started=$(date +%s)
  printf '%s  …%s %s\n' "$DIM" "$RESET" "$title" >&2
  # Not `( "$@" ) || rc=$?`: a command left of || runs without `set -e`, and a
  # function would go on after its first failure.
  ( set -e; "$@" ) >"$log" 2>&1 </dev/null &
  wait $! || rc=$?
  if [ "$rc" -ne 0 ]; then
    printf '%s  ✗%s %s (exit %s); the end of %s:\n' "$RED" "$RESET" "$title" "$rc" "$log" >&2
    tail -n 25 "$log" | sed 's/^/      /' >&2
    return "$rc"
  fi
  printf '%s  ✓%s %s %s(%s s)%s\n' "$GREEN" "$RESET" "$title" "$DIM" "$(($(date +%s) - started))" "$RESET" >&2
}

# wait_until SECONDS "what is awaited" command…: polls every 0.1 s, fails with the awaited thing's name.
wait_until() {
  local seconds=$1 what=$2 deadline
  shift 2
  deadline=$(($(date +%s%N) + seconds * 1000000000))
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s%N)" -lt "$deadline" ] || { say "gave up after $seconds s waiting for $what"; return 1; }
    sleep 0.1
  done
}
