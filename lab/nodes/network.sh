# The wire between the nodes: one bridge, one cable and one network namespace a node.
# Sourced, needs common.sh and names.sh. Everything here may be called again and again.

# network_owner: the directory of the lab that has the bridge; nothing when there is none.
# All names in the network come from the prefix: two labs of one prefix would end each other.
network_owner() { cat "/sys/class/net/$LAB_BRIDGE/ifalias" 2>/dev/null || true; }

# network_up: the bridge, with the host on it.
network_up() {
  [ -d "/sys/class/net/$LAB_BRIDGE" ] || ip link add "$LAB_BRIDGE" alias "$LAB_DIR" type bridge
  ip link set "$LAB_BRIDGE" alias "$LAB_DIR"
  ip address replace "$HOST_ADDRESS/24" dev "$LAB_BRIDGE"
  ip link set "$LAB_BRIDGE" up
  _network_pass_firewall
}

# A host that runs a Docker of its own sends bridged packets through its iptables
# (br_netfilter) and drops what it does not know there.
_network_pass_firewall() {
  [ "$(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null)" = 1 ] || return 0
  iptables -C "${LAB_FIREWALL_RULE[@]}" 2>/dev/null || iptables -I "${LAB_FIREWALL_RULE[@]}"
}
LAB_FIREWALL_RULE=(FORWARD -i "$LAB_BRIDGE" -o "$LAB_BRIDGE" -j ACCEPT)

# node_network_up NODE: its namespace, its eth0, its address and route.
node_network_up() {
  local file inside outside
  file=$(node_netns_file "$1") inside=$(node_netns "$1") outside=$(node_interface "$1")
  if ! _is_namespace "$file"; then
    mkdir -p /run/netns
    : >"$file"
    # Not `ip netns add`: it turns /run/netns itself into a mount that nothing removes.
    unshare --net="$file" true
  fi
  if ! ip -n "$inside" link show eth0 >/dev/null 2>&1; then
    ip link delete "$outside" 2>/dev/null || true
    # The same hardware address at every start: what the others remember of it stays true.
    ip link add "$outside" type veth peer name eth0 address "$(node_hardware_address "$1")" netns "$inside"
  fi
  ip link set "$outside" master "$LAB_BRIDGE" up
  ip -n "$inside" link set lo up
  ip -n "$inside" address replace "$(node_address "$1")/24" dev eth0
  ip -n "$inside" link set eth0 up
  ip -n "$inside" route replace default via "$HOST_ADDRESS"
}

# node_network_connected NODE: the cable is in the bridge. Its other end and the address go with it.
node_network_connected() {
  [ "/sys/class/net/$(node_interface "$1")/master" -ef "/sys/class/net/$LAB_BRIDGE" ]
}

# Without a namespace mounted on it, the file is an ordinary one (what a crash leaves).
_is_namespace() { [ "$(stat --file-system --format=%T "$1" 2>/dev/null)" = nsfs ]; }

# network_down: all of it, whether or not the lab's settings still say which nodes there were.
network_down() {
  local file link
  # Twice: a namespace that was mounted twice is hidden behind itself.
  for file in /run/netns/"$LAB_PREFIX"-node-*; do
    [ -e "$file" ] || continue
    while _is_namespace "$file"; do umount "$file"; done
    rm -f "$file"
  done
  rmdir --ignore-fail-on-non-empty /run/netns 2>/dev/null || true
  for link in /sys/class/net/"${LAB_PREFIX:0:3}"-node-*; do
    [ ! -e "$link" ] || ip link delete "$(basename "$link")" 2>/dev/null || true
  done
  [ ! -d "/sys/class/net/$LAB_BRIDGE" ] || ip link delete "$LAB_BRIDGE"
  while iptables -D "${LAB_FIREWALL_RULE[@]}" 2>/dev/null; do :; done
}
