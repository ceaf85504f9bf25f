# The lab's nodes as objects in the API. Sourced, needs settings.sh,
# ../nodes/names.sh.
#
# There is no kubelet in this lab and no controller-manager: a Node object says what a
# kubelet would say that is of use here, and nothing ever marks it as gone.
# shellcheck shell=bash

# nodes_register node…: namespace and Node objects, and no others that are ours.
nodes_register() {
  local node existing
  { _namespace_object; for node in "$@"; do _node_object "$node"; done; } \
    | admin_kubectl apply --server-side --force-conflicts --field-manager transship-lab -f - >/dev/null
  if [ $# -gt 0 ]; then
    for node in "$@"; do _node_status "$node"; done \
      | admin_kubectl apply --server-side --force-conflicts --field-manager transship-lab --subresource status -f - >/dev/null
  fi
  for node in "$@"; do _node_welcome "$node"; done
  existing=$(admin_kubectl get nodes -l transship.dev/lab=true -o 'jsonpath={.items[*].metadata.name}')
  for node in $existing; do
    case " $* " in
      *" $node "*) ;;
      *) admin_kubectl delete node "$node" >/dev/null ;;
    esac
  done
}

# The API server marks every new node as not ready; the controller-manager would take that off one that is.
_node_welcome() {
  case $(admin_kubectl get node "$1" -o 'jsonpath={.spec.taints[*].key}') in
    *node.kubernetes.io/not-ready*) admin_kubectl taint node "$1" node.kubernetes.io/not-ready- >/dev/null ;;
  esac
}

_namespace_object() {
  printf -- '---\napiVersion: v1\nkind: Namespace\nmetadata: { name: %s }\n' "$OPERATOR_NAMESPACE"
}

_node_object() {
  cat <<YAML
---
apiVersion: v1
kind: Node
metadata:
  name: $1
  labels: { kubernetes.io/hostname: $1, kubernetes.io/os: linux, transship.dev/lab: "true" }
YAML
}

_node_status() {
  local since
  # The same moment at every run, or each run would be a change that watchers see.
  since=$(date -u -d "@$(stat -c %Y "$PKI_DIR/ca.crt")" +%Y-%m-%dT%H:%M:%SZ)
  cat <<YAML
---
apiVersion: v1
kind: Node
metadata: { name: $1 }
status:
  addresses:
    - { type: InternalIP, address: $(node_address "$1") }
    - { type: Hostname, address: $1 }
  conditions:
    - type: Ready
      status: "True"
      reason: TransshipLab
      message: a node of the Transship lab, without a kubelet
      lastHeartbeatTime: $since
      lastTransitionTime: $since
YAML
}
