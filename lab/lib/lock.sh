# One lab command at a time changes the lab. Sourced, needs common.sh.

# lab_lock: returns once this command is the only one that changes the lab. Waits
# up to 15 minutes (a first build of another checkout may be under way). Commands
# that a holder calls inherit the right through LAB_LOCK_HELD.
lab_lock() {
  [ "${LAB_LOCK_HELD:-}" != "$LAB_DIR" ] || return 0
  local deadline=$((SECONDS + 900)) told=''
  while :; do
    _lab_dir_make
    exec 9>>"$LAB_DIR/lock"
    # `lab/down` removes the file: whoever waited for it then holds a lock on nothing.
    if flock --wait 2 9; then
      [ "$LAB_DIR/lock" -ef /proc/self/fd/9 ] && break
    elif [ -z "$told" ]; then
      say "another lab command is at work ($(cat "$LAB_DIR/lock" 2>/dev/null || echo unknown)): waiting for it"
      told=yes
    fi
    [ "$SECONDS" -lt "$deadline" ] || die "another lab command has held $LAB_DIR/lock for 15 minutes ($(cat "$LAB_DIR/lock")): \
look what it is doing, end it, and try again"
  done
  printf '%s, pid %s\n' "$(basename "$0")" "$$" >"$LAB_DIR/lock"
  export LAB_LOCK_HELD=$LAB_DIR
}

# The directory is marked as ours before anything else is put there: lab/down deletes it.
_lab_dir_make() {
  [ ! -e "$LAB_DIR/transship-lab" ] || return 0
  mkdir -p "$LAB_DIR"
  [ -z "$(ls -A "$LAB_DIR")" ] || [ -e "$LAB_DIR/transship-lab" ] \
    || die "$LAB_DIR holds other things than a lab: set TRANSSHIP_LAB_DIR to a directory that the lab may have for itself"
  : >"$LAB_DIR/transship-lab"
}

# without_lock command…: for what has locks of its own and may outlive the holder. In a
# subshell only, as it closes the descriptor for good: bash would keep a copy of one that it closes for one command.
without_lock() {
  exec 9>&-
  "$@"
}
