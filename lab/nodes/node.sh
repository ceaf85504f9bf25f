# A node: namespaces with a first process (service node@NODE) and a dockerd in them
# (service dockerd@NODE). Sourced, needs common.sh, service.sh, names.sh, network.sh, profiles.sh.

# node_start NODE: what an earlier one left is ended first, and its Docker data kept.
node_start() {
  local node=$1 dir root
  if node_alive "$node"; then
    node_network_up "$node"
    return 0
  fi
  dir=$(node_dir "$node")
  root=$(profile_root "$(lab_profile)")
  node_end "$node"
  node_network_up "$node"
  rm -rf --one-file-system "$dir"/{upper,work,run}
  mkdir -p "$dir"/{upper,work,run,root,docker} "$LAB_DIR"/{shared,app}
  _node_write_configuration "$node" "$dir/upper"
  service_start_under "node@$node" nsenter --net="$(node_netns_file "$node")" \
    unshare --mount --uts --pid --fork --propagation unchanged -- \
    "$LAB_SOURCE/nodes/init" "$node" "$root" "$dir" "$LAB_DIR"
  wait_until 10 "the first process of $node" test -e "$dir/run/ready" || service_complain "node@$node"
}

# node_alive NODE: its first process lives, in the network namespace that has the node's name.
node_alive() {
  local pid
  pid=$(service_pid "node@$1") && [ "/proc/$pid/ns/net" -ef "$(node_netns_file "$1")" ]
}

# Laid over the root file system that all nodes share.
_node_write_configuration() {
  local node=$1 upper=$2 other
  mkdir -p "$upper/etc/docker"
  printf '%s\n' "$node" >"$upper/etc/hostname"
  {
    printf '127.0.0.1 localhost\n%s lab-host\n' "$HOST_ADDRESS"
    for other in $(lab_nodes); do printf '%s %s\n' "$(node_address "$other")" "$other"; done
  } >"$upper/etc/hosts"
  cp /etc/resolv.conf "$upper/etc/resolv.conf" 2>/dev/null || : >"$upper/etc/resolv.conf"
  cat >"$upper/etc/docker/daemon.json" <<JSON
{
  "experimental": true,
  "storage-driver": "overlay2",
  "cgroup-parent": "/$(node_cgroup "$node")",
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "runtimes": {"transship": {"path": "/opt/transship/oci/transship-runc"}}
}
JSON
}

# Options of nsenter that lead into a node.
node_namespaces() {
  local pid
  pid=$(service_pid "node@$1") || die "$1 is not running: lab/up starts it"
  printf '%s\n' --target="$pid" --mount --uts --pid --net
}

NODE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# node_run NODE command…: in the node's namespaces. It ends when the caller is killed.
node_run() {
  local node=$1 namespaces
  shift
  mapfile -t namespaces < <(node_namespaces "$node")
  [ "${#namespaces[@]}" -gt 0 ] || return 1
  nsenter "${namespaces[@]}" -- setpriv --pdeathsig KILL env -u DOCKER_HOST PATH="$NODE_PATH" "$@"
}

# node_service_start NODE NAME command…: a service inside a node, with nothing of the
# caller's environment (prefix `env KEY=value`). Its pid is the one that the host sees.
node_service_start() {
  local node=$1 name=$2 namespaces entered
  shift 2
  service_alive "$name" && return 0
  mapfile -t namespaces < <(node_namespaces "$node")
  [ "${#namespaces[@]}" -gt 0 ] || return 1
  service_start_under "$name" nsenter "${namespaces[@]}" \
    env -i PATH="$NODE_PATH" HOME=/root LC_ALL=C.UTF-8 TRANSSHIP_LAB_OWNER="$LAB_DIR" -- "$@"
}

# dockerd_start NODE: returns when it answers.
dockerd_start() {
  local node=$1
  if ! service_alive "dockerd@$node"; then
    # What a killed dockerd leaves: its pid may be another process of the node by now,
    # and both the new dockerd and its containerd would believe the old one alive.
    # shellcheck disable=SC2016 # for the node's shell
    node_run "$node" sh -c '
      rm -f /run/docker.pid /run/docker.sock /run/lab/docker.sock
      pid=$(cat /run/docker/containerd/containerd.pid 2>/dev/null) || exit 0
      [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = containerd ] || rm -f /run/docker/containerd/containerd.pid'
    node_service_start "$node" "dockerd@$node" \
      dockerd --host unix:///run/docker.sock --host unix:///run/lab/docker.sock
  fi
  wait_until 60 "dockerd of $node" dockerd_answers "$node" || service_complain "dockerd@$node"
}

dockerd_answers() { node_run "$1" timeout 5 docker version --format "{{.Server.Version}}"; }

# node_end NODE: every process of the node, at once. Also when the pid file is gone:
# they are those in the node's network namespace, and what its PID 1 takes along.
node_end() {
  local node=$1 pid
  if pid=$(service_pid "node@$node"); then kill -KILL "$pid" 2>/dev/null || true; fi
  wait_until 20 "the end of the processes of $node" _node_ended "$node"
  rm -f "$LAB_DIR/run/node@$node.pid" "$LAB_DIR/run/dockerd@$node.pid" "$LAB_DIR/run/agent@$node.pid"
}

_node_ended() {
  # A frozen process (a paused container) dies only once it is thawed.
  cgroups_thaw "$(node_cgroup "$1")"
  local pids
  pids=$(processes_in_namespace net "$(node_netns_file "$1")")
  [ -z "$pids" ] && ! service_process "node@$1" && return 0
  # shellcheck disable=SC2086 # several pids
  [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
  return 1
}

# node_healthy NODE: it is on the network, dockerd answers and has the images.
node_healthy() {
  node_alive "$1" && node_network_connected "$1" && service_alive "dockerd@$1" && images_present "$1"
}

# node_up NODE: the node, its dockerd and its images.
node_up() {
  node_start "$1"
  node_run "$1" criu check || die "CRIU finds that this kernel cannot do all it needs, see above"
  dockerd_start "$1"
  images_load "$1"
}
