# Can this machine run a lab? One sentence for each thing that is missing, all of them at
# once; tried, not guessed from version numbers. Sourced, needs common.sh, leftovers.sh
# and ../control-plane/apt.sh.

MISSING=()
missing() { MISSING+=("$*"); }

_preflight_report() {
  [ "${#MISSING[@]}" -gt 0 ] || return 0
  say "${RED}this machine cannot run the lab:${RESET}"
  printf '  - %s\n' "${MISSING[@]}" >&2
  exit 1
}

# preflight_machine: what can be tried before any package is installed.
preflight_machine() {
  MISSING=()
  if [ "$(id -u)" != 0 ]; then
    missing "You are not root: the lab makes namespaces, mounts and interfaces; run it as root (sudo)."
    _preflight_report
  fi
  _check_system
  _check_capabilities
  _check_kernel
  _check_overlay
  _check_cgroups
  _check_space
  _preflight_report
}

# preflight_network: what needs the programs ip and iptables.
preflight_network() {
  MISSING=()
  _tried "ip link add probe0 type bridge" \
    || missing "The kernel has no bridge (CONFIG_BRIDGE): it connects the nodes with each other."
  _tried "ip link add probe0 type veth peer name probe1" \
    || missing "The kernel has no veth (CONFIG_VETH): it connects a node with the bridge."
  _tried "iptables -t nat -A POSTROUTING -j MASQUERADE" \
    || missing "iptables has no NAT (CONFIG_NF_NAT, CONFIG_NFT_MASQ or CONFIG_IP_NF_TARGET_MASQUERADE): Docker's networks need it."
  if ip -4 route show "$LAB_SUBNET.0/24" | grep -qv " dev $LAB_BRIDGE "; then
    missing "The subnet $LAB_SUBNET.0/24 is in use on this machine: name another one in LAB_SUBNET (as LAB_SUBNET=10.99.0)."
  fi
  case $(network_owner) in
    '' | "$LAB_DIR") ;;
    *) missing "$(_other_lab)" ;;
  esac
  _preflight_report
}

# preflight_owner: for lab/down, which must not end another lab's nodes.
preflight_owner() {
  case $(network_owner) in '' | "$LAB_DIR") ;; *) die "$(_other_lab)" ;; esac
}

_other_lab() {
  printf '%s\n' "The lab in $(network_owner) has the prefix $LAB_PREFIX: set TRANSSHIP_LAB_DIR to it, \
or for a second lab beside it LAB_PREFIX, LAB_SUBNET, LAB_KUBE_PORT and LAB_ETCD_PORT to others."
}

# In a network namespace that vanishes with the command.
_tried() { unshare --net sh -c "$1" >/dev/null 2>&1; }

_check_system() {
  local name version id architecture
  read -r id version < <(. /etc/os-release 2>/dev/null && printf '%s %s\n' "${ID:-unknown}" "${VERSION_ID:-0}")
  name=$(. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-an unknown system}")
  { [ "$id" = debian ] && [ "${version%%.*}" -ge 12 ]; } \
    || missing "This is $name: the lab is made for Debian 12 or later, from whose packages it builds everything."
  architecture=$(uname -m)
  [ "$architecture" = x86_64 ] || missing "This is a machine of architecture $architecture: the lab is made for x86_64."
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    missing "There is no apt: the lab takes all that it needs from Debian packages."
  elif ! (debian_mirror) >/dev/null 2>&1; then
    missing "apt has no source for this Debian release in /etc/apt/sources.list or /etc/apt/sources.list.d: the lab uses the same mirror."
  fi
}

# Bits of the effective set, from linux/capability.h.
_check_capabilities() {
  local effective bit name
  effective=$((16#$(sed -n 's/^CapEff:\t//p' /proc/self/status)))
  while read -r bit name; do
    ((effective >> bit & 1)) || missing "Root lacks the capability $name here (inside a container?): the nodes cannot be made without it."
  done <<<'12 CAP_NET_ADMIN
19 CAP_SYS_PTRACE
21 CAP_SYS_ADMIN'
}

_check_kernel() {
  # Both files exist only in a kernel with that option; either may be hidden by a sandbox.
  [ -e /proc/sys/kernel/ns_last_pid ] || [ -e /proc/self/timers ] \
    || missing "The kernel $(uname -r) was built without CONFIG_CHECKPOINT_RESTORE: CRIU cannot dump a process on it."
  unshare --mount --uts --ipc --net --pid --fork true 2>/dev/null \
    || missing "The kernel refuses new mount, UTS, IPC, network or PID namespaces: a node is made of them."
}

_check_overlay() {
  local place
  place=$(_existing_parent "$LAB_DIR")
  # shellcheck disable=SC2016 # for the other shell
  unshare --mount sh -c '
    probe=$(mktemp -d "$1/.transship-probe.XXXXXX") || exit 1
    mkdir "$probe/lower" "$probe/upper" "$probe/work" "$probe/root"
    mount -t overlay -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" probe "$probe/root"
    tried=$?
    [ "$tried" != 0 ] || umount "$probe/root"
    rm -rf "$probe"
    exit "$tried"' - "$place" 2>/dev/null \
    || missing "No overlay file system can be mounted over $place (CONFIG_OVERLAY_FS, and a disk below it that is not an overlay itself): set TRANSSHIP_LAB_DIR to a directory on a real disk."
}

_check_cgroups() {
  [ -e /sys/fs/cgroup/cgroup.controllers ] && [ -w /sys/fs/cgroup/cgroup.subtree_control ] && return 0
  [ -w /sys/fs/cgroup/devices ] && [ -w /sys/fs/cgroup/memory ] && [ -w /sys/fs/cgroup/freezer ] && return 0
  missing "No writable cgroups are mounted on /sys/fs/cgroup: Docker cannot start a container."
}

# Generous: what the builds leave is 1 GB, but a Go source tree and its compiler's cache are
# several on the way. A lab takes 0.5 GB, and what is done in it.
_check_space() {
  local needed=6000 free
  [ ! -e "$CACHE_DIR/bin/kube-apiserver" ] || needed=2000
  free=$(_free_megabytes "$CACHE_DIR")
  [ "$free" -ge "$needed" ] \
    || missing "$(_existing_parent "$CACHE_DIR") has $free MB left, and building the lab needs $needed: make room, or set TRANSSHIP_CACHE_DIR to another disk."
  free=$(_free_megabytes "$LAB_DIR")
  [ "$free" -ge 1000 ] \
    || missing "$(_existing_parent "$LAB_DIR") has $free MB left, and a lab needs 1000: make room, or set TRANSSHIP_LAB_DIR to another disk."
}

_existing_parent() {
  local place=$1
  while [ ! -d "$place" ]; do place=$(dirname "$place"); done
  printf '%s\n' "$place"
}

_free_megabytes() { df --output=avail --block-size=1M "$(_existing_parent "$1")" | tail -n 1 | tr -d ' '; }
