# Debian root file systems, made by mmdebstrap. Sourced, needs common.sh and control-plane/apt.sh.

# bootstrap SUITE DIR [option of mmdebstrap…]: from the mirror that this machine uses.
bootstrap() {
  local suite=$1 target=$2 mirror line options=()
  shift 2
  read -r mirror _ < <(debian_mirror)
  [ -n "$mirror" ] || return 1
  # What this machine's apt needs to reach its mirror, the new system's apt needs too.
  while IFS= read -r line; do options+=("--aptopt=$line"); done \
    < <(apt-config dump | grep -E '^Acquire::(https?::)?[^ ]*Proxy' || true)
  mkdir -p "$target.tmp"
  # In mount and PID namespaces of its own: killed at any moment, it leaves neither
  # a mount in the unfinished tree nor a process that goes on writing into it.
  TMPDIR=$target.tmp unshare --mount --pid --fork --kill-child --mount-proc mmdebstrap --mode=root --format=directory \
    `# the release file of a suite may have expired on a mirror that is a snapshot` \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "${options[@]}" "$@" "$suite" "$target" "$mirror"
  rm -rf "$target.tmp"
}
