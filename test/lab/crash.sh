#!/usr/bin/env bash
# The lab after all its processes were killed: lab/up makes it whole again, over stale mounts, namespaces, interfaces
# and pid files; and lab/down takes away what a killed lab has left. Expects a lab that runs; leaves none.
set -euo pipefail
cd "$(dirname "$0")/../.."

eval "$(lab/env --export)"
: "${LAB_DIR:?}" "${DOCKER_HOST_node_a:?}"

kill_everything() {
  # From the same look at the pid files as lab/service: nothing but the lab's own processes is killed.
  local name
  for name in $(lab/service list); do
    pid=$(lab/service status "$name" 2>/dev/null) && kill -KILL "$pid"
  done
  sleep 1
}

containers_run() {
  docker --host "$DOCKER_HOST_node_a" run --rm transship-lab/busybox:1 echo it runs | grep -q 'it runs'
}

docker --host "$DOCKER_HOST_node_a" run -d --name crashed transship-lab/busybox:1 sleep 100000 >/dev/null
docker --host "$DOCKER_HOST_node_a" pause crashed >/dev/null

echo "killing every process of the lab, with a frozen container in it"
kill_everything
if lab/status >/dev/null 2>&1; then echo "the lab still says that it is well"; exit 1; fi

lab/up
lab/deploy
lab/status
containers_run

echo "killing every process of the lab, then taking it down"
kill_everything
lab/down

# What lab/down says of itself, seen from outside.
left=$(grep -c "$LAB_DIR" /proc/self/mountinfo || true)
[ "$left" = 0 ] || { echo "$left mounts are left"; exit 1; }
[ ! -e "$LAB_DIR" ] || { echo "$LAB_DIR is left"; exit 1; }
if ip -brief link | grep -E '^(tslab|tsl-)'; then echo "interfaces are left"; exit 1; fi
if ip netns list | grep tslab; then echo "network namespaces are left"; exit 1; fi
if ls -d /sys/fs/cgroup/*/lab-node-* 2>/dev/null; then echo "cgroups are left"; exit 1; fi
echo "nothing is left"
