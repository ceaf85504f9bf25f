# Where the control plane listens and keeps its things. Sourced, needs common.sh.
# shellcheck shell=bash disable=SC2034 # most of these names are for those who source this file

# A second lab on the same machine (tests of the lab itself) takes ports of its own.
LAB_KUBE_PORT=${LAB_KUBE_PORT:-16443}
LAB_ETCD_PORT=${LAB_ETCD_PORT:-12379}
LAB_CONTROLLER_HEALTH_PORT=${LAB_CONTROLLER_HEALTH_PORT:-18081}
LAB_AGENT_HEALTH_PORT=${LAB_AGENT_HEALTH_PORT:-18082}

OPERATOR_NAMESPACE=transship-system

KUBE_DIR=$LAB_DIR/kube
PKI_DIR=$KUBE_DIR/pki
APP_DIR=$LAB_DIR/app
# What the installed application was made of; absent while it is not complete.
APP_DIGEST=$LAB_DIR/app.digest
ADMIN_KUBECONFIG=$KUBE_DIR/admin.kubeconfig
LAB_BIN=$CACHE_DIR/bin

# On the host; the nodes reach the same server at the host's end of the bridge.
KUBE_SERVER_ON_HOST=https://127.0.0.1:$LAB_KUBE_PORT
KUBE_SERVER_ON_NODES=https://$HOST_ADDRESS:$LAB_KUBE_PORT

admin_kubectl() { "$LAB_BIN/kubectl" --kubeconfig "$ADMIN_KUBECONFIG" --request-timeout 20s "$@"; }
