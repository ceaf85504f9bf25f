# Things that take long to make: made once, into the cache, all or nothing.
# Sourced, needs common.sh.
# shellcheck shell=bash

# cache_make TITLE NAME FUNCTION: makes $CACHE_DIR/NAME, a directory, unless it is there.
# FUNCTION gets a scratch directory beside it and must leave the result in its `result`.
# Killed at any moment, it leaves either nothing or the whole: the last act is a rename.
# Shows a line every 20 s. Two callers at once: the second waits for the first.
cache_make() {
  local title=$1 name=$2 function=$3 place=$CACHE_DIR/$2 building scratch log started status=0
  [ -d "$place" ] && return 0
  building=$CACHE_DIR/building/${name//\//-}
  log=$CACHE_DIR/log/${name//\//-}.log
  mkdir -p "$building" "$CACHE_DIR/log" "$(dirname "$place")"
  (
    flock --nonblock 8 || { say "  … $title: another run is at it, waiting"; flock 8; }
    [ -d "$place" ] && exit 0
    rm -rf --one-file-system "$building"/work.* # what a killed run left
    # A name never used before: what that run left running writes into no work of ours.
    scratch=$(mktemp -d "$building/work.XXXXXX")
    chmod 0755 "$scratch"
    printf '%s  …%s %s\n' "$DIM" "$RESET" "$title" >&2
    started=$SECONDS
    # 8 is the lock of this thing, 9 the lab's: what a killed build leaves running must not hold them.
    _cache_watched "$function" "$scratch" >"$log" 2>&1 </dev/null 8>&- 9>&- &
    _cache_show_progress $! "$log" "$started" || status=$?
    if [ "$status" -ne 0 ]; then
      printf '%s  ✗%s %s (exit %s); the end of %s:\n' "$RED" "$RESET" "$title" "$status" "$log" >&2
      tail -n 25 "$log" | sed 's/^/      /' >&2
      rm -rf --one-file-system "$scratch"
      exit "$status"
    fi
    mv -T "$scratch/result" "$place"
    rm -rf --one-file-system "$scratch"
    printf '%s  ✓%s %s %s(%s s)%s\n' "$GREEN" "$RESET" "$title" "$DIM" "$((SECONDS - started))" "$RESET" >&2
  ) 8>"$building/lock"
}

# recipe_key FUNCTION…: changes when what these functions do changes (not their comments).
recipe_key() { declare -f "$@" | sha256sum | cut -c1-8; }

# cache_link LINK NAME: $CACHE_DIR/LINK leads to $CACHE_DIR/NAME, replaced in one step.
cache_link() {
  mkdir -p "$(dirname "$CACHE_DIR/$1")"
  ln -sfn "$CACHE_DIR/$2" "$CACHE_DIR/$1.$$"
  mv -fT "$CACHE_DIR/$1.$$" "$CACHE_DIR/$1"
}

_cache_watched() {
  set -euo pipefail
  "$@"
}

# Waits for process PID, and says now and then how long it has been and what it does.
_cache_show_progress() {
  local pid=$1 log=$2 started=$3 shown=$SECONDS
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    if [ $((SECONDS - shown)) -ge 20 ]; then
      shown=$SECONDS
      printf '%s    %4d s  %s%s\n' "$DIM" $((SECONDS - started)) "$(tail -n 1 "$log" | cut -c1-90)" "$RESET" >&2
    fi
  done
  wait "$pid"
}
