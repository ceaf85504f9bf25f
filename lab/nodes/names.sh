# What the running lab is (its settings), and what belongs to a node. Sourced, needs common.sh.

# settings_write PROFILE COUNT; settings_exist; lab_profile; lab_nodes.
settings_write() { printf '%s %s\n' "$1" "$2" >"$LAB_DIR/settings"; }
settings_exist() { [ -s "$LAB_DIR/settings" ]; }

lab_profile() {
  local profile
  read -r profile _ 2>/dev/null <"$LAB_DIR/settings" && printf '%s\n' "$profile"
}

# The names of the nodes of this lab, one a line: node-a, node-b, …
lab_nodes() {
  local count index
  read -r _ count 2>/dev/null <"$LAB_DIR/settings" || return 0
  for ((index = 0; index < count; index++)); do node_name "$index"; done
}

node_name() {
  local letters=abcdefghijklmnopqrstuvwxyz
  printf 'node-%s\n' "${letters:$1:1}"
}

# Not grep -q: it leaves at the first match, and the writer may die of it under pipefail.
node_exists() { lab_nodes | grep -xF -- "$1" >/dev/null; }

# node-a is .11, node-b is .12, …
node_address() {
  local letter=${1#node-} letters=abcdefghijklmnopqrstuvwxyz before
  before=${letters%%"$letter"*}
  printf '%s.%s\n' "$LAB_SUBNET" $((11 + ${#before}))
}

# Locally administered, made of the IP address.
node_hardware_address() {
  # shellcheck disable=SC2046,SC2183 # four numbers
  printf '02:54:%02x:%02x:%02x:%02x\n' $(node_address "$1" | tr . ' ')
}

node_dir() { printf '%s/nodes/%s\n' "$LAB_DIR" "$1"; }
# As `ip netns` names it.
node_netns() { printf '%s-%s\n' "$LAB_PREFIX" "$1"; }
node_netns_file() { printf '/run/netns/%s-%s\n' "$LAB_PREFIX" "$1"; }
# The host's end of the node's cable: tsl-node-a.
node_interface() { printf '%s-%s\n' "${LAB_PREFIX:0:3}" "$1"; }
# The parent of the cgroups of the node's containers, in every hierarchy: lab-node-a.
node_cgroup() { printf '%s-%s\n' "${LAB_PREFIX#ts}" "$1"; }
# The Docker socket as the host sees it.
node_socket() { printf '%s/run/docker.sock\n' "$(node_dir "$1")"; }
