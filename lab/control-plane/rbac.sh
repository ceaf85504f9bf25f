# CRD, RBAC and credentials of the operator. Sourced, needs settings.sh, pki.sh, operator.sh.
# shellcheck shell=bash

# Twenty days before its end a token is made anew: `lab/deploy` is run more often than that.
readonly TOKEN_SECONDS=$((30 * 86400)) TOKEN_RENEW_DAYS=10

# On the client's side and without validation: kube-apiserver 1.20 has no CEL, refuses the
# unknown field in server-side apply and drops it silently in this way.
api_objects_apply() {
  local apply=(apply --server-side=false --validate=false)
  admin_kubectl "${apply[@]}" -f "$PROJECT/crds/"
  admin_kubectl wait --for=condition=Established --timeout=30s -f "$PROJECT/crds/"
  admin_kubectl "${apply[@]}" -k "$PROJECT/manifests/rbac"
}

operator_kubeconfigs_ensure() {
  _token_kubeconfig "$CONTROLLER_KUBECONFIG" transship-controller "$KUBE_SERVER_ON_HOST"
  _token_kubeconfig "$AGENT_KUBECONFIG" transship-agent "$KUBE_SERVER_ON_NODES"
}

# A token that still works is kept, so that nothing has to restart for a new one.
_token_kubeconfig() {
  local file=$1 account=$2 server=$3 token
  if [ -n "$(find "$file" -mtime "-$TOKEN_RENEW_DAYS" 2>/dev/null)" ] \
    && grep -qF "server: $server" "$file" \
    && "$LAB_BIN/kubectl" --kubeconfig "$file" --server "$KUBE_SERVER_ON_HOST" --request-timeout 5s \
      get --raw /version >/dev/null 2>&1; then return; fi
  token=$(admin_kubectl -n "$OPERATOR_NAMESPACE" create token "$account" --duration "${TOKEN_SECONDS}s")
  kubeconfig_write "$file" "$server" "$account" token "$token"
}
