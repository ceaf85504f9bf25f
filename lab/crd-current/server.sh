# The current API server for CRDs, and requests to it. Sourced, needs common.sh, service.sh,
# ../control-plane/{settings,services}.sh.
# shellcheck shell=bash

SERVER=https://127.0.0.1:${LAB_CRD_CURRENT_PORT:-16444}
SERVICE=apiextensions-apiserver
# shellcheck disable=SC2034 # for those who source this file
CRDS=/apis/apiextensions.k8s.io/v1/customresourcedefinitions

# In the lab's etcd under a prefix of its own; users and permissions are the lab's.
server_start() {
  port_free "${SERVER##*:}" "$SERVICE"
  service_start "$SERVICE" "$(readlink -f "$LAB_BIN/apiextensions-apiserver")" \
    --etcd-servers "http://127.0.0.1:$LAB_ETCD_PORT" --etcd-prefix /crd-current \
    --bind-address 127.0.0.1 --secure-port "${SERVER##*:}" \
    --tls-cert-file "$PKI_DIR/apiserver.crt" --tls-private-key-file "$PKI_DIR/apiserver.key" \
    --kubeconfig "$ADMIN_KUBECONFIG" --authentication-kubeconfig "$ADMIN_KUBECONFIG" \
    --authorization-kubeconfig "$ADMIN_KUBECONFIG" --enable-priority-and-fairness=false \
    --disable-admission-plugins=ValidatingAdmissionPolicy,MutatingAdmissionPolicy,ValidatingAdmissionWebhook,MutatingAdmissionWebhook,NamespaceLifecycle
  service_await "$SERVICE" 60 request GET /readyz
}

# request METHOD PATH [curl-option…]: prints the body; fails when the server refuses.
# Not kubectl: it needs the list of API groups, which this server leaves to an aggregator.
request() {
  local method=$1 path=$2
  shift 2
  curl --silent --fail-with-body --max-time 20 --request "$method" \
    --cacert "$PKI_DIR/ca.crt" --cert "$PKI_DIR/admin.crt" --key "$PKI_DIR/admin.key" "$@" "$SERVER$path"
}

# request_apply PATH FILE: server-side apply of a YAML file. Unknown and doubled fields are
# errors, as they are for kubectl. Prints the object, or what the server has against it.
request_apply() {
  local answer
  if answer=$(request PATCH "$1?fieldManager=crd-current&force=true&fieldValidation=Strict" \
    --header 'Content-Type: application/apply-patch+yaml' --data-binary "@$2"); then
    printf '%s\n' "$answer"
  else
    jq -er .message <<<"$answer" || printf 'no answer: see %s\n' "$LAB_DIR/log/$SERVICE.log"
    return 1
  fi
}

# to_json FILE: one YAML document, with the parser that the project has for its tests.
to_json() {
  (cd "$PROJECT" && node -p 'JSON.stringify(require("yaml").parse(require("fs").readFileSync(0, "utf8")))') <"$1"
}
