# The lab's certificate authority, certificates and kubeconfigs. Sourced, needs settings.sh.
# Everything is made once and kept as long as the lab's directory lives; a certificate is
# made anew when it is about to expire or its addresses changed. Keys: mode 0600.
# shellcheck shell=bash

readonly VALID_DAYS=365 RENEW_SECONDS=$((7 * 86400))

# pki_ensure: the CA, the API server's certificate, the administrator's, the key that signs
# the tokens of ServiceAccounts.
pki_ensure() {
  mkdir -p "$PKI_DIR"
  chmod 0700 "$PKI_DIR"
  if ! _pki_fresh ca; then
    rm -f "$PKI_DIR"/*.crt # what the old CA signed is worthless now
    _pki_key ca
    _pki_request ca /CN=transship-lab-ca
    _pki_sign ca 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign' \
      -signkey "$PKI_DIR/ca.key"
  fi
  [ -s "$PKI_DIR/service-accounts.key" ] || _pki_key service-accounts
  openssl pkey -in "$PKI_DIR/service-accounts.key" -pubout -out "$PKI_DIR/service-accounts.pub"
  _pki_leaf apiserver /CN=kube-apiserver "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1,IP:$HOST_ADDRESS,\
IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  _pki_leaf admin /O=system:masters/CN=transship-lab-admin extendedKeyUsage=clientAuth
}

# kubeconfig_write FILE SERVER USER FIELD VALUE [FIELD VALUE]…: atomically, mode 0600.
kubeconfig_write() {
  local file=$1 server=$2 user=$3
  shift 3
  (
    umask 077
    cat >"$file.new" <<YAML
apiVersion: v1
kind: Config
current-context: transship-lab
contexts:
  - name: transship-lab
    context: { cluster: transship-lab, user: $user, namespace: default }
clusters:
  - name: transship-lab
    cluster:
      server: $server
      certificate-authority-data: $(base64 -w0 "$PKI_DIR/ca.crt")
users:
  - name: $user
    user:
YAML
    while [ $# -ge 2 ]; do
      printf '      %s: %s\n' "$1" "$2"
      shift 2
    done >>"$file.new"
  )
  mv -f "$file.new" "$file"
}

admin_kubeconfig_ensure() {
  kubeconfig_write "$ADMIN_KUBECONFIG" "$KUBE_SERVER_ON_HOST" transship-lab-admin \
    client-certificate-data "$(base64 -w0 "$PKI_DIR/admin.crt")" \
    client-key-data "$(base64 -w0 "$PKI_DIR/admin.key")"
}

# A certificate is fresh when its key is there and it will be valid for another week.
_pki_fresh() {
  [ -s "$PKI_DIR/$1.key" ] \
    && openssl x509 -in "$PKI_DIR/$1.crt" -noout -checkend "$RENEW_SECONDS" >/dev/null 2>&1
}

_pki_key() {
  (umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$PKI_DIR/$1.key.new")
  mv -f "$PKI_DIR/$1.key.new" "$PKI_DIR/$1.key"
}

_pki_request() { openssl req -new -key "$PKI_DIR/$1.key" -subj "$2" -out "$PKI_DIR/$1.csr"; }

# _pki_sign NAME EXTENSIONS signer-options…
_pki_sign() {
  local name=$1 extensions=$2
  shift 2
  openssl x509 -req -in "$PKI_DIR/$name.csr" -days "$VALID_DAYS" -set_serial "0x$(openssl rand -hex 8)" \
    -extfile <(printf '%b\n' "$extensions") "$@" -out "$PKI_DIR/$name.crt.new" 2>/dev/null
  rm -f "$PKI_DIR/$name.csr"
  mv -f "$PKI_DIR/$name.crt.new" "$PKI_DIR/$name.crt"
}

# _pki_leaf NAME SUBJECT EXTENSIONS: the extensions are kept beside it, to notice a change.
_pki_leaf() {
  local name=$1 subject=$2 extensions=$3
  if _pki_fresh "$name" && [ "$(cat "$PKI_DIR/$name.extensions" 2>/dev/null)" = "$extensions" ]; then return; fi
  _pki_key "$name"
  _pki_request "$name" "$subject"
  _pki_sign "$name" "$extensions" -CA "$PKI_DIR/ca.crt" -CAkey "$PKI_DIR/ca.key"
  printf '%s\n' "$extensions" >"$PKI_DIR/$name.extensions"
}
