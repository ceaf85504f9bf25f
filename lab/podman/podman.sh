# Podman beside Docker on a node: a root file system of its own in the node's network. Sourced, needs common.sh,
# service.sh, names.sh and node.sh.

# The release from which the nodes of profile docker28 come, too: the same runc and CRIU. Not crun, which is Podman's own
# choice: "cgroups in hybrid mode not supported", which is what a machine with cgroup v1 has.
PODMAN_SUITE=forky
PODMAN_PACKAGES=(podman runc criu libcriu2 netavark nftables iptables iproute2 procps tar catatonit ca-certificates)

# The root file system, in the cache; the name changes with what is in it.
podman_root() {
  local key
  key=$(cat "$LAB_SOURCE"/podman/{podman.sh,build-root} "$LAB_SOURCE/lib/bootstrap.sh" | sha256sum | cut -c1-8)
  printf '%s/roots/podman-%s\n' "$CACHE_DIR" "$key"
}

podman_dir() { printf '%s/podman/%s\n' "$LAB_DIR" "$1"; }
podman_service() { printf 'podman@%s\n' "$1"; }

# podman_start NODE: namespaces with Podman's root file system, in the network of a node that runs. They end with the
# node: node_end kills what is in its network.
podman_start() {
  local node=$1 dir
  service_alive "$(podman_service "$node")" && return 0
  dir=$(podman_dir "$node")
  rm -rf --one-file-system "$dir"/{upper,work,run}
  mkdir -p "$dir"/{upper/etc/containers,work,run,root,docker}
  # Neither journald nor systemd runs there. Images and containers lie in a real directory: an overlay cannot lie on another.
  printf '[storage]\ndriver = "overlay"\ngraphroot = "/var/lib/docker/storage"\nrunroot = "/run/containers/storage"\n' \
    >"$dir/upper/etc/containers/storage.conf"
  printf '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "runc"\n[containers]\nlog_driver = "k8s-file"\n' \
    >"$dir/upper/etc/containers/containers.conf"
  service_start_under "$(podman_service "$node")" nsenter --net="$(node_netns_file "$node")" \
    unshare --mount --uts --pid --fork --propagation unchanged -- \
    "$LAB_SOURCE/nodes/init" "$node" "$(podman_root)" "$dir" "$LAB_DIR"
  wait_until 10 "the first process of Podman's root on $node" test -e "$dir/run/ready" || service_complain "$(podman_service "$node")"
}

# podman_pid NODE: its first process, as the host sees it.
podman_pid() { service_pid "$(podman_service "$1")" || die "Podman was not started on $1: lab/podman/up does"; }

# podman_run NODE command…: in the namespaces of Podman's root on that node.
podman_run() {
  local pid
  pid=$(podman_pid "$1") || return 1
  shift
  nsenter --target="$pid" --mount --uts --pid --net -- setpriv --pdeathsig KILL \
    env -i PATH="$NODE_PATH" HOME=/root LC_ALL=C.UTF-8 PODMAN_IGNORE_CGROUPSV1_WARNING=1 "$@"
}
