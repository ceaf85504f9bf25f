# How controller and agents are started and stopped. Sourced, needs service.sh, settings.sh,
# services.sh and those of ../nodes.
# shellcheck shell=bash

CONTROLLER_KUBECONFIG=$KUBE_DIR/controller.kubeconfig
AGENT_KUBECONFIG=$KUBE_DIR/agent.kubeconfig
# Where a node finds what the host calls $APP_DIR, and its own copy of the kubeconfig.
APP_ON_NODE=/opt/transship
KUBECONFIG_ON_NODE=/etc/transship/kubeconfig

# The programs get exactly this environment: what the caller of the lab has set (proxies,
# NODE_OPTIONS of a test runner) must not change how they behave.
operator_environment() {
  printf '%s\n' "TRANSSHIP_LAB_OWNER=$LAB_DIR" LC_ALL=C.UTF-8 HOME=/root \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    "TRANSSHIP_NAMESPACE=$OPERATOR_NAMESPACE" "TRANSSHIP_LOG_LEVEL=${TRANSSHIP_LOG_LEVEL:-info}"
}

# Where a chaos run holds a program (docs/adr/0006-breakpoints.md): nothing unless LAB_BREAKPOINTS is set.
breakpoints_environment() {
  [ -z "${LAB_BREAKPOINTS:-}" ] || printf 'TRANSSHIP_BREAKPOINTS=%s\n' "$1"
}

operator_installed() {
  [ -s "$APP_DIGEST" ] || die "the application is not installed in $APP_DIR (or only half): run lab/deploy"
  if ! [ -s "$CONTROLLER_KUBECONFIG" ] || ! [ -s "$AGENT_KUBECONFIG" ]; then
    die "controller and agents have no kubeconfigs yet: run lab/deploy"
  fi
}

controller_keep() {
  local environment
  operator_installed
  mapfile -t environment < <(operator_environment; breakpoints_environment "$LAB_DIR/run/breakpoints")
  # The identity is the same after every start: who comes back need not wait for its own lease to end.
  # shellcheck disable=SC2086 # LAB_CONTROLLER_ENVIRONMENT: as LAB_AGENT_ENVIRONMENT, see below
  service_keep controller "$(cat "$APP_DIGEST" "$CONTROLLER_KUBECONFIG")${LAB_CONTROLLER_ENVIRONMENT:-}" \
    env -i "${environment[@]}" ${LAB_CONTROLLER_ENVIRONMENT:-} \
    KUBECONFIG="$CONTROLLER_KUBECONFIG" TRANSSHIP_IDENTITY=lab-controller \
    TRANSSHIP_HEALTH_PORT="$LAB_CONTROLLER_HEALTH_PORT" \
    "$APP_DIR/bin/node" --max-semi-space-size=4 --enable-source-maps "$APP_DIR/dist/controller/main.js"
}

controller_ready() { "$CONTROL_PLANE/http-ok" 127.0.0.1 "$LAB_CONTROLLER_HEALTH_PORT" /readyz; }

agent_keep() {
  local node=$1 name=agent@$1 environment mark=$LAB_DIR/run/agent@$1.mark wanted
  operator_installed
  # The node's pid is part of it: an agent belongs to the namespaces it was started in.
  wanted=$(sha256sum "$APP_DIGEST" "$AGENT_KUBECONFIG" "$LAB_DIR/run/node@$node.pid") \
    || die "$node is not running: run lab/up"
  wanted+=${LAB_BREAKPOINTS:+ with breakpoints}${LAB_AGENT_ENVIRONMENT:+ with $LAB_AGENT_ENVIRONMENT}
  if service_alive "$name"; then
    [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ] && return 0
    service_stop "$name"
  fi
  # shellcheck disable=SC2016 # for the node's shell
  node_run "$node" sh -c 'umask 077 && mkdir -p "${1%/*}" && cat >"$1.new" && mv "$1.new" "$1"' \
    - "$KUBECONFIG_ON_NODE" <"$AGENT_KUBECONFIG"
  mapfile -t environment < <(operator_environment; breakpoints_environment /run/lab/breakpoints)
  # shellcheck disable=SC2086 # LAB_AGENT_ENVIRONMENT: what a test sets besides, as `NAME=value NAME=value`
  node_service_start "$node" "$name" env -i "${environment[@]}" \
    KUBECONFIG="$KUBECONFIG_ON_NODE" TRANSSHIP_NODE_NAME="$node" \
    TRANSSHIP_HEALTH_PORT="$LAB_AGENT_HEALTH_PORT" TRANSSHIP_VOLUME=/mnt/transship \
    TRANSSHIP_DOCKER_SOCKET=/run/docker.sock TRANSSHIP_DOCKER_EXEC_ROOT=/var/run/docker \
    TRANSSHIP_RUN_DIR=/run/transship ${LAB_AGENT_ENVIRONMENT:-} \
    "$APP_ON_NODE/bin/node" --min-semi-space-size=16 --max-semi-space-size=16 --enable-source-maps "$APP_ON_NODE/dist/agent/main.js"
  printf '%s\n' "$wanted" >"$mark"
}

# In the node's network only: the host's http-ok, so that the node needs no HTTP client.
agent_ready() {
  local pid
  pid=$(service_pid "node@$1") || return 1
  nsenter --target="$pid" --net "$CONTROL_PLANE/http-ok" 127.0.0.1 "$LAB_AGENT_HEALTH_PORT" /readyz
}

# operator_stop: controller and every agent that was ever started, all at the same time.
operator_stop() {
  local name stopping=()
  for name in $(service_names); do
    case $name in
      controller | agent@*)
        service_stop "$name" 15 &
        stopping+=($!)
        rm -f "$LAB_DIR/run/$name.mark"
        ;;
    esac
  done
  # Not a bare `wait`: services that this shell started are its children too.
  [ ${#stopping[@]} -eq 0 ] || wait "${stopping[@]}"
}
