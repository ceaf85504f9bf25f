# How etcd and kube-apiserver are started. Sourced, needs service.sh, settings.sh.
# shellcheck shell=bash

# service_keep NAME FINGERPRINT command…: the service runs with exactly this command (and
# whatever else the fingerprint stands for): one that runs with another is restarted.
service_keep() {
  local name=$1 mark=$LAB_DIR/run/$1.mark wanted
  wanted=$(printf '%s\n' "${@:2}" | sha256sum)
  if service_alive "$name"; then
    [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ] && return 0
    service_stop "$name"
  fi
  mkdir -p "$LAB_DIR/run"
  service_start "$name" "${@:3}"
  printf '%s\n' "$wanted" >"$mark"
}

# service_await NAME SECONDS command…: until the command succeeds; when the service dies or
# the time is over, shows the end of its log.
service_await() {
  local name=$1 deadline=$((SECONDS + $2)) reason=''
  shift 2
  until "$@" >/dev/null 2>&1; do
    service_alive "$name" || reason="$name ended"
    [ "$SECONDS" -lt "$deadline" ] || reason="$name does not answer"
    if [ -n "$reason" ]; then
      say "$reason; the end of $LAB_DIR/log/$name.log:"
      tail -n 20 "$LAB_DIR/log/$name.log" | sed 's/^/      /' >&2
      return 1
    fi
    sleep 0.2
  done
}

etcd_keep() {
  local client=http://127.0.0.1:$LAB_ETCD_PORT peer=http://127.0.0.1:$((LAB_ETCD_PORT + 1)) binary
  binary=$(readlink -f "$LAB_BIN/etcd")
  mkdir -p "$LAB_DIR/etcd"
  chmod 0700 "$LAB_DIR/etcd"
  # Without fsync: a lab's objects need not outlive a power cut, and the disk is shared.
  service_keep etcd - "$binary" --name lab --data-dir "$LAB_DIR/etcd" --unsafe-no-fsync \
    --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "lab=$peer" \
    --auto-compaction-retention 1h --log-level warn
}

etcd_ready() { "$CONTROL_PLANE/http-ok" 127.0.0.1 "$LAB_ETCD_PORT" /health; }

apiserver_keep() {
  local binary
  binary=$(readlink -f "$LAB_BIN/kube-apiserver")
  # It listens on every address: the bridge of the nodes may come and go meanwhile.
  service_keep kube-apiserver "$(cat "$PKI_DIR"/{ca,apiserver}.crt "$PKI_DIR/service-accounts.pub")" "$binary" \
    --etcd-servers "http://127.0.0.1:$LAB_ETCD_PORT" \
    --bind-address 0.0.0.0 --secure-port "$LAB_KUBE_PORT" --advertise-address "$HOST_ADDRESS" \
    --tls-cert-file "$PKI_DIR/apiserver.crt" --tls-private-key-file "$PKI_DIR/apiserver.key" \
    --client-ca-file "$PKI_DIR/ca.crt" --anonymous-auth=false \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged \
    --service-account-issuer https://kubernetes.default.svc --api-audiences https://kubernetes.default.svc \
    --service-account-key-file "$PKI_DIR/service-accounts.pub" \
    --service-account-signing-key-file "$PKI_DIR/service-accounts.key" \
    --service-cluster-ip-range 10.96.0.0/16 --event-ttl 12h
}

apiserver_ready() { admin_kubectl --request-timeout 2s get --raw /readyz >/dev/null; }

# port_free PORT NAME: fails with a sentence when a process that is not our service has it.
port_free() {
  service_alive "$2" && return 0
  local holder
  holder=$(ss -Hltnp "sport = :$1")
  [ -z "$holder" ] || die "port $1, which $2 needs, is taken: $holder
If that is left from a killed lab, run lab/down; for a second lab set LAB_KUBE_PORT and LAB_ETCD_PORT."
}
